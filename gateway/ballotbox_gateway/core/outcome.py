"""What arrives at the intake and what may be said about it: closed sets, all of them values."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ballotbox_gateway.core.signer import Signer
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.message import Message
from ballotbox_protocol.wire.verdict import Reason, Verdict


class RoadKind(IntEnum):
    """How bytes came here."""

    SERIAL = 1
    MQTT = 2
    HTTP = 3
    IMPORT = 4


@dataclass(frozen=True, slots=True)
class Road:
    """Where bytes came from.

    box: the one that the topic names; certified: the one that the client certificate names; None
    where the road claims none.
    """

    kind: RoadKind
    name: str
    box: BoxId | None = None
    certified: BoxId | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """The payload of one REPORT message (a COSE_Sign1 message) and its road."""

    data: bytes
    road: Road


class Outcome(IntEnum):
    """What became of one arrival.

    The first four are verdicts with a new leaf. REFUSED with a message is final, without one it
    is a fault of the road; UNAUTHENTIC never has a message.
    """

    ACCEPTED = 1
    HELD = 2
    QUARANTINED = 3
    EVIDENCE = 4
    DUPLICATE = 5
    REFUSED = 6
    UNAUTHENTIC = 7


#: The outcome of a report whose leaf has this verdict.
OUTCOME_OF: Final = {verdict: Outcome(int(verdict)) for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say on the arrival's own road (None: nothing), and why."""

    message: Message | None
    outcome: Outcome
    reason: Reason
    box: BoxId | None


@dataclass(frozen=True, slots=True)
class Admission:
    """Everything in it is durable.

    answers: one per arrival, in order. also: messages to boxes, whatever road reaches them:
    receipts of reports decided anew, and requests to send again.
    """

    answers: list[Answer]
    also: list[tuple[BoxId, Message]]


class RulingResult(IntEnum):
    """What became of a ruling; all but APPLIED change nothing."""

    APPLIED = 1
    ALREADY = 2
    MALFORMED = 3
    OTHER_ELECTION = 4
    UNKNOWN_REPORT = 5
    OFFICERS = 6
    NOT_RELEASABLE = 7
    NOT_DISPUTED = 8
    DEBUG = 9
    NAMED_OTHERWISE = 10


@dataclass(frozen=True, slots=True)
class RulingOutcome:
    """The result, what to tell the officers, and messages to boxes as in Admission."""

    result: RulingResult
    explanation: str
    also: list[tuple[BoxId, Message]]


class HelloResult(IntEnum):
    """Whether the box proved that it is here now, or why not."""

    FRESH = 1
    MALFORMED = 2
    UNKNOWN_KEY = 3
    SIGNATURE = 4
    OTHER_ELECTION = 5
    OTHER_BOX = 6
    CHALLENGE = 7


@dataclass(frozen=True, slots=True)
class HelloOutcome:
    """The result of a hello.

    resend: asks for the reports that are missing here. rolled_back: the box has forgotten reports
    that this gateway holds, as after the restoration of an old memory. wanted: asks for the
    checkpoint that it holds, once any report told of one that this log has not got.
    """

    result: HelloResult
    box: BoxId | None = None
    resend: Message | None = None
    rolled_back: bool = False
    wanted: Message | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this gateway is: the origin of its log and the key that the register lists for it."""

    origin: str
    key: Signer


class OlderRegister(ValueError):
    """A register older than one already used was offered; the message names both versions."""
