"""Is a copy of a report that its box never signed objected to, and only where that can be known?"""

import pytest

from ballotbox_device.core.outputs import PrintCopy
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.plan import Day, DayPlan
from ballotbox_simulator.world.world import World


@pytest.fixture
def world():
    world = World(Day(1, DayPlan(boxes=1, ballots=4, portable=1)))
    world.run_safety()
    return world


def _copied(world, data):
    (box,) = world.precincts[0].boxes
    world.auditor.copied(box, PrintCopy(0, data, 2), by_officers=True)
    return [each for each in world.auditor.findings if "never signed" in each.words]


def test_a_copy_of_what_was_signed_is_in_order(world):
    (box,) = world.precincts[0].boxes
    assert _copied(world, box.kept_report(0)) == []


@pytest.mark.parametrize("restored", [False, True])
def test_a_copy_of_anything_else_is_found_unless_the_box_was_made_to_forget(world, restored):
    if restored:
        world.auditor.struck(FaultKind.BOX_RESTORED, world.precincts[0].boxes[0].name)
    found = _copied(world, b"another")
    assert [each.breach for each in found] == [Breach.CHAIN] * (not restored)
