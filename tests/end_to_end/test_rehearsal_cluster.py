"""Does a rehearsal through Locust's master and workers come to the same as one on one machine?"""

import csv
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import ballotbox_simulator.rehearse.cluster as package
from ballotbox_simulator.cli import main
from ballotbox_simulator.live.broker import BrokerUnavailable, find_broker
from ballotbox_simulator.rehearse.result_file import read_result
from tests.end_to_end.test_rehearsal_document import SMALL

pytestmark = pytest.mark.accept

LOCUST = (sys.executable, "-m", "locust", "-f", str(Path(package.__path__[0]) / "locustfile.py"))
PATIENCE_S = 240


@pytest.fixture(autouse=True)
def mosquitto() -> None:
    try:
        program = find_broker()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    if program.name != "mosquitto":
        pytest.skip("mosquitto is not installed, and the broker from pip speaks no MQTT 5")


@contextmanager
def started(folder: Path, *arguments: str):
    """Give a Locust process; whatever it left is ended with it."""
    with (folder / f"{arguments[0].strip('-')}.log").open("ab") as log:
        process = subprocess.Popen(
            [*LOCUST, *arguments], cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def held(folder: Path, plan: str, *more: str) -> int:
    """Hold a plan with two local workers and return the master's exit code."""
    (folder / "plan.toml").write_text(plan)
    asked = ("--plan", "plan.toml", "--results", "out", "--csv", "counted")
    users = ("--expect-workers", "2", "-u", "2", "-r", "2", "--master-bind-port", "5997")
    worker = ("--worker", "--master-port", "5997")
    with (
        started(folder, *worker),
        started(folder, *worker),
        started(folder, "--master", "--headless", *users, *asked, *more) as master,
    ):
        return master.wait(PATIENCE_S)


def test_two_workers_come_to_the_same_totals(tmp_path: Path) -> None:
    assert held(tmp_path, SMALL) == 0, (tmp_path / "master.log").read_text()

    command = ["rehearse", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "alone")]
    alone = CliRunner().invoke(main, command)
    assert alone.exit_code == 0, alone.output
    one = read_result(tmp_path / "alone" / "rehearsal.json")
    two = read_result(tmp_path / "out" / "rehearsal.json")
    assert two.ledger.holds
    assert two.tester.workers == 2
    for name in ("sent", "receipted", "stored", "finals", "tabulated", "sheets"):
        assert getattr(two.ledger, name) == getattr(one.ledger, name), name
    with (tmp_path / "counted_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    assert int(rows["receipt"]["Request Count"]) == two.ledger.receipted
    assert int(rows["connect"]["Request Count"]) == 12
    assert int(rows["Aggregated"]["Failure Count"]) == 0
    assert (tmp_path / "out" / "rehearsal.html").stat().st_size > 10_000


def test_a_missed_objective_is_the_masters_exit_code(tmp_path: Path) -> None:
    assert held(tmp_path, SMALL + "[objectives]\nreceipt_p99_ms = 0.2\n") == 1
    assert "VERDICT: NO-GO" in (tmp_path / "master.log").read_text()


def test_a_plan_that_cannot_be_used_ends_the_master(tmp_path: Path) -> None:
    assert held(tmp_path, 'title = "a"\n') == 2
    assert "boxes" in (tmp_path / "master.log").read_text()
