"""Do honest counts keep every law, and which dishonest change does each law see?"""

import csv
import dataclasses
import gzip
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.conservation import (
    MEANING,
    Breach,
    Law,
    VoteLaws,
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
from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField, Mode
from ballotbox_protocol.election.tally import ContestTally, Layout, Marks, Row, merge
from tests.strategies import KEYS, elections, marks


@dataclasses.dataclass(frozen=True)
class Box:
    """A box after a day: the election, its row of votes, its counters."""

    election: Election
    row: Row
    counters: Counters

    @property
    def laws(self) -> VoteLaws:
        return VoteLaws(self.election)

    def breach(self, row: Any) -> Breach | None:
        return self.laws.breach(row, self.counters)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """Random voters, each with a style, who may keep later sheets back; some sheets returned."""
    election = draw(elections())
    layout = Layout.of(election)
    row = list(layout.zero())
    accepted = ballots = 0
    for style in draw(st.lists(st.sampled_from(election.styles), max_size=8)):
        handed_in = draw(st.sets(st.integers(0, len(style.sheets) - 1)))
        for number in handed_in:
            accepted += 1
            ballots += number == 0
            for contest in style.sheets[number]:
                layout.add(row, contest, draw(marks(election.contests[contest])))
    returned, pending = draw(st.integers(0, 5)), draw(st.integers(0, 1))
    counters = Counters(
        presented=accepted + returned + pending,
        accepted=accepted,
        returned=returned,
        pending=pending,
        portable=draw(st.integers(0, accepted)),
        box=accepted,
        ballots=ballots,
        lifetime=accepted + draw(st.integers(0, 1_000)),
    )
    return Box(election, tuple(row), counters)


@given(boxes())
def test_honest_ballots_break_no_law(box: Box) -> None:
    assert box.breach(box.row) is None
    assert counter_breach(box.counters) is None
    assert lifetime_breach(box.counters.lifetime - box.counters.accepted, box.counters) is None
    assert list(box.laws.breaches(box.row, box.counters)) == []


def unseen_places(box: Box) -> set[int]:
    """The places of a row of which one count may change by one and every sum still agree.

    They are parts of a whole that no other number fixes: the blank ballots where a ballot has
    several votes, and the candidates within a list.
    """
    layout = Layout.of(box.election)
    places: set[int] = set()
    for span in layout.spans:
        if span.contest.votes_allowed > 1:
            places.add(span.start + 1)
        places.update(range(span.votes.stop, span.stop))
    return places


@given(boxes())
def test_any_other_single_count_off_by_one_is_caught(box: Box) -> None:
    unseen = unseen_places(box)
    for place in range(len(box.row)):
        for step in (-1, 1):
            row = list(box.row)
            row[place] += step
            assert place in unseen or box.breach(row) is not None, (place, step)


@given(boxes(), st.data())
def test_options_swapped_are_seen_by_no_sum(box: Box, data: st.DataObject) -> None:
    """Only the box's signature, or its paper, tells two options from each other."""
    span = data.draw(st.sampled_from(Layout.of(box.election).spans))
    plain = [index for index, option in enumerate(span.contest.options) if not option.preferences]
    if len(plain) > 1:
        one, other = data.draw(st.permutations(plain))[:2]
        row = list(box.row)
        first = span.votes.start
        row[first + one], row[first + other] = row[first + other], row[first + one]
        assert box.breach(row) is None


SEAT = Contest("Seat", ContestKind.CHOOSE_ONE, 1, (Option("A"), Option("B")))
COUNCIL = Contest("Council", ContestKind.CHOOSE_UP_TO, 2, (Option("C"), Option("D"), Option("E")))
LIST = Contest("List", ContestKind.PARTY_LIST, 1, (Option("F", 2), Option("G")))
ELECTION = Election(
    name="Laws",
    mode=Mode.TEST,
    day="2026-06-14",
    contests=(SEAT, COUNCIL, LIST),
    styles=(BallotStyle("FULL", ((0, 1), (2,))), BallotStyle("PART", ((0,),))),
    precincts=(Precinct(1, "Hall", 100, (0, 1)),),
    register_signers=(KEYS[0].public,),
)
#: 10 full ballots and 2 of the seat alone: 22 sheets, 12 of them first sheets.
COUNTERS = Counters(23, 22, 1, 0, 3, 22, 12, 122)
SEAT_ROW = [12, 2, 2, 1, 5, 4]
COUNCIL_ROW = [10, 1, 5, 2, 6, 4, 3]
LIST_ROW = [10, 1, 1, 1, 5, 3, 2, 1]
ROW = (*SEAT_ROW, *COUNCIL_ROW, *LIST_ROW)
LAWS = VoteLaws(ELECTION)


def row_with(seat: Any = SEAT_ROW, council: Any = COUNCIL_ROW, listed: Any = LIST_ROW) -> Row:
    return (*seat, *council, *listed)


VOTE_BREACHES = {
    "a vote too many": (
        row_with(seat=[12, 2, 2, 1, 6, 4]),
        Breach(Law.SLOTS, 13, 12, "Seat"),
    ),
    "a vote too few": (
        row_with(council=[10, 1, 5, 2, 6, 3, 3]),
        Breach(Law.SLOTS, 19, 20, "Council"),
    ),
    "a blank ballot turned into a vote": (
        row_with(seat=[12, 2, 1, 1, 6, 4]),
        Breach(Law.BLANK, 2, 1, "Seat"),
    ),
    "more blank ballots of two votes than undervotes allow": (
        row_with(council=[10, 3, 5, 2, 6, 4, 3]),
        Breach(Law.BLANK, 6, 5, "Council"),
    ),
    "half a ballot overvoted": (
        row_with(council=[10, 1, 6, 1, 6, 4, 3]),
        Breach(Law.OVERVOTES, 1, 0, "Council"),
    ),
    "a ballot and a half overvoted": (
        row_with(council=[10, 1, 4, 3, 6, 4, 3]),
        Breach(Law.OVERVOTES, 3, 2, "Council"),
    ),
    "one option on more ballots than were marked": (
        row_with(council=[10, 1, 3, 2, 9, 4, 2]),
        Breach(Law.OPTION, 9, 8, "Council"),
    ),
    "a marked ballot without a vote": (
        row_with(seat=[12, 1, 2, 1, 5, 4]),
        Breach(Law.MARKED, 9, 10, "Seat"),
    ),
    "candidates preferred more often than their list was chosen": (
        row_with(listed=[10, 1, 1, 1, 5, 3, 4, 2]),
        Breach(Law.PREFERENCES, 6, 5, "List"),
    ),
    "more ballots of a contest than sheets": (
        row_with(listed=[23, 14, 14, 1, 5, 3, 2, 1]),
        Breach(Law.CARRIED, 23, 22, "List"),
    ),
    "a contest of every first sheet that misses a ballot": (
        row_with(seat=[11, 1, 1, 1, 5, 4]),
        Breach(Law.COVERED, 11, 12, "Seat"),
    ),
}


@pytest.mark.parametrize(("row", "breach"), VOTE_BREACHES.values(), ids=VOTE_BREACHES)
def test_each_law_of_votes_sees_its_breach_alone(row: Row, breach: Breach) -> None:
    assert LAWS.breach(ROW, COUNTERS) is None
    assert LAWS.breach(row, COUNTERS) == breach
    assert list(LAWS.breaches(row, COUNTERS)) == [breach]


#: Changes of a row, or of two counts at once, that leave every sum as it was: for these there is
#: the signature under the report, the paper in the box, and nothing else.
UNSEEN = {
    "two options swapped": row_with(seat=[12, 2, 2, 1, 4, 5]),
    "a vote moved to another option": row_with(council=[10, 1, 5, 2, 5, 5, 3]),
    "a whole blank ballot turned into a vote": row_with(seat=[12, 1, 1, 1, 6, 4]),
    "a whole overvoted ballot turned into a vote": row_with(seat=[12, 2, 2, 0, 6, 4]),
    "a blank ballot told as one with a vote less": row_with(council=[10, 2, 5, 2, 6, 4, 3]),
    "a candidate preferred once more": row_with(listed=[10, 1, 1, 1, 5, 3, 3, 1]),
    "a candidate preferred once less": row_with(listed=[10, 1, 1, 1, 5, 3, 1, 1]),
    "a ballot of a contest that not every first sheet carries": row_with(
        council=[9, 0, 3, 2, 6, 4, 3]
    ),
}


@pytest.mark.parametrize("row", UNSEEN.values(), ids=UNSEEN)
def test_what_no_sum_can_see(row: Row) -> None:
    assert row != ROW
    assert LAWS.breach(row, COUNTERS) is None


def test_a_prepared_layout_may_be_shared() -> None:
    layout = Layout.of(ELECTION)
    assert VoteLaws(ELECTION, layout).layout is layout
    assert VoteLaws(ELECTION, layout).breach(ROW, COUNTERS) is None


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


def cast_vote_records(shared: Path) -> list[tuple[str, tuple[str, str, str], int]]:
    path = shared / "data" / "us_minneapolis_2017_mayor_cvr.csv.gz"
    if not path.is_file():
        pytest.skip(f"no cast vote records at {path}")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [
            (line["precinct"], (line["rank1"], line["rank2"], line["rank3"]), int(line["count"]))
            for line in csv.DictReader(file)
        ]


def first_choice(ranks: tuple[str, ...], options: dict[str, int]) -> Marks:
    """The ballot as if only the first rank had been on it."""
    if ranks[0] == "overvote":
        return Marks(frozenset((0, 1)))
    return Marks(frozenset(options[rank] for rank in ranks[:1] if rank in options))


def three_choices(ranks: tuple[str, ...], options: dict[str, int]) -> Marks:
    """The ballot as if its three ranks were three equal votes."""
    if "overvote" in ranks:
        return Marks(frozenset((0, 1, 2, 3)))
    return Marks(frozenset(options[rank] for rank in ranks if rank in options))


@pytest.mark.parametrize(
    ("kind", "allowed", "marks_of", "classes"),
    [
        # As published: rank 1 left open on 1,534 ballots and overvoted on 97.
        (ContestKind.CHOOSE_ONE, 1, first_choice, (1_534, 1_534, 97)),
        (ContestKind.CHOOSE_UP_TO, 3, three_choices, None),
    ],
)
def test_real_cast_vote_records_keep_every_law(
    shared: Path,
    kind: ContestKind,
    allowed: int,
    marks_of: Callable[..., Marks],
    classes: tuple[int, ...] | None,
) -> None:
    records = cast_vote_records(shared)
    names = sorted({rank for _, ranks, _ in records for rank in ranks} - {"undervote", "overvote"})
    options = {name: index for index, name in enumerate(names)}
    contest = Contest("Mayor", kind, allowed, tuple(map(Option, names)))
    election = dataclasses.replace(
        ELECTION,
        contests=(contest,),
        styles=(BallotStyle("ALL", ((0,),)),),
        precincts=(Precinct(1, "Minneapolis", 0, (0,)),),
    )
    laws = VoteLaws(election)
    layout = laws.layout
    rows: dict[str, list[int]] = defaultdict(lambda: list(layout.zero()))
    for precinct, ranks, count in records:
        marked = marks_of(ranks, options)
        for _ in range(count):
            layout.add(rows[precinct], 0, marked)
    total = layout.zero()
    for row in rows.values():
        total = merge(total, row)
        ballots = row[0]
        sheets = Counters(ballots, ballots, 0, 0, 0, ballots, ballots, ballots)
        assert laws.breach(row, sheets) is None
    tally = layout.read(total, 0)
    assert tally.ballots == sum(count for *_, count in records) == 105_928
    assert sum(tally.votes) + tally.undervotes + tally.overvotes == tally.ballots * allowed
    assert votes_bound_breach(tally, allowed, "Mayor") is None
    assert classes in (None, (tally.blank, tally.undervotes, tally.overvotes))


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
