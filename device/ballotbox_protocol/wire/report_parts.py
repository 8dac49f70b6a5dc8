"""The parts of a report's body that are more than a number; `wire.report` puts them together."""

from dataclasses import dataclass
from enum import IntEnum

from ballotbox_protocol.election.identifiers import KeyId, OriginId, PublicKey


class ClockQuality(IntEnum):
    """How far the box itself trusts its clock; the clock is evidence, never an order."""

    UNSET = 0
    FREE_RUNNING = 1
    SYNCHRONISED = 2


class IncidentCode(IntEnum):
    """What an incident report tells; `detail` is a number whose meaning the code gives."""

    DROP_UNCERTAIN = 1
    DROP_SETTLED = 2
    SHEET_JAMMED = 3
    OPENING_REFUSED = 4
    MEMORY_REPAIRED = 5
    SHEETS_RETURNED = 6
    COVER_OPENED = 7
    SEAL_BROKEN = 8
    MAINS_LOST = 9
    BATTERY_LOW = 10
    PRINTER_FAILED = 11
    SCANNER_DIRTY = 12
    CONTAINER_NEARLY_FULL = 13
    CONTAINER_FULL = 14
    CONTAINER_CHANGED = 15
    CLOCK_STEPPED = 16
    SHEETS_JOINED = 17
    COUNTERS_FULL = 18


@dataclass(frozen=True, slots=True)
class Clock:
    """The box's clock: Unix seconds, how good it is, and milliseconds since the box booted."""

    time: int
    quality: ClockQuality
    uptime_ms: int


@dataclass(frozen=True, slots=True)
class JournalHead:
    """Size in records and RFC 6962 root of the box's journal just before this report."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class HeldCheckpoint:
    """The last gateway checkpoint that the box verified: which log, how long, which root."""

    origin: OriginId
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class OfficerSignature:
    """One officer's detached signature, with a hint at the key."""

    key_id: KeyId
    signature: bytes


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident's code and its number."""

    code: IncidentCode
    detail: int


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key of the next epoch and its own signature over `key_proof_statement`."""

    key: PublicKey
    proof: bytes
