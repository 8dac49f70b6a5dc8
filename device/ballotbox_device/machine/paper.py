"""Paper as a person holds it: what is printed and marked on it, and how it goes into the mouth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ballotbox_device.core.scan import LENGTH_MM, Scan, Side
from ballotbox_protocol.election.definition import PERCENT, Contest, Election
from ballotbox_protocol.election.identifiers import require, require_count
from ballotbox_protocol.election.tally import Marks

#: How dark a mark of a firm hand is, in percent of the target.
FIRM: Final = 80


@dataclass(frozen=True, slots=True)
class Paper:
    """One sheet of paper.

    densities: of each target in reading order, the percentage that is dark. legible: its printed
    code can be read. face_down: it is fed with its second side up.
    """

    style: int
    sheet: int
    densities: tuple[int, ...]
    stamped: bool = True
    portable: bool = False
    length_mm: int = LENGTH_MM
    skew_millidegrees: int = 0
    legible: bool = True
    face_down: bool = False

    def __post_init__(self) -> None:
        for place, density in enumerate(self.densities):
            require_count(density, f"densities[{place}]", PERCENT)
        require_count(self.length_mm, "length_mm")

    def scan(self, layers: int = 1) -> Scan:
        """Return what a scanner in good order measures of it; half of the targets on each side."""
        half = (len(self.densities) + 1) // 2
        code = (self.style, self.sheet) if self.legible else None
        first, second = Side(code, self.densities[:half]), Side(None, self.densities[half:])
        return Scan(
            (second, first) if self.face_down else (first, second),
            length_mm=self.length_mm,
            skew_millidegrees=self.skew_millidegrees,
            layers=layers,
            stamped=self.stamped,
            portable=self.portable,
        )


def contests_of(election: Election, style: int, sheet: int) -> tuple[Contest, ...]:
    """Return the contests on a sheet of an election; none of one that it does not know."""
    if not 0 <= style < len(election.styles) or not 0 <= sheet < len(election.styles[style].sheets):
        return ()
    return tuple(election.contests[index] for index in election.styles[style].sheets[sheet])


def darkened(
    contests: tuple[Contest, ...],
    marks: tuple[Marks, ...],
    others: Mapping[int, int] | None = None,
    firm: int = FIRM,
) -> tuple[int, ...]:
    """Return the densities of a sheet with these marks; `others` sets single targets by number."""
    require(len(marks) == len(contests), "marks", f"must be {len(contests)} lists on this sheet")
    densities: list[int] = []
    for place, (contest, marked) in enumerate(zip(contests, marks, strict=True)):
        densities += _of_contest(contest, marked, firm, f"marks[{place}]")
    for target, density in (others or {}).items():
        problem = f"has no target {target}: this sheet has {len(densities)}, numbered from 0"
        require(0 <= target < len(densities), "darkness", problem)
        densities[target] = density
    return tuple(densities)


def _of_contest(contest: Contest, marked: Marks, firm: int, field: str) -> list[int]:
    options = range(len(contest.options))
    places = [(o, n) for o in options for n in range(contest.options[o].preferences)]
    strays = marked.options.difference(options) or marked.preferences.difference(places)
    require(not strays, field, "marks what is not on this sheet")
    return [firm * (option in marked.options) for option in options] + [
        firm * (place in marked.preferences) for place in places
    ]
