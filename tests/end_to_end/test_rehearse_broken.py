"""Does a rehearsal that breaks off say so, write its result, and leave nothing running?"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from click.testing import CliRunner, Result

from ballotbox_simulator.cli import main
from ballotbox_simulator.live.broker import BrokerUnavailable, find_broker
from ballotbox_simulator.rehearse import conductor, team
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.result_file import read_result
from ballotbox_simulator.rehearse.target import Embedded, TargetFailed

pytestmark = pytest.mark.accept

SMALL = """
title = "A night that breaks off"
[[boxes]]
count = 8
sheets = 6
[day]
morning = "1s"
compression = "fastest"
[burst]
spread = "1s"
[tester]
patience = "3s"
lag_p99_ms = 60_000
"""
GATEWAY_KILLED = '[[event]]\nkind = "gateway-killed"\nat = "20:00"\nlasts = "1s"\n'
COMMAND = (sys.executable, "-c", "from ballotbox_simulator.cli import main; main()")


@pytest.fixture(autouse=True)
def broker() -> None:
    try:
        find_broker()
    except BrokerUnavailable as error:
        pytest.skip(str(error))


def plan_in(folder: Path, more: str = "") -> str:
    (folder / "night.toml").write_text(SMALL + more)
    return str(folder / "night.toml")


def run(tmp_path: Path, more: str = "") -> tuple[Result, RehearsalResult]:
    out = tmp_path / "out"
    done = CliRunner().invoke(
        main, ["rehearse", plan_in(tmp_path, more), "--out", str(out)], catch_exceptions=False
    )
    assert (out / "rehearsal.json").exists(), done.output
    assert parse(out / "junit.xml").getroot().tag == "testsuite"
    return done, read_result(out / "rehearsal.json")


def after_the_day(monkeypatch, what: Callable[[conductor._Rehearsal], None]) -> None:
    genuine = conductor._Rehearsal._day

    async def day(held: conductor._Rehearsal) -> None:
        await genuine(held)
        what(held)

    monkeypatch.setattr(conductor._Rehearsal, "_day", day)


def test_a_part_that_does_not_come_back_is_a_no_go_with_a_result(
    tmp_path: Path, monkeypatch
) -> None:
    async def never(*_: object) -> None:
        raise TargetFailed("the gateway did not come back")

    monkeypatch.setattr(Embedded, "heal", never)

    done, result = run(tmp_path, GATEWAY_KILLED)

    assert done.exit_code == 1, done.output
    assert result.verdict.reasons[0] == "the gateway did not come back"
    assert result.ledger.stored is not None


def test_a_tester_that_fails_is_invalid_with_a_result(tmp_path: Path, monkeypatch) -> None:
    def fail(_: conductor._Rehearsal) -> None:
        raise team.TesterFailed("a process was killed")

    after_the_day(monkeypatch, fail)

    done, result = run(tmp_path)

    assert done.exit_code == 3, done.output
    # What the processes did until then follows.
    reason, _, _ = result.verdict.reasons[0].partition(";")
    assert reason == "the tester failed: a process was killed"


def test_a_tester_that_is_gone_is_invalid_with_a_result(tmp_path: Path, monkeypatch) -> None:
    after_the_day(monkeypatch, lambda held: os.kill(held._team._processes[0].pid, signal.SIGKILL))

    done, result = run(tmp_path)

    assert done.exit_code == 3, done.output
    assert "of the tester ended early" in result.verdict.reasons[0]
    assert result.ledger.stored is None


def test_a_broker_that_ends_by_itself_is_the_reason(tmp_path: Path, monkeypatch) -> None:
    def kill(held: conductor._Rehearsal) -> None:
        pids = {part.name: pid for part, pid in held._target.parts()}
        os.kill(pids["broker"], signal.SIGKILL)

    after_the_day(monkeypatch, kill)

    done, result = run(tmp_path)

    assert done.exit_code == 1, done.output
    assert result.verdict.reasons[0] == "the broker ended by itself, which no event asked for"


def test_an_export_that_fails_is_invalid_with_a_result(tmp_path: Path, monkeypatch) -> None:
    async def failing(*_: object) -> str:
        return "nobody saw the log: the disk is full"

    monkeypatch.setattr(Embedded, "export", failing)

    done, result = run(tmp_path)

    assert done.exit_code == 3, done.output
    assert result.verdict.reasons == ("nobody saw the log: the disk is full",)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_rehearsal_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    more = SMALL.replace('"fastest"', "1")
    (tmp_path / "night.toml").write_text(more)
    command = [*COMMAND, "rehearse", str(tmp_path / "night.toml"), "--out", str(out)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Voting"):
                break
        assert running_in(out) >= 2
        process.send_signal(number)
        said, complained = process.communicate(timeout=60)

    assert process.returncode == 4, complained
    assert said.startswith("INTERRUPTED")
    assert "Traceback" not in complained
    assert running_in(out) == 0


def running_in(out: Path) -> int:
    """Return how many processes but the rehearsal itself name its folder in their command."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        found += f"{out}/".encode() in words
    return found
