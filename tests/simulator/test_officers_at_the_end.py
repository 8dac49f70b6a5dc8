"""Do officers, when the day is over, settle only what the box beside them can tell?"""

import pytest

from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.plan import Day, DayPlan
from ballotbox_simulator.world.rulings import rule_on_boxes
from ballotbox_simulator.world.world import World

K = FaultKind


@pytest.mark.parametrize(
    ("struck", "asked"),
    [
        ({K.STOLEN_KEY}, True),
        ({K.BOX_CLONED, K.POWER_CUT}, True),
        ({K.BOX_RESTORED}, False),
        ({K.STOLEN_KEY, K.BOX_RESTORED}, False),
        ({K.POWER_CUT}, False),
    ],
)
def test_a_box_that_was_made_to_forget_is_asked_nothing(struck, asked, monkeypatch):
    world = World(Day(1, DayPlan(boxes=1, ballots=0, portable=0)))
    world.run_safety()
    box, ledger = world.precincts[0].boxes[0], world.precincts[0].gateway.ledger
    disputed = ledger.box_head(box.kit.identity.box)._replace(disputed=1)
    monkeypatch.setattr(ledger, "box_head", lambda _: disputed)
    for kind in struck:
        world.auditor.struck(kind, box.name)
    restarts = []
    monkeypatch.setattr(box, "cut_power", restarts.append)
    rule_on_boxes(world)
    assert bool(restarts) is asked
