"""What a published result says about itself: how final it is, and when it was counted."""

from datetime import UTC, datetime
from typing import Final

from ballotbox_tabulation.core.publication import Document

#: Later than this no calendar here can write a date.
LAST_DATE: Final = 253_402_300_799
#: The states of boxes that are in no total, gravest first.
OPEN_STATES: Final = ("disputed", "quarantined", "held", "missing")


def status_of(result: Document) -> str:
    """Return the status the result names, or else whether a box is missing from it."""
    named: str | None = result.get("status")
    if named is not None:
        return named
    waiting = any(result["boxes"][state] for state in OPEN_STATES)
    return "preliminary" if waiting or result["nation"]["counters"] is None else "complete"


def incomplete(area: Document) -> bool:
    """Tell whether an area waits for a box."""
    counted, expected = int(area["boxes_counted"]), int(area["boxes_expected"])
    return counted < expected


def moment_text(seconds: int) -> str | None:
    """Return a time in UTC as ISO 8601 writes it, None when no calendar can."""
    if seconds > LAST_DATE:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
