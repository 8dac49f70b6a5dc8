"""What the box says to its front panel: one JSON object a line, with names that stay."""

import json
from typing import Any, assert_never

from ballotbox_device.core.outputs import (
    AskDropped,
    AskVoter,
    CallOfficer,
    Cleared,
    ConsentNeeded,
    DropSheet,
    EjectSheet,
    Output,
    PrintCopy,
    Refused,
    ReportMade,
    SheetAccepted,
    SheetReturned,
    StateChanged,
)
from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import decode_report

#: One line for the panel; `says` tells which.
Said = dict[str, Any]


def line_of(said: Said) -> bytes:
    """Return the line's bytes."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def say(output: Output) -> Said:  # noqa: C901, PLR0911, PLR0912 (one arm for each output)
    """Return how the panel is told about an output of the box."""
    match output:
        case DropSheet():
            return {"says": "drop_sheet"}
        case EjectSheet():
            return {"says": "eject_sheet"}
        case SheetAccepted(accepted):
            return {"says": "sheet_accepted", "accepted": accepted}
        case SheetReturned(reason):
            return {"says": "sheet_returned", "reason": reason.name.lower()}
        case AskVoter(reason):
            return {"says": "ask_voter", "reason": reason.name.lower()}
        case CallOfficer():
            return {"says": "call_officer"}
        case AskDropped():
            return {"says": "ask_dropped"}
        case ConsentNeeded():
            return _consent(output)
        case StateChanged(state):
            return {"says": "state", "state": state.name.lower()}
        case ReportMade(_, sequence, data):
            return {"says": "report", **_printed(sequence, data)}
        case PrintCopy(sequence, data, copy):
            return {"says": "copy", "copy": copy, **_printed(sequence, data)}
        case Cleared():
            return {"says": "cleared"}
        case Refused():
            return _refused(output)
        case _:
            assert_never(output)


def _consent(needed: ConsentNeeded) -> Said:
    return {
        "says": "consent_needed",
        "type": needed.message_type.name.lower(),
        "role": (needed.role.name or "").lower(),
        "payload": needed.payload.hex(),
    }


def _printed(sequence: int, data: bytes) -> Said:
    """Return what stands on paper, and the signed bytes."""
    envelope = cose.parse(data)
    report = decode_report(envelope.payload)
    said: Said = {
        "kind": report.kind.name.lower(),
        "sequence": sequence,
        "id": cose.statement_id(envelope.statement).hex(),
        "state": report.state.name.lower(),
        "counters": counters(report.counters),
    }
    if report.votes is not None:
        said["votes"] = report.votes
    if report.incident is not None:
        code = report.incident.code.name.lower()
        said["incident"] = {"code": code, "detail": report.incident.detail}
    said["data"] = data.hex()
    return said


def _refused(refused: Refused) -> Said:
    said: Said = {
        "says": "refused",
        "why": refused.why.name.lower(),
        "state": refused.state.name.lower(),
        "allowed": [action.name.lower() for action in refused.allowed],
    }
    if refused.detail:
        said["detail"] = refused.detail
    return said


def counters(counted: Counters) -> dict[str, int]:
    """Return the counters by name."""
    return {name: getattr(counted, name) for name in COUNTER_NAMES}


def wrong(field: str, problem: str) -> Said:
    """Return how the panel is told what was wrong with a line; nothing was done."""
    return {"says": "error", "field": field, "problem": problem}
