"""Do box, hand count and keyed copy agree, station by station and number by number?"""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField
from ballotbox_protocol.election.law.binding import Column
from ballotbox_protocol.election.law.law import Mark
from ballotbox_tabulation.core import match_findings, matching
from ballotbox_tabulation.core.match_columns import align
from ballotbox_tabulation.core.matching import Match
from ballotbox_tabulation.core.station_count import StationCount
from ballotbox_tabulation.core.station_match import Sight, State
from tests.tabulation.witnesses import BOX, COLUMNS, HAND, KEYED, findings, matched, states

SOUND = {"Upper": [30, 10, 15, 5], "Lower": [9, 4, 3, 2], "Far": [3, 0, 2, 1]}
THREE = {BOX: SOUND, HAND: SOUND, KEYED: SOUND}
VALUES = st.one_of(st.integers(-2, 3), st.sampled_from(Mark), st.just(COUNT_MAX))


def changed(**rows):
    return {**SOUND, **rows}


@pytest.mark.parametrize("sources", [(BOX, HAND), (HAND, KEYED), (BOX, HAND, KEYED)])
def test_sources_with_the_same_numbers_agree(sources):
    found = findings(dict.fromkeys(sources, SOUND))
    assert found.agree
    assert states(found) == (3, 0, 0)
    assert found.places == []
    assert {(pair.both, pair.differ) for pair in found.pairs.values()} == {(3, 0)}


@given(st.lists(st.tuples(*[st.lists(VALUES, min_size=4, max_size=4) | st.none()] * 3), max_size=6))
def test_states_are_what_a_comparison_of_every_pair_of_values_says(rows):
    tables = {
        source: {f"s{at}": row[index] for at, row in enumerate(rows) if row[index] is not None}
        for index, source in enumerate(THREE)
    }
    found = findings(tables)
    assert states(found) == tuple(
        sum(_plainly(row) is state for row in rows if any(each is not None for each in row))
        for state in State
    )


def _plainly(row):
    """Return the state of a station, asked value by value."""
    read = [each for each in row if each and set(each) != {Mark.NO_DATA}]
    pairs = [pair for one, other in combinations(read, 2) for pair in zip(one, other, strict=True)]
    numbers = [pair for pair in pairs if not any(isinstance(each, Mark) for each in pair)]
    if any(one != other for one, other in numbers):
        return State.DIFFERS
    alike = len(read) == len(row) and all(one == other for one, other in pairs)
    return State.AGREES if alike and numbers else State.OPEN


@pytest.mark.parametrize("mark", Mark)
def test_a_mark_is_not_zero_and_equals_itself_alone(mark):
    zeros = {"Upper": [0, 0, 0, 0]}
    marked = {"Upper": [0, mark, 0, 0]}
    assert states(findings({BOX: marked, HAND: zeros})) == (0, 0, 1)
    assert states(findings({BOX: marked, HAND: marked})) == (1, 0, 0)
    other = next(each for each in Mark if each is not mark)
    assert states(findings({BOX: marked, HAND: {"Upper": [0, other, 0, 0]}})) == (0, 0, 1)
    (count,) = [each for each in findings({BOX: marked, HAND: zeros}).by_column if each.open]
    assert (count.open, count.differ, count.off) == (1, 0, 0)


def test_a_station_of_which_nobody_has_a_number_agrees_about_nothing():
    nothing = {"Upper": [Mark.ILLEGIBLE] * 4}
    assert states(findings({HAND: nothing, KEYED: nothing})) == (0, 0, 1)


def test_a_silent_box_is_named_and_is_no_zero():
    silent = changed(Upper=[Mark.NO_DATA] * 4)
    del silent["Far"]
    found = findings({BOX: silent, HAND: SOUND})
    assert states(found) == (1, 0, 2)
    assert found.silent.first == [("Upper", 30), ("Far", 3)]
    assert (found.silent.count, found.silent_votes) == (2, 33)
    box = found.sights[0]
    assert (box[Sight.NO_DATA].first, box[Sight.MISSING].first) == (["Upper"], ["Far"])


def test_a_box_of_which_nobody_else_has_a_number_is_not_silent():
    found = findings({BOX: {}, HAND: {"Upper": [Mark.NO_DATA] * 4}, KEYED: {}})
    assert found.silent.count == 0


def test_a_box_with_fewer_votes_than_were_counted_is_named():
    found = findings({BOX: changed(Upper=[30, 1, 15, 5]), HAND: SOUND, KEYED: SOUND})
    assert found.short.first == [("Upper", 21, 30)]
    more = findings({BOX: changed(Upper=[30, 11, 15, 5]), HAND: SOUND})
    assert more.short.count == 0
    lines = {BOX: {"Upper": [4]}, HAND: {"Upper": [5]}}
    assert findings(lines, (Column("1"),)).short.first == [("Upper", 4, 5)]
    unread = findings({BOX: changed(Upper=[30, 1, 15, Mark.ILLEGIBLE]), HAND: SOUND})
    assert unread.short.first == [("Upper", 16, 25)]


def test_missing_stations_and_those_that_one_source_has_alone_are_named():
    lonely = changed(New=[1, 1, 0, 0])
    del lonely["Far"]
    found = findings({BOX: SOUND, HAND: SOUND, KEYED: lonely})
    missing = [each[Sight.MISSING].first for each in found.sights]
    assert missing == [["New"], ["New"], ["Far"]]
    assert [each.first for each in found.alone] == [[], [], ["New"]]


def test_a_station_that_stands_twice_is_compared_by_neither_and_named_with_its_rows():
    twice = [*SOUND.items(), ("Upper", [0, 0, 0, 0]), ("Upper", [1, 1, 1, 1])]
    found = findings({BOX: SOUND, KEYED: twice})
    assert states(found) == (2, 0, 1)
    assert found.match.repeated[1] == {"Upper": [1, 4, 5]}
    assert found.sights[1][Sight.REPEATED].first == ["Upper"]
    assert found.match.known(1, "Upper")
    assert found.match.values(1, "Upper") is None


def test_the_source_that_stands_alone_against_two_is_named():
    found = findings({BOX: SOUND, HAND: changed(Upper=[30, 10, 14, 6]), KEYED: SOUND})
    ((station, _),) = found.ordered()
    assert [each.odd for each in station.differences] == [1, 1]
    pairs = {pair: (each.both, each.differ) for pair, each in found.pairs.items()}
    assert pairs == {(0, 1): (3, 1), (0, 2): (3, 0), (1, 2): (3, 1)}
    three_ways = findings({BOX: {"U": [1]}, HAND: {"U": [2]}, KEYED: {"U": [3]}}, COLUMNS[:1])
    ((station, _),) = three_ways.ordered()
    assert [(each.odd, each.off) for each in station.differences] == [(None, 2)]


def test_a_rearrangement_of_three_options_is_named_after_the_pairs():
    columns = tuple(Column("votes", name) for name in "abcdef")
    rows = {BOX: {"U": [1, 2, 3, 4, 5, 6]}, HAND: {"U": [2, 1, 4, 5, 3, 6]}}
    found = findings(rows, columns)
    assert [swap.exchange.columns for swap in found.swaps.first] == [(0, 1), (2, 3, 4)]
    other = findings({BOX: {"U": [1, 2, 3, 4, 5, 6]}, HAND: {"U": [2, 3, 9, 4, 5, 6]}}, columns)
    assert other.swaps.count == 0


def test_a_line_is_not_exchanged_with_an_option():
    found = findings({BOX: {"U": [5, 7, 0, 0]}, HAND: {"U": [7, 5, 0, 0]}})
    assert (found.swaps.count, states(found)) == (0, (0, 1, 0))


def test_two_stations_whose_protocols_are_exchanged_are_named():
    keyed = {"Upper": SOUND["Lower"], "Lower": SOUND["Upper"], "Far": SOUND["Far"]}
    found = findings({HAND: SOUND, KEYED: keyed})
    assert found.exchanged.first == [(0, 1, "Lower", "Upper")]
    same = findings({HAND: SOUND, KEYED: changed(Upper=SOUND["Lower"])})
    assert same.exchanged.count == 0
    twins = {"A": [1, 0, 1, 0], "B": [1, 0, 1, 0]}
    keyed = {"A": [2, 1, 1, 0], "B": [3, 2, 1, 0]}
    assert findings({BOX: twins, HAND: twins, KEYED: keyed}).exchanged.count == 0
    gone = findings({HAND: {"U": [1] * 4}, KEYED: {}, BOX: {"U": [2] * 4}})
    assert gone.exchanged.count == 0


def test_options_that_are_called_differently_are_compared_by_their_order():
    box = (Column("votes", "d1"), Column("votes", "d2"))
    hand = (Column("votes", "p1"), Column("votes", "p2"), Column("1"))
    columns = align({BOX: box, HAND: hand})
    assert [str(each.column) for each in columns.compared] == ["votes d1/p1", "votes d2/p2"]
    assert [str(each.column) for each in columns.single] == ["[1]"]
    tables = {BOX: {"U": [3, 4]}, HAND: {"U": [3, 5, 0]}}
    found = findings(tables, {BOX: box, HAND: hand})
    assert [each.differ for each in found.by_column] == [0, 1]


def test_options_of_the_same_names_are_compared_by_name_whatever_their_order():
    tables = {BOX: {"U": [1, 2, 3, 4]}, HAND: {"U": [4, 2, 3, 1]}}
    found = findings(tables, {BOX: COLUMNS, HAND: COLUMNS[::-1]})
    assert states(found) == (0, 1, 0)
    assert [each.off for each in found.by_column] == [0, 1, 1, 0]
    alike = {BOX: {"U": [1, 2, 3, 4]}, HAND: {"U": [4, 3, 2, 1]}}
    assert findings(alike, {BOX: COLUMNS, HAND: COLUMNS[::-1]}).agree


def test_a_source_without_a_group_is_compared_in_what_it_has():
    only_line = {KEYED: {"U": [1]}, BOX: {"U": [1, 2, 3, 4]}, HAND: {"U": [1, 2, 3, 9]}}
    given_columns = {KEYED: COLUMNS[:1], BOX: COLUMNS, HAND: COLUMNS}
    found = findings(only_line, given_columns)
    assert states(found) == (0, 1, 0)
    ((station, _),) = found.ordered()
    assert [each.odd for each in station.differences] == [None]
    renamed = {**given_columns, HAND: (COLUMNS[0], *(Column("votes", name) for name in "xyz"))}
    assert findings(only_line, renamed).by_column[3].off == 5


@pytest.mark.parametrize(
    ("columns", "field", "problem"),
    [
        ({BOX: COLUMNS[:1], HAND: COLUMNS[1:]}, "box", "no line in common"),
        (
            {BOX: COLUMNS, HAND: COLUMNS[:3]},
            "options.votes",
            "one source has 3 options and another 2",
        ),
        ({BOX: COLUMNS[1:], HAND: COLUMNS[1:], KEYED: COLUMNS[:1]}, "keyed", "no line in common"),
    ],
)
def test_sources_that_do_not_fit_are_refused_with_the_fix(columns, field, problem):
    with pytest.raises(InvalidField) as raised:
        align(columns)
    assert raised.value.field == field
    assert problem in raised.value.problem


@pytest.mark.parametrize("name", ["", ", ", "x" * 401])
def test_a_row_without_a_name_or_with_an_endless_one_is_refused(name):
    with pytest.raises(InvalidField, match="station"):
        StationCount(name, BOX, [1])


def test_too_many_numbers_are_refused_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(matching, "VALUES_MAX", 8)
    match = Match(align({BOX: COLUMNS, HAND: COLUMNS}))
    match.add(StationCount("a", BOX, [1] * 4))
    match.add(StationCount("b", BOX, [1] * 4))
    with pytest.raises(InvalidField, match="match one region after the other"):
        match.add(StationCount("a", HAND, [1] * 4))


def test_names_beyond_the_first_are_counted(monkeypatch):
    monkeypatch.setattr(match_findings, "NAMED_MAX", 1)
    monkeypatch.setattr(match_findings, "LARGEST_KEPT", 2)
    found = findings(
        {BOX: changed(Upper=[31, 10, 15, 5], Far=[1, 2, 3, 4]), HAND: SOUND, KEYED: {}}
    )
    assert found.sights[2][Sight.MISSING].count == 3
    assert found.sights[2][Sight.MISSING].first == ["Upper"]
    assert [(-each.off, each.station) for each in found.largest] == [(3, "Far"), (2, "Far")]


def test_one_source_alone_is_told_and_compared_with_none():
    match = matched({HAND: SOUND})
    assert (match.first(0), matched({HAND: {}}).first(0)) == ("Upper", "")
    assert match.compare("Upper").state is State.OPEN
    assert not match.agrees("Upper")
