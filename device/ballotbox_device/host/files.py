"""The memory ports on real files: a journal that is appended to, slots that are written in place.

A failed write or sync leaves a state that only a new boot can tell. Therefore a file that has
failed once refuses everything from then on, and whoever uses it stops.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

from ballotbox_device.core.ports import Medium, Memory
from ballotbox_device.core.units import UNIT_MAX

PRIVATE_FILE: Final = 0o600
_CHUNK: Final = 1 << 20


def create_file(path: Path, content: bytes = b"") -> None:
    """Create a file that only its owner can read; durable on return.

    Raises FileExistsError rather than touch one that exists, or another OSError; then nothing is
    left under the name.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        _write_all(descriptor, content, 0)
        os.fsync(descriptor)
    except OSError as error:
        path.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(descriptor)
    sync_directory(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of the file, whole or not at all; durable on return."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    create_file(fresh, content)
    fresh.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Return when the names in a directory are on the medium."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _DurableFile:
    """An existing file. Raises OSError when it cannot be opened, read, written or synced."""

    __slots__ = ("_descriptor", "_failed", "_path", "_size")

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._failed = False
        access = os.O_RDONLY if read_only else os.O_RDWR
        self._descriptor = os.open(path, access | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what was not synced may be lost."""
        os.close(self._descriptor)

    def read(self) -> bytes:
        """Return the whole content, synced or not."""
        return self.read_at(0, self._size)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, fewer where the file ends."""
        parts = []
        with self._fatal():
            while size and (part := os.pread(self._descriptor, min(size, _CHUNK), offset)):
                parts.append(part)
                offset += len(part)
                size -= len(part)
        return b"".join(parts)

    def sync(self) -> None:
        """Return when everything before is on the medium."""
        with self._fatal():
            # Writes out the size too where it has changed; only the times may be old.
            os.fdatasync(self._descriptor)

    def _write(self, offset: int, data: bytes) -> None:
        with self._fatal():
            _write_all(self._descriptor, data, offset)
        self._size = max(self._size, offset + len(data))

    def _renew(self, offset: int) -> None:
        """Write what stands from `offset` on once more, and sync.

        After a failed sync the system may show bytes that never reached the medium, and call them
        clean. Only writing them again makes what was read at boot true.
        """
        self._write(offset, self.read_at(offset, self._size - offset))
        self.sync()

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        if self._failed:
            problem = "failed before, and is out of use until the box boots again"
            raise OSError(errno.EIO, problem, str(self._path))
        try:
            yield
        except OSError as error:
            self._failed = True
            raise OSError(error.errno, error.strerror, str(self._path)) from error


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        # A full disk takes a part first; the error comes with the rest.
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


class JournalFile(_DurableFile):
    """The journal port on a file."""

    __slots__ = ()

    def append(self, data: bytes) -> None:
        """Add `data` at the end; durable only after `sync`, until then it may survive in part."""
        self._write(self._size, data)

    def truncate(self, size: int) -> None:
        """Cut the content to its first `size` bytes; durable only after `sync`."""
        with self._fatal():
            os.ftruncate(self._descriptor, size)
        self._size = size

    def renew(self) -> None:
        """Make sure that what can be read is on the medium: all but the last unit was synced."""
        self._renew(max(0, self._size - 2 * UNIT_MAX))


class SlotsFile(_DurableFile):
    """The slots port on a file."""

    __slots__ = ()

    def write(self, offset: int, data: bytes) -> None:
        """Write inside the file; raises ValueError when it would grow."""
        if offset + len(data) > self._size:
            raise ValueError("slots: a write may not grow the file, extend it first")
        self._write(offset, data)

    def extend(self, size: int) -> None:
        """Grow the file to `size` bytes; durable only after `sync`.

        The zeros are written, not left as a hole: a full disk then shows before the poll, and the
        place of a slot on the medium tells nothing about when it was filled.
        """
        self._write(self._size, bytes(size - self._size))

    def renew(self) -> None:
        """Make sure that what can be read is on the medium."""
        self._renew(0)


@contextmanager
def open_memory(
    places: Sequence[tuple[Path, Path]], *, read_only: bool = False
) -> Iterator[Memory]:
    """Open journal and slots of each medium, for work or to look at them; raises OSError."""
    with ExitStack() as opened:
        media = []
        for journal, slots in places:
            journal_file = opened.enter_context(JournalFile(journal, read_only=read_only))
            slots_file = opened.enter_context(SlotsFile(slots, read_only=read_only))
            if not read_only:
                journal_file.renew()
                slots_file.renew()
            media.append(Medium(journal_file, slots_file))
        yield Memory(tuple(media), read_only)
