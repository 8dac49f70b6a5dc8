"""A disk that writes down everything that SQLite asks of it, and fails where it is told to.

Every file below it is a real one, so the production ledger runs as ever; what it does to database,
WAL and directory is kept as a list, from which the states after a power cut are made.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import apsw

#: The system's own files, named so that the recorded ones on top of them are not meant.
_BASE = apsw.vfs_names()[0]


class Do(Enum):
    """What was asked of a file."""

    WRITE = 1
    TRUNCATE = 2
    SYNC = 3
    DELETE = 4
    FAILED_SYNC = 5
    FOLDER_SYNC = 6


@dataclass(frozen=True, slots=True)
class Op:
    """One operation on the file of this name; `data` of a write, `offset` also of a truncation."""

    do: Do
    file: str
    offset: int = 0
    data: bytes = b""


class Fault(Enum):
    """How an operation fails. A short write leaves half of its bytes; a full disk takes none."""

    EIO = "EIO"
    ENOSPC = "ENOSPC"
    SHORT_EIO = "short write, then EIO"
    SHORT_ENOSPC = "short write, then ENOSPC"

    @property
    def is_full(self) -> bool:
        """Whether it is a lack of room."""
        return self in (Fault.ENOSPC, Fault.SHORT_ENOSPC)

    @property
    def is_short(self) -> bool:
        """Whether half of the bytes arrive."""
        return self in (Fault.SHORT_EIO, Fault.SHORT_ENOSPC)

    def error(self) -> apsw.Error:
        """What SQLite's own files say of it."""
        if self.is_full:
            return apsw.FullError("no room left on the disk")
        return apsw.IOError("the disk failed")


#: How each operation can fail: no sync fails for lack of room, and only a write can be short.
FAULTS_OF = {
    Do.WRITE: tuple(Fault),
    Do.TRUNCATE: (Fault.EIO, Fault.ENOSPC),
    Do.SYNC: (Fault.EIO,),
}


@dataclass
class Record:
    """What was done so far; the fault strikes operation number `at`, and all after it if sticky."""

    ops: list[Op] = field(default_factory=list)
    fault: Fault | None = None
    at: int = 0
    sticky: bool = False
    asked: list[Do] = field(default_factory=list)
    struck: int = 0
    strike: Callable[[Fault], None] = lambda _fault: None

    def strikes(self, do: Do) -> Fault | None:
        """Tell how the operation that is asked for now fails, if it does."""
        self.asked.append(do)
        number = len(self.asked)
        here = number == self.at or (self.sticky and number > self.at)
        if self.fault is None or not here or self.fault not in FAULTS_OF[do]:
            return None
        self.struck += 1
        self.strike(self.fault)
        return self.fault


class _File(apsw.VFSFile):
    def __init__(self, record: Record, name: object, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._record, self._name = record, Path(path).name
        super().__init__(_BASE, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (SQLite's own name)
        fault = self._record.strikes(Do.WRITE)
        if fault is None:
            self._written(data, offset)
            return
        if fault.is_short:
            self._written(data[: len(data) // 2], offset)
        raise fault.error()

    def _written(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._record.ops.append(Op(Do.WRITE, self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802 (SQLite's own name)
        if (fault := self._record.strikes(Do.TRUNCATE)) is not None:
            raise fault.error()
        super().xTruncate(size)
        self._record.ops.append(Op(Do.TRUNCATE, self._name, size))

    def xSync(self, flags: int) -> None:  # noqa: N802 (SQLite's own name)
        if (fault := self._record.strikes(Do.SYNC)) is not None:
            self._record.ops.append(Op(Do.FAILED_SYNC, self._name))
            raise fault.error()
        super().xSync(flags)
        self._record.ops.append(Op(Do.SYNC, self._name))


class _Files(apsw.VFS):
    def __init__(self, record: Record) -> None:
        self._record = record
        super().__init__("recorded", _BASE, makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> _File:  # noqa: N802 (SQLite's own name)
        return _File(self._record, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802 (SQLite's own name)
        super().xDelete(name, sync)
        self._record.ops.append(Op(Do.DELETE, Path(name).name, int(sync)))


@contextmanager
def recording() -> Iterator[Record]:
    """Let every connection opened meanwhile write through the yielded record."""
    record = Record()
    files = _Files(record)
    try:
        yield record
    finally:
        files.unregister()
