"""Do honest counters keep every law, from the zero report to the final and after?"""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.conservation import (
    MEANING,
    Breach,
    Law,
    closed_breach,
    counter_breach,
    frozen_breach,
    lifetime_breach,
    monotone_breach,
    settled_breach,
    shares_breach,
    votes_bound_breach,
    zero_breach,
)
from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField
from ballotbox_protocol.election.tally import ContestTally
from tests.protocol.counted_box import COUNTERS, LAWS, ROW, Box, boxes


def counters(**changes: int) -> Counters:
    return dataclasses.replace(COUNTERS, **changes)


COUNTER_BREACHES = {
    "presented one more": (counters(presented=24), Breach(Law.PRESENTED, 24, 23)),
    "presented one less": (counters(presented=22), Breach(Law.PRESENTED, 22, 23)),
    "accepted one more": (counters(accepted=23), Breach(Law.PRESENTED, 23, 24)),
    "accepted one less": (counters(accepted=21), Breach(Law.PRESENTED, 23, 22)),
    "returned one more": (counters(returned=2), Breach(Law.PRESENTED, 23, 24)),
    "returned one less": (counters(returned=0), Breach(Law.PRESENTED, 23, 22)),
    "pending one more": (counters(pending=1), Breach(Law.PRESENTED, 23, 24)),
    "box counter one more": (counters(box=23), Breach(Law.BOX_COUNTER, 22, 23)),
    "box counter one less": (counters(box=21), Breach(Law.BOX_COUNTER, 22, 21)),
    "two pending": (counters(presented=25, pending=2), Breach(Law.PENDING, 2, 1)),
    "more portable than accepted": (counters(portable=23), Breach(Law.PORTABLE, 23, 22)),
    "more ballots than sheets": (counters(ballots=23), Breach(Law.BALLOTS, 23, 22)),
    "a life shorter than a day": (counters(lifetime=21), Breach(Law.LIFETIME, 21, 22)),
}


@pytest.mark.parametrize(("wrong", "breach"), COUNTER_BREACHES.values(), ids=COUNTER_BREACHES)
def test_each_law_of_counters_sees_its_breach(wrong: Counters, breach: Breach) -> None:
    assert counter_breach(COUNTERS) is None
    assert counter_breach(wrong) == breach


def test_a_wrong_count_of_ballots_or_portable_sheets_is_seen_by_another_law_or_by_none() -> None:
    for step in (-1, 1):
        off = counters(ballots=12 + step)
        assert counter_breach(off) is None
        assert LAWS.breach(ROW, off) == Breach(Law.COVERED, 12, 12 + step, "Seat")
        # How many sheets came from a portable box is told by the box alone.
        assert counter_breach(counters(portable=3 + step)) is None
        assert lifetime_breach(100, counters(lifetime=122 + step)) == Breach(
            Law.LIFETIME, 122 + step, 122
        )
    assert lifetime_breach(100, COUNTERS) is None


NAMED = pytest.mark.parametrize("name", COUNTER_NAMES)


@NAMED
def test_a_counter_never_falls_and_freezes_at_final(name: str) -> None:
    before = Counters(*[5] * len(COUNTER_NAMES))
    more, less = (dataclasses.replace(before, **{name: value}) for value in (6, 4))
    fallen = None if name == "pending" else Breach(Law.MONOTONE, 4, 5, name)
    assert monotone_breach(before, before) is None
    assert monotone_breach(before, more) is None
    assert monotone_breach(before, less) == fallen
    assert frozen_breach(before, before) is None
    assert frozen_breach(before, more) == Breach(Law.FROZEN, 6, 5, name)
    assert frozen_breach(before, less, Law.CORRECTION) == Breach(Law.CORRECTION, 4, 5, name)


@NAMED
def test_the_zero_report_is_zero_but_for_the_life_of_the_box(name: str) -> None:
    opened = Counters(**{name: 1})
    expected = None if name == "lifetime" else Breach(Law.ZERO, 1, 0, name)
    assert zero_breach(opened) == expected
    assert zero_breach(Counters()) is None
    assert getattr(Counters(), name) == 0


def test_nothing_is_pending_at_final() -> None:
    assert settled_breach(counters(pending=0)) is None
    assert settled_breach(counters(pending=1)) == Breach(Law.SETTLED, 1, 0)


@NAMED
@pytest.mark.parametrize("value", [-1, COUNT_MAX + 1, 1.0, True, None, "1"])
def test_a_counter_is_a_whole_number_within_bounds(name: str, value: Any) -> None:
    assert getattr(Counters(**{name: COUNT_MAX}), name) == COUNT_MAX
    with pytest.raises(InvalidField) as refusal:
        Counters(**{name: value})
    assert refusal.value.field == f"counters.{name}"


def test_a_total_holds_no_more_votes_than_its_ballots() -> None:
    tally = ContestTally(10, 0, 0, 0, (12, 8), ((), ()))
    assert votes_bound_breach(tally, 2, "Council") is None
    over = dataclasses.replace(tally, votes=(12, 9))
    assert votes_bound_breach(over, 2, "Council") == Breach(Law.VOTES_BOUND, 21, 20, "Council")


def test_shares_are_parts_of_the_base_they_name() -> None:
    assert shares_breach((3, 4), 7, "Seat") is None
    assert shares_breach((), 0, "Seat") is None
    # The doubled totals of one evening: every share looked like a share, their sum did not.
    assert shares_breach((6, 8), 7, "Seat") == Breach(Law.SHARES, 14, 7, "Seat")


def test_a_breach_says_law_numbers_and_place() -> None:
    assert str(Breach(Law.SLOTS, 13, 12, "Seat")) == f"{MEANING[Law.SLOTS]}: 13 against 12 in Seat"
    nowhere = Breach(Law.PENDING, 2, 1)
    assert (str(nowhere), nowhere.where) == ("at most one sheet is pending: 2 against 1", "")


@given(boxes(), st.integers(0, 9), st.integers(0, 9))
def test_after_the_close_portable_ballots_alone_explain_more(
    box: Box, came: int, told: int
) -> None:
    before = box.counters
    after = dataclasses.replace(
        before, accepted=before.accepted + came, portable=before.portable + told
    )
    fixed = before.accepted - before.portable
    breach = None if came == told else Breach(Law.CLOSED, fixed + came - told, fixed)
    assert closed_breach(before, after) == breach
