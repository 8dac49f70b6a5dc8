"""The scanner: it makes a Scan of a sheet of paper, or of what went wrong with it."""

from dataclasses import replace
from enum import Enum
from typing import Final

from ballotbox_device.core.scan import LENGTH_TOLERANCE_MM, SKEW_MAX_MILLIDEGREES, Scan
from ballotbox_device.machine.paper import Paper


class ScanFault(Enum):
    """What goes wrong with the next sheet; SHORT and LONG: the rollers slip or drag."""

    JAM = "jam"
    DOUBLE = "double"
    SKEW = "skew"
    SHORT = "short"
    LONG = "long"


_SLIP_MM: Final = LENGTH_TOLERANCE_MM + 10
_CROOKED: Final = SKEW_MAX_MILLIDEGREES + 1_500


class Scanner:
    """`fault` is that of the next sheet it takes; dirt stays until somebody cleans the glass."""

    __slots__ = ("fault", "is_dirty")

    def __init__(self) -> None:
        self.fault: ScanFault | None = None
        self.is_dirty = False

    def look(self, paper: Paper) -> Scan:
        """Return what it measures; `spend` afterwards, when the sheet was taken in."""
        scan = _gone_wrong(paper.scan(), self.fault)
        if self.is_dirty:
            first, second = scan.sides
            return replace(scan, sides=(replace(first, dirty=True), second))
        return scan

    def spend(self) -> None:
        """Let the fault be over: it was that of one sheet."""
        self.fault = None


def _gone_wrong(scan: Scan, fault: ScanFault | None) -> Scan:
    match fault:
        case ScanFault.JAM:
            return replace(scan, jammed=True)
        case ScanFault.DOUBLE:
            return replace(scan, layers=2)
        case ScanFault.SKEW:
            return replace(scan, skew_millidegrees=_CROOKED)
        case ScanFault.SHORT:
            return replace(scan, length_mm=max(0, scan.length_mm - _SLIP_MM))
        case ScanFault.LONG:
            return replace(scan, length_mm=scan.length_mm + _SLIP_MM)
        case None:
            return scan
