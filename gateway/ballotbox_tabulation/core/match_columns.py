"""Which number of one source is which number of another: lines by number, options by name or place.

Tables of different hands name the same option differently; then the order in the maps decides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.election.law.binding import Column
from ballotbox_tabulation.core.station_count import Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MatchColumn:
    """One number of a protocol and its place in the columns of each source, None when it has none.

    `group` is the group of an option, "" for a line.
    """

    column: Column
    places: tuple[int | None, ...]

    @property
    def group(self) -> str:
        """The group of options that it belongs to, "" for a line."""
        return self.column.line if self.column.option else ""

    @property
    def shared(self) -> bool:
        """Tell whether two sources have it, so that they can be compared in it."""
        return sum(place is not None for place in self.places) > 1


@dataclass(frozen=True, slots=True)
class MatchColumns:
    """The numbers that at least two sources have, and those that one has alone."""

    sources: tuple[Source, ...]
    compared: tuple[MatchColumn, ...]
    single: tuple[MatchColumn, ...]

    def groups(self) -> dict[str, tuple[int, ...]]:
        """Return the compared columns of each group of options, by their index."""
        groups: dict[str, list[int]] = {}
        for index, each in enumerate(self.compared):
            if each.group:
                groups.setdefault(each.group, []).append(index)
        return {group: tuple(indexes) for group, indexes in groups.items()}

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield every two sources, by their index."""
        return combinations(range(len(self.sources)), 2)


def align(given: Mapping[Source, Sequence[Column]]) -> MatchColumns:
    """Return the columns that the sources share; raises InvalidField when they do not fit."""
    owned = list(given.values())
    columns = [*_lines(owned), *_options(owned)]
    compared = tuple(each for each in columns if each.shared)
    single = tuple(each for each in columns if not each.shared)
    for at, source in enumerate(given):
        shares = len(owned) == 1 or any(each.places[at] is not None for each in compared)
        alone = "has no line in common with another source; name the same lines in each map"
        require(shares, source.value, alone)
    return MatchColumns(tuple(given), compared, single)


def _lines(owned: Sequence[Sequence[Column]]) -> Iterator[MatchColumn]:
    for column in _once(each for columns in owned for each in columns if not each.option):
        yield MatchColumn(column, _places(owned, [column] * len(owned)))


def _options(owned: Sequence[Sequence[Column]]) -> Iterator[MatchColumn]:
    for group in _once(each.line for columns in owned for each in columns if each.option):
        named = [[each for each in columns if each.line == group] for columns in owned]
        having = [columns for columns in named if columns]
        if all(set(columns) == set(having[0]) for columns in having):
            for column in having[0]:
                yield MatchColumn(column, _places(owned, [column] * len(owned)))
        else:
            yield from _by_place(group, owned, named, len(having[0]))


def _by_place(
    group: str, owned: Sequence[Sequence[Column]], named: Sequence[Sequence[Column]], size: int
) -> Iterator[MatchColumn]:
    for columns in named:
        wrong = f"one source has {size} options and another {len(columns)}"
        fits = len(columns) in (0, size)
        require(fits, f"options.{group}", f"{wrong}; name the same options in each map, in order")
    for at in range(size):
        here = [columns[at] if columns else None for columns in named]
        names = _once(column.option for column in here if column)
        yield MatchColumn(Column(group, "/".join(names)), _places(owned, here))


def _places(
    owned: Sequence[Sequence[Column]], wanted: Sequence[Column | None]
) -> tuple[int | None, ...]:
    return tuple(
        columns.index(column) if column in columns else None
        for columns, column in zip(owned, wanted, strict=True)
    )


def _once(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))
