"""What can still be read of a ledger's file that is not what it was: row by row, believing none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from ballotbox_gateway.core.ports import Entry, LedgerFailure, StoredCheckpoint
from ballotbox_gateway.ledger import statements as sql
from ballotbox_gateway.ledger.connection import connect
from ballotbox_gateway.ledger.grafting import grafted
from ballotbox_gateway.ledger.placing import clear

#: What does not follow from the log, and is taken over as it is where it can be read.
_CARRIED: Final = ("refusals", "unauthentic", "deliveries", "upper_receipts")


class Extent(NamedTuple):
    """How far a log reached: the newest checkpoint that can be read, and the rows beyond it.

    size: no leaf at or beyond it has left a trace. certain: every part that tells can be read.
    """

    size: int
    checkpoints: list[StoredCheckpoint]
    certain: bool


class Remains:
    """The file at `path`, open for reading what is left; raises LedgerFailure when nothing is.

    path: of the file itself, or of a copy whose schema can be read; see `ledger.grafting`.
    """

    def __init__(self, path: Path) -> None:
        self._original = path
        try:
            self._connection, self.path = _readable(path)
        except (apsw.Error, OSError) as error:
            raise LedgerFailure(f"{path}: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def discard(self) -> None:
        """Take the copy away, if there is one; raises OSError."""
        if self.path != self._original:
            clear(self.path)

    def _rows(self, statement: str, bindings: Sequence[Any] = ()) -> list[Any] | None:
        try:
            return self._connection.execute(statement, bindings).fetchall()
        except apsw.Error:
            return None

    def origin(self) -> str | None:
        """Return the origin of the log, None when it cannot be read."""
        rows = self._rows(sql.BINDING)
        return str(rows[0][0]) if rows else None

    def extent(self) -> Extent:
        """Return how far the log reached."""
        rows = self._rows(sql.CHECKPOINTS_DOWN)
        last = self._rows(sql.LAST_LEAF)
        newest = [StoredCheckpoint(*row) for row in rows or ()]
        leaves = int(last[0][0]) + 1 if last and last[0][0] is not None else 0
        size = max(leaves, newest[0].size if newest else 0)
        return Extent(size, newest, rows is not None and last is not None)

    def entries(self, first: int, stop: int) -> list[Entry | None]:
        """Return the leaves first..stop-1 with what stands beside them; None where unreadable."""
        rows = self._rows(sql.ENTRIES, (first, stop))
        if rows is None or len(rows) != stop - first:
            rows = [
                row
                for at in range(first, stop)
                for row in self._rows(sql.ENTRIES, (at, at + 1)) or ()
            ]
        found = {row[0]: Entry(*row) for row in rows}
        return [found.get(at) for at in range(first, stop)]


def _readable(path: Path) -> tuple[apsw.Connection, Path]:
    try:
        connection = connect(path)
    except apsw.BusyError:
        raise
    except apsw.Error:
        copy = grafted(path)
        return connect(copy), copy
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        connection.execute(sql.BINDING).fetchall()
    except apsw.Error:
        connection.close()
        copy = grafted(path)
        return connect(copy), copy
    return connection, path


def carry_over(old: Path, new: Path) -> list[str]:
    """Copy what follows from no log into a new ledger's file; return the tables that cannot be."""
    lost: list[str] = []
    connection = connect(new)
    try:
        connection.execute("ATTACH ? AS old", (str(old),))
        for table in _CARRIED:
            try:
                with connection:
                    connection.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")  # noqa: S608 - names of this module
            except apsw.Error:
                lost.append(table)
    except apsw.Error:
        lost = list(_CARRIED)
    finally:
        connection.close()
    return lost
