"""Does no gateway of the world take a register that undoes an end, and does the auditor see one?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election import register_changes
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.plan import DayPlan
from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.swarm import calm_day

PLAN = DayPlan(precincts=2, boxes=1, ballots=5, portable=0)


def struck(hours):
    strikes = tuple(Strike(FaultKind.REGISTER_UNDONE, hour * 3_600_000, 0, 0, 0) for hour in hours)
    return replace(calm_day(7, PLAN), strikes=strikes)


@pytest.mark.parametrize("hours", [(9,), (9, 9, 15)])
def test_the_day_is_exact(hours):
    assert run_day(struck(hours)).findings == ()


def test_without_the_check_the_auditor_objects(monkeypatch):
    monkeypatch.setattr(register_changes, "reopened", lambda *_: None)
    found = [str(each) for each in run_day(struck((9,))).findings]
    assert any("uses register 3, which opens a box that 2 ended" in words for words in found)
