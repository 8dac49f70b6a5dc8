"""The slots of a box: drawn at random, reserved, counted, erased, and at the end read.

Invariant: which slot a sheet gets depends on the entropy port and on which slots are empty, never
on what the sheet says.
"""

from collections import Counter
from typing import Final, NamedTuple

from ballotbox_device.core.ports import Entropy, EntropyFault, MemoryFault
from ballotbox_device.core.slot_copies import SlotCopies
from ballotbox_device.core.slot_format import COUNTED_STATE, SlotCondition, SlotFormat
from ballotbox_protocol.election.definition import Election, Precinct
from ballotbox_protocol.election.tally import Layout, Row

#: A box never has fewer slots, so that early sheets have others to hide among.
CAPACITY_MIN: Final = 64
#: Slots in sixteenths that may be in use before the bank doubles; bounds the length of a draw.
_FULL_SIXTEENTHS: Final = 15
#: At 15/16 full, so many draws in a row hit used slots once in 10^28 ballots.
_DRAWS_MAX: Final = 1_000


class OddSlot(NamedTuple):
    """The slot that was being written when power failed, or that waits for its drop."""

    position: int
    condition: SlotCondition
    first_sheet: bool


def capacity_for(election: Election, precinct: Precinct) -> int:
    """Return the slots to allocate beforehand: 1.1 times the sheets that can be expected."""
    sheets = max(len(election.styles[style].sheets) for style in precinct.styles)
    return max(CAPACITY_MIN, (precinct.registered * sheets * 11 + 9) // 10)


def least_capacity(allocated: int, given: int) -> int:
    """Return how many slots there are at the least when `given` of those `allocated` were given."""
    least = allocated
    while (given - 1) * 16 >= least * _FULL_SIXTEENTHS:
        least = _doubled(least)
    return least


def _doubled(capacity: int) -> int:
    return max(CAPACITY_MIN, 2 * capacity)


class SlotBank:
    """The slots of one box; `counted` and `first_sheets` count what is in them."""

    __slots__ = ("_capacity", "_entropy", "_format", "_port", "_used", "_used_count",
                 "counted", "first_sheets", "odd")  # fmt: skip

    def __init__(self, port: SlotCopies, slot_format: SlotFormat, entropy: Entropy) -> None:
        self._port = port
        self._format = slot_format
        self._entropy = entropy
        self._clear()

    def _clear(self) -> None:
        self._capacity = 0
        self._used = bytearray()
        self._used_count = 0
        self.counted = 0
        self.first_sheets = 0
        self.odd: OddSlot | None = None

    @property
    def mended(self) -> int:
        """How many slots differed between the copies and were mended."""
        return self._port.mended

    def is_blank(self) -> bool:
        """Tell whether the slots hold nothing at all."""
        return self._port.is_blank()

    def prepare(self, capacity: int) -> None:
        """Make the bank empty with at least `capacity` slots; durable on return."""
        self._port.wipe(capacity * self._format.size)
        self._clear()

    def survey(self, least: int) -> None:
        """Read all slots into the counts.

        Raises MemoryFault for rot, for two unfinished slots, and for fewer than `least` slots.
        """
        self._clear()
        # Sheets that say the same have the same slot: each is judged once.
        known: dict[bytes, SlotCondition] = {}
        content = self._port.read()
        self._capacity = len(content) // self._format.size
        if self._capacity < least:
            raise _cut_short(self._capacity, least)
        for position, slot in self._written(content):
            condition = known.get(slot) or known.setdefault(slot, self._format.condition(slot))
            if condition is SlotCondition.ROTTEN:
                raise _damaged(position)
            first = self._format.is_first_sheet(slot)
            if condition is SlotCondition.COUNTED:
                self._count(first_sheet=first)
            elif self.odd is not None:
                raise MemoryFault(f"slots {self.odd.position} and {position} are both unfinished")
            else:
                self.odd = OddSlot(position, condition, first)
            self._mark_used(position)

    def _written(self, content: bytes) -> list[tuple[int, bytes]]:
        """Return the slots that are not empty, with their positions."""
        size, empty = self._format.size, self._format.empty
        starts = range(0, len(content) - size + 1, size)
        return [
            (start // size, slot)
            for start in starts
            if (slot := content[start : start + size]) != empty
        ]

    def _count(self, *, first_sheet: bool) -> None:
        self.counted += 1
        self.first_sheets += first_sheet

    def _mark_used(self, position: int) -> None:
        place = position >> 3
        if place >= len(self._used):
            self._used += bytes(place + 1 - len(self._used))
        self._used[place] |= 1 << (position & 7)
        self._used_count += 1

    def reserve(self, slot: bytes) -> None:
        """Write a reserved slot at a position drawn among the empty ones; durable after `sync`."""
        if self.odd is not None:
            raise MemoryFault("a slot is still reserved: this is a fault of the program")
        if self._used_count * 16 >= self._capacity * _FULL_SIXTEENTHS:
            self._double()
        position = self._draw()
        self._port.write(position * self._format.size, slot)
        self._mark_used(position)
        first = self._format.is_first_sheet(slot)
        self.odd = OddSlot(position, SlotCondition.RESERVED, first)

    def _double(self) -> None:
        self._capacity = _doubled(self._capacity)
        self._port.extend(self._capacity * self._format.size)
        self._port.sync()

    def _draw(self) -> int:
        used, capacity = self._used, self._capacity
        for _ in range(_DRAWS_MAX):
            position = self._entropy.below(capacity)
            place = position >> 3
            if place >= len(used) or not used[place] >> (position & 7) & 1:
                return position
        raise EntropyFault(f"{_DRAWS_MAX} draws below {capacity} found no empty slot")

    def mark(self) -> None:
        """Set the odd slot to counted; durable after `sync`."""
        odd = self._take_odd()
        self._port.write(odd.position * self._format.size, COUNTED_STATE)
        self._count(first_sheet=odd.first_sheet)

    def erase(self) -> None:
        """Empty the odd slot; durable after `sync`."""
        position = self._take_odd().position
        self._port.write(position * self._format.size, self._format.empty)
        self._used[position >> 3] &= ~(1 << (position & 7))
        self._used_count -= 1

    def _take_odd(self) -> OddSlot:
        odd, self.odd = self.odd, None
        if odd is None:
            raise MemoryFault("no slot is reserved: this is a fault of the program")
        return odd

    def sync(self) -> None:
        """Return when all writes are on the medium."""
        self._port.sync()

    def contents(self) -> Counter[bytes]:
        """Return how often each counted slot's bytes occur, without places; asked from final on.

        Raises MemoryFault when a slot has rotted since the boot: a sheet less is no total.
        """
        written = self._written(self._port.read())
        alike = Counter(slot for position, slot in written if self._is_counted(position, slot))
        whole = alike.total()
        if whole != self.counted:
            raise MemoryFault(
                f"the slots hold {whole} whole sheets, but {self.counted} were counted"
            )
        return alike

    def totals(self, layout: Layout) -> Row:
        """Return the votes in all counted slots; asked and refused as `contents`."""
        row = list(layout.zero())
        # Sheets that say the same have the same slot: each is read once.
        for slot, times in self.contents().items():
            for contest, marks in self._format.marks(slot):
                layout.add(row, contest, marks, times)
        return tuple(row)

    def _is_counted(self, position: int, slot: bytes) -> bool:
        condition = self._format.condition(slot)
        if condition is SlotCondition.ROTTEN:
            raise _damaged(position)
        return condition is SlotCondition.COUNTED


def _cut_short(found: int, least: int) -> MemoryFault:
    return MemoryFault(
        f"the slots are cut short in every copy: {found} of {least} are there, and what the others "
        "held is lost. Use this box no more and count its paper by hand"
    )


def _damaged(position: int) -> MemoryFault:
    return MemoryFault(f"slot {position} is damaged: its state or check sum is wrong")
