"""What each code means, for the code tables of `device/WIRE.md`."""

from enum import IntEnum

from ballotbox_protocol.election.definition import ContestKind
from ballotbox_protocol.election.identifiers import Mode, PollState
from ballotbox_protocol.election.register import ClosedAs, Role
from ballotbox_protocol.wire.leaf import LeafType
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.report import ClockQuality, IncidentCode, ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict

MEANINGS: dict[type[IntEnum], dict[str, str]] = {
    Mode: {
        "TEST": "trying out software or a box",
        "REHEARSAL": "a rehearsal with officers and voters who play their parts",
        "OFFICIAL": "the election itself",
    },
    ContestKind: {
        "CHOOSE_ONE": "one option",
        "CHOOSE_UP_TO": "up to `votes allowed` different options",
        "PARTY_LIST": "one list, and at most one candidate of that list where it is open",
    },
    ClosedAs: {
        "REPLACED": "another box took its place; its final is still awaited",
        "UNUSED": "it never took a sheet; its final is not awaited",
        "REVOKED": "its key may be in wrong hands; its final is still awaited",
    },
    Role: {
        "POLL": "opens and closes the poll, agrees to a new key of a box",
        "ELEVATED": "reopens the poll, corrects a final, clears a box",
        "RELEASE": "rules on held, quarantined and disputed reports",
    },
    PollState: {
        "SETUP": "the box is being made ready",
        "ZERO": "the zero report is signed, nothing was counted",
        "OPEN": "voters' sheets are taken",
        "PAUSED": "the poll is open, no sheet is taken",
        "CLOSED": "no sheet is taken",
        "PORTABLE": "sheets from portable boxes are taken",
        "FINAL": "the final is signed, every counter is frozen",
        "SEALED": "the box is locked away",
    },
    ReportKind: {
        "BOOT": "the box started",
        "ZERO": "nothing was counted before the poll opened",
        "OPEN": "two officers opened the poll, or opened it again",
        "TURNOUT": "counters during the day",
        "CLOSE": "two officers closed the poll",
        "FINAL": "the result",
        "INCIDENT": "something that officers must know",
        "KEY_ROTATION": "two officers gave the box its next key",
        "CORRECTION": "two officers corrected the result; it stands in place of what it corrects",
    },
    ClockQuality: {
        "UNSET": "the clock was never set",
        "FREE_RUNNING": "it was set once and runs by itself",
        "SYNCHRONISED": "it is kept by a time service",
    },
    IncidentCode: {
        "DROP_UNCERTAIN": "whether a sheet dropped is not known; detail: number of sheets (1)",
        "DROP_SETTLED": "an officer answered for that sheet; detail: 1 it dropped, 0 it did not",
        "SHEET_JAMMED": "a sheet did not drop and was given back; detail: number of sheets (1)",
        "OPENING_REFUSED": "the zero report was refused; detail: a counter that is not zero",
        "MEMORY_REPAIRED": "the memory was repaired after a power cut; detail: code of the repair",
        "SHEETS_RETURNED": "sheets were given back together; detail: number of sheets",
    },
    RulingKind: {
        "RELEASE": "a held or quarantined report is to count",
        "NAME": "of several reports of one sequence, this is the true one",
    },
    LeafType: {
        "REPORT": "a gateway's decision on a report",
        "RULING": "the officers' decision on a report, taken over by the gateway",
    },
    Verdict: {
        "ACCEPTED": "the report counts",
        "HELD": "it waits for what is missing before it",
        "QUARANTINED": "it is authentic, but its content fails; it counts only if released",
        "EVIDENCE": "one of several reports of one sequence; none counts until one is named",
    },
    MessageKind: {
        "REPORT": "up: a signed report",
        "HELLO_WANTED": "up: nothing; asks for a challenge",
        "HELLO": "up: a signed hello",
        "CHALLENGE": "down: 16 random bytes",
        "RECEIPT": "down: a receipt",
        "REFUSAL": "down: a signed refusal",
        "RESEND": "down: a signed resend",
    },
}

#: Of each message type: who signs it, and what.
SIGNED_AS = {
    "DEFINITION": ("root key", "an election definition"),
    "REGISTER": ("register signer", "a register"),
    "REPORT": ("box", "a report"),
    "CONSENT": ("officers, detached", "a report without its officers' signatures"),
    "KEY_PROOF": ("next key of a box, detached", "election digest, box, epoch, new key"),
    "RULING": ("officers, detached", "a ruling without its signatures"),
    "REFUSAL": ("gateway", "a refusal"),
    "RESEND": ("gateway", "a resend"),
    "HELLO": ("box", "a hello"),
    "CLEARANCE": ("officers, detached", "a clearance"),
}

_GROUPS = (
    (range(1, 20), "`ACCEPTED`"),
    (range(20, 30), "`HELD`"),
    (range(30, 40), "`EVIDENCE`"),
    (range(100, 120), "refused, no answer"),
    (range(120, 200), "refused, signed answer"),
    (range(200, 400), "`QUARANTINED`"),
)


def goes_with(reason: Reason) -> str:
    """The verdict, or the kind of refusal, that gives this reason."""
    (group,) = (name for codes, name in _GROUPS if reason in codes)
    return group
