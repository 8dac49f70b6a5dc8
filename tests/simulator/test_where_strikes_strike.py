"""Is a strike counted where it strikes, and there alone?"""

import pytest

from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.strikes import strike_now
from ballotbox_simulator.world.world import World

K = FaultKind
SECOND = 1_000
PLAN = DayPlan(boxes=1, ballots=0, portable=0, road=RoadChoice.MQTT)


@pytest.fixture
def world():
    return World(Day(1, PLAN))


@pytest.mark.parametrize("kind", [K.BOX_CUT_OFF, K.BOX_HALF_OPEN])
def test_a_box_that_is_not_connected_cannot_be_cut_off(world, kind):
    strike = Strike(kind, 0, lasts=MINUTE)
    strike_now(world, strike)
    assert world.auditor.blows.struck[kind] == 0
    world.schedule.run_until(PLAN.hours.zero)
    strike_now(world, strike)
    assert world.auditor.blows.struck[kind] == 1
    world.precincts[0].boxes[0].switch_off()
    strike_now(world, strike)
    assert world.auditor.blows.struck[kind] == 1


def test_a_gateway_that_cannot_read_what_to_deliver_dies_and_is_objected_to(world, monkeypatch):
    world.schedule.run_until(PLAN.hours.zero)
    precinct = world.precincts[0]
    life = precinct.gateway.life

    def broken(_upper, _limit):
        raise LedgerFailure("planted")

    monkeypatch.setattr(precinct.gateway.intake, "next_upward", broken)
    precinct.uplink.wake()
    world.schedule.run_until(PLAN.hours.zero + SECOND)
    assert precinct.gateway.intake is None
    world.schedule.run_until(PLAN.hours.zero + MINUTE)
    assert precinct.gateway.life == life + 1
    assert [(e.breach, e.node) for e in world.auditor.findings] == [
        (Breach.CRASH, precinct.gateway.name)
    ]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_box_is_excused_with_the_gateway_that_it_was_plugged_into(swapped):
    world = World(Day(1, DayPlan(precincts=2, boxes=1, ballots=2, portable=0)))
    world.run_safety()
    world.run_liveness()
    world.auditor.struck(K.GATEWAY_RESTORED, world.precincts[1].gateway.name)
    if swapped:
        world.auditor.struck(K.CABLES_SWAPPED, "box 2")
    world.centre.ledger = SimulatedLedger(world.centre.ledger.binding())
    settle(world)
    lost = {each.node for each in world.auditor.findings if each.breach is Breach.LOST}
    assert ("box 1" in lost) is not swapped
