"""The smaller signed statements: ruling, refusal, send-again, hello, clearance, reprint."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeVar

from ballotbox_protocol.election.identifiers import (
    BOX_ID_SIZE,
    DIGEST_SIZE,
    WIDE_MAX,
    BoxId,
    ElectionDigest,
    PublicKey,
    ReportId,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.election.register import require_origin
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.report import OfficerSignature, read_signatures
from ballotbox_protocol.wire.shape import as_enum, as_tuple, as_type
from ballotbox_protocol.wire.signed_by_officers import SignedByOfficers
from ballotbox_protocol.wire.verdict import ANSWERED, Reason

CHALLENGE_SIZE: Final = 16
STATEMENT_MAX: Final = 4_096
#: So many namings one naming may overrule.
OVERRULED_MAX: Final = 32

T = TypeVar("T")


class RulingKind(IntEnum):
    """What two officers decide about a report: count it, or name it the true one of two."""

    RELEASE = 1
    NAME = 2


@dataclass(frozen=True, slots=True)
class Ruling(SignedByOfficers):
    """Two officers' decision on one report of one election, or on one count by hand.

    overrules: the ids of the namings that no longer hold beside this one, ascending.
    """

    election: ElectionDigest
    kind: RulingKind
    report: ReportId
    signatures: tuple[OfficerSignature, ...] = ()
    overrules: tuple[ReportId, ...] = ()

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "ruling.election")
        require_bytes(self.report, DIGEST_SIZE, "ruling.report")
        for each in self.overrules:
            require_bytes(each, DIGEST_SIZE, "ruling.overrules")
        only = self.kind is RulingKind.NAME or not self.overrules
        require(only, "ruling.overrules", "must be empty but in a naming")
        few = len(self.overrules) <= OVERRULED_MAX
        require(few, "ruling.overrules", f"at most {OVERRULED_MAX} are allowed")
        ordered = sorted(set(self.overrules)) == list(self.overrules)
        require(ordered, "ruling.overrules", "must ascend, each once")

    def items(self) -> list[Any]:
        """Return what each officer signs, as MessageType.RULING, in wire order."""
        items = [self.election, int(self.kind), self.report]
        return [*items, list(self.overrules)] if self.overrules else items


def decode_ruling(data: bytes) -> Ruling:
    """Return the ruling in `data`, signatures unchecked; raises CborError or InvalidField."""
    items = as_type(cbor.decode(data), list, "ruling")
    overrules: tuple[ReportId, ...] = ()
    if len(items) == 5:
        given = as_type(items.pop(3), list, "ruling.overrules")
        overrules = tuple(ReportId(as_type(each, bytes, "ruling.overrules")) for each in given)
        require(overrules, "ruling.overrules", "must be left out when it is empty")
    items = as_tuple(items, "ruling", bytes, int, bytes, list)
    return Ruling(
        ElectionDigest(items[0]),
        as_enum(items[1], RulingKind, "ruling.kind"),
        ReportId(items[2]),
        read_signatures(items[3], "ruling.signatures"),
        overrules,
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A gateway's word that one report can never belong into its log."""

    origin: str
    report: ReportId
    reason: Reason
    time: int

    def __post_init__(self) -> None:
        require_origin(self.origin, "refusal.origin")
        require_bytes(self.report, DIGEST_SIZE, "refusal.report")
        answered = self.reason in ANSWERED
        require(answered, "refusal.reason", f"{self.reason.name} is never answered by a signature")
        require_count(self.time, "refusal.time", WIDE_MAX)

    def items(self) -> list[Any]:
        """Return the payload in wire order."""
        return [self.origin, self.report, int(self.reason), self.time]


@dataclass(frozen=True, slots=True)
class Resend:
    """A gateway's request: send report `sequence` and all later ones again."""

    election: ElectionDigest
    box: BoxId
    origin: str
    sequence: int

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "resend.election")
        require_bytes(self.box, BOX_ID_SIZE, "resend.box")
        require_origin(self.origin, "resend.origin")
        require_count(self.sequence, "resend.sequence")

    def items(self) -> list[Any]:
        """Return the payload in wire order."""
        return [self.election, self.box, self.origin, self.sequence]


@dataclass(frozen=True, slots=True)
class Hello:
    """A box's proof that it is here now: it signs the gateway's fresh challenge.

    `next_sequence` is that of the box's next report, so the gateway can tell what it has missed.
    """

    election: ElectionDigest
    box: BoxId
    challenge: bytes
    boot: int
    next_sequence: int

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "hello.election")
        require_bytes(self.box, BOX_ID_SIZE, "hello.box")
        require_bytes(self.challenge, CHALLENGE_SIZE, "hello.challenge")
        require_count(self.boot, "hello.boot")
        require_count(self.next_sequence, "hello.next_sequence")

    def items(self) -> list[Any]:
        """Return the payload in wire order."""
        return [self.election, self.box, self.challenge, self.boot, self.next_sequence]


@dataclass(frozen=True, slots=True)
class Clearance:
    """Two officers' leave to clear a box of one finished election.

    `last` is the id of the box's last report, so the leave fits one memory at one moment.
    """

    election: ElectionDigest
    box: BoxId
    last: ReportId

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "clearance.election")
        require_bytes(self.box, BOX_ID_SIZE, "clearance.box")
        require_bytes(self.last, DIGEST_SIZE, "clearance.last")

    def payload(self) -> bytes:
        """Return what each officer signs, as MessageType.CLEARANCE."""
        return cbor.encode([self.election, self.box, self.last])


@dataclass(frozen=True, slots=True)
class Reprint:
    """Two officers' leave to print a report once more; `copy` counts the copies, from 2."""

    election: ElectionDigest
    box: BoxId
    report: ReportId
    copy: int

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "reprint.election")
        require_bytes(self.box, BOX_ID_SIZE, "reprint.box")
        require_bytes(self.report, DIGEST_SIZE, "reprint.report")
        require_count(self.copy, "reprint.copy")
        require(self.copy >= 2, "reprint.copy", "must be at least 2: the first print is no copy")

    def payload(self) -> bytes:
        """Return what each officer signs, as MessageType.REPRINT."""
        return cbor.encode([self.election, self.box, self.report, self.copy])


def _refusal(value: object) -> Refusal:
    origin, report, reason, time = as_tuple(value, "refusal", str, bytes, int, int)
    return Refusal(origin, ReportId(report), as_enum(reason, Reason, "refusal.reason"), time)


def _resend(value: object) -> Resend:
    election, box, origin, sequence = as_tuple(value, "resend", bytes, bytes, str, int)
    return Resend(ElectionDigest(election), BoxId(box), origin, sequence)


def _hello(value: object) -> Hello:
    items = as_tuple(value, "hello", bytes, bytes, bytes, int, int)
    return Hello(ElectionDigest(items[0]), BoxId(items[1]), items[2], items[3], items[4])


def sign_statement(statement: Refusal | Resend | Hello, key: PublicKey, sign: cose.Sign) -> bytes:
    """Return the statement as a COSE_Sign1 message signed by `key`."""
    return cose.sign(key, sign, _TYPES[type(statement)], cbor.encode(statement.items()))


def open_statement(data: bytes, key: PublicKey, kind: type[T]) -> T:
    """Return the statement of this kind that `key` signed.

    Raises ValueError (EnvelopeError, CborError or InvalidField) when it is anything else.
    """
    payload = cose.open_with(data, key, _TYPES[kind], STATEMENT_MAX)
    build: Callable[[object], T] = _BUILDERS[kind]
    return build(cbor.decode(payload))


_TYPES: Final[dict[type, MessageType]] = {
    Refusal: MessageType.REFUSAL,
    Resend: MessageType.RESEND,
    Hello: MessageType.HELLO,
}
_BUILDERS: Final[dict[type, Callable[[object], Any]]] = {
    Refusal: _refusal,
    Resend: _resend,
    Hello: _hello,
}
