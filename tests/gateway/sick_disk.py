"""A disk that runs full or fails, under a real SQLite: every file goes through it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

#: The system's own files, named so that the sick ones on top of them are not meant.
_BASE = apsw.vfs_names()[0]


class Disk:
    """What the files below it may still do.

    room: bytes that may be written before the disk is full. syncs: how often a sync succeeds before
    it fails. None: as often as asked. read_only: mounted so, as after an error of the disk.
    """

    def __init__(self) -> None:
        self.room: int | None = None
        self.syncs: int | None = None
        self.read_only = False

    def write(self, size: int) -> None:
        if self.read_only:
            raise apsw.IOError("the write failed")
        if self.room is not None:
            if size > self.room:
                raise apsw.FullError("no room left")
            self.room -= size

    def sync(self) -> None:
        if self.syncs is not None:
            if self.syncs == 0:
                raise apsw.IOError("the sync failed")
            self.syncs -= 1


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: object, flags: list[int]) -> None:
        self._disk = disk
        super().__init__(_BASE, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (SQLite's own name)
        self._disk.write(len(data))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 (SQLite's own name)
        self._disk.sync()
        super().xSync(flags)


class _Files(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("sick", _BASE, makedefault=True)

    def xGetLastError(self) -> tuple[int, str]:  # noqa: N802 (SQLite's own name)
        return (errno.EROFS if self._disk.read_only else 0), ""

    def xOpen(self, name: object, flags: list[int]) -> _File:  # noqa: N802 (SQLite's own name)
        return _File(self._disk, name, flags)


@contextmanager
def sick_disk() -> Iterator[Disk]:
    """Let every connection opened meanwhile write through the yielded disk."""
    disk = Disk()
    files = _Files(disk)
    try:
        yield disk
    finally:
        files.unregister()
