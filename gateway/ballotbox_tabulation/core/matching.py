"""Box, hand count and keyed copy side by side: a fold over the stations of each source.

What is held in memory is bounded: numbers are kept as machine words, and so many of them at most.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import add, itemgetter
from typing import Any, Final, NamedTuple

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_tabulation.core.match_columns import MatchColumns
from ballotbox_tabulation.core.station_count import Source, StationCount
from ballotbox_tabulation.core.station_match import (
    Cells,
    Sight,
    StationMatch,
    differences_of,
)

#: Over all sources: three of 100,000 stations with 100 numbers take half of it.
VALUES_MAX: Final = 60_000_000
#: Whose numbers are the result, where more than one has them: the copy that is added up, first.
OFFICIAL: Final = (Source.KEYED, Source.HAND, Source.BOX)

#: Machine words where every value is a number; else a tuple, which has room for marks.
_Kept = tuple[int, "array[int] | tuple[Value, ...]"]
_Take = Callable[[Sequence[Any]], tuple[Any, ...]]


class Aside(NamedTuple):
    """Where a source has a station whose numbers are not compared, and why they are not."""

    row: int
    why: str


class Match:
    """Takes what each source says of each station; then compares them one by one."""

    def __init__(self, columns: MatchColumns) -> None:
        self.columns = columns
        self._index = {source: at for at, source in enumerate(columns.sources)}
        self._rows: tuple[dict[str, _Kept], ...] = tuple({} for _ in columns.sources)
        self.repeated: tuple[dict[str, list[int]], ...] = tuple({} for _ in columns.sources)
        self.aside: tuple[dict[str, Aside], ...] = tuple({} for _ in columns.sources)
        self._values = 0
        self.pairs = [(pair, *self._takes(*pair)) for pair in columns.pairs()]
        self._places = [
            tuple(each.places[at] for each in columns.compared) for at in range(len(self._rows))
        ]
        self._own = [[place for place in here if place is not None] for here in self._places]
        self._take_own = [_taking(here) for here in self._own]
        self._nothing = (None,) * len(columns.compared)
        self._all_share = not any(None in here for here in self._places)

    def add(self, count: StationCount) -> None:
        """Take what a source says of a station; raises InvalidField when it is too much.

        A station that stands twice in a source is compared by neither: nobody knows which it is.
        """
        at = self._index[count.source]
        rows, repeated = self._rows[at], self.repeated[at]
        self._values += len(count.values)
        many = f"more than {VALUES_MAX} numbers in all; match one region after the other"
        require(self._values <= VALUES_MAX, "row", many)
        if count.station in repeated:
            repeated[count.station].append(count.row)
        elif count.station in rows:
            repeated[count.station] = [rows.pop(count.station)[0], count.row]
        else:
            rows[count.station] = (count.row, _packed(count.values))

    def set_aside(self, source: Source, station: str, row: int, why: str) -> None:
        """Take that a source has numbers of a station which nobody may compare."""
        self.aside[self._index[source]][station] = Aside(row, why)

    def stations(self) -> list[str]:
        """Return every station that a source names, in the order of the sources."""
        return list(dict.fromkeys(chain(*self._rows, *self.repeated, *self.aside)))

    def first(self, source: int) -> str:
        """Return the first station that a source names, "" when it names none."""
        return next(iter(chain(self._rows[source], self.repeated[source], self.aside[source])), "")

    def known(self, source: int, station: str) -> bool:
        """Tell whether a source names a station."""
        here = self._rows[source], self.repeated[source], self.aside[source]
        return any(station in each for each in here)

    def values(self, source: int, station: str) -> "Sequence[Value] | None":
        """Return all values of a source about a station, None when it has none or two."""
        kept = self._rows[source].get(station)
        return None if kept is None else kept[1]

    def agrees(self, station: str) -> bool:
        """Tell quickly whether all sources have the same numbers; when not, `compare` says more."""
        kept = [rows.get(station) for rows in self._rows]
        if not all(each is not None and type(each[1]) is array for each in kept):
            return False
        values = [each[1] for each in kept if each is not None]
        return len(values) > 1 and all(
            one(values[first]) == other(values[second])
            for (first, second), one, other in self.pairs
        )

    def compare(self, station: str) -> StationMatch:
        """Return what the sources say of a station, side by side."""
        kept = [rows.get(station) for rows in self._rows]
        sights = tuple(self._sight(at, station) for at in range(len(kept)))
        read = [
            each[1] if each is not None and sight is Sight.READ else None
            for each, sight in zip(kept, sights, strict=True)
        ]
        cells = tuple(zip(*map(self._cells, range(len(kept)), read), strict=True))
        rows = tuple(
            self._row_aside(at, station) if each is None else each[0]
            for at, each in enumerate(kept)
        )
        plain = self._all_share and all(type(values) is array for values in read)
        return StationMatch(station, rows, sights, cells, differences_of(cells), plain)

    def _row_aside(self, at: int, station: str) -> int:
        aside = self.aside[at].get(station)
        return 0 if aside is None else aside.row

    def _cells(self, at: int, values: "array[int] | tuple[Value, ...] | None") -> Cells:
        """Return the values of a source in the order of the compared columns."""
        if values is None:
            return self._nothing
        if self._all_share:
            return self._take_own[at](values)
        return tuple(None if place is None else values[place] for place in self._places[at])

    def totals(self, group: Sequence[int]) -> list[int]:
        """Return the sum of each of these columns over all stations, as the result has them.

        Of each station the first source counts that has all of the numbers, in official order.
        """
        sources = [self._index[each] for each in OFFICIAL if each in self._index]
        places = [[self.columns.compared[column].places[at] for column in group] for at in sources]
        takers = [
            (self._rows[at], _taking([place for place in here if place is not None]))
            for at, here in zip(sources, places, strict=True)
            if None not in here
        ]
        totals = [0] * len(group)
        for station in self.stations():
            for rows, take in takers:
                kept = rows.get(station)
                if kept is None:
                    continue
                counts = take(kept[1])
                if type(kept[1]) is array or not _marked(counts):
                    totals = list(map(add, totals, counts))
                    break
        return totals

    def _takes(self, first: int, second: int) -> tuple[_Take, _Take]:
        both = [
            (one, other)
            for each in self.columns.compared
            if (one := each.places[first]) is not None
            and (other := each.places[second]) is not None
        ]
        return _taking([one for one, _ in both]), _taking([other for _, other in both])

    def _sight(self, at: int, station: str) -> Sight:
        kept = self._rows[at].get(station)
        if kept is None:
            unread = Sight.REPEATED if station in self.repeated[at] else Sight.MISSING
            return Sight.ASIDE if station in self.aside[at] else unread
        values = kept[1]
        empty = isinstance(values, tuple) and all(
            values[place] is Mark.NO_DATA for place in self._own[at]
        )
        return Sight.NO_DATA if empty else Sight.READ


def exchanged_stations(
    match: Match, differing: Sequence[str]
) -> Iterator[tuple[int, int, str, str]]:
    """Yield two sources and two stations whose protocols they have exchanged, numbers for names.

    `differing` are the stations to look at; one whose numbers another has too is no evidence.
    """
    for (first, second), one, other in match.pairs:
        found = [
            (station, one(mine), other(theirs))
            for station in differing
            if (mine := match.values(first, station)) is not None
            and (theirs := match.values(second, station)) is not None
        ]
        by_numbers = {mine: station for station, mine, _ in found}
        theirs_of = {station: theirs for station, _, theirs in found}
        mine_of = {station: mine for station, mine, _ in found}
        for station, mine, theirs in found:
            partner = by_numbers.get(theirs)
            if partner and station < partner and theirs_of[partner] == mine != mine_of[partner]:
                yield first, second, station, partner


def _packed(values: Sequence[Value]) -> "array[int] | tuple[Value, ...]":
    try:
        return array("i", values)  # type: ignore[arg-type]  # a mark is refused, and then it is a tuple
    except TypeError:
        return tuple(values)


def _marked(counts: Sequence[object]) -> bool:
    return any(isinstance(each, Mark) for each in counts)


def _taking(places: Sequence[int]) -> _Take:
    """Return what takes these values out of a row, as quickly as it can be done."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)
