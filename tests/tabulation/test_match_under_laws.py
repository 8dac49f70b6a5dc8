"""Under every law that there is: is a number that differs found, and an exchange told as one?"""

from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ballotbox_tabulation.core.law_check import StationRow
from ballotbox_tabulation.core.match_sources import SourceTable
from tests.protocol.laws import LAWS, bound, sound_protocols
from tests.tabulation.witnesses import BOX, HAND, KEYED, findings, matched, states

SOURCES = (BOX, HAND, KEYED)


@pytest.mark.parametrize("law", LAWS)
@given(data=st.data())
def test_one_more_anywhere_is_named_with_station_line_and_source(law, data):
    columns = bound(law).columns
    sound = {name: data.draw(sound_protocols(law)) for name in ("Upper", "Lower")}
    source = data.draw(st.sampled_from(SOURCES))
    station = data.draw(st.sampled_from(list(sound)))
    at = data.draw(st.integers(0, len(columns) - 1))
    tables = dict.fromkeys(SOURCES, sound) | {
        source: _with(sound, station, at, sound[station][at] + 1)
    }
    found = findings(tables, columns)
    assert states(found) == (1, 1, 0)
    ((named, _),) = found.ordered()
    (difference,) = named.differences
    assert (named.station, columns[at]) == (
        station,
        found.columns.compared[difference.column].column,
    )
    assert difference.off == 1
    assert difference.odd == list(tables).index(source)


def _with(table, station, at, value):
    row = list(table[station])
    row[at] = value
    return {**table, station: row}


@pytest.mark.parametrize("law", LAWS)
@given(data=st.data())
def test_two_options_exchanged_break_no_law_and_are_named_a_swap(law, data):
    judged = bound(law)
    columns = judged.columns
    row = data.draw(sound_protocols(law))
    exchangeable = [
        pair
        for group in judged.blind_groups()
        for pair in combinations([columns.index(each) for each in group], 2)
        if columns[pair[0]].option and row[pair[0]] != row[pair[1]]
    ]
    assume(exchangeable)
    one, other = data.draw(st.sampled_from(exchangeable))
    swapped = list(row)
    swapped[one], swapped[other] = row[other], row[one]
    tables = {BOX: {"Upper": row}, HAND: {"Upper": swapped}}
    table = SourceTable(HAND, "hand.csv", columns, judged)
    table.take(StationRow(1, "Upper", "", swapped, marked=False), matched({HAND: {}}, columns))
    assert table.broken == {}
    found = findings(tables, columns)
    (swap,) = found.swaps.first
    assert swap.station == "Upper"
    named = {str(found.columns.compared[at].column) for at in swap.exchange.columns}
    assert named == {str(columns[one]), str(columns[other])}
    assert swap.moved == abs(row[one] - row[other])
