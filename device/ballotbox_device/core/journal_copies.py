"""The journal on two media: written to both, synced on both, read from whichever is sound.

A unit is in the journal when one copy holds it whole. Between two syncs only the last unit can
differ by a power cut; whatever else differs has rotted, and the other copy mends it.
"""

from ballotbox_device.core.ports import Journal, Memory, MemoryFault
from ballotbox_device.core.units import claimed_end, end_of, require_torn, unit_at


class JournalCopies:
    """The journal over the copies of a memory; `mended` counts what was mended of them."""

    __slots__ = ("_ports", "_read_only", "mended")

    def __init__(self, memory: Memory) -> None:
        self._ports: tuple[Journal, ...] = tuple(medium.journal for medium in memory.media)
        self._read_only = memory.read_only
        self.mended = 0

    def read(self) -> bytes:
        """Return what the copies agree on, and a torn tail; raises MemoryFault. Mends nothing."""
        first, *others = [port.read() for port in self._ports]
        for other in others:
            if other != first:
                return _agreed(first, other)
        return first

    def mend(self, end: int) -> None:
        """Make every copy hold the first `end` bytes of `read` and nothing else; durable on return.

        A copy that only lacks the end is what a power cut leaves; any other counts as mended.
        """
        sound = self.read()[:end]
        found = [(_common(held := port.read(), sound), held, port) for port in self._ports]
        # First the copy that is sound for longest: while it is written, the other has what it
        # lacks, though that one is damaged too.
        for common, held, port in sorted(found, key=lambda each: each[0], reverse=True):
            if held != sound:
                self.mended += common < min(len(held), end)
                port.truncate(common)
                port.append(sound[common:])
                port.sync()

    def read_at(self, offset: int, size: int) -> bytes:
        """Return a part; when the copies differ in it, all of them is mended first."""
        parts = {port.read_at(offset, size) for port in self._ports}
        if len(parts) == 1:
            return parts.pop()
        if self._read_only:
            return self.read()[offset : offset + size]
        self.mend(max(len(port.read()) for port in self._ports))
        return self._ports[0].read_at(offset, size)

    def append(self, data: bytes) -> None:
        """Add `data` at the end of every copy; durable only after `sync`."""
        for port in self._ports:
            port.append(data)

    def sync(self) -> None:
        """Return when everything before is on every medium."""
        for port in self._ports:
            port.sync()


def _agreed(first: bytes, second: bytes) -> bytes:
    """Return the sound units of two copies, and behind them the longer torn tail.

    Raises MemoryFault when both are damaged at one place, or tell different things at one.
    """
    alike = _common(first, second)
    # Whoever replays looks at these units again: only where each ends is asked here.
    offset = _units_within(first, alike)
    sound = bytearray(first[:offset])
    while True:
        left = unit_at(first, offset)
        right = left if left and end_of(left) <= alike else unit_at(second, offset)
        if left and right and left != right:
            raise MemoryFault(f"the two copies of the journal tell different things at {offset}")
        unit = left or right
        if unit is None:
            break
        held = first if left else second
        sound += held[offset : end_of(unit)]
        offset = end_of(unit)
    require_torn(first, offset)
    require_torn(second, offset)
    return bytes(sound) + max(first[offset:], second[offset:], key=len)


def _units_within(journal: bytes, end: int) -> int:
    """Return where the last unit ends that lies before `end`, as far as their heads tell."""
    offset = 0
    while (after := claimed_end(journal, offset)) <= end:
        offset = after
    return offset


def _common(held: bytes, sound: bytes) -> int:
    """Return how many bytes two contents share at their start."""
    alike, end = 0, min(len(held), len(sound))
    while alike < end:
        middle = (alike + end + 1) // 2
        if held[alike:middle] == sound[alike:middle]:
            alike = middle
        else:
            end = middle - 1
    return alike
