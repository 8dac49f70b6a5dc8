"""What the core asks of its surroundings.

A call that returns has happened; one that raises may have happened or not, and the box must boot
again.
"""

from dataclasses import dataclass
from typing import Protocol

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.wire.report import Clock

#: The argument `now` of every event: Unix seconds, clock quality, milliseconds since boot.
Instant = Clock


class Journal(Protocol):
    """An append-only file of bytes."""

    def read(self) -> bytes:
        """Return the whole content, synced or not."""
        ...

    def read_at(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, which the journal holds."""
        ...

    def append(self, data: bytes) -> None:
        """Add `data` at the end; durable only after `sync`, until then it may survive in part."""
        ...

    def truncate(self, size: int) -> None:
        """Cut the content to its first `size` bytes; durable only after `sync`."""
        ...

    def sync(self) -> None:
        """Return when everything before is on the medium."""
        ...


class Slots(Protocol):
    """A file of fixed size that is written in place."""

    def read(self) -> bytes:
        """Return the whole content, synced or not."""
        ...

    def write(self, offset: int, data: bytes) -> None:
        """Write inside the file; durable only after `sync`, until then it may survive in part."""
        ...

    def extend(self, size: int) -> None:
        """Grow the file to `size` bytes, the new ones zero; durable only after `sync`."""
        ...

    def sync(self) -> None:
        """Return when everything before is on the medium."""
        ...


class Entropy(Protocol):
    """The only source of chance."""

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound` - 1, each equally likely and unpredictable."""
        ...


@dataclass(frozen=True, slots=True)
class Medium:
    """One copy of a box's memory: its two files."""

    journal: Journal
    slots: Slots


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a box: two copies on two media, or one where a second was never fitted.

    read_only: somebody looks on; what one copy lacks is read from the other, and nothing is mended.
    """

    media: tuple[Medium, ...]
    read_only: bool = False

    def __post_init__(self) -> None:
        require(1 <= len(self.media) <= 2, "memory.media", "must be one copy or two")


class MemoryFault(Exception):
    """The memory contradicts itself or belongs elsewhere; the box stops until people decide."""


class EntropyFault(Exception):
    """The entropy port does not draw at random."""
