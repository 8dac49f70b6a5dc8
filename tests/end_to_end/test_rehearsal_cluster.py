"""Does a rehearsal through Locust's master and workers come to the same as one on one machine?"""

import csv
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

import ballotbox_simulator.rehearse.cluster as package
from ballotbox_simulator.live.broker import BrokerUnavailable, find_broker, free_port
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.result_file import read_result
from tests.end_to_end.test_rehearsal_document import SMALL as QUICK

pytestmark = pytest.mark.accept

LOCUST = (sys.executable, "-m", "locust", "-f", str(Path(package.__path__[0]) / "locustfile.py"))
PATIENCE_S = 240
#: What no night can keep.
MISSED = "[objectives]\nreceipt_p99_ms = 0.2\n"
#: The same with a short morning.
SMALL = QUICK.replace("[day]\n", '[day]\nmorning = "6s"\n')


@pytest.fixture(autouse=True)
def mosquitto() -> None:
    try:
        program = find_broker()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    if program.name != "mosquitto":
        pytest.skip("mosquitto is not installed, and the broker from pip speaks no MQTT 5")


@contextmanager
def started(folder: Path, *arguments: str, files: int | None = None, name: str = ""):
    """Give a Locust process; whatever it left is ended with it.

    files: as many as it may have open. name: what its machine is called.
    """

    def allow() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    called = ("unshare", "--uts", "sh", "-c", f'hostname {name} && exec "$@"', "sh") if name else ()
    with (folder / f"{arguments[0].strip('-')}.log").open("ab") as log:
        process = subprocess.Popen(
            [*called, *LOCUST, *arguments],
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=allow,  # noqa: PLW1509 - nothing here has threads yet
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def may_name_machines() -> bool:
    """Tell whether a process may be given a machine's name of its own."""
    command = ["unshare", "--uts", "true"]
    return shutil.which("unshare") is not None and not subprocess.call(command)


WORKER = ("--worker", "--master-port", "5997")
MASTER = ("--master", "--master-bind-port", "5997", "--plan", "plan.toml", "--results", "out")
USERS = ("--expect-workers", "2", "-u", "2", "-r", "2")


def held(folder: Path, plan: str, *more: str, files: int | None = None, name: str = "") -> int:
    """Hold a plan with two local workers and return the master's exit code.

    files, name: of the second worker, as `started` takes them.
    """
    (folder / "plan.toml").write_text(plan)
    with (
        started(folder, *WORKER),
        started(folder, *WORKER, files=files, name=name),
        started(folder, *MASTER, "--headless", *USERS, "--csv", "counted", *more) as master,
    ):
        return master.wait(PATIENCE_S)


def require_totals(folder: Path) -> RehearsalResult:
    """The result of two workers is whole, and Locust has counted every receipt and connection."""
    result = read_result(folder / "out" / "rehearsal.json")
    ledger = result.ledger
    assert ledger.holds
    assert ledger.sent == ledger.receipted == ledger.stored
    assert (ledger.finals, ledger.tabulated, ledger.sheets.fed) == (12, 12, 12 * 8)
    assert result.tester.workers == 2
    with (folder / "counted_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    assert int(rows["receipt"]["Request Count"]) == ledger.receipted
    assert int(rows["connect"]["Request Count"]) == 12
    assert int(rows["Aggregated"]["Failure Count"]) == 0
    assert (folder / "out" / "rehearsal.html").stat().st_size > 10_000
    return result


def wait_for(is_so: Callable[[], object]) -> None:
    """Wait for something that another process will do."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def answer_of(address: str) -> dict:
    """Return what a page answers in JSON; nothing while nobody listens."""
    try:
        with urllib.request.urlopen(address) as answer:
            return json.load(answer)
    except urllib.error.URLError:
        return {}


#: Of each row of Locust's table of requests, its name and how many there were.
COUNTED = """() => Object.fromEntries([...document.querySelectorAll("table tbody tr")]
    .map(row => [...row.cells].map(cell => cell.innerText.trim()))
    .filter(cells => cells.length > 3)
    .map(cells => [cells[1] || cells[0], Number(cells[2])]))"""


def test_the_page_shows_the_totals_and_the_exit_code_is_the_verdicts(
    tmp_path: Path, chromium
) -> None:
    (tmp_path / "plan.toml").write_text(SMALL + MISSED)
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    page_of = ("--web-host", "127.0.0.1", "--web-port", str(port), "--csv", "counted")
    with (
        started(tmp_path, *WORKER),
        started(tmp_path, *WORKER),
        started(tmp_path, *MASTER, *page_of) as master,
    ):
        page, asked_for = opened(chromium, address)
        page.get_by_label("Number of users").fill("2")
        page.get_by_label("Ramp up").fill("2")
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_function(f"({COUNTED})().receipt > 0")
        live = page.evaluate(COUNTED)
        assert not (tmp_path / "out" / "rehearsal.json").exists()
        wait_for(lambda: "VERDICT:" in (tmp_path / "master.log").read_text())
        page.wait_for_function(f"({COUNTED})().receipt >= {receipts_of(tmp_path)}")
        shown = page.evaluate(COUNTED)
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        # Its page stays for whoever reads it; the verdict is the exit code all the same.
        wait_for(lambda: answer_of(f"{address}stats/requests")["state"] in ("stopping", "stopped"))
        assert page.evaluate(COUNTED) == shown
        master.terminate()
        assert master.wait(PATIENCE_S) == 1, (tmp_path / "master.log").read_text()

    two = require_totals(tmp_path)
    assert shown["receipt"] == two.ledger.receipted > live["receipt"]
    assert shown["connect"] == 12
    assert shown["Aggregated"] == two.ledger.receipted + 12
    assert not [url for url in asked_for if not url.startswith(address)]
    # A process of its own: the browser's driver has the loop of this one.
    alone = [sys.executable, "-c", "from ballotbox_simulator.cli import main; main()"]
    asked = ["rehearse", "plan.toml", "--out", "alone"]
    subprocess.run([*alone, *asked], cwd=tmp_path, capture_output=True, check=False)
    one = read_result(tmp_path / "alone" / "rehearsal.json")
    for name in ("sent", "receipted", "stored", "finals", "tabulated", "sheets"):
        assert getattr(two.ledger, name) == getattr(one.ledger, name), name


def receipts_of(folder: Path) -> int:
    return read_result(folder / "out" / "rehearsal.json").ledger.receipted


def opened(chromium, address: str):
    """Return Locust's page when its master has both workers, and what it asks for."""
    page = chromium.new_page()
    page.set_default_timeout(60_000)
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    wait_for(lambda: answer_of(f"{address}stats/requests").get("worker_count") == 2)
    page.goto(address)
    return page, asked_for


def test_what_the_workers_use_is_in_the_result_with_their_machines(tmp_path: Path) -> None:
    named = "far-away" if may_name_machines() else ""

    assert held(tmp_path, SMALL, name=named) == 0, (tmp_path / "master.log").read_text()

    assert "VERDICT: GO" in (tmp_path / "master.log").read_text()
    result = require_totals(tmp_path)
    processes = result.tester.processes
    assert sorted(each.machine for each in processes) == ["", named]
    assert [each.boxes for each in processes] == [6, 6]
    assert all(each.memory_mib > 20 for each in processes)
    assert all(part.cpu_s > 0 for part in result.series.parts if part.kind in ("tester", "machine"))
    assert result.tester.words.count("Busiest was tester ") == 1
    assert len(result.tester.machines) == (2 if named else 1)
    assert all(limit.enough for each in result.tester.machines for limit in each.limits)
    page = (tmp_path / "out" / "rehearsal.html").read_text()
    assert named in page
    assert "tester 2" in page


def test_a_worker_without_room_says_so_before_a_box_connects(tmp_path: Path) -> None:
    assert held(tmp_path, SMALL, files=132) == 3, (tmp_path / "master.log").read_text()

    told = (tmp_path / "master.log").read_text()
    assert "VERDICT: INVALID" in told
    assert "open files: 134 files are needed, 132 are allowed: each process needs one" in told
    assert "nothing was connected" in told
    result = read_result(tmp_path / "out" / "rehearsal.json")
    assert (result.verdict.outcome, result.ledger.sent) == ("INVALID", 0)
    assert result.series.connections == ()
    assert [limit.enough for limit in result.machine.limits if limit.name == "open files"] == [
        False
    ]


def test_a_plan_that_cannot_be_used_ends_the_master(tmp_path: Path) -> None:
    assert held(tmp_path, 'title = "a"\n') == 2
    assert "boxes" in (tmp_path / "master.log").read_text()
