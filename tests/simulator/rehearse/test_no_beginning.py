"""Does a rehearsal that never comes to its first connection say why, and write its result?"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.rehearse import conductor, team
from ballotbox_simulator.rehearse.core.shares import Place
from ballotbox_simulator.rehearse.job import Broker, Job
from ballotbox_simulator.rehearse.result_file import NAME, read_result
from ballotbox_simulator.rehearse.target import TargetFailed

NIGHT = 'title = "A night"\n[[boxes]]\ncount = 2\nsheets = 2\n'
NO_ROOM = "PostgreSQL did not start: no room"
NO_FORK = "process 1 of the tester ended early"


class NoTarget:
    """Starts, or says why it does not; whatever it is asked later is a mistake."""

    broker = Broker("127.0.0.1", 1, ())

    def __init__(self, why: str = "") -> None:
        self._why = why
        self.is_stopped = False

    async def start(self) -> None:
        if self._why:
            raise TargetFailed(self._why)

    async def stop(self) -> None:
        self.is_stopped = True


@pytest.mark.parametrize(
    ("target", "code", "outcome", "words"),
    [
        (NoTarget(NO_ROOM), 1, "NO-GO", NO_ROOM),
        (NoTarget(), 3, "INVALID", f"the tester failed: {NO_FORK}"),
    ],
)
def test_what_did_not_come_up_is_the_reason_of_a_verdict(
    target: NoTarget, code: int, outcome: str, words: str, tmp_path: Path, monkeypatch
) -> None:
    orders: list[str] = []

    async def no_process(_team: team.Team, _jobs: Sequence[Job]) -> list[Place]:
        raise team.TesterFailed(NO_FORK)

    monkeypatch.setattr(conductor, "_target", lambda *_: target)
    monkeypatch.setattr(conductor, "allow_open_files", lambda _: None)
    monkeypatch.setattr(team.Team, "start", no_process)
    monkeypatch.setattr(team.Team, "order", lambda _team, what, *_: orders.append(what))
    plan, out = tmp_path / "night.toml", tmp_path / "out"
    plan.write_text(NIGHT)

    done = CliRunner().invoke(
        main, ["rehearse", str(plan), "--out", str(out)], catch_exceptions=False
    )

    assert done.exit_code == code, done.output
    assert done.output.splitlines()[-1].startswith(f"VERDICT: {outcome} {words}")
    assert read_result(out / NAME).verdict.reasons[0] == words
    assert words[1:] in (out / "rehearsal.html").read_text()
    assert orders == []
    assert target.is_stopped
