"""What a published result says about itself: how final it is, and when it was counted."""

from datetime import UTC, datetime
from typing import Any, Final

from ballotbox_protocol.election.identifiers import InvalidField

#: A JSON object of the document.
Document = dict[str, Any]

#: What officers may say of a result; of any other its boxes tell.
SAID_BY_OFFICERS: Final = ("correction", "certified")

#: Later than this no calendar here can write a date.
LAST_DATE: Final = 253_402_300_799
#: The states of boxes that are in no total, gravest first.
OPEN_STATES: Final = ("disputed", "quarantined", "held", "missing")


#: What may only be said of a result that no box can change any more.
_SETTLED: Final = ("complete", "certified")
#: A refusal names so many boxes and counts the rest.
_NAMED_MAX: Final = 8


def is_settled(result: Document) -> bool:
    """Tell whether every expected box is counted, and one is; whatever the result calls itself."""
    waiting = any(result["boxes"][state] for state in OPEN_STATES)
    return not waiting and result["nation"]["counters"] is not None


def status_of(result: Document) -> str:
    """Return the status that officers gave the result, or else whether it is complete."""
    named: str | None = result.get("status")
    if named is not None:
        return named
    return "complete" if is_settled(result) else "preliminary"


def require_supported(result: Document) -> None:
    """Raise InvalidField, naming boxes, for a status that the boxes of a result do not support."""
    status = status_of(result)
    if status in _SETTLED and not is_settled(result):
        raise InvalidField("status", f"{status}, but {_uncounted(result)}")


def _uncounted(result: Document) -> str:
    found = [
        f"box {box['box']} of precinct {box['precinct']} is {state}"
        for state in OPEN_STATES
        for box in result["boxes"][state]
    ]
    if len(found) > _NAMED_MAX:
        found[_NAMED_MAX:] = [f"and {len(found) - _NAMED_MAX} more are in no total"]
    return ", ".join(found) or "no box is counted"


def incomplete(area: Document) -> bool:
    """Tell whether an area waits for a box."""
    counted, expected = int(area["boxes_counted"]), int(area["boxes_expected"])
    return counted < expected


def moment_text(seconds: int) -> str | None:
    """Return a time in UTC as ISO 8601 writes it, None when no calendar can."""
    if seconds > LAST_DATE:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
