"""What each code means, for the code tables of `device/WIRE.md`."""

from enum import IntEnum

from ballotbox_protocol.election.definition import ContestKind, Handling
from ballotbox_protocol.election.identifiers import Mode, PollState
from ballotbox_protocol.election.register import ClosedAs, Role
from ballotbox_protocol.wire.leaf import LeafType
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.publication import Status
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
    Handling: {
        "ACCEPT": "it goes into the box and counts for what it says",
        "SECOND_CHANCE": "its voter is told, and may insist",
        "RETURN": "it goes back",
    },
    ClosedAs: {
        "REPLACED": "another box took its place; its final is still awaited",
        "UNUSED": "it never took a sheet; its final is not awaited",
        "REVOKED": "its key may be in wrong hands; its final is still awaited",
    },
    Role: {
        "POLL": "opens and closes the poll, agrees to a new key of a box and to copies on paper",
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
        "DROP_UNCERTAIN": "whether a sheet dropped is not known; detail: 1 an officer is asked, "
        "2 it is taken for dropped",
        "DROP_SETTLED": "an officer answered for that sheet; detail: 1 it dropped, 0 it did not",
        "SHEET_JAMMED": "a sheet stuck and was given back; detail: 1 when it was to drop, "
        "0 when it was to be read",
        "OPENING_REFUSED": "the zero report was refused; detail: a counter that is not zero",
        "MEMORY_REPAIRED": "the memory was repaired after a power cut; detail: code of the repair",
        "SHEETS_RETURNED": "sheets were given back together; detail: number of sheets",
        "COVER_OPENED": "the cover was opened; detail: 0",
        "SEAL_BROKEN": "a seal was broken; detail: 0",
        "MAINS_LOST": "the box runs on its battery; detail: 0",
        "BATTERY_LOW": "the battery is nearly empty; detail: 0",
        "PRINTER_FAILED": "nothing can be printed; detail: 1 no paper, 2 paper is stuck",
        "SCANNER_DIRTY": "sheets cannot be read until the scanner is cleaned; detail: 0",
        "CONTAINER_NEARLY_FULL": "the container must soon be changed; detail: sheets in it",
        "CONTAINER_FULL": "no sheet is taken until the container is changed; detail: sheets in it",
        "CONTAINER_CHANGED": "an empty container stands in place of the full one; detail: "
        "sheets in the full one",
        "CLOCK_STEPPED": "the clock was set while the box ran; detail: by how many seconds",
        "SHEETS_JOINED": "more than one sheet went past the drop sensor, an officer is asked; "
        "detail: sheets read (1)",
        "COUNTERS_FULL": "the life or the day of the box has as many sheets as a report can tell: "
        "none is taken; detail: their number",
    },
    RulingKind: {
        "RELEASE": "a held or quarantined report is to count",
        "NAME": "of several reports of one sequence, this is the true one",
    },
    LeafType: {
        "REPORT": "a gateway's decision on a report",
        "RULING": "the officers' decision on a report, taken over by the gateway",
        "REPLACEMENT": "the officers' statement that a log stands in the place of another",
        "HAND_COUNT": "a gateway's decision on a count by hand",
        "PUBLICATION": "the officers' statement that a result of this log is released",
    },
    Status: {
        "PRELIMINARY": "boxes that are expected are not counted yet",
        "COMPLETE": "every expected box is counted",
        "CORRECTION": "it takes the place of the publication before it, whose numbers were wrong",
        "CERTIFIED": "the final result; only a correction or another certified one can follow",
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
        "HELD_WANTED": "down: an origin id, a size or nothing; asks for a checkpoint of that log",
        "HELD": "up: that checkpoint, a signed note",
    },
}

#: Of each message type: who signs it, and what.
SIGNED_AS = {
    "DEFINITION": ("root key, or holders of a shared root, detached", "an election definition"),
    "REGISTER": ("register signer, or several, detached", "a register"),
    "REPORT": ("box", "a report"),
    "CONSENT": ("officers, detached", "a report without its officers' signatures"),
    "KEY_PROOF": ("next key of a box, detached", "election digest, box, epoch, new key"),
    "RULING": ("officers, detached", "a ruling without its signatures"),
    "REFUSAL": ("gateway", "a refusal"),
    "RESEND": ("gateway", "a resend"),
    "HELLO": ("box", "a hello"),
    "CLEARANCE": ("officers, detached", "a clearance"),
    "REPRINT": ("officers, detached", "a reprint"),
    "REPLACEMENT": ("officers, detached", "a replacement without its signatures"),
    "HAND_COUNT": ("officers, detached", "a hand count without its signatures"),
    "PUBLICATION": ("officers, detached", "a publication without its signatures"),
    "RULES_RELEASE": ("officers, detached", "a rules release without its signatures"),
    "KEY_CARD": ("a holder of a shared root", "a key card"),
}

#: What a gateway sets aside when a lower log brings it as a publication.
_FROM_BELOW = frozenset({Reason.OLD_REGISTER, Reason.OTHER_LOG, Reason.RELEASERS, Reason.VERSION})

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
    return f"{group}; a publication from below: `QUARANTINED`" if reason in _FROM_BELOW else group
