"""Do an election and a rehearsal at the same gateways stay apart, and is it seen when not?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.addressing import Addresses
from ballotbox_gateway.core.intake import Intake, Road, RoadKind, RulingResult
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world import swarm
from ballotbox_simulator.world.apart_audit import (
    foreign_receipts,
    strangers_at,
    strangers_published,
)
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import CROSSING_KINDS, FaultKind, Strike
from ballotbox_simulator.world.gateway_process import GatewayProcess
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice, from_json, to_json
from ballotbox_simulator.world.polling_day import HOUR, MINUTE
from ballotbox_simulator.world.recording import record_day
from ballotbox_simulator.world.run import run_day, run_world
from ballotbox_simulator.world.scenario_file import load_scenario
from ballotbox_simulator.world.speech_audit import SpeechAudit
from ballotbox_simulator.world.swarm import swarm_day
from ballotbox_simulator.world.undisturbed import undisturbed
from ballotbox_simulator.world.world import World
from ballotbox_tabulation.core import publication
from ballotbox_tabulation.second.computation import SecondCount

K = FaultKind
PLAN = DayPlan(boxes=2, ballots=5, portable=1, road=RoadChoice.SERIAL, rehearsal=3)
#: By `detail`: a box of the election is set up for the rehearsal, one of the rehearsal for neither.
SET_UP_FOR_REHEARSAL = Strike(K.ELECTIONS_CONFUSED, 0, 1, detail=0)
SET_UP_FOR_A_THIRD = Strike(K.ELECTIONS_CONFUSED, 0, 0, detail=1)
CARRIED_ACROSS = Strike(K.ELECTION_REPLAYED, 12 * HOUR)
LOST = Strike(K.GATEWAY_LOST, 12 * HOUR, lasts=30 * MINUTE)


def lived(*strikes, plan=PLAN):
    """Return the world of a day that is over, with its rehearsal."""
    world = World(Day(1, plan, strikes=strikes))
    with undisturbed():
        run_world(world, raising=True)
    return world


def found(world):
    return {each.breach for each in world.auditor.findings}


def counted(world):
    """Return the ballots of each box that the published result counts."""
    boxes = world.auditor.published["boxes"]["counted"]
    return {box["box"]: box["counts"][0]["counters"]["accepted"] for box in boxes}


def reasons(gateway):
    return {reason for _, reason in gateway.ledger.counts()}


@pytest.mark.parametrize("road", RoadChoice)
def test_both_are_published_with_what_was_fed_in_each(road):
    world = lived(CARRIED_ACROSS, plan=replace(PLAN, road=road))
    assert world.auditor.findings == []
    assert set(counted(world).values()) == {6}
    assert set(counted(world.rehearsal).values()) == {3}
    assert counted(world).keys() == counted(world.rehearsal).keys()


def test_the_boxes_have_the_same_numbers_and_no_key_in_common():
    world = World(Day(1, PLAN))
    ours, theirs = world.held.authority, world.rehearsal.held.authority
    assert ours.boxes == theirs.boxes
    assert {k.public for k in ours.box_keys.values()}.isdisjoint(
        k.public for k in theirs.box_keys.values()
    )
    assert ours.root != theirs.root


def test_one_process_serves_both_and_they_die_together():
    world = World(Day(1, PLAN))
    world.schedule.run_until(12 * HOUR)
    one, other = world.precincts[0].gateway, world.rehearsal.precincts[0].gateway
    assert one.process is other.process
    other.kill()
    assert one.intake is None
    world.schedule.run_until(12 * HOUR + MINUTE)
    assert one.intake is not None
    assert one.life == other.life == 2


def test_a_ledger_that_is_full_does_not_stop_the_other_election():
    world = World(Day(1, PLAN))
    world.precincts[0].gateway.ledger.full = True
    world.schedule.run_until(7 * HOUR + 5 * MINUTE)
    assert world.precincts[0].gateway.ledger.log_head().size == 0
    assert world.rehearsal.precincts[0].gateway.ledger.log_head().size > 0


def test_a_box_that_was_set_up_for_the_rehearsal_is_counted_there_and_missing_here():
    world = lived(SET_UP_FOR_REHEARSAL)
    assert world.auditor.findings == []
    box = world.precincts[0].boxes[1].kit.identity.box.hex()
    assert counted(world.rehearsal)[box] == 6
    assert box not in counted(world)
    (missing,) = world.auditor.published["boxes"]["missing"]
    assert missing["box"] == box


def test_a_box_that_was_set_up_for_neither_is_refused_by_the_one_that_knows_its_key():
    world = lived(SET_UP_FOR_A_THIRD)
    assert world.auditor.findings == []
    assert Reason.OTHER_ELECTION in reasons(world.rehearsal.precincts[0].gateway)
    assert reasons(world.precincts[0].gateway) - {Reason.PUBLISHED} == {Reason.IN_ORDER}


def test_what_is_carried_across_is_refused_for_its_signature_alone():
    world = lived(CARRIED_ACROSS)
    for each in (world, world.rehearsal):
        gateway = each.precincts[0].gateway
        assert {Reason.UNKNOWN_KEY, Reason.SIGNATURE} <= reasons(gateway)
        assert {row.verdict for row in rows(gateway)} == {Verdict.ACCEPTED}


def rows(gateway):
    return [row for box in (1, 2) for row in gateway.ledger.reports_of(box.to_bytes(16), 0, None)]


def test_a_lost_machine_is_replaced_for_both():
    world = lived(LOST, CARRIED_ACROSS)
    assert world.auditor.findings == []
    precinct = world.precincts[0]
    assert precinct.closed
    assert world.rehearsal.precincts[0].gateway.process is precinct.gateway.process


def test_a_day_with_a_rehearsal_can_be_recorded():
    day = load_scenario("rehearsal-beside").day(1)
    assert record_day(day) is not None


# When they do not stay apart


@pytest.mark.parametrize("name", ["of_message", "of_log_below"])
def test_it_is_seen_when_all_goes_to_the_first(monkeypatch, name):
    monkeypatch.setattr(Addresses, name, lambda self, _given: self._elections[0])
    assert Breach.LIVENESS in found(lived())


def test_it_is_seen_when_a_key_is_looked_for_nowhere(monkeypatch):
    monkeypatch.setattr(Addresses, "_by_signer", lambda _self, _protected: None)
    assert Breach.LIVENESS in found(lived(SET_UP_FOR_A_THIRD))
    assert not found(lived())


def test_it_is_seen_when_a_process_speaks_for_the_other_election(monkeypatch):
    """The other log's receipt would be for a leaf that is not there, or under another name."""

    def said(process, road, send, message):
        process._offices[0].say(road, send, message)

    class Wrong:
        def __init__(self, process):
            self.say = lambda *given: said(process, *given)

    monkeypatch.setattr(
        GatewayProcess, "speaker", property(Wrong, lambda _process, _office: None), raising=False
    )
    assert Breach.RECEIPT in found(lived())


def test_it_is_seen_when_a_ruling_of_the_other_election_is_applied(monkeypatch):
    rule = Intake.rule

    def applied(intake, ruling, now):
        return replace(rule(intake, ruling, now), result=RulingResult.APPLIED)

    monkeypatch.setattr(Intake, "rule", applied)
    assert Breach.LAW in found(lived(CARRIED_ACROSS))


def test_what_of_one_is_found_in_the_other_is_named():
    world = lived()
    gateway, rehearsal = world.precincts[0].gateway, world.rehearsal
    assert not list(strangers_at(gateway, world, rehearsal))
    words = " ".join(strangers_at(gateway, rehearsal, world))
    assert "is about a report of another election" in words
    assert "is about a report that names another election" in words
    assert "keeps report" in words
    assert "has delivered leaves to" in words
    centre = " ".join(strangers_at(world.centre, rehearsal, world))
    assert "has taken in the log" in centre


def test_a_result_that_names_what_only_the_other_one_has_is_objected_to():
    world = lived(SET_UP_FOR_REHEARSAL)
    rehearsal = world.rehearsal
    for mine, theirs in ((world, rehearsal), (rehearsal, world)):
        assert not list(strangers_published(mine.auditor.published, mine, theirs))
        assert not list(strangers_published(None, mine, theirs))
        words = " ".join(strangers_published(theirs.auditor.published, mine, theirs))
        assert "names another election as its own" in words
        assert f"names {theirs.precincts[0].gateway.name}" not in words
        assert f"names {theirs.centre.name[:40]}" in words
        for state in ("counted", "missing"):
            boxes = theirs.auditor.published["boxes"][state]
            reports = [each["id"] for box in boxes for each in box["reports"]]
            assert all(f"names {each[:40]}, which is of another" in words for each in reports)


def without_root(header):
    return {key: value for key, value in header.items() if key != "root"}


def test_a_result_under_the_other_ones_name_is_seen_at_the_end_of_a_day(monkeypatch):
    """The second computation, which asks it too, is taken in by the same name."""
    first = []

    def of_the_first(source):
        first.append(source)
        return told(first[0])

    told = publication._election
    monkeypatch.setattr(publication, "_election", of_the_first)
    monkeypatch.setattr(SecondCount, "election", lambda _: without_root(told(first[0])))
    words = {str(each) for each in lived().auditor.findings}
    header = told(first[0])
    names = [f"{header[field][:40]}, which is of another election" for field in ("digest", "root")]
    said = [f"LAW at tabulation: the result names {each}" for each in names]
    assert words == {*said, "LAW at tabulation: the result names another election as its own"}


def test_a_receipt_of_the_other_ones_log_is_objected_to():
    world = lived()
    mine, theirs = world.auditor, world.rehearsal
    assert not list(foreign_receipts(mine, theirs))
    receipt = theirs.auditor.heard_receipts[0][1:]
    mine.receipt_taken(next(world.boxes), receipt)
    (words,) = foreign_receipts(mine, theirs)
    assert words.startswith("box 1 took a receipt of ")
    assert words.endswith("which is another election's log")
    mine.unproved.clear()
    leaf = Receipt.from_bytes(receipt).leaf
    mine.receipts[world.centre.name][0] = (leaf, "box 1")
    (words,) = foreign_receipts(mine, theirs)
    assert words.endswith("about a report of another election")


def test_a_receipt_under_another_name_is_objected_to():
    world = lived()
    given = Message(MessageKind.RECEIPT, world.auditor.heard_receipts[0][1:])
    audit, road = SpeechAudit({}, {}), Road(RoadKind.SERIAL, "line")
    assert not audit.said(world.precincts[0].gateway, given, road)
    other = audit.said(world.rehearsal.precincts[0].gateway, given, road)
    assert other == "a receipt is said under the name of another log"


# Drawn days


def test_a_share_of_days_has_a_rehearsal_and_moves_nothing_else(monkeypatch):
    drawn = [swarm_day(seed) for seed in range(200)]
    monkeypatch.setattr(swarm, "_REHEARSED", 0.0)
    alone = [swarm_day(seed) for seed in range(200)]
    assert 10 < sum(day.plan.rehearsal > 0 for day in drawn) < 50
    assert not any(day.plan.rehearsal for day in alone)
    for day, other in zip(drawn, alone, strict=True):
        kept = tuple(each for each in day.strikes if each.kind not in CROSSING_KINDS)
        assert replace(day, plan=replace(day.plan, rehearsal=0), strikes=kept) == other


def test_a_day_is_saved_with_its_rehearsal_and_read_from_before_there_were_any():
    day = Day(1, PLAN, strikes=(CARRIED_ACROSS,))
    saved = to_json(day)
    assert from_json(saved) == day
    del saved["plan"]["rehearsal"]
    assert from_json(saved).plan == replace(PLAN, rehearsal=0)


def test_a_day_is_the_same_each_time():
    day = load_scenario("rehearsal-beside").day(3)
    assert run_day(day).transcript == run_day(day).transcript
