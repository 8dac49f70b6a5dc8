"""Sums over the counted boxes, by precinct and for the whole election.

An area of which no box is counted has no numbers at all: missing is not zero (law G6).
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.election.definition import Election, Precinct
from ballotbox_protocol.election.tally import Row, merge
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.fold import BoxResult, BoxState, Standings
from ballotbox_tabulation.core.shelf import MemoryShelf, Shelf

#: The lifetime counter tells about a box, not about an election: it is never summed.
SUMMED: Final = tuple(name for name in COUNTER_NAMES if name != "lifetime")
_summed: Final[Callable[[Counters], tuple[int, ...]]] = attrgetter(*SUMMED)
_SHARE_UNITS: Final = 10_000


class AreaTotal(NamedTuple):
    """The sums of one area. `row` and `counters` are None when none of its boxes is counted.

    expected: registered boxes but those closed as unused; counters: in the order of SUMMED.
    """

    expected: int
    counted: int
    row: Row | None
    counters: tuple[int, ...] | None


class PrecinctTotal(NamedTuple):
    """One precinct with its sums."""

    precinct: Precinct
    total: AreaTotal


@dataclass(frozen=True, slots=True)
class Tabulation:
    """The whole result before any gate: nation, precincts in the definition's order, boxes.

    Each precinct's is made anew whenever it is asked for.
    """

    nation: AreaTotal
    precincts: Sequence[PrecinctTotal]
    standings: Standings


def tabulate(standings: Standings, election: Election) -> Tabulation:
    """Return the totals of the counted boxes (law G2: sums over boxes, then over precincts)."""
    totals = Totals(election, MemoryShelf())
    for _, boxes in by_precinct(standings, election):
        totals.add(boxes)
    return totals.tabulation(standings)


def by_precinct(
    standings: Standings, election: Election
) -> Iterator[tuple[Precinct, list[BoxResult]]]:
    """Yield every precinct of the election once, by number, with its boxes."""
    groups = groupby(standings.boxes, attrgetter("precinct"))
    number, boxes = next(groups, _NOBODY)
    for precinct in sorted(election.precincts, key=attrgetter("number")):
        if precinct.number != number:
            yield precinct, []
            continue
        yield precinct, list(boxes)
        number, boxes = next(groups, _NOBODY)
    if number is not None:
        raise KeyError(number)


#: After the last group.
_NOBODY: Final[tuple[None, tuple[()]]] = None, ()


class Totals:
    """Adds up boxes precinct by precinct; what comes out lies on a shelf."""

    def __init__(self, election: Election, shelf: Shelf) -> None:
        precincts = election.precincts
        self._precincts = precincts
        self._shelf = shelf
        self._order = iter(sorted(range(len(precincts)), key=lambda at: precincts[at].number))
        self._places = array("q", bytes(8 * len(precincts)))
        self._nation = AreaTotal(0, 0, None, None)

    def add(self, boxes: Sequence[BoxResult]) -> None:
        """Take all boxes of the next precinct, by number."""
        total = _total_of_boxes(boxes)
        self._nation = _both(self._nation, total)
        self._places[next(self._order)] = self._shelf.put(_packed(total))

    def tabulation(self, standings: Standings) -> Tabulation:
        """Return the totals once every precinct is taken."""
        precincts = DocumentList(self._total, range(len(self._precincts)))
        return Tabulation(self._nation, precincts, standings)

    def _total(self, at: int) -> PrecinctTotal:
        return PrecinctTotal(self._precincts[at], _unpacked(self._shelf.take(self._places[at])))


def _packed(total: AreaTotal) -> bytes:
    numbers = () if total.row is None else (*(total.counters or ()), *total.row)
    return array("Q", (total.expected, total.counted, *numbers)).tobytes()


def _unpacked(data: bytes) -> AreaTotal:
    expected, counted, *numbers = array("Q", data)
    if not numbers:
        return AreaTotal(expected, counted, None, None)
    counters, row = numbers[: len(SUMMED)], numbers[len(SUMMED) :]
    return AreaTotal(expected, counted, tuple(row), tuple(counters))


def _total_of_boxes(boxes: Sequence[BoxResult]) -> AreaTotal:
    total = AreaTotal(sum([box.state is not BoxState.UNUSED for box in boxes]), 0, None, None)
    for box in boxes:
        for count in box.counts:
            total = _both(total, AreaTotal(0, 1, count.row, summed(count.counters)))
    return total


def _both(one: AreaTotal, other: AreaTotal) -> AreaTotal:
    """Return the sum of two areas."""
    row, counters = one.row, one.counters
    if row is None or counters is None:
        row, counters = other.row, other.counters
    elif other.row is not None and other.counters is not None:
        row, counters = merge(row, other.row), merge(counters, other.counters)
    return AreaTotal(one.expected + other.expected, one.counted + other.counted, row, counters)


def summed(counters: Counters) -> tuple[int, ...]:
    """Return the counters that are summed over boxes, in the order of SUMMED."""
    return _summed(counters)


def share_base(ballots: int, votes_allowed: int) -> int:
    """Return what votes are shown as shares of: every vote that these ballots could hold."""
    return ballots * votes_allowed


def share_percent(part: int, base: int) -> str:
    """Return `part` of `base` in percent with two decimals, cut off and never rounded up.

    Cut shares never sum to more than 100.00, and none crosses a threshold by rounding. An empty
    base has no shares: the empty text.
    """
    if base == 0:
        return ""
    whole, rest = divmod(part * _SHARE_UNITS // base, 100)
    return f"{whole}.{rest:02d}"
