"""What a match found, as a fold over all stations: counts of all, names of the first so many."""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar

from ballotbox_tabulation.core.match_columns import MatchColumns
from ballotbox_tabulation.core.matching import Match, exchanged_stations
from ballotbox_tabulation.core.recount import Place, Recount, Stake, place_of, races_of
from ballotbox_tabulation.core.station_count import Source
from ballotbox_tabulation.core.station_match import (
    Difference,
    Exchange,
    Sight,
    State,
    StationMatch,
    numbers_of,
)

#: The findings name so many stations of a kind; the table of differences has all of them.
NAMED_MAX: Final = 1_000
LARGEST_KEPT: Final = 20

T = TypeVar("T")


@dataclass(slots=True)
class Named(Generic[T]):
    """How many there are of something, and the first of them."""

    count: int = 0
    first: list[T] = field(default_factory=list)

    def add(self, item: T) -> None:
        """Count one more."""
        self.count += 1
        if len(self.first) < NAMED_MAX:
            self.first.append(item)


@dataclass(slots=True)
class ColumnCount:
    """What a match said about one column: in how many stations, and the sum of what is apart."""

    differ: int = 0
    open: int = 0
    off: int = 0


@dataclass(slots=True)
class PairCount:
    """How many stations two sources both have, and in how many of them a number differs."""

    both: int = 0
    differ: int = 0


class Short(NamedTuple):
    """A box that has fewer votes than another source: what it has, what the other has."""

    station: str
    box: int
    other: int


class Silent(NamedTuple):
    """A box without data, and the votes that the others have there."""

    station: str
    votes: int


class Swap(NamedTuple):
    """Numbers exchanged at a station; `moved` is the largest that differs between the two."""

    station: str
    exchange: Exchange
    moved: int


class Largest(NamedTuple):
    """One of the largest differences; they compare as they are to be sorted."""

    off: int
    order: int
    station: str
    difference: Difference


class Findings:
    """Takes every station of a match once; what it found stands in its attributes."""

    def __init__(self, match: Match, winners: int = 1) -> None:
        """Compare all stations; raises InvalidField for too many winners."""
        self.match = match
        columns = self.columns = match.columns
        self.states = dict.fromkeys(State, 0)
        self.pairs = {pair: PairCount() for pair in columns.pairs()}
        self.by_column = [ColumnCount() for _ in columns.compared]
        self.sights = [{sight: Named[str]() for sight in Sight} for _ in columns.sources]
        self.alone = [Named[str]() for _ in columns.sources]
        self.silent = Named[Silent]()
        self.silent_votes = 0
        self.short = Named[Short]()
        self.swaps = Named[Swap]()
        self.largest: list[Largest] = []
        self._noted = 0
        self.places: list[Place] = []
        totals = {group: match.totals(each) for group, each in columns.groups().items()}
        self.recount = Recount(races_of(columns, totals, winners))
        self._box = columns.sources.index(Source.BOX) if Source.BOX in columns.sources else None
        self._take_all()
        self.exchanged = Named[tuple[int, int, str, str]]()
        differing = [place.station for place in self.places if place.contradicted]
        for each in exchanged_stations(match, differing):
            self.exchanged.add(each)
        self.places.sort()

    @property
    def stations(self) -> int:
        """How many stations the sources name."""
        return sum(self.states.values())

    @property
    def agree(self) -> bool:
        """Tell whether every source has the same numbers of every station."""
        return self.states[State.AGREES] == self.stations

    def ordered(self) -> Iterator[tuple[StationMatch, Stake]]:
        """Yield every station that does not agree, in the order of recounts."""
        for place in self.places:
            station = self.match.compare(place.station)
            yield station, self.weigh(station)

    def weigh(self, station: StationMatch) -> Stake:
        """Return what a recount of one station would settle."""
        return self.recount.weigh(station)

    def _take_all(self) -> None:
        alike = 0
        for station in self.match.stations():
            if self.match.agrees(station):
                alike += 1
            else:
                self._take(self.match.compare(station))
        self.states[State.AGREES] += alike
        for named in self.sights:
            named[Sight.READ].count += alike
        for pair in self.pairs.values():
            pair.both += alike

    def _take(self, station: StationMatch) -> None:
        self.states[station.state] += 1
        for at, sight in enumerate(station.sights):
            self.sights[at][sight].add(station.station)
        self._note_alone(station)
        for (first, second), pair in self.pairs.items():
            pair.both += station.sights[first] is station.sights[second] is Sight.READ
            pair.differ += station.differ(first, second)
        self._note_differences(station)
        self._note_box(station)
        if station.state is not State.AGREES:
            self.places.append(place_of(station, self.recount.take(station)))

    def _note_alone(self, station: StationMatch) -> None:
        knowing = [at for at, sight in enumerate(station.sights) if sight is not Sight.MISSING]
        if len(knowing) == 1:
            self.alone[knowing[0]].add(station.station)

    def _note_differences(self, station: StationMatch) -> None:
        for each in station.differences:
            count = self.by_column[each.column]
            count.differ += each.off > 0
            count.open += each.off == 0
            count.off += each.off
            if each.off:
                self._noted += 1
                insort(self.largest, Largest(-each.off, self._noted, station.station, each))
                del self.largest[LARGEST_KEPT:]
        for exchange in station.exchanges(self.columns):
            moved = max(each.off for each in station.differences if each.column in exchange.columns)
            self.swaps.add(Swap(station.station, exchange, moved))

    def _note_box(self, station: StationMatch) -> None:
        if self._box is None:
            return
        sums = votes_by_source(self.columns, station)
        others = [
            sums[at]
            for at, sight in enumerate(station.sights)
            if at != self._box and sight is Sight.READ
        ]
        if station.sights[self._box] in (Sight.MISSING, Sight.NO_DATA) and others:
            self.silent.add(Silent(station.station, max(others)))
            self.silent_votes += max(others)
        elif others and station.sights[self._box] is Sight.READ and max(others) > sums[self._box]:
            self.short.add(Short(station.station, sums[self._box], max(others)))


def votes_by_source(columns: MatchColumns, station: StationMatch) -> list[int]:
    """Return the votes of each source over the options that all sources with numbers have.

    Where no option is compared, the lines are added up instead.
    """
    options = [index for index, each in enumerate(columns.compared) if each.group]
    chosen = [station.cells[index] for index in options] or station.cells
    if station.plain:
        return [sum(numbers_of(each)) for each in zip(*chosen, strict=True)]
    read = [at for at, sight in enumerate(station.sights) if sight is Sight.READ]
    sums = [0] * len(station.sights)
    for cells in chosen:
        if len(numbers_of(cells)) == len(read):
            for at in read:
                sums[at] += sum(numbers_of(cells[at : at + 1]))
    return sums
