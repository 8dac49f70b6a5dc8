"""What two ends of a link say to each other: six kinds of frame, each with a fixed layout.

    OPEN                     kind (1) || sender (12)
    OPENED, CONFIRM, REFUSED kind (1) || sender (12) || receiver (12)
    ACK                      kind (1) || sender (12) || receiver (12) || expected (8)
    DATA                     kind (1) || sender (12) || receiver (12) || sequence (8) || message

All integers are big-endian. A session is the random number of one opening of a link and the turn,
which that link raises with every pairing; so no session is ever paired twice.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self, TypeAlias

#: 64 random bits: among 5,000 openings of a port two share a number with probability below 2**-40.
NONCE_SIZE: Final = 8
TURN_SIZE: Final = 4
SESSION_SIZE: Final = NONCE_SIZE + TURN_SIZE
#: Eight bytes never wrap: a sequence number is used once in a pair, so it needs no window rule.
SEQUENCE_SIZE: Final = 8
KIND_SIZE: Final = 1
HANDSHAKE_SIZE: Final = KIND_SIZE + 2 * SESSION_SIZE
DATA_HEADER_SIZE: Final = HANDSHAKE_SIZE + SEQUENCE_SIZE


class FrameKind(IntEnum):
    """The first byte of a link frame; stable codes that are neither text nor an idle line."""

    OPEN = 0x81
    OPENED = 0x82
    CONFIRM = 0x83
    REFUSED = 0x84
    ACK = 0x85
    DATA = 0x86


class LinkFault(IntEnum):
    """Why a whole frame was set aside; stable codes. Such a frame changes nothing but a counter."""

    UNKNOWN_KIND = 1
    LENGTH = 2
    #: The sender is this very link: a loop on the cable.
    ECHO = 3
    #: It names a pair that is not, or not any more, the present one.
    ASTRAY = 4
    #: DATA whose predecessor has not arrived; impossible for a sender that keeps to the window.
    AHEAD = 5
    #: ACK of a message that was not sent in this pair.
    UNSENT = 6
    #: It would change the pair while messages of that pair are on their way to the caller.
    DEFERRED = 7


@dataclass(frozen=True, slots=True)
class Session:
    """One end of at most one pair: `nonce` is new for each opening, `turn` for each pairing."""

    nonce: bytes
    turn: int

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE_SIZE:
            raise ValueError(f"session: must be {NONCE_SIZE} bytes, not {len(self.nonce)}")
        if not 0 <= self.turn < 1 << 8 * TURN_SIZE:
            raise ValueError(f"turn: must be a whole number of {TURN_SIZE} bytes, not {self.turn}")

    def to_bytes(self) -> bytes:
        """Return the 12 bytes of this session."""
        return self.nonce + self.turn.to_bytes(TURN_SIZE, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the session in exactly 12 bytes."""
        return cls(data[:NONCE_SIZE], int.from_bytes(data[NONCE_SIZE:], "big"))

    def successor(self) -> Self:
        """Return the session that this opening offers once this one is paired."""
        return type(self)(self.nonce, self.turn + 1)


@dataclass(frozen=True, slots=True)
class Open:
    """`sender` is paired with nobody and asks whoever is there for a session."""

    KIND: ClassVar[FrameKind] = FrameKind.OPEN
    sender: Session

    def to_bytes(self) -> bytes:
        """Return the payload of this frame."""
        return bytes([self.KIND]) + self.sender.to_bytes()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self | LinkFault:
        """Return the frame in a payload of this kind, or what is wrong with it."""
        if len(payload) != KIND_SIZE + SESSION_SIZE:
            return LinkFault.LENGTH
        return cls(Session.from_bytes(payload[KIND_SIZE:]))


@dataclass(frozen=True, slots=True)
class _Handshake:
    """A frame that says only between whom it passes."""

    KIND: ClassVar[FrameKind]
    sender: Session
    receiver: Session

    def to_bytes(self) -> bytes:
        """Return the payload of this frame."""
        return _head(self.KIND, self.sender, self.receiver)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self | LinkFault:
        """Return the frame in a payload of this kind, or what is wrong with it."""
        if len(payload) != HANDSHAKE_SIZE:
            return LinkFault.LENGTH
        return cls(*_sessions(payload))


@dataclass(frozen=True, slots=True)
class Opened(_Handshake):
    """The answer to OPEN: `sender` is here and offers itself to `receiver`."""

    KIND: ClassVar[FrameKind] = FrameKind.OPENED


@dataclass(frozen=True, slots=True)
class Confirm(_Handshake):
    """The answer to OPENED: `sender` has paired itself with `receiver`."""

    KIND: ClassVar[FrameKind] = FrameKind.CONFIRM


@dataclass(frozen=True, slots=True)
class Refused(_Handshake):
    """The answer to DATA astray: `sender` is not, and never again will be, paired so."""

    KIND: ClassVar[FrameKind] = FrameKind.REFUSED


@dataclass(frozen=True, slots=True)
class Ack:
    """Every message below `expected` has crossed the line; nothing is said of what became of it."""

    KIND: ClassVar[FrameKind] = FrameKind.ACK
    sender: Session
    receiver: Session
    expected: int

    def to_bytes(self) -> bytes:
        """Return the payload of this frame."""
        return _head(self.KIND, self.sender, self.receiver) + _sequence_bytes(self.expected)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self | LinkFault:
        """Return the frame in a payload of this kind, or what is wrong with it."""
        if len(payload) != DATA_HEADER_SIZE:
            return LinkFault.LENGTH
        return cls(*_sessions(payload), _sequence(payload))


@dataclass(frozen=True, slots=True)
class Data:
    """One message of the pair; the first has the sequence 0."""

    KIND: ClassVar[FrameKind] = FrameKind.DATA
    sender: Session
    receiver: Session
    sequence: int
    message: bytes

    def to_bytes(self) -> bytes:
        """Return the payload of this frame."""
        head = _head(self.KIND, self.sender, self.receiver)
        return head + _sequence_bytes(self.sequence) + self.message

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self | LinkFault:
        """Return the frame in a payload of this kind, or what is wrong with it."""
        if len(payload) < DATA_HEADER_SIZE:
            return LinkFault.LENGTH
        return cls(*_sessions(payload), _sequence(payload), payload[DATA_HEADER_SIZE:])


LinkFrame: TypeAlias = Open | Opened | Confirm | Refused | Ack | Data

_BY_KIND: Final[dict[int, type[LinkFrame]]] = {
    frame.KIND: frame for frame in (Open, Opened, Confirm, Refused, Ack, Data)
}


def parse_link_frame(payload: bytes) -> LinkFrame | LinkFault:
    """Return the link frame in the payload of a good frame, or what is wrong with it."""
    frame = _BY_KIND.get(payload[0]) if payload else None
    return LinkFault.UNKNOWN_KIND if frame is None else frame.from_bytes(payload)


def _head(kind: FrameKind, sender: Session, receiver: Session) -> bytes:
    return bytes([kind]) + sender.to_bytes() + receiver.to_bytes()


def _sessions(payload: bytes) -> tuple[Session, Session]:
    middle = KIND_SIZE + SESSION_SIZE
    return (
        Session.from_bytes(payload[KIND_SIZE:middle]),
        Session.from_bytes(payload[middle:HANDSHAKE_SIZE]),
    )


def _sequence_bytes(sequence: int) -> bytes:
    return sequence.to_bytes(SEQUENCE_SIZE, "big")


def _sequence(payload: bytes) -> int:
    return int.from_bytes(payload[HANDSHAKE_SIZE:DATA_HEADER_SIZE], "big")
