"""A shelf in a file without a name, in the directory for temporary files."""

import os
import tempfile
import weakref
from typing import IO, Final

from ballotbox_tabulation.core.shelf import LENGTH_BYTES
from ballotbox_tabulation.second_opinion import NotWorkedOut

#: So much is written at once, and so much is read where one piece is asked for: its neighbours
#: are mostly asked for next.
_WRITTEN: Final = 1 << 16
_READ: Final = 1 << 14


class ScratchShelf:
    """Keeps pieces of bytes in a file; raises NotWorkedOut, naming its directory, when it fails.

    The file goes with the shelf, and a result that lies on it keeps the shelf.
    """

    def __init__(self) -> None:
        file = _nameless()
        weakref.finalize(self, file.close)
        self._file = file.fileno()
        self._tail = bytearray()
        #: What was read last, and before that from elsewhere, each after its place in the file:
        #: two lists are often gone through side by side.
        self._window = self._other = (0, b"")
        self._end = 0

    def put(self, data: bytes) -> int:
        """Keep a piece and return its place."""
        place = self._end + len(self._tail)
        self._tail += len(data).to_bytes(LENGTH_BYTES) + data
        if len(self._tail) >= _WRITTEN:
            self._write()
        return place

    def take(self, place: int) -> bytes:
        """Return the piece at a place."""
        if place >= self._end:
            self._write()
        piece = _piece(self._window, place)
        if piece is None:
            self._window, self._other = self._other, self._window
            piece = _piece(self._window, place)
        return self._read(place) if piece is None else piece

    def _read(self, place: int) -> bytes:
        data = self._there(place, _READ)
        stop = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES])
        if stop > len(data):
            data = self._there(place, stop)
        if not LENGTH_BYTES <= stop <= len(data):
            raise _trouble("ends too early")
        self._window = place, data
        return data[LENGTH_BYTES:stop]

    def _there(self, place: int, size: int) -> bytes:
        try:
            return os.pread(self._file, size, place)
        except OSError as error:
            raise _trouble(f"cannot be read: {error.strerror}") from error

    def _write(self) -> None:
        try:
            done = 0
            while done < len(self._tail):
                done += os.pwrite(self._file, self._tail[done:], self._end + done)
        except OSError as error:
            raise _trouble(f"cannot be written: {error.strerror}") from error
        self._end += len(self._tail)
        self._tail.clear()


def _piece(window: tuple[int, bytes], place: int) -> bytes | None:
    """Return the piece at a place, None where a window does not have all of it."""
    at, data = window
    start = place - at
    body = start + LENGTH_BYTES
    stop = body + int.from_bytes(data[start:body])
    return data[body:stop] if start >= 0 and stop <= len(data) else None


def _nameless() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise _trouble(f"cannot be made: {error.strerror}") from error


def _trouble(words: str) -> NotWorkedOut:
    return NotWorkedOut(f"a temporary file in {_folder()} {words}")


def _folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return "TMPDIR"
