"""The bytes of a slot: what one accepted sheet says, and nothing about when it said it.

    state u8 | style u16 | sheet u8 | choices | CRC-32 over style, sheet and choices

All slots of an election have one size. Format and reasons: device/JOURNAL.md.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.tally import Marks

_HEAD: Final = struct.Struct(">HB")
_CRC_SIZE: Final = 4
_STATE_SIZE: Final = 1
#: The state byte only ever gains bits: 00 -> 0F -> FF.
_RESERVED: Final = 0x0F
_COUNTED: Final = 0xFF

RESERVED_STATE: Final = b"\x0f"
COUNTED_STATE: Final = b"\xff"


class SlotCondition(IntEnum):
    """What a slot's bytes show. TORN and HALF_MARKED are writes that a power cut interrupted."""

    EMPTY = 0
    TORN = 1
    RESERVED = 2
    HALF_MARKED = 3
    COUNTED = 4
    ROTTEN = 5


@dataclass(frozen=True, slots=True)
class _ContestBits:
    """Where the marks of one contest stand in the choices: its options, then list by list."""

    contest: int
    options: int
    option_base: int
    preference_bases: tuple[tuple[int, int], ...]

    def pack(self, marks: Marks) -> int:
        bits = 0
        for option in marks.options:
            bits |= 1 << (self.option_base + option)
        for option, candidate in marks.preferences:
            bits |= 1 << (self.preference_bases[option][0] + candidate)
        return bits

    def unpack(self, bits: int) -> Marks:
        options = frozenset(_set_bits(bits >> self.option_base, self.options))
        preferences = frozenset(
            (option, candidate)
            for option, (base, count) in enumerate(self.preference_bases)
            if count
            for candidate in _set_bits(bits >> base, count)
        )
        return Marks(options, preferences)


def _set_bits(bits: int, width: int) -> Iterator[int]:
    """Yield the positions of the bits that are set among the lowest `width`."""
    left = bits & ((1 << width) - 1)
    while left:
        lowest = left & -left
        yield lowest.bit_length() - 1
        left ^= lowest


class SlotFormat:
    """How sheets of one election become slots of `size` bytes, and back."""

    def __init__(self, election: Election) -> None:
        self._sheets: dict[tuple[int, int], tuple[_ContestBits, ...]] = {}
        width = 0
        for style_index, style in enumerate(election.styles):
            for number, contests in enumerate(style.sheets):
                parts, bits = _places(election, contests)
                self._sheets[style_index, number] = parts
                width = max(width, bits)
        self._choices = (width + 7) // 8
        self._content = _HEAD.size + self._choices
        self.size = _STATE_SIZE + self._content + _CRC_SIZE
        self.empty = bytes(self.size)

    def encode(self, sheet: Sheet) -> bytes:
        """Return the reserved slot of a sheet that was judged acceptable."""
        bits = 0
        for place, marks in zip(self._sheets[sheet.style, sheet.number], sheet.marks, strict=True):
            bits |= place.pack(marks)
        content = _HEAD.pack(sheet.style, sheet.number) + bits.to_bytes(self._choices)
        return RESERVED_STATE + content + zlib.crc32(content).to_bytes(_CRC_SIZE)

    def condition(self, slot: bytes) -> SlotCondition:
        """Return what the bytes of one slot show."""
        if slot == self.empty:
            return SlotCondition.EMPTY
        state = slot[0]
        if state & _RESERVED != _RESERVED:
            # Bits above an unfinished low half cannot come from an interrupted write.
            return SlotCondition.TORN if state < _RESERVED else SlotCondition.ROTTEN
        whole = self._is_whole(slot)
        if state == _RESERVED:
            return SlotCondition.RESERVED if whole else SlotCondition.TORN
        if not whole:
            return SlotCondition.ROTTEN
        return SlotCondition.COUNTED if state == _COUNTED else SlotCondition.HALF_MARKED

    def _is_whole(self, slot: bytes) -> bool:
        content = slot[_STATE_SIZE:-_CRC_SIZE]
        if zlib.crc32(content).to_bytes(_CRC_SIZE) != slot[-_CRC_SIZE:]:
            return False
        return _HEAD.unpack_from(content) in self._sheets

    def is_first_sheet(self, slot: bytes) -> bool:
        """Tell whether a whole slot holds the first sheet of a ballot."""
        return slot[_STATE_SIZE + 2] == 0

    def decode(self, slot: bytes) -> Sheet:
        """Return the sheet in a whole slot."""
        style, number = _HEAD.unpack_from(slot, _STATE_SIZE)
        return Sheet(style, number, tuple(marks for _, marks in self.marks(slot)))

    def marks(self, slot: bytes) -> Iterator[tuple[int, Marks]]:
        """Yield the contests of a whole slot's sheet with their marks."""
        key = _HEAD.unpack_from(slot, _STATE_SIZE)
        bits = int.from_bytes(slot[_STATE_SIZE + _HEAD.size : -_CRC_SIZE])
        for place in self._sheets[key]:
            yield place.contest, place.unpack(bits)


def _places(election: Election, contests: tuple[int, ...]) -> tuple[tuple[_ContestBits, ...], int]:
    parts = []
    base = 0
    for index in contests:
        options = election.contests[index].options
        first = base
        base += len(options)
        preferences = []
        for option in options:
            preferences.append((base, option.preferences))
            base += option.preferences
        parts.append(_ContestBits(index, len(options), first, tuple(preferences)))
    return tuple(parts), base
