"""How far a set-up reaches: from one rehearsal to the number of boxes at which it would be full.

A straight line through one measurement: twice the boxes cost twice the work. It says nothing about
what only happens near a limit, so it is a guide to the next rehearsal and no replacement for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor, log10

from ballotbox_simulator.rehearse.core.document import PartUse, RehearsalResult

#: Limits of a machine that grow with the boxes and stop the run that reaches them.
_HARD = ("open files", "local ports", "memory")
#: Kinds of part that are several processes each: no one core is their limit.
ON_MANY_CORES = frozenset({"database"})
_CORES_OF_ONE = 1.0
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Headroom:
    """What a set-up did and what it could; seconds are those from the close.

    precincts, closed_s: how many it closed, and in what time; within_s: the time that was asked, or
    else that same time. boxes: about how many it would close within it; None: not to be told.
    """

    precincts: int
    closed_s: float | None
    within_s: float | None
    boxes: int | None
    set_by: str

    @property
    def words(self) -> str:
        """The sentence for people."""
        if self.closed_s is None:
            return "This set-up did not answer 99 % of the reports, so its limit cannot be told."
        closed = f"This set-up closed {self.precincts:,} precincts in {self.closed_s:.1f}\u00a0s"
        if self.boxes is None or self.within_s is None:
            return f"{closed}; its limit cannot be told from this run: {self.set_by}."
        return (
            f"{closed}; its limit is about {self.boxes:,} boxes in {self.within_s:.0f}\u00a0s, "
            f"set by {self.set_by}."
        )


def headroom(result: RehearsalResult) -> Headroom:
    """Return how far the set-up of a rehearsal reaches."""
    closed = result.rates.receipted_99_s
    within = _asked(result) or closed
    precincts = result.election.precincts
    if closed is None or within is None:
        return Headroom(precincts, closed, within, None, "")
    if not result.tester.valid:
        return Headroom(precincts, closed, within, None, "the tester could not keep up")
    limits = [each for each in _limits(result, within) if each[0] > 0]
    if not limits:
        return Headroom(precincts, closed, within, None, "too little was done to be measured")
    boxes, set_by = min(limits)
    return Headroom(precincts, closed, within, rounded(boxes), set_by)


def rounded(number: float) -> int:
    """Return a number to two digits: no more of an estimate is true."""
    if number < 1:
        return 0
    unit = int(10 ** max(0, floor(log10(number)) + 1 - _DIGITS))
    return floor(number / unit) * unit


def own_parts(result: RehearsalResult) -> list[PartUse]:
    """Return the parts of a rehearsal, without the line for the machine as a whole."""
    return [part for part in result.series.parts if part.kind != "machine"]


def busy_core_s(result: RehearsalResult, part: PartUse) -> float:
    """Return the seconds of CPU that a part used from the close to the last receipt."""
    first = result.moments.closing or 0.0
    stop = (result.moments.receipted_all or result.moments.ended) + 1.0
    return sum(
        cores or 0.0
        for at, cores in zip(result.series.at_s, part.cpu_cores, strict=True)
        if first < at <= stop
    )


def _asked(result: RehearsalResult) -> float | None:
    return next((each.limit for each in result.objectives if each.name == "receipted_99_s"), None)


def _limits(result: RehearsalResult, within_s: float) -> Iterator[tuple[float, str]]:
    boxes = result.election.boxes
    for limit in result.machine.limits:
        if limit.name in _HARD and limit.needed > 0:
            yield boxes * limit.available / limit.needed, f"{limit.name} of the machine"
    parts = own_parts(result)
    burnt = {part.name: busy_core_s(result, part) for part in parts}
    for part in parts:
        if burnt[part.name] > 0 and part.kind not in ON_MANY_CORES:
            full = boxes * within_s * _CORES_OF_ONE / burnt[part.name]
            yield full, f"the {part.name}, which decides on one core"
    if together := sum(burnt[part.name] for part in parts if not part.machine):
        cores = result.machine.cores
        words = f"the {cores} cores of the machine, which the tester shares"
        yield boxes * within_s * cores / together, words
