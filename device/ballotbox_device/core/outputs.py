"""What a box asks its host to do or to show. Everything that had to be durable already is."""

from dataclasses import dataclass
from enum import IntEnum

from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.report import ReportKind


@dataclass(frozen=True, slots=True)
class DropSheet:
    """Let the sheet fall, then say DropSensed, DropFailed or DropUncertain."""


@dataclass(frozen=True, slots=True)
class EjectSheet:
    """Run the released sheet back: say DropFailed if it shows at the mouth, else DropUncertain."""


@dataclass(frozen=True, slots=True)
class SheetAccepted:
    """The sheet is counted; `accepted` is the number for the public counter."""

    accepted: int


@dataclass(frozen=True, slots=True)
class SheetReturned:
    """Give the sheet back; the reason is for the voter's screen and for nothing else."""

    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class AskVoter:
    """Hold the sheet, tell the voter why, then say VoterDecided."""

    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class CallOfficer:
    """Sheet after sheet went back: an officer should come and help."""


@dataclass(frozen=True, slots=True)
class AskDropped:
    """Ask a person whether the released sheet is in the box, then say DropAnswered."""


@dataclass(frozen=True, slots=True)
class ConsentNeeded:
    """Two officers with `role` must sign `payload` as `message_type`, then say Consented.

    When anything is journalled before that, the payload is void and a new one is asked for.
    """

    message_type: MessageType
    payload: bytes
    role: Role


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The poll is in another state."""

    state: PollState


@dataclass(frozen=True, slots=True)
class ReportMade:
    """A report was signed and kept: print it where the law asks for paper; couriers send it."""

    kind: ReportKind
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class PrintCopy:
    """Print a kept report again; `copy` stands on the paper, outside the signature, from 2."""

    sequence: int
    data: bytes
    copy: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """The memory is empty but for what the next election needs; this device is done."""


class Refusal(IntEnum):
    """Why the box does not do what it was asked; stable codes."""

    NOT_IN_THIS_STATE = 1
    SHEET_PENDING = 2
    NO_SHEET_PENDING = 3
    COUNTERS_NOT_ZERO = 4
    NOTHING_TO_CONSENT_TO = 5
    NOT_TWO_OFFICERS = 6
    VOTES_BREAK_A_LAW = 7
    KEY_NOT_NEXT = 8
    NO_SUCH_REPORT = 9
    BLOCKED = 10
    CONTAINER_FULL = 11
    NO_VOTER_ASKED = 12
    COUNTERS_FULL = 13


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done: why, in which state, and what is allowed there; `detail` for people."""

    why: Refusal
    state: PollState
    allowed: tuple[Action, ...]
    detail: str = ""


Output = (
    DropSheet
    | EjectSheet
    | SheetAccepted
    | SheetReturned
    | AskVoter
    | CallOfficer
    | AskDropped
    | ConsentNeeded
    | StateChanged
    | ReportMade
    | PrintCopy
    | Cleared
    | Refused
)
