"""The slots on two media: written to both, read from whichever is sound, mended where they differ.

Of one slot the copies differ when power failed between two writes, or when one of them rotted. A
whole copy wins over one that is not; of two whole ones, the one that is further on its way. From
the slot on in which a copy is cut short the other alone is believed: a part of one tells nothing.
Such a copy stays shorter than the other until all is in it again: till then its empty slots are
some that power has not let be written yet.
"""

from collections.abc import Iterator
from typing import Final

from ballotbox_device.core.ports import Memory, MemoryFault, Slots
from ballotbox_device.core.slot_format import SlotCondition, SlotFormat

_WHOLE: Final = frozenset({SlotCondition.EMPTY, SlotCondition.RESERVED, SlotCondition.COUNTED})
_WRITTEN: Final = frozenset(
    {SlotCondition.RESERVED, SlotCondition.HALF_MARKED, SlotCondition.COUNTED}
)
#: A mark is written after a reservation was synced on both media: no cut leads past that.
_CONTRADICTIONS: Final = (
    {SlotCondition.EMPTY, SlotCondition.COUNTED},
    {SlotCondition.EMPTY, SlotCondition.HALF_MARKED},
)


class SlotCopies:
    """The slots port over the copies of a memory; `mended` counts the slots that were mended."""

    __slots__ = ("_format", "_ports", "_read_only", "mended")

    def __init__(self, memory: Memory, slot_format: SlotFormat) -> None:
        self._ports: tuple[Slots, ...] = tuple(medium.slots for medium in memory.media)
        self._format = slot_format
        self._read_only = memory.read_only
        self.mended = 0

    def is_blank(self) -> bool:
        """Tell whether no copy holds anything."""
        return all(content.count(0) == len(content) for content in self._contents())

    def wipe(self, size: int) -> None:
        """Make every copy zeros, at least `size` bytes of them; durable on return."""
        for port, content in zip(self._ports, self._contents(), strict=True):
            if content.count(0) != len(content):
                port.write(0, bytes(len(content)))
            if len(content) < size:
                port.extend(size)
            port.sync()

    def read(self) -> bytes:
        """Return the content; where the copies differ they are mended. Raises MemoryFault."""
        first, *others = self._contents()
        for other in others:
            if other != first:
                return self._mend(first, other)
        return first

    def _contents(self) -> list[bytes]:
        return [port.read() for port in self._ports]

    def _mend(self, first: bytes, second: bytes) -> bytes:
        size = max(len(first), len(second))
        differing = list(_differing(first, second, self._format))
        sound = bytearray(first.ljust(size, b"\0"))
        for position, slot in differing:
            sound[position : position + len(slot)] = slot
        self.mended += len(differing)
        agreed = bytes(sound)
        if not self._read_only:
            for port, content in zip(self._ports, (first, second), strict=True):
                _make_alike(port, content, agreed, differing)
            self.sync()
        return agreed

    def write(self, offset: int, data: bytes) -> None:
        """Write inside every copy; durable only after `sync`."""
        for port in self._ports:
            port.write(offset, data)

    def extend(self, size: int) -> None:
        """Grow every copy to `size` bytes, the new ones zero; durable only after `sync`."""
        for port in self._ports:
            port.extend(size)

    def sync(self) -> None:
        """Return when everything before is on every medium."""
        for port in self._ports:
            port.sync()


def _differing(first: bytes, second: bytes, slot_format: SlotFormat) -> Iterator[tuple[int, bytes]]:
    """Yield where two copies differ and what both are to hold there."""
    step = slot_format.size
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    agreed = _agreed if len(longer) == len(shorter) else _filled_again
    shared = len(shorter) // step * step
    for position in range(0, shared, step):
        left, right = longer[position : position + step], shorter[position : position + step]
        if left != right:
            yield position, agreed(left, right, slot_format, position // step)
    for position in range(shared, len(longer), step):
        slot = longer[position : position + step]
        if slot != shorter[position : position + step].ljust(len(slot), b"\0"):
            yield position, slot


def _make_alike(
    port: Slots, content: bytes, sound: bytes, differing: list[tuple[int, bytes]]
) -> None:
    """Write what one copy has otherwise; the last byte of one that was cut short goes last."""
    size = len(sound)
    held = content.ljust(size, b"\0")
    wrong = [(at, slot) for at, slot in differing if held[at : at + len(slot)] != slot]
    room = size if len(content) == size else size - 1
    if wrong and len(content) < room:
        port.extend(room)
    for at, slot in wrong:
        port.write(at, slot[: room - at])
    if len(content) < size:
        if wrong:
            port.sync()
        port.extend(size)
        port.write(room, sound[room:])


def _filled_again(longer: bytes, shorter: bytes, slot_format: SlotFormat, number: int) -> bytes:
    """Return what a slot is to be while one copy is shorter: what is not written there counts not.

    It may be empty there because it is not filled again yet, so it does not mend the longer one.
    """
    rotten = slot_format.condition(longer) is SlotCondition.ROTTEN
    left = slot_format.condition(shorter)
    if rotten and left is SlotCondition.EMPTY:
        raise MemoryFault(f"slot {number} is damaged in the one copy that has it")
    if rotten or left in _WRITTEN:
        return _agreed(longer, shorter, slot_format, number)
    return longer


def _agreed(left: bytes, right: bytes, slot_format: SlotFormat, number: int) -> bytes:
    one, other = slot_format.condition(left), slot_format.condition(right)
    if {one, other} in _CONTRADICTIONS or (one is other and one in _WHOLE):
        raise MemoryFault(f"the two copies of slot {number} tell different things")
    if one in _WHOLE and other in _WHOLE:
        return left if one > other else right
    if one in _WHOLE:
        return left
    if other in _WHOLE:
        return right
    if one is not other or one is SlotCondition.ROTTEN:
        raise MemoryFault(f"slot {number} is damaged in both copies")
    return left
