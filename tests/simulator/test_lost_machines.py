"""When a gateway's machine is lost, is all of it at the centre once, and what is lost named?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.wire.frame import MAX_PAYLOAD, FrameDecoder
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.link_frames import Confirm, Data, parse_link_frame
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.replacement import Replacement
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.world import lost_machines
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultClass, FaultKind, Strike
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.places import whole_election
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import HOUR, MINUTE
from ballotbox_simulator.world.recording import Actor, record_day
from ballotbox_simulator.world.run import outcome_of, run_day, run_world
from ballotbox_simulator.world.scenario_file import load_scenario
from ballotbox_simulator.world.serial_line import SerialLine
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.world import World

K = FaultKind
PLAN = DayPlan(boxes=2, ballots=4, portable=1, road=RoadChoice.MQTT)
#: The finals are in, nothing more is said, and nothing of the last 40 minutes went upward.
LATE = Strike(K.GATEWAY_LOST, 20 * HOUR, lasts=5 * MINUTE, detail=1 + 2 * 7)
EARLY = Strike(K.GATEWAY_LOST, 12 * HOUR, lasts=30 * MINUTE, detail=2 * 3)


def day(*strikes, plan=PLAN):
    return Day(1, plan, strikes=strikes)


def found(outcome):
    return {each.breach for each in outcome.findings}


def leaves(gateway):
    return [decode_leaf(leaf) for leaf in gateway.ledger.leaves(0)]


def test_a_silent_box_is_asked_although_the_end_of_the_handshake_was_lost(monkeypatch):
    """It does not know of the new gateway at the other end of its line, and has nothing to say."""
    carry, lost, sent = SerialLine.carry, set(), set()

    def carried(line, side, data):
        frames = [parse_link_frame(each) for each in FrameDecoder(MAX_PAYLOAD).feed(data)]
        if side == 1 and line._schedule.now > LATE.at and Confirm in map(type, frames):
            lost.add(line)
            return
        if side == 0 and line in lost and line._schedule.now < PLAN.hours.end:
            sent.update((line, each.message) for each in frames if isinstance(each, Data))
        carry(line, side, data)

    monkeypatch.setattr(SerialLine, "carry", carried)
    outcome = run_day(day(LATE, plan=replace(PLAN, road=RoadChoice.SERIAL)))
    assert len(lost) == 2
    # Before anybody switches a box on again, each has sent all that it ever made.
    reports = [line for line, message in sent if message[0] == MessageKind.REPORT]
    assert len(reports) == outcome.reports
    assert outcome.findings == ()
    assert outcome.balance.tabulated == outcome.balance.fed == 10


@pytest.mark.parametrize("road", RoadChoice)
@pytest.mark.parametrize("strike", [EARLY, LATE])
def test_everything_is_stored_and_tabulated_once(strike, road):
    world = World(day(strike, plan=replace(PLAN, road=road)))
    outcome = run_world(world)
    assert outcome.findings == ()
    assert outcome.balance.tabulated == outcome.balance.fed == 10
    assert outcome.held_to is FaultClass.EXACT_AFTER_PERSON
    assert outcome.overcome[K.GATEWAY_LOST] == 1
    (precinct,) = world.precincts
    (closed,) = precinct.closed
    new = leaves(precinct.gateway)
    assert [leaf.type is LeafType.REPLACEMENT for leaf in new[:2]] == [True, False]
    said = [leaf for leaf in new if leaf.type is not LeafType.PUBLICATION]
    accepted = [leaf.report for leaf in said if leaf.verdict is Verdict.ACCEPTED]
    assert len(set(accepted)) == len(accepted) == world.auditor.reports + 1
    assert world.auditor.published["log"]["replaced"] == [
        {
            "leaf": next(
                index
                for index, leaf in enumerate(leaves(world.centre))
                if leaf.type is LeafType.REPLACEMENT
            ),
            "origin": closed.gateway.name,
            "lost_from": closed.kept,
            "replaced_by": precinct.gateway.name,
        }
    ]


def test_what_was_receipted_and_not_delivered_is_what_the_centre_lacked():
    world = World(day(LATE))
    schedule_strikes(world)
    world.schedule.run_until(20 * HOUR + 41 * MINUTE)
    (precinct,) = world.precincts
    old, size = precinct.gateway, precinct.gateway.ledger.log_head().size
    assert old.gone
    assert len(world.auditor.receipts[old.name]) == size
    assert world.centre.ledger.log_head().size < size
    world.schedule.run_until(PLAN.hours.end)
    assert precinct.gateway is not old
    world.run_liveness()
    settle(world)
    assert outcome_of(world, None).findings == ()


def test_boxes_that_are_not_asked_do_not_settle(monkeypatch):
    monkeypatch.setattr(GatewayNode, "_call_boxes", lambda *_: None)
    assert found(run_day(day(LATE))) == {Breach.LIVENESS, Breach.LOST}


def test_a_lost_machine_starts_no_more():
    world = World(day(EARLY))
    schedule_strikes(world)
    (precinct,) = world.precincts
    world.schedule.run_until(EARLY.at - 1)
    precinct.gateway.kill()
    world.schedule.run_until(EARLY.at + MINUTE)
    assert precinct.gateway.intake is None
    assert precinct.gateway.gone


def test_without_a_second_origin_nothing_is_lost():
    region = whole_election(PLAN)
    outcome = run_world(World(day(LATE), region=region))
    assert (outcome.findings, outcome.struck[K.GATEWAY_LOST]) == ((), 0)


def test_a_machine_is_lost_once():
    outcome = run_day(day(EARLY, replace(EARLY, at=13 * HOUR), LATE))
    assert (outcome.findings, outcome.struck[K.GATEWAY_LOST]) == ((), 1)


def test_a_day_without_one_has_the_register_that_it_had():
    names = World(day()).authority.trusted.register.gateway_keys
    assert World(day(LATE)).authority.trusted.register.gateway_keys.keys() > names.keys()


# What is objected to


def test_another_range_than_was_lost_is_objected_to(monkeypatch):
    def other(election, replaced, origin, kept):
        return Replacement(election, replaced, origin, kept + 1)

    monkeypatch.setattr(lost_machines, "Replacement", other)
    outcome = run_day(day(LATE))
    assert {(each.breach, each.node.rpartition("/")[2]) for each in outcome.findings} == {
        (Breach.NOT_NAMED, "precinct-1-b"),
        (Breach.NOT_NAMED, "centre"),
        (Breach.NOT_NAMED, "tabulation"),
    }


def test_a_log_that_was_opened_for_no_lost_one_is_objected_to():
    world = World(day(LATE))
    run_world(world)
    world.precincts[0].closed.clear()
    settle(world)
    words = [each.words for each in world.auditor.findings if each.breach is Breach.LAW]
    assert [each for each in words if "0 were closed" in each]


# What is shown of it


def test_a_recording_shows_both_gateways():
    recording = record_day(load_scenario("lost-machine").day(1))
    acting = {step.node for step in recording.steps if step.source is Actor.GATEWAY}
    assert {node.rpartition("/")[2] for node in acting} == {
        "precinct-1",
        "precinct-1-b",
        "precinct-2",
        "precinct-2-b",
    }
