"""The units of the journal: one append each, so that its records happened together or not at all.

    unit = B5 | length u16 | records | CRC-32 over length and records

A unit is synced before the next is appended. Therefore only the last one can be torn, and a bad
unit with a good one behind it is rot or tampering, never a power cut.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from ballotbox_device.core.ports import MemoryFault

MARK: Final = 0xB5
_HEAD: Final = struct.Struct(">BH")
UNIT_HEAD_SIZE: Final = _HEAD.size
_CRC_SIZE: Final = 4
RECORDS_MAX: Final = 0xFFFF
#: What a unit has beside its records.
UNIT_OVERHEAD: Final = _HEAD.size + _CRC_SIZE
UNIT_MAX: Final = UNIT_OVERHEAD + RECORDS_MAX


class Unit(NamedTuple):
    """The records of one unit and the offset at which they stand in the journal."""

    offset: int
    records: bytes


def frame(records: bytes) -> bytes:
    """Return the unit that holds `records`, at most RECORDS_MAX bytes (else ValueError)."""
    if len(records) > RECORDS_MAX:
        raise ValueError(f"a unit holds at most {RECORDS_MAX} bytes of records")
    head = _HEAD.pack(MARK, len(records))
    return head + records + zlib.crc32(records, zlib.crc32(head)).to_bytes(_CRC_SIZE)


def unit_at(journal: bytes, offset: int) -> Unit | None:
    """Return the good unit that starts at `offset`, or None."""
    start = offset + _HEAD.size
    if start > len(journal):
        return None
    mark, length = _HEAD.unpack_from(journal, offset)
    stop = start + length
    if mark != MARK or not length or stop + _CRC_SIZE > len(journal):
        return None
    if zlib.crc32(journal[offset:stop]).to_bytes(_CRC_SIZE) != journal[stop : stop + _CRC_SIZE]:
        return None
    return Unit(start, journal[start:stop])


def end_of(unit: Unit) -> int:
    """Return the offset just behind a unit."""
    return unit.offset + len(unit.records) + _CRC_SIZE


def claimed_end(journal: bytes, offset: int) -> int:
    """Return where a unit from `offset` on would end by its head alone; may be past the end."""
    length = int.from_bytes(journal[offset + 1 : offset + _HEAD.size])
    return offset + _HEAD.size + length + _CRC_SIZE


def units(journal: bytes) -> Iterator[Unit]:
    """Yield the good units from the start, up to a torn tail.

    Raises MemoryFault when something good stands behind what is bad.
    """
    offset = 0
    while unit := unit_at(journal, offset):
        yield unit
        offset = end_of(unit)
    require_torn(journal, offset)


def require_torn(journal: bytes, offset: int) -> None:
    """Raise MemoryFault unless what stands from `offset` on can be one interrupted append."""
    tail = len(journal) - offset
    if tail > UNIT_MAX:
        raise MemoryFault(f"the journal is damaged at byte {offset}: {tail} bytes cannot be read")
    position = journal.find(MARK, offset + 1)
    while position >= 0:
        if unit_at(journal, position):
            raise MemoryFault(
                f"the journal is damaged at byte {offset}: a good unit follows at byte {position}"
            )
        position = journal.find(MARK, position + 1)
