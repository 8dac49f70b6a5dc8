"""Do logs, levels, result and memories that contradict each other meet with an objection?

Each test takes what a calm day left, or a log written by hand, and falsifies one thing.
"""

from copy import deepcopy
from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import HelloOutcome, HelloResult, Road, RoadKind
from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import HeldCheckpoint
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.level_audit import milder_above
from ballotbox_simulator.world.log_audit import faults_of
from ballotbox_simulator.world.log_reading import ReadLog, read_log, roots
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.result_audit import states_of, wrong_states, wrong_sums
from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.slot_audit import slots_in_order
from ballotbox_simulator.world.world import World

PLAN = DayPlan(boxes=2, ballots=4, portable=1, road=RoadChoice.MIXED)


def lived(day=None):
    world = World(day or Day(1, PLAN))
    world.run_safety()
    world.run_liveness()
    return world


@pytest.fixture(scope="module")
def calm():
    return lived()


@pytest.fixture
def world(calm):
    assert calm.auditor.findings == []
    yield calm
    calm.auditor.findings.clear()


@pytest.fixture
def log(world):
    return read_log(world.precincts[0].gateway, {})


def found(world):
    settle(world)
    return {(each.breach, each.node) for each in world.auditor.findings}


# What gateways say


def receipt_of(gateway, index):
    return Message(MessageKind.RECEIPT, gateway.intake._books.stored_receipt(index))


def topic(world, place):
    return Road(RoadKind.MQTT, "broker", world.precincts[0].boxes[place].kit.identity.box)


def test_a_receipt_goes_to_its_own_box_alone(world, log):
    gateway = world.precincts[0].gateway
    box = log.reports[log.leaves[0].report].box
    own = next(place for place in (0, 1) if topic(world, place).box == box)
    world.auditor.said(gateway, receipt_of(gateway, 0), topic(world, own))
    assert world.auditor.findings == []
    for road in (topic(world, 1 - own), Road(RoadKind.SERIAL, "line 9")):
        world.auditor.said(gateway, receipt_of(gateway, 0), road)
    assert [each.breach for each in world.auditor.findings] == [Breach.RECEIPT] * 2


def test_a_receipt_is_for_a_leaf_that_is_committed(world):
    gateway = world.precincts[0].gateway
    message = receipt_of(gateway, 3)
    receipt = Receipt.from_bytes(message.payload)
    for changed in (replace(receipt, index=4), replace(receipt, index=999)):
        said = Message(MessageKind.RECEIPT, changed.to_bytes())
        world.auditor.said(gateway, said, topic(world, 0))
    world.auditor.said(gateway, Message(MessageKind.RECEIPT, b"none"), topic(world, 0))
    assert [each.breach for each in world.auditor.findings] == [Breach.RECEIPT] * 3


def test_a_challenge_is_given_once_and_answered_once(world):
    gateway, road = world.precincts[0].gateway, topic(world, 0)
    challenge = Message(MessageKind.CHALLENGE, bytes(16))
    fresh = HelloOutcome(HelloResult.FRESH, road.box)
    world.auditor.said(gateway, challenge, road)
    world.auditor.greeted(gateway, road, fresh)
    assert world.auditor.findings == []
    world.auditor.greeted(gateway, road, fresh)
    world.auditor.said(gateway, challenge, road)
    assert [each.breach for each in world.auditor.findings] == [Breach.FRESHNESS] * 2


def test_a_ledger_that_fails_by_itself_is_objected_to_and_an_injected_failure_is_not(monkeypatch):
    strike = Strike(FaultKind.LEDGER_ERROR_APPLIED, PLAN.hours.opening)
    assert run_day(Day(1, PLAN, strikes=(strike,))).findings == ()
    world = World(Day(1, PLAN))
    gateway = world.precincts[0].gateway
    gateway.start()

    def broken(*_):
        raise LedgerFailure("planted")

    monkeypatch.setattr(gateway.ledger, "commit", broken)
    world.schedule.run_until(PLAN.hours.switch_on + 2 * MINUTE)
    assert (Breach.CRASH, gateway.name) in {(e.breach, e.node) for e in world.auditor.findings}


# Logs


def altered(log, index, **changes):
    """The log with another leaf at an index."""
    leaves = list(log.leaves)
    leaves[index] = replace(leaves[index], **changes)
    return rewritten(log, leaves)


def rewritten(log, leaves, reports=None):
    made = ReadLog(log.origin, [encode_leaf(leaf) for leaf in leaves], leaves, {}, {})
    made.reports.update(log.reports if reports is None else reports)
    for index, leaf in enumerate(leaves):
        made.places.setdefault(leaf.report, []).append(index)
    return made


def last_of_box(log):
    """The last report of the box of leaf 0, and its leaf's index."""
    box = log.reports[log.leaves[0].report].box
    index = max(at for at, leaf in enumerate(log.leaves) if log.reports[leaf.report].box == box)
    return log.leaves[index].report, index


def test_what_a_calm_day_logged_has_no_fault(log):
    assert log.size > 20
    assert list(faults_of(log)) == []
    assert list(faults_of(rewritten(log, log.leaves))) == []


def test_a_leaf_that_decides_what_was_decided_is_a_fault(log):
    assert list(faults_of(rewritten(log, [*log.leaves, log.leaves[2]])))[:1] == [
        f"leaf {log.size} decides what was decided"
    ]


def test_a_report_is_accepted_only_after_the_one_before_it(log):
    report, _ = last_of_box(log)
    before = log.reports[report].previous
    place = log.places[before][0]
    later = [*log.leaves[:place], *log.leaves[place + 1 :], log.leaves[place]]
    for wrong in (rewritten(log, later), altered(log, place, verdict=Verdict.HELD)):
        assert any("follows nothing" in words for words in faults_of(wrong))
    quarantined = altered(log, place, verdict=Verdict.QUARANTINED, reason=Reason.FIRMWARE)
    assert not any("follows nothing" in words for words in faults_of(quarantined))


def with_rival(log, *leaves):
    """The log with a second report of the last sequence of a box, and leaves about the two."""
    report, _ = last_of_box(log)
    rival = ReportId(bytes(32))
    reports = {**log.reports, rival: log.reports[report]}
    about = {"first": report, "second": rival}
    made = [
        replace(log.leaves[0], report=about[which], verdict=verdict, reason=reason)
        for which, verdict, reason in leaves
    ]
    return rewritten(log, [*log.leaves, *made], reports)


SECOND = ("second", Verdict.EVIDENCE, Reason.SAME_SEQUENCE)
FIRST = ("first", Verdict.EVIDENCE, Reason.SAME_SEQUENCE)


def test_rivals_are_both_evidence_until_one_is_named(log):
    assert list(faults_of(with_rival(log, SECOND, FIRST))) == []
    named = ("first", Verdict.ACCEPTED, Reason.NAMED)
    assert list(faults_of(with_rival(log, SECOND, FIRST, named))) == []
    both = ("second", Verdict.ACCEPTED, Reason.NAMED)
    for leaves in ([SECOND], [SECOND, FIRST, named, both]):
        assert any("not both evidence" in words for words in faults_of(with_rival(log, *leaves)))


def test_nothing_of_a_disputed_box_is_accepted(log):
    again = ("first", Verdict.ACCEPTED, Reason.GAP_CLOSED)
    assert any("disputed" in words for words in faults_of(with_rival(log, SECOND, FIRST, again)))


@pytest.mark.parametrize(
    ("size", "root", "words"), [(99, None, "holds 99 leaves"), (1, bytes(32), "another log")]
)
def test_a_box_that_holds_what_the_log_has_not_is_not_believed(log, size, root, words):
    report, index = last_of_box(log)
    true = roots(log.raw, {1})[1]
    for held_root, fault in ((root or true, words), (true, None if size == 1 else words)):
        held = HeldCheckpoint(origin_id(log.origin), size, held_root)
        reports = {**log.reports, report: replace(log.reports[report], held=held)}
        told = list(faults_of(rewritten(log, log.leaves, reports)))
        assert (told == []) if fault is None else fault in told[0], index


def test_a_row_that_is_not_what_the_newest_leaf_says_is_found(world):
    gateway = world.precincts[0].gateway
    gateway.ledger = ledger = gateway.ledger.snapshot()
    report = decode_leaf(next(ledger.leaves(2))).report
    row = ledger._reports[report]
    ledger._reports[report] = row._replace(verdict=Verdict.HELD)
    assert (Breach.LAW, gateway.name) in found(world)
    ledger._reports[report] = row


# Levels


def test_what_is_milder_above_than_below_is_found(log):
    above = rewritten(log, log.leaves)
    assert list(milder_above(log, above, log.size)) == []
    below = altered(log, 3, verdict=Verdict.QUARANTINED)
    assert list(milder_above(below, above, 3)) == []
    (words,) = milder_above(below, above, log.size)
    assert words.endswith("is QUARANTINED below and ACCEPTED above")
    ruled = replace(log.leaves[3], type=LeafType.RULING, statement=bytes(32))
    assert list(milder_above(below, rewritten(log, [*log.leaves, ruled]), log.size)) == []


@pytest.fixture
def own_world():
    """A day of its own, for tests that change it beyond repair."""
    return lived()


def test_a_log_that_was_delivered_is_the_one_that_is_above(own_world):
    gateway = own_world.precincts[0].gateway
    lower = own_world.centre.ledger._lower[gateway.name]
    name, size, _, rest = lower.note.split(b"\n", 3)
    forked = b"\n".join((name, size, b"A" * 43 + b"=", rest))
    own_world.centre.ledger._lower[gateway.name] = lower._replace(note=forked)
    assert (Breach.RECEIPT, gateway.name) in found(own_world)


@pytest.mark.parametrize("wrong", ["gone", "of another leaf", "of another report"])
def test_receipts_from_above_are_held_against_the_log_above(own_world, wrong):
    ledger, name = own_world.precincts[0].gateway.ledger, own_world.centre.name
    stored = ledger._upper_receipts[name, 4]
    receipt = replace(Receipt.from_bytes(stored), index=5).to_bytes()
    other = ledger._upper_receipts[name, 5]
    ledger._upper_receipts[name, 4] = {"gone": b"", "of another leaf": receipt}.get(wrong, other)
    assert (Breach.RECEIPT, own_world.precincts[0].gateway.name) in found(own_world)


def test_a_report_that_was_answered_stands_somewhere(world):
    world.auditor.signed_by["box 1"].append(ReportId(bytes(32)))
    assert (Breach.LOST, "box 1") in found(world)
    world.auditor.signed_by["box 1"].pop()


def test_a_refusal_that_is_not_kept_is_found():
    strike = Strike(FaultKind.WRONG_DEFINITION, 0)
    world = lived(Day(1, PLAN, strikes=(strike,)))
    settle(world)
    assert world.auditor.findings == []
    world.precincts[0].gateway.ledger._refusals.clear()
    assert (Breach.LOST, "box 1") in found(world)


def test_an_empty_log_above_excuses_nobody(own_world):
    own_world.centre.ledger = SimulatedLedger(own_world.centre.ledger.binding())
    for box in own_world.boxes:
        own_world.auditor.struck(FaultKind.BOX_BROKEN, box.name)
    assert (Breach.NOT_PUBLISHED, own_world.centre.name) in found(own_world)


# Liveness


@pytest.mark.parametrize("kind", [FaultKind.STOLEN_KEY, FaultKind.WRONG_DEFINITION])
def test_a_box_that_is_not_counted_must_settle_all_the_same(own_world, kind, monkeypatch):
    own_world.auditor.struck(kind, "box 1")
    monkeypatch.setattr(World, "box_settled", staticmethod(lambda box: box.name != "box 1"))
    assert (Breach.LIVENESS, "box 1") in found(own_world)


@pytest.mark.parametrize(
    ("kind", "excused"),
    [
        (FaultKind.BOX_BROKEN, True),
        (FaultKind.MEMORY_ROT_BOTH, True),
        (FaultKind.STOLEN_KEY, False),
        (FaultKind.BOX_RESTORED, False),
    ],
)
def test_only_what_can_stop_a_box_excuses_one_that_stopped(own_world, kind, excused):
    box = own_world.precincts[0].boxes[0]
    box.break_for_good("the firmware says so")
    own_world.auditor.struck(kind, box.name)
    assert ((Breach.LIVENESS, box.name) in found(own_world)) is not excused


def test_a_gateway_that_was_put_back_must_say_why_it_does_not_deliver():
    world = World(Day(1, PLAN))
    precinct = world.precincts[0]
    world.auditor.struck(FaultKind.GATEWAY_RESTORED, precinct.gateway.name)
    world.precincts[0].uplink.wake = precinct.gateway.grown = lambda: None
    world.run_safety()
    world.run_liveness()
    assert (Breach.LIVENESS, precinct.gateway.name) in found(world)
    world.auditor.findings.clear()
    precinct.uplink.trouble = "an older copy"
    assert (Breach.LIVENESS, precinct.gateway.name) not in found(world)


# The result and the slots


@pytest.fixture
def result(world):
    settle(world)
    return deepcopy(dict(world.auditor.published))


def moved(result, state):
    result["boxes"][state].append(result["boxes"]["counted"].pop())
    return result


@pytest.mark.parametrize("state", ["missing", "held", "quarantined", "disputed", "unused"])
def test_a_box_is_listed_as_the_log_has_it(world, result, state):
    centre, expected = read_log(world.centre, {}), world.authority.trusted.register.expected
    assert list(wrong_states(centre, states_of(result), expected)) == []
    ((_, words),) = wrong_states(centre, states_of(moved(result, state)), expected)
    assert words == f"is listed as {state}, but by the log it is counted"
    result["boxes"][state].clear()
    ((_, words),) = wrong_states(centre, states_of(result), expected)
    assert words == "is listed 0 times"


def test_a_box_of_which_the_log_has_no_final_is_missing_and_not_unused(world, result):
    expected = world.authority.trusted.register.expected
    nothing = ReadLog(world.centre.name, [], [], {}, {})
    for state, count in (("missing", 0), ("unused", 2)):
        result["boxes"][state] = result["boxes"].pop("counted", None) or result["boxes"]["missing"]
        if state == "unused":
            result["boxes"]["missing"] = []
        assert len(list(wrong_states(nothing, states_of(result), expected))) == count


@pytest.mark.parametrize("area", ["nation", "precincts"])
def test_an_area_is_the_sum_of_its_boxes(result, area):
    assert list(wrong_sums(result)) == []
    place = result[area] if area == "nation" else result[area][0]
    place["counters"]["accepted"] += 1
    assert len(list(wrong_sums(result))) == 1
    place["boxes_counted"] += 1
    assert next(wrong_sums(result)).startswith("G6")
    place["boxes_counted"] -= 1
    place["contests"] = None
    assert next(wrong_sums(result)).startswith("G6")


@pytest.mark.parametrize(
    ("used", "in_order"),
    [
        (range(8), True),
        (range(30, 50), True),
        (range(7), False),
        ([0, 1, 2, 3, 4, 5, 6, 8], False),
        (range(57), False),
    ],
)
def test_slots_side_by_side_are_in_order(used, in_order):
    content = bytearray(64 * 5)
    for position in used:
        content[position * 5] = 0xFF
    assert slots_in_order(bytes(content), 5) is in_order
