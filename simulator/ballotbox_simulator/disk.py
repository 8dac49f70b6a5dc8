"""Simulated memory of a box: a journal and slots whose power can fail at any operation.

The fault model. What was synced stays. What was written since a file's last sync may be lost,
kept, or torn: all but the last write kept, and of that one only a part. The two files fail
independently, so one may keep what the other lost. Rot changes bytes that were synced. An operation
may also fail with an error, applied or not, and a full medium refuses to grow. Nothing here is
random: plans and outcomes say what happens, and whoever draws them draws from a seed.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ballotbox_device.core.ports import Medium, Memory


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
    sound: nothing can fail, so that only the operations need be counted.
    """

    __slots__ = ("_ailment", "_fails_at", "operations", "sound")

    def __init__(self, plan: PowerPlan | None = None) -> None:
        self._fails_at = -1 if plan is None else plan.at
        self._ailment: Ailment | None = None
        self.operations = 0
        self.sound = plan is None

    @property
    def ailment(self) -> Ailment | None:
        """What ails the media."""
        return self._ailment

    @ailment.setter
    def ailment(self, ailment: Ailment | None) -> None:
        self._ailment = ailment
        self.sound = ailment is None and self._fails_at < 0

    def spend(self, operation: str) -> None:
        """Count one operation; raises PowerCut if power fails in it."""
        fails = self.operations == self._fails_at
        self.operations += 1
        if fails:
            raise PowerCut(operation)

    def fail(self, ailment: Ailment) -> None:
        """Raise MediumError if this is what ails the medium; an error fails one operation."""
        if self.ailment is not ailment:
            return
        if ailment is not Ailment.FULL:
            self.ailment = None
        raise MediumError(ailment.name)


class _File:
    """Bytes, and the writes that a power cut may undo."""

    __slots__ = ("_content", "_unsynced", "power")

    def __init__(self, power: Power) -> None:
        self.power = power
        self._content = bytearray()
        #: What was written since the last sync: where, what stood there, and what gave way to it.
        self._unsynced: list[tuple[int, bytes | bytearray, bytes]] = []

    def read(self) -> bytes:
        """Return the content as a running box sees it."""
        return bytes(self._content)

    def sync(self) -> None:
        """Make all writes durable, unless power fails."""
        power = self.power
        if power.sound:
            power.operations += 1
            self._unsynced.clear()
            return
        power.spend("sync")
        power.fail(Ailment.NOT_APPLIED)
        self._unsynced.clear()
        power.fail(Ailment.APPLIED)

    def _splice(self, offset: int, size: int, new: bytes) -> None:
        power = self.power
        power.fail(Ailment.NOT_APPLIED)
        if len(new) > size:
            power.fail(Ailment.FULL)
        content = self._content
        end = offset + size
        self._unsynced.append((offset, bytes(content[offset:end]), new))
        content[offset:end] = new
        power.spend("write")
        power.fail(Ailment.APPLIED)

    def fail(self, outcome: Outcome) -> None:
        """Become what is found after a power cut."""
        if isinstance(outcome, Lost):
            for offset, old, new in reversed(self._unsynced):
                self._content[offset : offset + len(new)] = old
        elif isinstance(outcome, Torn) and self._unsynced:
            offset, old, new = self._unsynced[-1]
            self._content[offset : offset + len(new)] = torn_bytes(old, new, outcome)
        self._unsynced.clear()

    def load(self, content: bytes) -> None:
        """Have exactly this content, synced."""
        self._content[:] = content
        self._unsynced.clear()

    def rot(self, offset: int, mask: int) -> None:
        """Flip the bits of `mask` in one byte."""
        self._content[offset] ^= mask


def torn_bytes(old: bytes | bytearray, new: bytes, torn: Torn) -> bytes:
    """Return what is found where `new` was being written over `old`."""
    if torn.kept >= len(new):
        return new
    below = bytes(old) or bytes(len(new))
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
        content, power = self._content, self.power
        if power.sound:
            self._unsynced.append((len(content), b"", data))
            content += data
            power.operations += 1
        else:
            self._splice(len(content), 0, data)

    def truncate(self, size: int) -> None:
        """Cut the content to `size` bytes."""
        self._splice(size, len(self._content) - size, b"")


class MemorySlots(_File):
    """The slots port in memory."""

    __slots__ = ()

    def write(self, offset: int, data: bytes) -> None:
        """Write inside the file; raises ValueError when it would grow."""
        content, power = self._content, self.power
        end = offset + len(data)
        if end > len(content):
            raise ValueError("slots: a write may not grow the file, extend it first")
        if power.sound:
            self._unsynced.append((offset, content[offset:end], data))
            content[offset:end] = data
            power.operations += 1
        else:
            self._splice(offset, len(data), data)

    def extend(self, size: int) -> None:
        """Grow the file with zeros."""
        self._splice(len(self._content), 0, bytes(size - len(self._content)))


class BoxDisk:
    """The memory of one box across its power cuts: one medium, or two that fail by themselves."""

    __slots__ = ("journal", "second_journal", "second_slots", "slots")

    def __init__(self, copies: int = 2) -> None:
        power = Power()
        self.journal = MemoryJournal(power)
        self.slots = MemorySlots(power)
        self.second_journal = MemoryJournal(power) if copies == 2 else None
        self.second_slots = MemorySlots(power) if copies == 2 else None

    @property
    def files(self) -> tuple[MemoryJournal | MemorySlots, ...]:
        """The files, medium by medium, on each the journal and then the slots."""
        first = (self.journal, self.slots)
        if self.second_journal is None or self.second_slots is None:
            return first
        return (*first, self.second_journal, self.second_slots)

    @property
    def memory(self) -> Memory:
        """The ports as the device takes them."""
        first = Medium(self.journal, self.slots)
        if self.second_journal is None or self.second_slots is None:
            return Memory((first,))
        return Memory((first, Medium(self.second_journal, self.second_slots)))

    @property
    def operations(self) -> int:
        """How many operations there have been since power was last given."""
        return self.journal.power.operations

    def power_on(self, plan: PowerPlan | None = None) -> None:
        """Give power, which will fail as planned."""
        power = Power(plan)
        power.ailment = self.journal.power.ailment
        for file in self.files:
            file.power = power

    def ail(self, ailment: Ailment | None) -> None:
        """Let the media fail so from now on; None makes them well."""
        self.journal.power.ailment = ailment

    def copy(self) -> "BoxDisk":
        """Return other media with the same content, as whoever copies a card has it."""
        twin = BoxDisk(len(self.files) // 2)
        for mine, file in zip(self.files, twin.files, strict=True):
            file.load(mine.read())
        return twin

    def power_off(self, *outcomes: Outcome) -> None:
        """Take power away now: the files become what is found afterwards.

        outcomes: of `files` in their order; the second medium fares like the first when only two
        are given, and all is lost when none is.
        """
        given = outcomes or (LOST, LOST)
        for place, file in enumerate(self.files):
            file.fail(given[place % len(given)])
        self.power_on()
