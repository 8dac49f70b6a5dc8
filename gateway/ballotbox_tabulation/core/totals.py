"""Sums over the counted boxes, by precinct and for the whole election.

An area of which no box is counted has no numbers at all: missing is not zero (law G6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.election.definition import Election, Precinct
from ballotbox_protocol.election.tally import Row, merge
from ballotbox_tabulation.core.fold import BoxResult, BoxState, Standings

#: The lifetime counter tells about a box, not about an election: it is never summed.
SUMMED: Final = tuple(name for name in COUNTER_NAMES if name != "lifetime")
_SHARE_UNITS: Final = 10_000


@dataclass(frozen=True, slots=True)
class AreaTotal:
    """The sums of one area. `row` and `counters` are None when none of its boxes is counted.

    expected: registered boxes but those closed as unused; counters: in the order of SUMMED.
    """

    expected: int
    counted: int
    row: Row | None
    counters: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class PrecinctTotal:
    """One precinct with its sums."""

    precinct: Precinct
    total: AreaTotal


@dataclass(frozen=True, slots=True)
class Tabulation:
    """The whole result before any gate: nation, precincts in the definition's order, boxes."""

    nation: AreaTotal
    precincts: tuple[PrecinctTotal, ...]
    standings: Standings


def tabulate(standings: Standings, election: Election) -> Tabulation:
    """Return the totals of the counted boxes (law G2: sums over boxes, then over precincts)."""
    by_precinct: dict[int, list[BoxResult]] = {p.number: [] for p in election.precincts}
    for box in standings.boxes:
        by_precinct[box.precinct].append(box)
    precincts = tuple(
        PrecinctTotal(precinct, _total_of_boxes(by_precinct[precinct.number]))
        for precinct in election.precincts
    )
    nation = _total_of_areas([each.total for each in precincts])
    return Tabulation(nation, precincts, standings)


def _total_of_boxes(boxes: Sequence[BoxResult]) -> AreaTotal:
    expected = [AreaTotal(box.state is not BoxState.UNUSED, 0, None, None) for box in boxes]
    counted = [
        AreaTotal(0, 1, count.row, summed(count.counters)) for box in boxes for count in box.counts
    ]
    return _total_of_areas(expected + counted)


def _total_of_areas(areas: Sequence[AreaTotal]) -> AreaTotal:
    row, counters = None, None
    for area in areas:
        if area.row is not None and area.counters is not None:
            # Of one box alone the numbers are those of the box, and not kept twice.
            row = area.row if row is None else merge(row, area.row)
            counters = area.counters if counters is None else merge(counters, area.counters)
    return AreaTotal(
        sum(area.expected for area in areas), sum(area.counted for area in areas), row, counters
    )


def summed(counters: Counters) -> tuple[int, ...]:
    """Return the counters that are summed over boxes, in the order of SUMMED."""
    return tuple(getattr(counters, name) for name in SUMMED)


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
