"""The ledger in one SQLite file: WAL, synchronous=FULL, one writer that holds the file for itself.

An error of the medium ends the use of this connection: after a failed sync nothing it says later
proves anything. A full disk does not: its transaction is rolled back and a later one may succeed.
"""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import apsw

from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import (
    UNAUTHENTIC_ROWS_MAX,
    Batch,
    Binding,
    Conflict,
    Damaged,
    Delivery,
    DiskFull,
    LedgerFailure,
    LogHead,
    LowerStep,
    Standing,
    Unauthentic,
)
from ballotbox_gateway.core.salvage import in_ranges
from ballotbox_gateway.ledger import rows
from ballotbox_gateway.ledger import statements as sql
from ballotbox_gateway.ledger.connection import connect
from ballotbox_gateway.ledger.evidence import damaged_records, evidence_of, structural_damage
from ballotbox_gateway.ledger.medium import ROTTEN, on_medium
from ballotbox_gateway.ledger.placing import sync_folder
from ballotbox_gateway.ledger.reading import LedgerReading
from ballotbox_protocol.wire.merkle import EMPTY_ROOT

FORMAT: Final = 3
APPLICATION_ID: Final = 0x42425831  # "BBX1"
#: WAL pages (4 KiB) after which they are moved into the file: 4 MiB.
CHECKPOINT_PAGES: Final = 1_000


def create(path: Path, binding: Binding) -> None:
    """Create the file of a new ledger.

    Raises FileExistsError when there is one already; LedgerFailure when the medium cannot take it,
    and then leaves nothing behind.
    """
    with path.open("xb"):
        pass
    try:
        _lay_out(path, binding)
    except (apsw.Error, LedgerFailure) as error:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        if isinstance(error, apsw.FullError):
            raise DiskFull("the disk is full") from error
        raise LedgerFailure(str(error)) from error
    sync_folder(path.parent)


def _lay_out(path: Path, binding: Binding) -> None:
    connection = connect(path)
    schema = resources.files(__package__).joinpath("schema.sql").read_text()
    try:
        with connection:
            connection.execute(schema)
            connection.execute(
                sql.BIND, (FORMAT, binding.origin, binding.election, binding.register_version)
            )
            connection.pragma("application_id", APPLICATION_ID)
    finally:
        connection.close()


def open_ledger(path: Path) -> "SqliteLedger":
    """Open the ledger in an existing file, alone.

    Raises FileNotFoundError when there is none; LedgerFailure when another process has it open,
    when it is no ledger or is damaged, and when the medium cannot keep it durable.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no ledger; `ballotbox-gateway init` creates one")
    try:
        return _opened(path)
    except apsw.BusyError as error:
        raise LedgerFailure(f"{path}: another process has this ledger open") from error
    except ROTTEN as error:
        raise Damaged(f"{path}: cannot be opened as a ledger: {error}") from error
    except apsw.Error as error:
        raise LedgerFailure(f"{path}: cannot be opened as a ledger: {error}") from error


def _opened(path: Path) -> "SqliteLedger":
    connection = connect(path)
    try:
        return SqliteLedger(connection, path)
    except BaseException:
        # Whoever looks at what is left of the file needs it for himself.
        connection.close()
        raise


class SqliteLedger(LedgerReading):
    """See `core.ports.Ledger`. `sick` is the medium's error that ended its use, if any."""

    _sql = sql

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self.path = path
        self.sick: str | None = None
        self._connection = connection
        self._wal_pages = 0
        self._require_ledger()
        connection.set_wal_hook(self._note_wal_size)

    @property
    def refuses_writing(self) -> bool:
        """Whether the last error was that of a file system mounted read-only meanwhile.

        Nothing was written then, and nothing that was written before is in doubt.
        """
        return bool(self._connection.system_errno == errno.EROFS)

    def _require_ledger(self) -> None:
        ours = self._connection.pragma("application_id") == APPLICATION_ID
        asked = "SELECT format FROM binding"
        # Whoever opens it tells errors in his own words.
        stored = self._connection.execute(asked).fetchone() if ours else None
        if stored is None:
            raise Damaged(f"{self.path}: is no ledger, or its creation was cut short")
        if stored[0] != FORMAT:
            raise LedgerFailure(f"{self.path}: has format {stored[0]}, this program reads {FORMAT}")

    def _note_wal_size(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    @on_medium
    def _one(self, statement: str, bindings: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(statement, bindings).fetchone()
        return row

    @on_medium
    def _all(self, statement: str, bindings: Sequence[Any] = ()) -> list[Any]:
        return self._connection.execute(statement, bindings).fetchall()

    @contextmanager
    def turn(self) -> Iterator[Standing]:
        """See the port; the file is this process's alone, so that every turn is its own."""
        yield Standing(self.log_head(), self.binding().register_version)

    @on_medium
    def commit(self, batch: Batch, expected: LogHead) -> None:
        """See the port."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._require_expected(batch, expected)
            self._write(batch)
            connection.execute("COMMIT")
        except apsw.ConstraintError as error:
            raise Conflict from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if self._wal_pages >= CHECKPOINT_PAGES:
            self._empty_wal()

    def _empty_wal(self) -> None:
        # Done here and not by SQLite itself, which would keep a failed sync to itself.
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._wal_pages = 0
        except apsw.FullError:
            return  # The batch is durable in the WAL; there may be room another time.

    def _require_expected(self, batch: Batch, expected: LogHead) -> None:
        step, delivery = batch.lower, batch.delivery
        holds = self.log_head() == expected
        if step is not None:
            known = self._one(sql.LOWER, (step.log.origin,))
            holds = holds and step.first == (known[1] if known else 0)
        if delivery is not None:
            holds = holds and delivery.first == self.delivered(delivery.upper)
        if not holds:
            raise Conflict

    def _write(self, batch: Batch) -> None:
        many = self._connection.executemany
        if batch.leaves:
            many(sql.ADD_REPORT, batch.reports)
            many(sql.ADD_LEAF, batch.leaves)
        if batch.moved:
            many(sql.MOVE_REPORT, map(rows.moved_row, batch.moved))
        if batch.checkpoint is not None:
            many(sql.ADD_CHECKPOINT, [(*batch.checkpoint, evidence_of(batch))])
        self._write_heads(batch.heads)
        many(sql.ADD_REFUSAL, batch.refusals)
        self._write_samples(batch.unauthentic)
        many(sql.COUNT, [(*key, count) for key, count in batch.counts.items()])
        if batch.lower is not None:
            self._write_step(batch.lower)
        if batch.delivery is not None:
            self._write_delivery(batch.delivery)
        if batch.contradictions:
            many(sql.ADD_CONTRADICTION, map(rows.contradiction_row, batch.contradictions))
        if batch.register_version is not None:
            many(sql.USE_REGISTER, [(batch.register_version,)])

    def _write_heads(self, heads: Sequence[BoxHead]) -> None:
        connection = self._connection
        new = [rows.head_row(head) for head in heads if head.version == 1]
        connection.executemany(sql.ADD_HEAD, new)
        old = [rows.head_row(head) for head in heads if head.version != 1]
        before = connection.total_changes()
        connection.executemany(sql.MOVE_HEAD, [(*row[1:], row[0], row[1] - 1) for row in old])
        if connection.total_changes() - before != len(old):
            raise Conflict

    def _write_samples(self, samples: Sequence[Unauthentic]) -> None:
        if samples:
            self._connection.executemany(sql.ADD_SAMPLE, samples)
            self._connection.execute(sql.TRIM_SAMPLES, (UNAUTHENTIC_ROWS_MAX,))

    def _write_step(self, step: LowerStep) -> None:
        log = step.log
        self._connection.execute(sql.ADD_NOTE, (step.number, log.origin, log.size, log.note))
        self._connection.execute(sql.FOLLOW_LOWER, rows.lower_row(log))

    def _write_delivery(self, delivery: Delivery) -> None:
        self._connection.execute(sql.DELIVER, (delivery.upper, delivery.next))
        self._connection.executemany(
            sql.ADD_UPPER_RECEIPT,
            [(delivery.upper, index, receipt) for index, receipt in delivery.receipts],
        )

    def log_head(self) -> LogHead:
        """See the port."""
        row = self._one(sql.LOG_HEAD)
        return LogHead(*row) if row else LogHead(0, EMPTY_ROOT)

    @on_medium
    def require_whole(self) -> None:
        """Raise Damaged unless everything beside the leaves is as it was committed."""
        fault = structural_damage(self._connection)
        if fault:
            raise Damaged(f"{self.path}: {fault}")
        found = damaged_records(self._connection)
        if found:
            raise Damaged(f"{self.path}: what stands beside {in_ranges(found)} has changed")

    def close(self) -> None:
        """See the port."""
        self._connection.close()
