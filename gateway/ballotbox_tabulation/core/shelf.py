"""Where a computation lays bytes down until it asks for them again: memory, or a file behind it.

What a log says of each box is asked again when the result is made; kept as objects it would take
many times the memory of the log itself.
"""

from typing import Final, Protocol

#: Before each piece stands its length.
LENGTH_BYTES: Final = 4


class Shelf(Protocol):
    """Keeps pieces of bytes, each found by the place that `put` returned."""

    def put(self, data: bytes) -> int:
        """Keep a piece and return its place."""

    def take(self, place: int) -> bytes:
        """Return the piece at a place."""


class MemoryShelf:
    """A shelf in memory, for small logs and for tests."""

    def __init__(self) -> None:
        self._data = bytearray()

    def put(self, data: bytes) -> int:
        """Keep a piece and return its place."""
        place = len(self._data)
        self._data += len(data).to_bytes(LENGTH_BYTES) + data
        return place

    def take(self, place: int) -> bytes:
        """Return the piece at a place."""
        start = place + LENGTH_BYTES
        stop = start + int.from_bytes(self._data[place:start])
        return bytes(self._data[start:stop])
