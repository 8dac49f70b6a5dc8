"""Is a count by hand that is not what people made of it objected to?

One thing is falsified at a time.
"""

from copy import deepcopy
from dataclasses import replace
from hashlib import sha256

import pytest

from ballotbox_gateway.core.intake import CountOutcome
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.world.count_audit import (
    faults_of_counts,
    in_force,
    misshown,
    unlike_above,
    unseen_differences,
)
from ballotbox_simulator.world.level_audit import milder_above
from ballotbox_simulator.world.settlement import settle
from tests.simulator.count_days import ACCEPTED, EVIDENCE, HELD, QUARANTINED, RIGHT, K, lived, logs


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
