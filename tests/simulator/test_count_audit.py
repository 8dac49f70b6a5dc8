"""Is every count by hand what people made of it, and is anything else objected to?

Days with one mistake each show what it comes to; then one thing is falsified at a time.
"""

from copy import deepcopy
from dataclasses import replace
from hashlib import sha256

import pytest

from ballotbox_gateway.core.intake import CountOutcome, RulingResult
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world import swarm
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.count_audit import (
    faults_of_counts,
    in_force,
    misshown,
    unlike_above,
    unseen_differences,
)
from ballotbox_simulator.world.count_naming import NamingSheet
from ballotbox_simulator.world.count_naming_audit import SignedNamings
from ballotbox_simulator.world.faults import COUNT_KINDS, FaultKind, Strike
from ballotbox_simulator.world.ledgers import CommitTrouble
from ballotbox_simulator.world.level_audit import milder_above
from ballotbox_simulator.world.log_reading import read_log
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan, RoadChoice, from_json, to_json
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.swarm import swarm_day
from ballotbox_simulator.world.world import World

K = FaultKind
PLAN = DayPlan(boxes=2, ballots=12, portable=1, road=RoadChoice.MQTT, by_hand=1)
CLOSING = PLAN.hours.closing
ACCEPTED, HELD = Verdict.ACCEPTED, Verdict.HELD
QUARANTINED, EVIDENCE = Verdict.QUARANTINED, Verdict.EVIDENCE


def lived(*mistakes, plan=PLAN):
    """A world at the end of a day on which people made these mistakes."""
    strikes = tuple(Strike(kind, CLOSING, detail=detail) for kind, detail in mistakes)
    world = World(Day(1, plan, strikes=strikes))
    schedule_strikes(world)
    world.run_safety()
    world.run_liveness()
    return world


def logs(world):
    return [read_log(gateway, {}) for gateway in world.gateways]


def told(log, signed):
    """What the newest leaf says of each version, in the order in which they were signed."""
    leaves = [log.newest(own) for own in signed.by_id if own in log.places]
    return [(leaf.verdict, leaf.reason) for leaf in leaves]


RIGHT = (ACCEPTED, Reason.IN_ORDER)
DISPUTE = (EVIDENCE, Reason.SAME_SEQUENCE)
NAMED = (ACCEPTED, Reason.NAMED)
#: What people do, and what that comes to at the station and at the centre.
COMES_TO = {
    "no mistake": ([], [RIGHT], None),
    "one too high": ([(K.COUNT_MISREAD, 0)], [(QUARANTINED, Reason.RELATION), RIGHT], None),
    "one too high, and left": ([(K.COUNT_MISREAD, 4)], [(QUARANTINED, Reason.RELATION)], None),
    "options swapped": ([(K.COUNT_SWAPPED, 0)], [RIGHT], None),
    "no number": ([(K.COUNT_UNREADABLE, 0)], [RIGHT], None),
    "a ballot too many": ([(K.COUNT_LOWERED, 0)], [RIGHT, RIGHT], None),
    "two first counts": ([(K.COUNT_TWICE, 0)], [DISPUTE, DISPUTE], None),
    "one of them at the centre": ([(K.COUNT_TWICE, 1)], [RIGHT], [DISPUTE, DISPUTE]),
    "one of them named": ([(K.COUNT_TWICE, 0), (K.COUNT_NAMED, 0)], [NAMED, DISPUTE], None),
    "one of them named at the centre": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED, 3)],
        [DISPUTE, DISPUTE],
        [NAMED, DISPUTE],
    ),
    "named where both are known": (
        [(K.COUNT_TWICE, 1), (K.COUNT_NAMED, 0)],
        [RIGHT],
        [NAMED, DISPUTE],
    ),
    "the wrong one named": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_WRONG, 0)],
        [NAMED, DISPUTE],
        None,
    ),
    "the wrong one named, and overruled at the centre": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED, 3), (K.COUNT_NAMED_WRONG, 0)],
        [DISPUTE, NAMED],
        [NAMED, DISPUTE],
    ),
    "the centre told otherwise": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_APART, 4)],
        [DISPUTE, NAMED],
        [DISPUTE, DISPUTE],
    ),
    "the centre told otherwise, and settled": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_APART, 0)],
        [DISPUTE, NAMED],
        [NAMED, DISPUTE],
    ),
    "named by one officer": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 0)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "named by one officer twice, at the centre": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 7)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "signed for another": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 8)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "named one of another station": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 12)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "the same in other hands": ([(K.COUNT_TWICE, 2)], [RIGHT], None),
    "counted again": ([(K.COUNT_CORRECTED, 0)], [RIGHT, RIGHT], None),
    "corrected at the centre": ([(K.COUNT_CORRECTED, 1)], [RIGHT], [RIGHT, RIGHT]),
    "one officer": ([(K.COUNT_ONE_OFFICER, 0)], [RIGHT], None),
    "another law": ([(K.COUNT_OTHER_LAW, 0)], [(QUARANTINED, Reason.LAW_UNKNOWN), RIGHT], None),
    "a correction of rivals": (
        [(K.COUNT_TWICE, 0), (K.COUNT_CORRECTED, 0)],
        [DISPUTE, DISPUTE, (HELD, Reason.BOX_DISPUTED)],
        None,
    ),
}


@pytest.mark.parametrize("what", COMES_TO)
def test_each_mistake_comes_to_what_is_promised(what):
    mistakes, below, above = COMES_TO[what]
    world = lived(*mistakes)
    signed = world.auditor.by_hand
    lower, upper = logs(world)
    assert told(lower, signed) == below
    assert told(upper, signed) == (above or below)
    settle(world)
    assert world.auditor.findings == []
    assert set(world.auditor.blows.at.get("station 1", ())) == {kind for kind, _ in mistakes}


@pytest.fixture
def overruled():
    """The wrong one was named, and overruled; then people bring the plain naming of the right."""
    world = lived((K.COUNT_TWICE, 0), (K.COUNT_NAMED, 0), (K.COUNT_NAMED_WRONG, 0))
    wrong, right = (each.ruling for each in world.auditor.by_hand.namings.signed)
    bare = replace(wrong, report=right.report, signatures=())
    plain = NamingSheet(replace(bare, signatures=naming_signatures(world, bare)))
    return world, plain, right


def naming_signatures(world, bare):
    return world.authority.consent(bare.payload(), MessageType.RULING)


def test_what_is_said_to_be_named_already_need_not_stand_there_in_these_words(overruled):
    world, plain, _ = overruled
    gateway = world.precincts[0].gateway
    result = gateway.name_count(plain.ruling.to_bytes())
    assert result is RulingResult.ALREADY
    world.auditor.naming_signed(plain)
    world.auditor.named(gateway, plain, result)
    settle(world)
    assert world.auditor.findings == []


def test_only_what_holds_may_be_said_to_be_named_already(overruled):
    world, plain, right = overruled
    gateway, namings = world.precincts[0].gateway, SignedNamings()
    wrong = next(iter(world.auditor.by_hand.namings.signed)).ruling
    more = replace(plain.ruling, overrules=tuple(sorted((*right.overrules, right.id))))
    for said, holds in ((plain.ruling, True), (wrong, True), (right, True), (more, False)):
        words = list(namings.answer(gateway, NamingSheet(said), RulingResult.ALREADY))
        assert bool(words) is not holds, said
    signed_anew = replace(right, signatures=right.signatures[::-1])
    assert not list(namings.answer(gateway, NamingSheet(signed_anew), RulingResult.ALREADY))
    assert [each.ruling for each in namings.taken[gateway.name]] == [wrong, right]
    never = replace(wrong, report=bytes(32))
    (words,) = namings.answer(gateway, NamingSheet(never), RulingResult.ALREADY)
    assert words == "a naming that is not there is said to be known"


def test_every_kind_of_mistake_is_tried_here():
    assert {kind for mistakes, *_ in COMES_TO.values() for kind, _ in mistakes} == COUNT_KINDS


def test_one_or_two_contests_of_each_station_are_counted():
    world = lived(plan=replace(PLAN, precincts=2, election=Ballots.FULL, by_hand=2))
    versions = world.auditor.by_hand.by_id.values()
    places = {(each.count.precinct, each.count.contest) for (each,) in versions}
    assert len(places) == len(versions) == 4
    settle(world)
    assert world.auditor.findings == []


# People keep at it


def test_a_count_that_is_committed_and_not_answered_is_entered_again_and_there_once():
    world = World(Day(1, PLAN))
    gateway = world.precincts[0].gateway
    world.schedule.run_until(CLOSING + 4 * MINUTE)
    gateway.ledger.trouble = CommitTrouble.KILLED_COMMITTED
    world.run_safety()
    world.run_liveness()
    assert gateway.life == 2
    lower, upper = logs(world)
    assert (len(lower.counts), len(upper.counts)) == (1, 1)
    settle(world)
    assert world.auditor.findings == []


@pytest.mark.parametrize("kind", [K.GATEWAY_RESTORED, K.GATEWAY_LOST])
def test_what_a_gateway_forgot_is_entered_again(kind):
    """A copy of the moment before the count is put back, or another machine takes its place."""
    plan = replace(PLAN, hours=replace(PLAN.hours, end=PLAN.hours.end + 60 * MINUTE))
    at, lasts = CLOSING + 4 * MINUTE, 70 * MINUTE
    if kind is K.GATEWAY_LOST:
        at, lasts = at + lasts, MINUTE
    world = World(Day(1, plan, strikes=(Strike(kind, at, lasts=lasts),)))
    schedule_strikes(world)
    world.run_safety()
    assert world.auditor.blows.struck[kind] == 1
    world.run_liveness()
    lower, upper = logs(world)
    assert (len(lower.counts), len(upper.counts)) == (1, 1)
    settle(world)
    assert world.auditor.findings == []


def test_a_count_that_is_not_entered_in_time_is_objected_to():
    world = lived()
    world.precincts[0].tellers._queue.append("a sheet")
    settle(world)
    assert {(each.breach, each.node) for each in world.auditor.findings} == {
        (Breach.LIVENESS, world.precincts[0].gateway.name)
    }


def test_nobody_counts_before_the_boxes_have_reported():
    world = World(Day(1, PLAN))
    world.schedule.run_until(CLOSING)
    station, boxes = world.precincts[0].tellers._station, world.precincts[0].boxes
    assert not station.is_over
    sheet = next(iter(lived().auditor.by_hand.by_id.values()))[0]
    world.auditor.counted(station, sheet)
    assert [each.breach for each in world.auditor.findings] == [Breach.SECRECY] * len(boxes)


# One thing falsified at a time


@pytest.fixture(scope="module")
def day():
    """Two numbers swapped and, apart from that, corrected; entered by one officer first."""
    world = lived((K.COUNT_SWAPPED, 0), (K.COUNT_ONE_OFFICER, 0), (K.COUNT_LOWERED, 3))
    settle(world)
    assert world.auditor.findings == []
    return world


@pytest.fixture
def signed(day):
    return day.auditor.by_hand


@pytest.fixture
def lower(day):
    return logs(day)[0]


@pytest.fixture
def upper(day):
    return logs(day)[1]


def ids(signed):
    return list(signed.by_id)


def test_the_log_as_it_is_holds(lower, upper, signed):
    for log in (lower, upper):
        assert [*faults_of_counts(log, signed), *signed.missing(log)] == []
    assert len(lower.counts) == 3


def falsify(log, at, **changes):
    log.leaves[at] = replace(log.leaves[at], **changes)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_verdict_follows_from_what_people_did(lower, signed, at):
    (*places,) = sorted(lower.counts)
    accepted = lower.leaves[places[at]].verdict is ACCEPTED
    verdict, reason = (HELD, Reason.GAP_BEFORE) if accepted else RIGHT
    falsify(lower, places[at], verdict=verdict, reason=reason)
    assert list(faults_of_counts(lower, signed))


def test_a_reason_follows_as_well(lower, signed):
    falsify(lower, max(lower.counts), reason=Reason.SAME_SEQUENCE)
    (words,) = faults_of_counts(lower, signed)
    assert words.endswith(
        "is ACCEPTED for SAME_SEQUENCE, and by what people did ACCEPTED for IN_ORDER"
    )


def test_what_stands_beside_a_leaf_was_signed(lower, signed):
    at = max(lower.counts)
    lower.counts[at] += b"\0"
    falsify(lower, at, statement=sha256(lower.counts[at]).digest())
    assert f"leaf {at} is about a count that nobody signed like this" in list(
        faults_of_counts(lower, signed)
    )


def test_nothing_is_decided_twice(lower, signed):
    at = max(lower.counts)
    lower.places[lower.leaves[at].report].append(lower.size)
    lower.counts[lower.size] = lower.counts[at]
    lower.leaves.append(lower.leaves[at])
    (words,) = faults_of_counts(lower, signed)
    assert words.startswith(f"leaf {max(lower.counts)} decides what was decided of version 2")


def test_what_was_answered_stays(lower, signed):
    first, second = ids(signed)
    places = lower.places.pop(second)
    assert len(list(signed.missing(lower))) == 1
    lower.places[second] = places
    lower.places[first] = lower.places[first][:1]
    words = list(signed.missing(lower))
    assert words == ["version 1 of precinct 1, contest 0 stands there without its second officer"]


def test_an_answer_is_a_receipt_for_this_count_and_stored(day, signed):
    gateway = day.precincts[0].gateway
    (sheet, *_), (other, *_) = signed.by_id.values()
    signed = deepcopy(signed)
    turned_away = CountOutcome(None, Reason.SIGNATURE)
    (words,) = signed.answer(gateway, sheet, turned_away)
    assert words == "a count that officers signed is turned away: SIGNATURE"
    good = gateway.count_by_hand(other.data)
    assert list(signed.answer(gateway, other, good)) == []
    assert len(list(signed.answer(gateway, other, good._replace(receipt=b"")))) == 1
    (words,) = signed.answer(gateway, sheet, good)
    assert words.startswith("a count has a receipt for something else")
    (words,) = signed.answer(day.centre, other, good)
    assert words.endswith("which is not stored")
    signed.by_id[other.count.id] = signed.by_id[sheet.count.id]
    (words,) = signed.answer(gateway, other, good)
    assert words.startswith("a count has a receipt for bytes that nobody signed")


def test_the_same_is_in_force_above(lower, upper, signed):
    assert list(unlike_above(lower, upper, signed)) == []
    assert in_force(lower, signed) == {(1, 0): ids(signed)[1]}
    falsify(upper, max(upper.counts), verdict=QUARANTINED)
    (words,) = unlike_above(lower, upper, signed)
    assert words == "precinct 1, contest 0: another count is in force above"
    falsify(upper, max(upper.counts), verdict=EVIDENCE)
    assert in_force(upper, signed) == {}


def test_a_count_does_not_count_for_more_above(lower, upper):
    falsify(lower, max(lower.counts), verdict=EVIDENCE)
    (words,) = milder_above(lower, upper, lower.size)
    assert words.endswith("is EVIDENCE below and ACCEPTED above")


@pytest.fixture
def shown(day):
    return deepcopy(dict(day.auditor.published))


def listed(result):
    return result["precincts"][0]["counted_by_hand"]


FALSE_LISTS = {
    "left out": lambda counts: counts.pop(),
    "one too many": lambda counts: counts.append(counts[0] | {"id": "ab"}),
    "another verdict": lambda counts: counts[0].update(verdict="evidence"),
    "another leaf": lambda counts: counts[0]["leaves"].append(0),
    "both in force": lambda counts: counts[0].update(in_force=True),
    "another line": lambda counts: counts[0]["lines"].update({"1": 0}),
    "another vote": lambda counts: counts[1]["options"]["votes"].reverse(),
}


@pytest.mark.parametrize("what", FALSE_LISTS)
def test_a_result_lists_counts_as_they_were_signed(shown, upper, signed, what):
    assert list(misshown(shown, upper, signed)) == []
    FALSE_LISTS[what](listed(shown))
    assert len(list(misshown(shown, upper, signed))) == 1


def test_swapped_options_are_seen_beside_the_boxes():
    world = lived((K.COUNT_SWAPPED, 0))
    settle(world)
    result, signed = deepcopy(dict(world.auditor.published)), world.auditor.by_hand
    (sheet,) = signed.by_id[ids(signed)[0]]
    boxes = result["precincts"][0]["contests"][0]["votes"]
    written = list(sheet.count.options[0][1])
    assert sorted(written) == sorted(boxes)
    assert sum(one != other for one, other in zip(written, boxes, strict=True)) == 2
    upper = logs(world)[1]
    assert list(unseen_differences(result, upper, signed)) == []
    listed(result)[0]["options"]["votes"] = list(boxes)
    (words,) = unseen_differences(result, upper, signed)
    assert words.endswith("differs from its boxes in options []")


# Drawing them


def test_counts_by_hand_move_nothing_else_that_a_seed_draws(monkeypatch):
    drawn = {}
    for share in (0.0, 1.0):
        monkeypatch.setattr(swarm, "_BY_HAND", share)
        drawn[share] = [swarm_day(seed) for seed in range(60)]
    for without, with_them in zip(drawn[0.0], drawn[1.0], strict=True):
        assert (without.plan.by_hand, with_them.plan.by_hand > 0) == (0, True)
        others = tuple(each for each in with_them.strikes if each.kind not in COUNT_KINDS)
        same = replace(with_them, plan=replace(with_them.plan, by_hand=0), strikes=others)
        assert same == without
    assert {each.kind for day in drawn[1.0] for each in day.strikes} >= COUNT_KINDS
    assert swarm_day(1, replace(PLAN, by_hand=0)).kinds.isdisjoint(COUNT_KINDS)


def test_a_day_that_was_saved_before_has_no_counts_by_hand():
    saved = to_json(Day(1, PLAN))
    assert from_json(saved).plan == PLAN
    del saved["plan"]["by_hand"]
    assert from_json(saved).plan == replace(PLAN, by_hand=0)
