"""The gateway's intake: what arrives, what is decided, and what may be said about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from ballotbox_gateway.core.ports import Ledger
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.message import Message
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason


class RoadKind(IntEnum):
    """How bytes came here."""

    SERIAL = 1
    MQTT = 2
    HTTP = 3
    IMPORT = 4


@dataclass(frozen=True, slots=True)
class Road:
    """Where bytes came from; `box` is the one that topic or certificate claims, None if none does."""

    kind: RoadKind
    name: str
    box: BoxId | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """The payload of one REPORT message (a COSE_Sign1 message) and its road."""

    data: bytes
    road: Road


class Outcome(IntEnum):
    """What became of one arrival. UNAUTHENTIC and REFUSED without a message are never answered."""

    ACCEPTED = 1
    HELD = 2
    QUARANTINED = 3
    EVIDENCE = 4
    DUPLICATE = 5
    REFUSED = 6
    UNAUTHENTIC = 7


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say on the arrival's own road (None: nothing), and why."""

    message: Message | None
    outcome: Outcome
    reason: Reason
    box: BoxId | None


@dataclass(frozen=True, slots=True)
class Admission:
    """All is durable. Answers in order of arrival; `also` goes to these boxes, whatever their road."""

    answers: list[Answer]
    also: list[tuple[BoxId, Message]]


class RulingResult(IntEnum):
    """What became of a ruling; all but APPLIED and ALREADY change nothing."""

    APPLIED = 1
    ALREADY = 2
    MALFORMED = 3
    OTHER_ELECTION = 4
    UNKNOWN_REPORT = 5
    OFFICERS = 6
    NOT_RELEASABLE = 7
    NOT_DISPUTED = 8


@dataclass(frozen=True, slots=True)
class RulingOutcome:
    """The result, what to tell the officer, and the messages to send to the box."""

    result: RulingResult
    explanation: str
    also: list[tuple[BoxId, Message]]


class HelloResult(IntEnum):
    """Whether the box proved that it is here now."""

    FRESH = 1
    MALFORMED = 2
    UNKNOWN_KEY = 3
    SIGNATURE = 4
    OTHER_ELECTION = 5
    OTHER_BOX = 6
    CHALLENGE = 7


@dataclass(frozen=True, slots=True)
class HelloOutcome:
    """FRESH, or why not. `resend` asks for what is missing; `rolled_back`: the box has forgotten
    reports that this gateway holds."""

    result: HelloResult
    box: BoxId | None
    resend: Message | None
    rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this gateway is: the origin of its log and the key of the register's entry for it."""

    origin: str
    key: PrivateKey


class OlderRegister(ValueError):
    """A register older than one already used was offered; the message names both versions."""


class Intake:
    """One gateway's whole mind over one ledger. Not thread-safe: one loop owns it.

    Raises ValueError when the register has no such gateway key, or the ledger belongs to another
    origin or election; OlderRegister; LedgerFailure, after which nothing may be said and a new
    call reads the ledger again (DiskFull: may be retried; anything else: stop the process).
    """

    def __init__(self, trusted: Trusted, identity: Identity, ledger: Ledger) -> None: ...

    def admit(self, arrivals: Sequence[Arrival], now: int) -> Admission:
        """Judge a batch of arrivals, commit it once, and return what may be said.

        `now` is Unix seconds. Raises LedgerFailure: then nothing was said.
        """
        ...

    def rule(self, ruling: bytes, now: int) -> RulingOutcome:
        """Apply two officers' ruling (wire/statements.py) to a report held here."""
        ...

    def hello(self, hello: bytes, challenge: bytes, road: Road) -> HelloOutcome:
        """Check a box's signed hello against the challenge given on this connection."""
        ...

    def admit_from_below(
        self, batch: UpwardBatch, now: int
    ) -> UpwardReply | UpwardConflict | UpwardFault:
        """Take in a stretch of a lower gateway's log and return this gateway's receipts."""
        ...

    def next_upward(self, upper: str, limit: int) -> UpwardBatch | None:
        """Return the next stretch of this log that `upper` has not receipted, or None.

        It ends at a signed checkpoint: about `limit` leaves, more when one commit had more.
        """
        ...

    def upward_receipted(
        self, batch: UpwardBatch, reply: UpwardReply, upper: str, now: int
    ) -> UpwardFault | None:
        """Verify and store the upper gateway's receipts, then move the cursor past the batch."""
        ...

    def upward_conflict(self, conflict: UpwardConflict, upper: str) -> UpwardFault | None:
        """Take the upper gateway's word on where to go on; the next `next_upward` starts there."""
        ...

    def replace_register(self, trusted: Trusted) -> None:
        """Use a newer register from now on; raises OlderRegister or ValueError, changing nothing."""
        ...
