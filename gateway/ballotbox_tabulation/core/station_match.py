"""One station as its sources have it: where they agree, where they differ, and what is exchanged.

A mark is a value of its own: it equals the same mark, never a number, and no number is off by it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ballotbox_protocol.election.law.law import Value
from ballotbox_tabulation.core.match_columns import MatchColumns

#: What the sources have in one column: None for one that does not have it, or is not read.
Cells = tuple[Value | None, ...]


class Sight(Enum):
    """What a source says of a station: numbers, that it has none, nothing, or twice something.

    ASIDE: it has some, and they are in dispute or refused.
    """

    READ = "read"
    NO_DATA = "no data"
    MISSING = "missing"
    REPEATED = "repeated"
    ASIDE = "set aside"


class State(Enum):
    """How a station ends: open is what no two numbers contradict and no two confirm in full."""

    AGREES = "agrees"
    DIFFERS = "differs"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that the sources do not all have alike."""

    column: int
    cells: Cells

    @property
    def numbers(self) -> list[int]:
        """The numbers among the cells."""
        return numbers_of(self.cells)

    @property
    def off(self) -> int:
        """By how much the numbers lie apart, 0 when only marks stand against them."""
        numbers = self.numbers
        return max(numbers) - min(numbers) if numbers else 0

    @property
    def odd(self) -> int | None:
        """The source that stands alone against two that agree, by its index."""
        if None in self.cells:
            return None
        counts = [self.cells.count(cell) for cell in self.cells]
        return counts.index(1) if sorted(counts) == [1, 2, 2] else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """Numbers that sources have in different order: the sums are the same, the columns not.

    Those of `first` have them one way round, those of `second` the other.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StationMatch:
    """A station: its row and sight in each source, and the cells of each compared column.

    `plain`: every cell is a number, so that nothing has to be asked about marks.
    """

    station: str
    rows: tuple[int, ...]
    sights: tuple[Sight, ...]
    cells: tuple[Cells, ...]
    differences: tuple[Difference, ...]
    plain: bool = False

    @property
    def state(self) -> State:
        """How the station ends."""
        if any(each.off for each in self.differences):
            return State.DIFFERS
        complete = all(sight is Sight.READ for sight in self.sights)
        numbered = any(len(numbers_of(cells)) > 1 for cells in self.cells)
        open_ends = bool(self.differences) or not complete or not numbered
        return State.OPEN if open_ends else State.AGREES

    def differ(self, first: int, second: int) -> bool:
        """Tell whether two sources have different numbers in one column."""
        return any(_apart(each.cells, first, second) for each in self.differences)

    def exchanges(self, columns: MatchColumns) -> tuple[Exchange, ...]:
        """Return what sources have exchanged, within lines and within each group."""
        if len(self.differences) < 2:
            return ()
        pairs_of: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for pair in columns.pairs():
            for exchanged in self._exchanged(columns, *pair):
                pairs_of.setdefault(exchanged, []).append(pair)
        return tuple(_exchange(indexes, pairs) for indexes, pairs in pairs_of.items())

    def _exchanged(
        self, columns: MatchColumns, first: int, second: int
    ) -> Iterator[tuple[int, ...]]:
        by_group: dict[str, list[Difference]] = {}
        for each in self.differences:
            if _apart(each.cells, first, second):
                group = columns.compared[each.column].group
                by_group.setdefault(group, []).append(each)
        for differences in by_group.values():
            yield from _exchanged(differences, first, second)


def numbers_of(cells: Sequence[Value | None]) -> list[int]:
    """Return the numbers among cells."""
    return [cell for cell in cells if isinstance(cell, int)]


def differences_of(cells: Sequence[Cells]) -> tuple[Difference, ...]:
    """Return the columns whose cells are not all the same."""
    return tuple(
        Difference(index, here)
        for index, here in enumerate(cells)
        if here.count(here[0]) != len(here) and len({*here} - {None}) > 1
    )


def _apart(cells: Cells, first: int, second: int) -> bool:
    one, other = cells[first], cells[second]
    both = isinstance(one, int) and isinstance(other, int)
    return both and one != other


def _exchange(columns: tuple[int, ...], pairs: Sequence[tuple[int, int]]) -> Exchange:
    """Return the exchange of columns that these pairs of sources have: one source against each."""
    (first, second), *more = pairs
    if not more:
        return Exchange((first,), (second,), columns)
    (odd,) = {first, second}.intersection(*more)
    others = tuple(sorted({each for pair in pairs for each in pair} - {odd}))
    return Exchange(others, (odd,), columns)


def _exchanged(
    differences: Sequence[Difference], first: int, second: int
) -> Iterator[tuple[int, ...]]:
    """Yield pairs of columns with exchanged numbers, then the rest when it is a rearrangement."""
    waiting: dict[tuple[object, object], list[Difference]] = {}
    paired: set[int] = set()
    for each in differences:
        partners = waiting.get((each.cells[second], each.cells[first]))
        if partners:
            other = partners.pop(0)
            paired |= {other.column, each.column}
            yield (other.column, each.column)
        else:
            waiting.setdefault((each.cells[first], each.cells[second]), []).append(each)
    rest = [each for each in differences if each.column not in paired]
    one, two = (Counter(each.cells[at] for each in rest) for at in (first, second))
    if len(rest) > 2 and one == two:
        yield tuple(each.column for each in rest)
