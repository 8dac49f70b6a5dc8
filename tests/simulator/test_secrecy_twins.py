"""Does anything that leaves a box before a final depend on a choice? Two days tell."""

from dataclasses import replace

import pytest

from ballotbox_device.core.reporting import Clerk
from ballotbox_simulator.world.plan import Ballots, DayPlan, RoadChoice
from ballotbox_simulator.world.secrecy import tells_nothing
from ballotbox_simulator.world.swarm import swarm_day

SEEDS = range(1, 7)


def day(seed):
    ballots = tuple(Ballots)[seed % 2]
    road = tuple(RoadChoice)[seed % 3]
    return swarm_day(seed, DayPlan(boxes=2, ballots=12, portable=1, road=road, election=ballots))


@pytest.mark.parametrize("seed", SEEDS)
def test_other_choices_change_no_byte_before_the_first_final(seed):
    assert tells_nothing(day(seed))


@pytest.mark.teeth
def test_a_report_that_tells_a_choice_is_seen(monkeypatch):
    """Planted: the firmware's number carries how many votes one option has."""
    draft = Clerk.draft

    def telling(self, kind, now, state=None, **particulars):
        report = draft(self, kind, now, state, **particulars)
        return replace(report, firmware_sequence=sum(self._path.totals()[5:9]))

    monkeypatch.setattr(Clerk, "draft", telling)
    assert not all(tells_nothing(day(seed)) for seed in SEEDS)
