"""Lines from a descriptor on the event loop, without a thread."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from ballotbox_device.host.line_fields import LINE_MAX

_CHUNK: Final = 65_536


class LineReader:
    """Hands each line of `descriptor` to `take`, without its newline, then calls `ended` once.

    A line longer than LINE_MAX is handed over once, cut to LINE_MAX + 1 bytes: too long to be
    taken, and no reason to use up the memory.
    """

    def __init__(
        self, descriptor: int, take: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self._descriptor = descriptor
        self._take = take
        self._ended = ended
        self._partial = b""
        self._skipping = False
        self._watched = False
        self._closed = False

    def start(self) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self._descriptor, self._readable)
            self._watched = True
        except PermissionError:
            # The system watches no ordinary files: they can always be read.
            loop.call_soon(self._read_on)

    def close(self) -> None:
        """Stop reading."""
        self._closed = True
        if self._watched:
            self._watched = False
            asyncio.get_running_loop().remove_reader(self._descriptor)

    def _read_on(self) -> None:
        if not self._closed:
            self._readable()
            asyncio.get_running_loop().call_soon(self._read_on)

    def _readable(self) -> None:
        data = os.read(self._descriptor, _CHUNK)
        if not data:
            self._end()
            return
        *whole, rest = (self._partial + data).split(b"\n")
        self._partial = rest
        for line in whole:
            self._hand_over(line)
        if len(self._partial) > LINE_MAX and not self._closed:
            self._cut()

    def _hand_over(self, line: bytes) -> None:
        if self._skipping:
            self._skipping = False
        elif line.strip() and not self._closed:
            self._take(line[: LINE_MAX + 1])

    def _cut(self) -> None:
        line, self._partial = self._partial, b""
        if not self._skipping:
            self._take(line[: LINE_MAX + 1])
        self._skipping = True

    def _end(self) -> None:
        last, self._partial = self._partial, b""
        if last:
            self._hand_over(last)
        if not self._closed:
            self.close()
            self._ended()
