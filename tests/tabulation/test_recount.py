"""In which order would recounts settle most, and by what measure?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import Column
from ballotbox_protocol.election.law.law import Mark
from ballotbox_tabulation.core.recount import Margin, place_of, race_of
from tests.tabulation.witnesses import BOX, COLUMNS, HAND, KEYED, findings

#: b leads a by 100 and c by 400 in what was keyed in.
LARGE = {"Upper": [0, 500, 550, 200], "Lower": [0, 100, 150, 100]}


def order(found):
    return [(station.station, stake) for station, stake in found.ordered()]


def test_the_totals_are_those_of_the_keyed_copy_then_the_hand_then_the_box():
    tables = {
        BOX: {"a": [0, 1, 1, 1], "b": [0, 2, 2, 2], "c": [0, 4, 4, 4]},
        HAND: {"a": [0, 10, 10, 10], "b": [0, 20, 20, Mark.ILLEGIBLE], "d": [0, 0, 0, 7]},
        KEYED: {"a": [0, 100, 100, 100]},
    }
    (race,) = findings(tables).recount.races
    assert race.totals == (106, 106, 113)
    columns = {BOX: COLUMNS, HAND: COLUMNS, KEYED: COLUMNS[:1]}
    (race,) = findings({**tables, KEYED: {"a": [0]}}, columns).recount.races
    assert race.totals == (16, 16, 23)


def test_winners_are_ahead_of_everybody_else_and_a_tie_counts_as_one_vote():
    race = race_of("votes", (1, 2, 3, 4), (50, 70, 50, 9), winners=2)
    assert race.winners == (2, 1)
    assert race.margins == (Margin(2, 3, 20), Margin(2, 4, 61), Margin(1, 3, 1), Margin(1, 4, 41))


@pytest.mark.parametrize("winners", [4, 9])
def test_without_losers_there_is_no_margin_and_the_votes_decide(winners):
    tables = {
        BOX: {"Upper": [0, 1, 2, 3], "Lower": [0, 5, 5, 5]},
        HAND: {"Upper": [0, 1, 2, 4], "Lower": [0, 9, 5, 5]},
    }
    found = findings(tables, winners=winners)
    assert found.recount.races[0].winners == ()
    assert [(name, stake.votes, stake.share) for name, stake in order(found)] == [
        ("Lower", 4, 0.0),
        ("Upper", 1, 0.0),
    ]


@pytest.mark.parametrize(
    ("winners", "columns", "problem"), [(0, 3, "at least 1"), (50, 200, "take fewer winners")]
)
def test_an_impossible_number_of_winners_is_refused(winners, columns, problem):
    names = tuple(Column("votes", str(number)) for number in range(columns))
    row = {"Upper": [1] * columns}
    with pytest.raises(InvalidField, match="winners") as raised:
        findings({BOX: row, HAND: row}, names, winners)
    assert problem in raised.value.problem


def test_what_is_apart_is_weighed_against_the_margin_that_it_touches_most():
    box = {**LARGE, "Upper": [0, 510, 540, 200]}
    ((name, stake),) = order(findings({BOX: box, KEYED: LARGE}))
    # The margin of b over a differs by 20 of 100.
    assert (name, stake.votes, stake.share) == ("Upper", 20, 0.2)
    assert stake.margin == Margin(2, 1, 100)
    found = findings({BOX: box, KEYED: LARGE})
    assert found.recount.together[stake.margin].disputed == 20
    assert found.recount.together[Margin(2, 3, 400)].disputed == 10


def test_a_difference_among_losers_is_weighed_against_the_leader():
    box = {**LARGE, "Upper": [0, 500, 550, 240]}
    ((_, stake),) = order(findings({BOX: box, KEYED: LARGE}))
    assert (stake.votes, stake.share, stake.margin) == (40, 0.1, Margin(2, 3, 400))


def test_a_number_that_one_source_has_alone_is_weighed_by_the_most_it_could_be():
    found = findings({BOX: {"Lower": LARGE["Lower"]}, KEYED: LARGE})
    ((_, stake),) = order(found)
    # 1,250 votes, of which the 550 of b would leave it and the 500 of a are there already.
    assert (stake.votes, stake.lone, stake.lone_share) == (0, 1250, 13.0)
    assert found.recount.together[Margin(2, 1, 100)].lone == 1300
    illegible = {**LARGE, "Upper": [0, 500, 550, Mark.ILLEGIBLE]}
    ((_, stake),) = order(findings({BOX: illegible, KEYED: LARGE}))
    assert (stake.lone, stake.lone_share) == (200, 2.0)


def test_contradictions_come_before_silence_then_by_share_votes_and_lines():
    names = ("line", "few", "many", "lone", "silent", "same")
    keyed = {name: [5, 100, 150, 50] for name in names}
    box = {
        "line": [9, 100, 150, 50],
        "few": [5, 101, 150, 50],
        "many": [5, 100, 150, 80],
        "lone": [5, 100, 150, Mark.ILLEGIBLE],
        "same": [5, 100, 150, 50],
    }
    found = findings({BOX: box, KEYED: keyed})
    assert [name for name, _ in order(found)] == ["many", "few", "line", "silent", "lone"]
    stakes = dict(order(found))
    assert (stakes["line"].lines, stakes["line"].votes, stakes["line"].margin) == (4, 0, None)
    places = [place_of(station, stake) for station, stake in found.ordered()]
    assert places == sorted(places) == found.places
    assert [place.contradicted for place in places] == [True, True, True, False, False]


@given(st.lists(st.lists(st.integers(0, 9), min_size=8, max_size=8), min_size=1, max_size=5))
def test_no_recount_settles_more_than_the_margins_move_between_the_sources(rows):
    """Summed over all stations, what is apart bounds the difference of every margin."""
    box = {f"s{at}": row[:4] for at, row in enumerate(rows)}
    hand = {f"s{at}": row[4:] for at, row in enumerate(rows)}
    found = findings({BOX: box, HAND: hand})
    for margin, together in found.recount.together.items():
        ahead = [
            sum(row[margin.winner] - row[margin.loser] for row in table.values())
            for table in (box, hand)
        ]
        assert abs(ahead[0] - ahead[1]) <= together.disputed
        assert together.lone == 0
