"""The records of the journal: type u8 | length u16 | body. Format: device/JOURNAL.md."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Final

from ballotbox_device.core.ports import MemoryFault
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest, OriginId, PollState
from ballotbox_protocol.wire.cose import SIGNATURE_SIZE
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind

VERSION: Final = 2
_HEAD: Final = struct.Struct(">BH")
RECORD_HEAD_SIZE: Final = _HEAD.size


class RecordType(IntEnum):
    """What a record tells; never renumbered. None tells a choice, a slot, a reason or a time."""

    GENESIS = 1
    PREPARED = 2
    STATE = 3
    RETURNED = 4
    RELEASE = 5
    DROPPED = 6
    VOID = 7
    ANSWER = 8
    REPORT = 9
    RECEIPTED = 10
    HELD = 11
    RESEND = 12
    REPRINT = 13
    CLEARED = 14
    FED = 15
    DOUBT = 16
    CONTAINER = 17


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened."""

    type: RecordType
    body: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the record as it stands in the journal, which is also its Merkle leaf."""
        return _HEAD.pack(self.type, len(self.body)) + self.body


PREPARED: Final = Record(RecordType.PREPARED)
FED: Final = Record(RecordType.FED)
RETURNED: Final = Record(RecordType.RETURNED)
RELEASE: Final = Record(RecordType.RELEASE)
DROPPED: Final = Record(RecordType.DROPPED)
VOID: Final = Record(RecordType.VOID)
DOUBT: Final = Record(RecordType.DOUBT)
CONTAINER: Final = Record(RecordType.CONTAINER)
CLEARED: Final = Record(RecordType.CLEARED)


@dataclass(frozen=True, slots=True)
class Genesis:
    """The start of an election in this memory: what the box brings along, and its slots."""

    LAYOUT: ClassVar = struct.Struct(">B32s16sQQHI")

    election: ElectionDigest
    box: BoxId
    lifetime: int
    boots: int
    slot_size: int
    slots: int

    def record(self) -> Record:
        """Return the record of it."""
        body = self.LAYOUT.pack(
            VERSION, self.election, self.box, self.lifetime, self.boots, self.slot_size, self.slots
        )
        return Record(RecordType.GENESIS, body)

    @classmethod
    def read(cls, body: bytes) -> "Genesis":
        """Return what a record's body tells; raises MemoryFault for another format version."""
        version, election, box, lifetime, boots, size, slots = _unpack(cls.LAYOUT, body)
        if version != VERSION:
            raise MemoryFault(f"the journal has format {version}, this firmware writes {VERSION}")
        return cls(election, box, lifetime, boots, size, slots)


@dataclass(frozen=True, slots=True)
class Receipted:
    """A log answered for a report: with this verdict, or 255 for a refusal."""

    LAYOUT: ClassVar = struct.Struct(">16sIB")

    origin: OriginId
    sequence: int
    answer: int

    def record(self) -> Record:
        """Return the record of it."""
        return Record(
            RecordType.RECEIPTED, self.LAYOUT.pack(self.origin, self.sequence, self.answer)
        )

    @classmethod
    def read(cls, body: bytes) -> "Receipted":
        """Return what a record's body tells."""
        return cls(*_unpack(cls.LAYOUT, body))


@dataclass(frozen=True, slots=True)
class SendAgain:
    """A log asked for report `sequence` and all later ones again."""

    LAYOUT: ClassVar = struct.Struct(">16sI")

    origin: OriginId
    sequence: int

    def record(self) -> Record:
        """Return the record of it."""
        return Record(RecordType.RESEND, self.LAYOUT.pack(self.origin, self.sequence))

    @classmethod
    def read(cls, body: bytes) -> "SendAgain":
        """Return what a record's body tells."""
        return cls(*_unpack(cls.LAYOUT, body))


_HELD: Final = struct.Struct(">16sQ32s")
SIGNED_HELD_SIZE: Final = _HELD.size + SIGNATURE_SIZE


def held_record(held: HeldCheckpoint, signature: bytes = b"") -> Record:
    """Return the record of a verified checkpoint and the signature of its log's own key."""
    return Record(RecordType.HELD, _HELD.pack(held.origin, held.size, held.root) + signature)


def read_held(body: bytes) -> tuple[HeldCheckpoint, bytes]:
    """Return the checkpoint that a record's body tells, and its signature.

    The signature is empty in what older firmware has written.
    """
    signature = body[_HELD.size :]
    if len(signature) not in (0, SIGNATURE_SIZE):
        raise MemoryFault(f"a signature in a record has {len(signature)} bytes, not 0 or 64")
    return HeldCheckpoint(*_unpack(_HELD, body[: _HELD.size])), signature


def state_record(state: PollState) -> Record:
    """Return the record of a transition to `state`."""
    return Record(RecordType.STATE, bytes((state,)))


def answer_record(*, dropped: bool) -> Record:
    """Return the record of a person's answer whether the sheet fell into the box."""
    return Record(RecordType.ANSWER, bytes((dropped,)))


def report_record(kind: ReportKind, data: bytes) -> Record:
    """Return the record of a signed report, its kind in front for a quick replay."""
    return Record(RecordType.REPORT, bytes((kind,)) + data)


def read_report(body: bytes) -> tuple[ReportKind, bytes]:
    """Return the kind and the signed bytes of a report's record."""
    return ReportKind(body[0]), body[1:]


def reprint_record(sequence: int) -> Record:
    """Return the record of a copy of report `sequence` on paper."""
    return Record(RecordType.REPRINT, sequence.to_bytes(4))


def split(records: bytes) -> list[Record]:
    """Return the records of one unit; raises MemoryFault when they do not fill it exactly."""
    found = []
    position = 0
    while position < len(records):
        start = position + _HEAD.size
        code, length = _HEAD.unpack_from(records.ljust(start, b"\0"), position)
        position = start + length
        if code not in _TYPES or position > len(records):
            raise MemoryFault(f"a unit of the journal holds an unknown record, of type {code}")
        found.append(Record(_TYPES[code], records[start:position]))
    return found


_TYPES: Final = {int(kind): kind for kind in RecordType}


def _unpack(layout: struct.Struct, body: bytes) -> tuple[Any, ...]:
    if len(body) != layout.size:
        raise MemoryFault(f"a record has {len(body)} bytes, it must have {layout.size}")
    return layout.unpack(body)
