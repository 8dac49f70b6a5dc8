"""The words of a tape that follow from codes alone."""

from datetime import UTC, datetime
from typing import Final

from ballotbox_protocol.wire.report import Clock, ClockQuality, ReportKind

TITLES: Final = {
    ReportKind.BOOT: "START SLIP",
    ReportKind.ZERO: "ZERO TAPE",
    ReportKind.OPEN: "OPENING SLIP",
    ReportKind.TURNOUT: "TURNOUT SLIP",
    ReportKind.CLOSE: "CLOSING SLIP",
    ReportKind.FINAL: "RESULTS TAPE",
    ReportKind.INCIDENT: "INCIDENT SLIP",
    ReportKind.KEY_ROTATION: "KEY SLIP",
    ReportKind.CORRECTION: "CORRECTED RESULTS TAPE",
}
#: What people check on the spot.
CONDITIONS: Final = {
    ReportKind.ZERO: "Every count but lifetime must be 0: nobody has voted.",
    ReportKind.TURNOUT: "Sheets so far. No votes are known before the poll has ended.",
}


def moment(clock: Clock) -> str:
    """Return the box's clock in words, as far as the box itself trusts it."""
    if clock.quality is ClockQuality.UNSET:
        return "The clock of the box was not set"
    try:
        said = f"{datetime.fromtimestamp(clock.time, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        said = f"Second {clock.time} since 1970"
    return said if clock.quality is ClockQuality.SYNCHRONISED else f"{said} by its own clock"
