"""A connection to a ledger's file that is durable, or none."""

from pathlib import Path
from typing import Final

import apsw

from ballotbox_gateway.core.ports import LedgerFailure

#: Set on every connection, in this order, and read back: a medium that ignores one is not used.
PRAGMAS: Final = (
    ("locking_mode", "exclusive"),
    ("journal_mode", "wal"),
    ("synchronous", 2),
    ("mmap_size", 0),
    ("trusted_schema", 0),
    ("cell_size_check", 1),
    ("wal_autocheckpoint", 0),
)


def connect(path: Path) -> apsw.Connection:
    """Open an existing file; raises apsw.Error, or LedgerFailure when the medium will not do."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        for name, wanted in PRAGMAS:
            connection.pragma(name, wanted)
            _require_pragma(path, name, wanted, connection.pragma(name))
    except BaseException:
        connection.close()
        raise
    return connection


def _require_pragma(path: Path, name: str, wanted: object, found: object) -> None:
    if found != wanted:
        raise LedgerFailure(f"{path}: {name} is {found}, not {wanted}: use a local file system")
