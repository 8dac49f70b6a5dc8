"""Does a whole day on real roads end in the right verdict, and in FAIL when something is wrong?"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ballotbox_device.core.ports import Instant
from ballotbox_device.core.sheet import Sheet
from ballotbox_simulator import election_day
from ballotbox_simulator.cli import main
from ballotbox_simulator.crew import Crew
from ballotbox_simulator.live.broker import BrokerUnavailable, find_broker
from ballotbox_simulator.night import publishing
from ballotbox_simulator.night.program import Edit, changed
from tests.simulator.night_programs import NO_CHARTS


def demo(tmp_path: Path, *options: str) -> Result:
    small = ["--boxes", "6", "--serial", "2", "--ballots", "12"]
    return CliRunner().invoke(main, ["demo", *small, "--out", str(tmp_path / "out"), *options])


def need_broker(*, mosquitto: bool) -> None:
    try:
        program = find_broker(mosquitto=mosquitto)
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    if mosquitto and program.demonstration_only:
        pytest.skip("mosquitto is not installed")


@pytest.mark.parametrize(
    "mosquitto",
    [
        pytest.param(True, id="mosquitto"),
        pytest.param(False, id="nats-server", marks=pytest.mark.accept),
    ],
)
def test_a_day_passes_on_either_broker(tmp_path: Path, *, mosquitto: bool) -> None:
    need_broker(mosquitto=mosquitto)

    result = demo(tmp_path, "--mosquitto" if mosquitto else "--no-mosquitto")

    assert result.exit_code == 0, result.output
    last = result.stdout.strip().splitlines()[-1]
    numbers = re.findall(r"(?:fed|counted|receipted|stored|tabulated) (\d+)", last)
    assert last.startswith("VERDICT: PASS")
    assert len(numbers) == 5
    assert len(set(numbers)) == 1
    assert int(numbers[0]) > 100
    assert re.search(r"refused: SIGNATURE [12]$", last)
    assert ("for demonstration only" in result.stdout) is not mosquitto
    published = json.loads((tmp_path / "out" / "results" / "result.json").read_text())
    assert published["result"]["nation"]["boxes_counted"] == 8


@pytest.mark.accept
def test_the_demo_ends_on_the_pages_of_a_night(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_broker(mosquitto=True)
    assert "ballotbox-sim demo --night\n" in (repository / "Makefile").read_text()
    monkeypatch.setattr(publishing, "INSTALLED", changed(tmp_path / "program", [NO_CHARTS]))

    result = demo(tmp_path, "--boxes", "2", "--serial", "0", "--night")

    assert result.exit_code == 0, result.output
    evening, final, verdict = result.stdout.strip().splitlines()[-3:]
    for line, name, when in ((evening, "at-22-00", "22:00  45"), (final, "final", "final  50")):
        assert line.startswith(f"{when} of 50 boxes, ")
        page = Path(line.rpartition("page ")[2])
        assert page == tmp_path / "out" / "night" / name / "index.html"
        assert "Simulation with public figures" in page.read_text()
    assert verdict.startswith("VERDICT: PASS")


@pytest.mark.accept
def test_a_night_that_is_not_published_fails_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_broker(mosquitto=True)
    wrong = Edit(
        "ballotbox_tabulation/core/gates.py",
        "    return [\n        *of_boxes",
        '    return [\n        BrokenGate(Gate.SUM, "planted", 1, 2, "here"),\n        *of_boxes',
    )
    monkeypatch.setattr(publishing, "INSTALLED", changed(tmp_path / "program", [NO_CHARTS, wrong]))

    result = demo(tmp_path, "--boxes", "2", "--serial", "0", "--night")

    assert result.exit_code == 1, result.output
    assert "SUM: planted: 1 against 2 in here" in result.stdout


@pytest.mark.accept
def test_a_final_is_repeated_over_a_serial_line_too(tmp_path: Path) -> None:
    need_broker(mosquitto=True)

    result = demo(tmp_path, "--boxes", "2", "--serial", "1")

    assert result.exit_code == 0, result.output


@pytest.mark.accept
def test_a_shell_that_allows_few_open_files_holds_no_box_back(tmp_path: Path) -> None:
    need_broker(mosquitto=True)
    command = Path(sys.executable).with_name("ballotbox-sim")
    words = f"{command} demo --boxes 80 --serial 0 --ballots 1 --out {tmp_path / 'out'}"

    done = subprocess.run(
        ["bash", "-c", f"ulimit -Sn 70; exec {words}"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def lose_a_sheet(feed: Callable[[Crew, Sheet, Instant], bool]) -> Callable[..., bool]:
    lost = iter([True])

    def careless(crew: Crew, sheet: Sheet, now: Instant) -> bool:
        if next(lost, False):
            crew.truth.take(crew.authority.trusted.election, sheet)
            return True
        return feed(crew, sheet, now)

    return careless


def test_one_lost_sheet_fails_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_broker(mosquitto=True)
    monkeypatch.setattr(Crew, "feed", lose_a_sheet(Crew.feed))

    result = demo(tmp_path)

    assert result.exit_code == 1, result.output
    assert "VERDICT: FAIL" in result.stdout
    assert "published" in result.stdout


@pytest.mark.accept
def test_a_refusal_that_nobody_caused_fails_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_broker(mosquitto=True)
    forge = election_day._forge

    def three(box: election_day.Box) -> None:
        for _ in range(3):
            forge(box)

    monkeypatch.setattr(election_day, "_forge", three)

    result = demo(tmp_path)

    assert result.exit_code == 1, result.output
    assert "but 1 signature was broken" in result.stdout


@pytest.mark.accept
def test_a_report_that_nobody_made_fails_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_broker(mosquitto=True)
    turnout = Crew.turnout

    def forgetful(crew: Crew, now: Instant) -> None:
        turnout(crew, now)
        crew.made.pop()

    monkeypatch.setattr(Crew, "turnout", forgetful)

    result = demo(tmp_path)

    assert result.exit_code == 1, result.output
    assert re.search(r"accepted \d+ of \d+ reports", result.stdout)
