"""Simulated memory of a box: a journal and slots whose power can fail at any operation.

The fault model. What was synced stays. What was written since a file's last sync may be lost,
kept, or torn: all but the last write kept, and of that one only a part. The two files fail
independently, so one may keep what the other lost. Rot changes bytes that were synced. An operation
may also fail with an error, applied or not, and a full medium refuses to grow. Nothing here is
random: plans and outcomes say what happens, and whoever draws them draws from a seed.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from ballotbox_device.core.ports import Memory


class PowerCut(Exception):
    """Power failed during an operation; the box that made it is gone."""


class MediumError(OSError):
    """The medium failed an operation; whether it was applied the box cannot know."""


class Ailment(IntEnum):
    """How an operation fails without a power cut."""

    NOT_APPLIED = 1
    APPLIED = 2
    FULL = 3


@dataclass(frozen=True, slots=True)
class Torn:
    """Of the last unsynced write only some bytes are found; a grown file has zeros elsewhere.

    kept: how many bytes are found. bits: of the next byte, the bits that are found as written.
    from_end: the found bytes are the last ones instead of the first.
    """

    kept: int
    bits: int = 0
    from_end: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing since the file's last sync is found."""


@dataclass(frozen=True, slots=True)
class Kept:
    """All is found, synced or not."""


Outcome = Lost | Kept | Torn
LOST: Final = Lost()
KEPT: Final = Kept()


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """Power fails at operation `at`, counted from 0 over both files; then the outcomes hold.

    A write that is cut is one of the unsynced ones; a sync that is cut has not synced.
    """

    at: int
    journal: Outcome = LOST
    slots: Outcome = LOST


class Power:
    """Counts a box's operations and fails where the plan says.

    ailment: fails the next operation that it can fail; FULL stays until it is taken away.
    """

    __slots__ = ("_plan", "ailment", "operations")

    def __init__(self, plan: PowerPlan | None = None) -> None:
        self._plan = plan
        self.ailment: Ailment | None = None
        self.operations = 0

    def fails_now(self) -> bool:
        """Count one operation and tell whether power fails in it."""
        self.operations += 1
        return self._plan is not None and self.operations - 1 == self._plan.at

    def fail(self, ailment: Ailment) -> None:
        """Raise MediumError if this is what ails the medium; an error fails one operation."""
        if self.ailment is not ailment:
            return
        if ailment is not Ailment.FULL:
            self.ailment = None
        raise MediumError(ailment.name)


class _Splice(NamedTuple):
    """One write: at `offset`, `old` gave way to `new`."""

    offset: int
    old: bytes
    new: bytes


class _File:
    """Bytes, and the writes that a power cut may undo."""

    __slots__ = ("_content", "_unsynced", "power")

    def __init__(self, power: Power) -> None:
        self.power = power
        self._content = bytearray()
        self._unsynced: list[_Splice] = []

    def read(self) -> bytes:
        """Return the content as a running box sees it."""
        return bytes(self._content)

    def sync(self) -> None:
        """Make all writes durable, unless power fails."""
        power = self.power
        if power.fails_now():
            raise PowerCut("sync")
        if power.ailment is not None:
            power.fail(Ailment.NOT_APPLIED)
        self._unsynced.clear()
        if power.ailment is not None:
            power.fail(Ailment.APPLIED)

    def _splice(self, offset: int, size: int, new: bytes) -> None:
        power = self.power
        if power.ailment is not None:
            power.fail(Ailment.NOT_APPLIED)
            if len(new) > size:
                power.fail(Ailment.FULL)
        old = bytes(self._content[offset : offset + size])
        self._content[offset : offset + size] = new
        self._unsynced.append(_Splice(offset, old, new))
        if power.fails_now():
            raise PowerCut("write")
        if power.ailment is not None:
            power.fail(Ailment.APPLIED)

    def fail(self, outcome: Outcome) -> None:
        """Become what is found after a power cut."""
        if isinstance(outcome, Lost):
            for splice in reversed(self._unsynced):
                self._undo(splice)
        elif isinstance(outcome, Torn) and self._unsynced:
            splice = self._unsynced[-1]
            self._undo(splice)
            found = torn_bytes(splice.old, splice.new, outcome)
            self._content[splice.offset : splice.offset + len(splice.old)] = found
        self._unsynced.clear()

    def _undo(self, splice: _Splice) -> None:
        self._content[splice.offset : splice.offset + len(splice.new)] = splice.old

    def load(self, content: bytes) -> None:
        """Have exactly this content, synced."""
        self._content[:] = content
        self._unsynced.clear()

    def rot(self, offset: int, mask: int) -> None:
        """Flip the bits of `mask` in one byte."""
        self._content[offset] ^= mask


def torn_bytes(old: bytes, new: bytes, torn: Torn) -> bytes:
    """Return what is found where `new` was being written over `old`."""
    if torn.kept >= len(new):
        return new
    below = old or bytes(len(new))
    if torn.from_end:
        split = len(new) - torn.kept
        mixed = _mix(below[split - 1], new[split - 1], torn.bits)
        return below[: split - 1] + mixed + new[split:]
    mixed = _mix(below[torn.kept], new[torn.kept], torn.bits)
    if not old:
        return new[: torn.kept] + (mixed if torn.bits else b"")
    return new[: torn.kept] + mixed + below[torn.kept + 1 :]


def _mix(old: int, new: int, bits: int) -> bytes:
    return bytes((old ^ ((old ^ new) & bits),))


class MemoryJournal(_File):
    """The journal port in memory."""

    __slots__ = ()

    def read_at(self, offset: int, size: int) -> bytes:
        """Return a part of the content."""
        return bytes(self._content[offset : offset + size])

    def append(self, data: bytes) -> None:
        """Add `data` at the end."""
        self._splice(len(self._content), 0, data)

    def truncate(self, size: int) -> None:
        """Cut the content to `size` bytes."""
        self._splice(size, len(self._content) - size, b"")


class MemorySlots(_File):
    """The slots port in memory."""

    __slots__ = ()

    def write(self, offset: int, data: bytes) -> None:
        """Write inside the file; raises ValueError when it would grow."""
        if offset + len(data) > len(self._content):
            raise ValueError("slots: a write may not grow the file, extend it first")
        self._splice(offset, len(data), data)

    def extend(self, size: int) -> None:
        """Grow the file with zeros."""
        self._splice(len(self._content), 0, bytes(size - len(self._content)))


class BoxDisk:
    """The memory of one box across its power cuts."""

    __slots__ = ("journal", "slots")

    def __init__(self) -> None:
        power = Power()
        self.journal = MemoryJournal(power)
        self.slots = MemorySlots(power)

    @property
    def memory(self) -> Memory:
        """The ports as the device takes them."""
        return Memory(self.journal, self.slots)

    @property
    def operations(self) -> int:
        """How many operations there have been since power was last given."""
        return self.journal.power.operations

    def power_on(self, plan: PowerPlan | None = None) -> None:
        """Give power, which will fail as planned."""
        power = Power(plan)
        power.ailment = self.journal.power.ailment
        self.journal.power = power
        self.slots.power = power

    def ail(self, ailment: Ailment | None) -> None:
        """Let the medium fail so from now on; None makes it well."""
        self.journal.power.ailment = ailment

    def copy(self) -> "BoxDisk":
        """Return another medium with the same content, as whoever copies a card has it."""
        twin = BoxDisk()
        twin.journal.load(self.journal.read())
        twin.slots.load(self.slots.read())
        return twin

    def power_off(self, journal: Outcome = LOST, slots: Outcome = LOST) -> None:
        """Take power away now: both files become what is found afterwards."""
        self.journal.fail(journal)
        self.slots.fail(slots)
        self.power_on()
