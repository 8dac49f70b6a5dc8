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
    Breach,
    Law,
    VoteLaws,
    counter_breach,
    lifetime_breach,
    votes_bound_breach,
)
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Option,
    Precinct,
)
from ballotbox_protocol.election.tally import Layout, Marks, Row, merge
from tests.protocol.counted_box import (
    COUNCIL_ROW,
    COUNTERS,
    ELECTION,
    LAWS,
    LIST_ROW,
    ROW,
    SEAT_ROW,
    Box,
    boxes,
)


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
