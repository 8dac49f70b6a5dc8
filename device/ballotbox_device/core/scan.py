"""What a scanner measures of a sheet, and what a box reads out of it: marks, or why none.

A sheet has two sides, and voters feed it with either up. The side that shows a style code is the
first; the targets run over both, in the reading order of the sheet's contests.
"""

from dataclasses import dataclass
from typing import Final

from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_protocol.election.definition import PERCENT, Contest, Election, MarkPolicy
from ballotbox_protocol.election.identifiers import require, require_count
from ballotbox_protocol.election.tally import Marks

#: How much a sheet may differ from its nominal length before it is too short or too long.
LENGTH_TOLERANCE_MM: Final = 5
#: From this skew on, targets at the edge are read beside their place.
SKEW_MAX_MILLIDEGREES: Final = 3_000
#: Where no other length is given: A4.
LENGTH_MM: Final = 297


@dataclass(frozen=True, slots=True)
class Side:
    """One side as it was read.

    code: style index and sheet number, None where none is printed or none can be read. densities:
    of each target, the percentage that is dark. dirty: the sensor saw a line that does not move.
    """

    code: tuple[int, int] | None = None
    densities: tuple[int, ...] = ()
    dirty: bool = False

    def __post_init__(self) -> None:
        for density in self.densities:
            require_count(density, "side.densities", PERCENT)


@dataclass(frozen=True, slots=True)
class Scan:
    """One pass of paper through the scanner.

    layers: how many sheets lay upon each other. jammed: it stuck before all of it was read.
    """

    sides: tuple[Side, Side]
    length_mm: int = LENGTH_MM
    nominal_mm: int = LENGTH_MM
    skew_millidegrees: int = 0
    layers: int = 1
    stamped: bool = True
    jammed: bool = False
    portable: bool = False

    def __post_init__(self) -> None:
        require_count(self.length_mm, "scan.length_mm")
        require_count(self.nominal_mm, "scan.nominal_mm")
        require(self.layers >= 1, "scan.layers", "must be at least 1")


def read_scan(scan: Scan, election: Election) -> Sheet | ReturnReason:
    """Return the sheet that a scan shows, or why it can be none."""
    fault = _mechanical(scan)
    if fault is not None:
        return fault
    first, second = scan.sides if scan.sides[0].code is not None else scan.sides[::-1]
    if first.code is None or second.code is not None:
        return ReturnReason.UNREADABLE
    style, number = first.code
    densities = first.densities + second.densities
    contests = _contests(election, style, number)
    marks, marginal = _marks(densities, contests, election.policy)
    readable = len(densities) == sum(map(_targets, contests))
    return Sheet(style, number, marks, readable, scan.portable, scan.stamped, marginal)


def _mechanical(scan: Scan) -> ReturnReason | None:
    if scan.jammed:
        return ReturnReason.JAMMED
    if scan.layers > 1:
        return ReturnReason.DOUBLE_FED
    if scan.length_mm < scan.nominal_mm - LENGTH_TOLERANCE_MM:
        return ReturnReason.TOO_SHORT
    if scan.length_mm > scan.nominal_mm + LENGTH_TOLERANCE_MM:
        return ReturnReason.TOO_LONG
    if abs(scan.skew_millidegrees) > SKEW_MAX_MILLIDEGREES:
        return ReturnReason.SKEWED
    if any(side.dirty for side in scan.sides):
        return ReturnReason.SCANNER_DIRTY
    return None


def _contests(election: Election, style: int, number: int) -> list[Contest]:
    """Return the contests of a sheet; none of one that the definition does not know."""
    if not 0 <= style < len(election.styles):
        return []
    sheets = election.styles[style].sheets
    if not 0 <= number < len(sheets):
        return []
    return [election.contests[index] for index in sheets[number]]


def _targets(contest: Contest) -> int:
    return len(contest.options) + contest.preference_count


def _marks(
    densities: tuple[int, ...], contests: list[Contest], policy: MarkPolicy
) -> tuple[tuple[Marks, ...], bool]:
    """Return the definite marks of each contest, and whether there are marginal ones."""
    found = []
    start = 0
    for contest in contests:
        stop = start + _targets(contest)
        found.append(_of_contest(densities[start:stop], contest, policy.definite))
        start = stop
    marginal = any(policy.faint <= density < policy.definite for density in densities)
    return tuple(found), marginal


def _of_contest(densities: tuple[int, ...], contest: Contest, definite: int) -> Marks:
    marked = [density >= definite for density in densities]
    count = len(contest.options)
    options = frozenset(place for place, dark in enumerate(marked[:count]) if dark)
    places = [
        (option, candidate)
        for option, each in enumerate(contest.options)
        for candidate in range(each.preferences)
    ]
    preferences = frozenset(
        place for place, dark in zip(places, marked[count:], strict=False) if dark
    )
    return Marks(options, preferences)
