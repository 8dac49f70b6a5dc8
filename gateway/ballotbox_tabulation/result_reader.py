"""A published result read item by item: its lists stay in the file until they are gone through.

A result is canonical JSON, so that its bytes are what its digest was made of, and where each box
and precinct stands in it is found in one pass. What is written in another way is not read here.

All is read from a copy without a name: whatever becomes of the file after that, the digest, the
lists and what is written of them are of the same bytes.
"""

import json
import os
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.document_stream import ordered_text
from ballotbox_tabulation.core.publication import Document

#: So much is read at once, and so much where one item is asked for: its neighbours often follow.
_PIECE: Final = 1 << 20
_WINDOW: Final = 1 << 15
#: Larger than any result of 100,000 stations.
_BYTES_MAX: Final = 1 << 32
#: More than any one value of it takes, a list of boxes or precincts apart.
_VALUE_MAX: Final = 1 << 26
#: Bytes as text, one character each: positions in both are the same.
_BYTES: Final = "latin-1"
_PREFIX: Final = "sha256:"
#: Told how much is done, of how much.
Told = Callable[[int, int], None]
_read: Final = json.JSONDecoder().raw_decode


class ResultInFile(NamedTuple):
    """A result whose digest is that of its bytes, its digest, and the file it stands in."""

    result: Document
    digest: str
    file: "ResultFile"


class _Misshapen(ValueError):
    """The file is not canonical JSON of a result, ends too early, or is too long."""


class ResultFile:
    """The bytes of a result as they were when it was opened, as often as they are asked for.

    They take their room once more in the directory for temporary files.
    """

    def __init__(self, path: Path) -> None:
        """Copy the file; raises OSError, _Misshapen for one that is too long."""
        with tempfile.TemporaryFile() as copy:
            self._descriptor = os.dup(copy.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        self.size = 0
        with path.open("rb") as file:
            # What is no file on a disk could be read only once.
            if not file.seekable() or os.fstat(file.fileno()).st_size > _BYTES_MAX:
                raise _Misshapen
            while self.size <= _BYTES_MAX and (piece := file.read(_PIECE)):
                self._add(piece)
        self._at = 0
        self._window = b""

    def _add(self, piece: bytes) -> None:
        self.size += len(piece)
        while piece:
            piece = piece[os.write(self._descriptor, piece) :]

    def __iter__(self) -> Iterator[bytes]:
        at = 0
        while piece := os.pread(self._descriptor, _PIECE, at):
            yield piece
            at += len(piece)

    def between(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`."""
        first = start - self._at
        if first < 0 or stop - self._at > len(self._window):
            self._at, first = start, 0
            self._window = os.pread(self._descriptor, max(_WINDOW, stop - start), start)
        return self._window[first : stop - self._at]


class _Text:
    """A file as text of which a little is in memory; what is read is behind `at`."""

    def __init__(self, file: ResultFile, told: Told) -> None:
        self._pieces = iter(file)
        self._told, self._size = told, file.size
        self._window = ""
        self._first = 0
        self.at = 0
        self.sum = sha256()
        self._summed: int | None = None

    def sum_from_here(self) -> None:
        """Begin to add up what is read."""
        self._summed = self.at

    def sum_to_here(self) -> str:
        """Return the sum of what was read since."""
        self._add_up()
        return self.sum.hexdigest()

    def _add_up(self) -> None:
        if self._summed is not None:
            part = self._window[self._summed - self._first : self.at - self._first]
            self.sum.update(part.encode(_BYTES))
            self._summed = self.at

    def _more(self) -> None:
        self._add_up()
        rest = self._window[self.at - self._first :]
        pieces = [rest]
        # At least twice as much: a long value is tried a few times, not once for each piece.
        while len(pieces) == 1 or sum(map(len, pieces)) < 2 * len(rest):
            piece = next(self._pieces, b"")
            if not piece:
                break
            pieces.append(piece.decode(_BYTES))
        if len(pieces) == 1 or len(rest) > _VALUE_MAX:
            raise _Misshapen
        self._window, self._first = "".join(pieces), self.at
        self._told(self.at, self._size)

    def take(self, wanted: str) -> bool:
        """Go past this text if it comes next; tell whether it did."""
        while len(self._window) - (self.at - self._first) < len(wanted):
            self._more()
        found = self._window.startswith(wanted, self.at - self._first)
        self.at += len(wanted) if found else 0
        return found

    def require(self, wanted: str) -> None:
        """Go past this text; raises _Misshapen when another comes next."""
        if not self.take(wanted):
            raise _Misshapen

    def value(self) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """Go past the next value and return it; raises _Misshapen."""
        while True:
            start = self.at - self._first
            try:
                found, stop = _read(self._window, start)
            except ValueError:
                stop = len(self._window)
            # At the end of what is there a number may go on.
            if stop < len(self._window):
                break
            self._more()
        text = self._window[start:stop]
        if ordered_text(found) != text:
            raise _Misshapen
        self.at = self._first + stop
        # Only a value in which all is ASCII was read as it is meant.
        return found if text.isascii() else json.loads(text.encode(_BYTES))


def read_in_file(path: Path, told: Told) -> ResultInFile | None:
    """Return the result in a file that this program wrote; None for all others; raises OSError.

    told: is told how many bytes are read, of how many.
    """
    try:
        file = ResultFile(path)
        text = _Text(file, told)
        text.require('{"digest":')
        digest = text.value()
        text.require(',"result":')
        text.sum_from_here()
        result = _members(text, lambda name: _member(text, file, name))
        found = text.sum_to_here()
        text.require("}\n")
    except (ValueError, RecursionError):
        return None
    if digest != _PREFIX + found or text.at != file.size:
        return None
    return ResultInFile(result, digest, file)


def _member(text: _Text, file: ResultFile, name: str) -> Any:  # noqa: ANN401 - JSON
    if name == "precincts":
        return _items(text, file)
    if name == "boxes":
        return _members(text, lambda _state: _items(text, file))
    return text.value()


def _members(text: _Text, member: Callable[[str], Any]) -> Document:
    """Go past an object and return it; `member` reads the value of each name."""
    found: Document = {}
    text.require("{")
    if text.take("}"):
        return found
    before = ""
    while True:
        name = text.value()
        # In canonical JSON no name comes twice, and all are in their order.
        if not isinstance(name, str) or name <= before:
            raise _Misshapen
        text.require(":")
        found[name], before = member(name), name
        if text.take("}"):
            return found
        text.require(",")


def _items(text: _Text, file: ResultFile) -> DocumentList:
    """Go past a list, and return it as one whose items stay in the file."""
    places = array("q")
    text.require("[")
    if not text.take("]"):
        while True:
            start = text.at
            text.value()
            places.extend((start, text.at))
            if text.take("]"):
                break
            text.require(",")

    def content(at: int) -> str:
        return file.between(places[2 * at], places[2 * at + 1]).decode()

    return DocumentList(lambda at: json.loads(content(at)), range(len(places) // 2), content)
