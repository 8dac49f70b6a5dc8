"""Is a tally the sum of its ballots, whatever their order and however they are grouped?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.definition import Contest, ContestKind, Option
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.tally import ContestTally, Layout, Marks, Row, merge
from tests.strategies import contests, marks, unique_names

LIST = Contest("List", ContestKind.PARTY_LIST, 1, (Option("A", 3), Option("B"), Option("C", 2)))
SEAT = Contest("Seat", ContestKind.CHOOSE_ONE, 1, (Option("D"), Option("E")))
COUNCIL = Contest("Council", ContestKind.CHOOSE_UP_TO, 2, tuple(map(Option, "FGH")))
LAYOUT = Layout([LIST, SEAT, COUNCIL])
Ballot = tuple[int, Marks]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    return Layout([draw(contests(name)) for name in draw(unique_names(1, 3))])


@st.composite
def counted(draw: st.DrawFn, sizes: Any) -> tuple[Layout, list[Ballot]]:
    layout = draw(layouts())
    sheets = st.integers(0, len(layout.spans) - 1).flatmap(
        lambda index: st.tuples(st.just(index), marks(layout.spans[index].contest))
    )
    return layout, draw(st.lists(sheets, **sizes))


def row_of(layout: Layout, ballots: list[Ballot]) -> Row:
    row = list(layout.zero())
    for contest, marked in ballots:
        layout.add(row, contest, marked)
    return tuple(row)


@given(counted({"max_size": 8}), st.randoms(use_true_random=False))
def test_the_order_of_ballots_does_not_matter(
    drawn: tuple[Layout, list[Ballot]], chance: Any
) -> None:
    layout, ballots = drawn
    shuffled = list(ballots)
    chance.shuffle(shuffled)
    assert row_of(layout, ballots) == row_of(layout, shuffled)


@given(counted({"max_size": 8}), st.integers(0, 8))
def test_a_tally_is_the_merged_tallies_of_its_parts(
    drawn: tuple[Layout, list[Ballot]], cut: int
) -> None:
    layout, ballots = drawn
    left, right = row_of(layout, ballots[:cut]), row_of(layout, ballots[cut:])
    assert merge(left, right) == merge(right, left) == row_of(layout, ballots)
    assert merge(left, layout.zero()) == left


rows = st.lists(st.integers(0, 2**40), min_size=4, max_size=4).map(tuple)


@given(counted({"min_size": 1, "max_size": 3}), st.integers(0, 5))
def test_like_sheets_may_be_counted_at_once(
    layout_and_ballots: tuple[Layout, list[Ballot]], times: int
) -> None:
    layout, ballots = layout_and_ballots
    row = list(layout.zero())
    for contest, marked in ballots:
        layout.add(row, contest, marked, times)
    assert tuple(row) == row_of(layout, ballots * times)


@given(rows, rows, rows)
def test_merging_is_associative(a: Row, b: Row, c: Row) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


def test_rows_of_different_layouts_are_not_merged() -> None:
    refusal = r"^votes: rows of different layouts cannot be merged$"
    with pytest.raises(InvalidField, match=refusal):
        merge((1, 2), (1, 2, 3))


@given(layouts())
def test_every_place_of_a_row_belongs_to_one_count(layout: Layout) -> None:
    places: list[int] = []
    for index, span in enumerate(layout.spans):
        read = layout.read(range(layout.size), index)
        places += [read.ballots, read.blank, read.undervotes, read.overvotes, *read.votes]
        places += [place for listed in read.preferences for place in listed]
        assert (span.start, span.stop) == (read.ballots, max(places) + 1)
    assert places == list(range(layout.size)) == list(range(len(layout.zero())))


NONE: tuple[tuple[int, ...], ...] = ((), ())
#: What one sheet adds: contest, options marked, preferences marked, the tally it makes.
SHEETS = {
    "one list": (0, {0}, {}, ContestTally(1, 0, 0, 0, (1, 0, 0), ((0, 0, 0), (), (0, 0)))),
    "a list and its candidate": (
        0,
        {0},
        {(0, 2)},
        ContestTally(1, 0, 0, 0, (1, 0, 0), ((0, 0, 1), (), (0, 0))),
    ),
    "a candidate of another list": (
        0,
        {0},
        {(2, 1)},
        ContestTally(1, 0, 0, 0, (1, 0, 0), ((0, 0, 0), (), (0, 0))),
    ),
    "two candidates": (
        0,
        {0},
        {(0, 1), (0, 2)},
        ContestTally(1, 0, 0, 0, (1, 0, 0), ((0, 0, 0), (), (0, 0))),
    ),
    "a candidate and no list": (
        0,
        set(),
        {(0, 1)},
        ContestTally(1, 1, 1, 0, (0, 0, 0), ((0, 0, 0), (), (0, 0))),
    ),
    "two lists": (
        0,
        {0, 1},
        {(0, 1)},
        ContestTally(1, 0, 0, 1, (0, 0, 0), ((0, 0, 0), (), (0, 0))),
    ),
    "one of one": (1, {1}, {}, ContestTally(1, 0, 0, 0, (0, 1), NONE)),
    "none of one": (1, set(), {}, ContestTally(1, 1, 1, 0, (0, 0), NONE)),
    "two of one": (1, {0, 1}, {}, ContestTally(1, 0, 0, 1, (0, 0), NONE)),
    "two of two": (2, {0, 2}, {}, ContestTally(1, 0, 0, 0, (1, 0, 1), ((), (), ()))),
    "one of two": (2, {0}, {}, ContestTally(1, 0, 1, 0, (1, 0, 0), ((), (), ()))),
    "none of two": (2, set(), {}, ContestTally(1, 1, 2, 0, (0, 0, 0), ((), (), ()))),
    "three of two": (2, {0, 1, 2}, {}, ContestTally(1, 0, 0, 2, (0, 0, 0), ((), (), ()))),
}


@pytest.mark.parametrize(
    ("contest", "options", "preferences", "tally"), SHEETS.values(), ids=SHEETS
)
def test_one_sheet(contest: int, options: Any, preferences: Any, tally: ContestTally) -> None:
    row = list(LAYOUT.zero())
    LAYOUT.add(row, contest, Marks(frozenset(options), frozenset(preferences)))
    assert LAYOUT.read(row, contest) == tally
    untouched = [index for index in range(3) if index != contest]
    for index in untouched:
        assert LAYOUT.read(row, index) == LAYOUT.read(LAYOUT.zero(), index)


OFF_THE_BALLOT = {
    "option too high": (1, {2}, set(), "marks.options", "Seat has no option 2"),
    "option below zero": (1, {-1}, set(), "marks.options", "no option -1"),
    "option too high among too many": (1, {0, 1, 2}, set(), "marks.options", "no option 2"),
    "candidate too high": (0, {0}, {(0, 3)}, "marks.preferences", "has no candidate 3"),
    "candidate below zero": (0, {0}, {(0, -1)}, "marks.preferences", "no candidate -1"),
    "candidate of a closed list": (0, {1}, {(1, 0)}, "marks.preferences", "option 1 of List"),
    "candidate of no list": (0, {0}, {(3, 0)}, "marks.preferences", "option 3 of List"),
    "candidate below the lists": (0, {0}, {(-1, 0)}, "marks.preferences", "option -1 of List"),
    "candidate in a plain contest": (1, {0}, {(0, 0)}, "marks.preferences", "option 0 of Seat"),
}


@pytest.mark.parametrize(
    ("contest", "options", "preferences", "field", "problem"),
    OFF_THE_BALLOT.values(),
    ids=OFF_THE_BALLOT,
)
def test_a_mark_off_the_ballot_counts_nothing_anywhere(
    contest: int, options: Any, preferences: Any, field: str, problem: str
) -> None:
    row = list(LAYOUT.zero())
    with pytest.raises(InvalidField, match=problem) as refusal:
        LAYOUT.add(row, contest, Marks(frozenset(options), frozenset(preferences)))
    assert refusal.value.field == field
    assert tuple(row) == LAYOUT.zero()
