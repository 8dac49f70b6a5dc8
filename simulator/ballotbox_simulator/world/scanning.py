"""What a scanner measures of a simulated sheet, plain or with something wrong with it."""

import random
from dataclasses import replace
from typing import Final

from ballotbox_device.core.scan import LENGTH_MM, Scan, Side
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.tally import Marks
from ballotbox_simulator.world.faults import FaultKind

#: A cross in a target covers so much of it; paper without one is never quite white. By a byte that
#: is left to chance.
_DARK: Final = bytes(30 + grain * 61 // 256 for grain in range(256))
_WHITE: Final = bytes(grain * 7 // 256 for grain in range(256))
#: Between the thresholds of the simulated elections: no mark, but not nothing either.
_FAINT: Final = 15


def scan_of(sheet: Sheet, election: Election, chance: random.Random) -> Scan:
    """Return a sound scan of a sheet, either side up."""
    contests = [election.contests[i] for i in election.styles[sheet.style].sheets[sheet.number]]
    dark = [
        mark
        for contest, marks in zip(contests, sheet.marks, strict=True)
        for mark in _targets(contest, marks)
    ]
    grains = chance.randbytes(len(dark))
    shades = zip(dark, grains.translate(_DARK), grains.translate(_WHITE), strict=True)
    densities = [cross if mark else paper for mark, cross, paper in shades]
    middle = len(densities) // 2
    front = Side((sheet.style, sheet.number), tuple(densities[:middle]))
    sides = (front, Side(None, tuple(densities[middle:])))
    if chance.random() < 0.5:
        sides = sides[::-1]
    return Scan(sides, stamped=sheet.stamped, portable=sheet.portable)


def _targets(contest: Contest, marks: Marks) -> list[bool]:
    marked = marks.options
    return [option in marked for option in range(len(contest.options))] + [
        (option, candidate) in marks.preferences
        for option, each in enumerate(contest.options)
        for candidate in range(each.preferences)
    ]


def mis_scanned(scan: Scan, kind: FaultKind, chance: random.Random) -> Scan:
    """Return the scan with what `kind` does to it."""
    match kind:
        case FaultKind.SHEET_JAMMED:
            return replace(scan, jammed=True)
        case FaultKind.DOUBLE_FED:
            return replace(scan, layers=2)
        case FaultKind.SHEET_SKEWED:
            return replace(scan, skew_millidegrees=chance.choice((-1, 1)) * 4_000)
        case FaultKind.WRONG_LENGTH:
            return replace(scan, length_mm=LENGTH_MM + chance.choice((-40, 40)))
        case FaultKind.FAINT_MARK:
            return _with_faint_mark(scan, chance)
        case _:
            raise ValueError(kind)


def _with_faint_mark(scan: Scan, chance: random.Random) -> Scan:
    """Return the scan with one white target that somebody touched with a pen."""
    white = [
        (side, at)
        for side, each in enumerate(scan.sides)
        for at, density in enumerate(each.densities)
        if density <= _WHITE[-1]
    ]
    if not white:
        return scan
    place, target = chance.choice(white)
    sides = list(scan.sides)
    densities = list(sides[place].densities)
    densities[target] = _FAINT
    sides[place] = replace(sides[place], densities=tuple(densities))
    return replace(scan, sides=(sides[0], sides[1]))
