"""The ledger in PostgreSQL, for any number of gateway processes that serve one log.

One row says where the log stands. A turn locks it: who holds it judges, signs and commits, and the
others wait. So leaves have no gaps, no two processes sign for one place, and each judges by what
all have committed. Ids and places are unique by constraint, whoever writes.

A connection that is lost ends the turn. Where a commit was under way, the log itself is asked what
became of it, for the server that answers then may be another one. What is not known to be on the
standby as well, if there is one, is committed once more before anything is said of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.ports import (
    Batch,
    Conflict,
    Damaged,
    DatabaseAway,
    LedgerFailure,
    LogHead,
    Standing,
)
from ballotbox_gateway.core.salvage import in_ranges
from ballotbox_gateway.ledger import postgresql_statements as sql
from ballotbox_gateway.ledger.evidence import misplaced_records
from ballotbox_gateway.ledger.postgresql_connection import Link, connect, on_server, translated
from ballotbox_gateway.ledger.postgresql_writing import frontier_after, write
from ballotbox_gateway.ledger.reading import LEAVES_AT_ONCE, LedgerReading
from ballotbox_protocol.wire.merkle import HASH_SIZE, Frontier

FORMAT: Final = 1
_OPEN: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class _Turn(NamedTuple):
    """A transaction that has locked the log: where it stands, and from what it goes on."""

    standing: Standing
    frontier: Frontier


class PostgresqlLedger(LedgerReading):
    """See `core.ports.Ledger`; made by `open_ledger`. One thread uses it."""

    _sql = sql

    def __init__(self, settings: Postgresql, link: Link) -> None:
        self.where = str(settings)
        self._settings = settings
        self._link = link
        self._turn: _Turn | None = None
        #: The log as it was when the server last said, without reserve, that it keeps it.
        self._sure: LogHead | None = None

    def _connected(self) -> Link:
        """Return the connection, made anew when it was lost and no turn ended with it."""
        if self._link.closed and self._turn is None:
            self._link = connect(self._settings)
        return self._link

    @on_server
    def _one(self, statement: str, bindings: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        cursor = self._connected().execute(statement, bindings, binary=True)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row

    @on_server
    def _all(self, statement: str, bindings: Sequence[Any] = ()) -> list[Any]:
        return self._connected().execute(statement, bindings, binary=True).fetchall()

    @contextmanager
    def turn(self) -> Iterator[Standing]:
        """See the port."""
        try:
            yield self._begin().standing
            self._make_sure()
        finally:
            self._end()

    @on_server
    def _begin(self) -> _Turn:
        self._connected().execute(sql.BEGIN)
        row: Any = self._one(sql.LOCK_HEAD)
        if row is None:
            raise Damaged(f"{self.where}: the head of the log is missing")
        size, root, version, hashes = row
        standing = Standing(LogHead(size, root), version)
        self._turn = _Turn(standing, _frontier(size, hashes))
        return self._turn

    def _end(self) -> None:
        """Let the next process have its turn; what was not committed is as if it had never been."""
        self._turn = None
        if self._link.info.transaction_status in _OPEN:
            with suppress(psycopg.Error):
                self._link.execute(sql.ROLLBACK)

    def commit(self, batch: Batch, expected: LogHead) -> None:
        """See the port."""
        if self._turn is not None:
            self._commit(self._turn, batch, expected)
            return
        with self.turn():
            self.commit(batch, expected)

    @on_server
    def _commit(self, turn: _Turn, batch: Batch, expected: LogHead) -> None:
        self._require_expected(turn, batch, expected)
        frontier = frontier_after(turn.frontier, batch)
        write(self._link, batch, frontier)
        # After a pipeline no clock of the server watches over a turn that stands still.
        self._link.execute(sql.WATCHED)
        self._turn = None
        if not self._made_durable():
            self._require_committed(batch)
        signed = batch.checkpoint
        self._sure = LogHead(signed.size, signed.root) if signed else turn.standing.head

    @on_server
    def _make_sure(self) -> None:
        """Let nobody be told, by a turn that commits nothing, what this server alone may know.

        A commit that a lost process made, or one that a standby has not got, is there to be read.
        """
        turn, self._turn = self._turn, None
        if turn is None or turn.standing.head == self._sure:
            return
        if not self._made_durable():
            raise DatabaseAway(f"{self.where}: does not say that it keeps what it holds")
        self._sure = turn.standing.head

    def _made_durable(self) -> bool:
        """Commit; tell whether the server is sure of it, else the outcome is unknown.

        It commits with a warning when the wait for its standby was cut short.
        """
        warnings: list[object] = []
        self._link.add_notice_handler(warnings.append)
        try:
            done = self._link.execute(sql.COMMIT)
        except psycopg.Error as error:
            if isinstance(told := translated(error, self.where), DatabaseAway):
                return False
            raise told from error
        finally:
            self._link.remove_notice_handler(warnings.append)
        if done.statusmessage != sql.COMMIT:
            raise LedgerFailure(f"{self.where}: answered a commit with {done.statusmessage}")
        return not warnings

    def _require_committed(self, batch: Batch) -> None:
        """Ask the log for the batch, over a new connection; raises DatabaseAway unless it is there.

        By its root: who has that has every leaf up to it. A batch without leaves leaves no trace.
        """
        self._link.close()
        with self.turn():
            signed = batch.checkpoint
            found = self._checkpoint(sql.CHECKPOINT_AT, signed.size) if signed else None
        if signed is None or found is None or found.root != signed.root:
            raise DatabaseAway(f"{self.where}: lost while committing")

    def _require_expected(self, turn: _Turn, batch: Batch, expected: LogHead) -> None:
        step, delivery = batch.lower, batch.delivery
        holds = turn.standing.head == expected
        if step is not None:
            known = self._one(sql.LOWER, (step.log.origin,))
            holds = holds and step.first == (known[1] if known else 0)
        if delivery is not None:
            holds = holds and delivery.first == self.delivered(delivery.upper)
        if not holds:
            raise Conflict(f"{self.where}: the log has moved on")

    def log_head(self) -> LogHead:
        """See the port."""
        ((size, root),) = self._all(sql.LOG_HEAD)
        return LogHead(size, root)

    @on_server
    def require_whole(self) -> None:
        """Raise Damaged unless everything beside the leaves is as it was committed.

        All is read at one moment, and nobody waits for it.
        """
        link = self._connected()
        link.execute(sql.SNAPSHOT)
        try:
            self._require_marks()
            batches = self._all(sql.BATCHES)
            with link.cursor("records") as cursor:
                cursor.itersize = LEAVES_AT_ONCE
                found = misplaced_records(batches, cursor.execute(sql.RECORDS, binary=True))
        finally:
            self._end()
        if found:
            raise Damaged(f"{self.where}: what stands beside {in_ranges(found)} has changed")

    def _require_marks(self) -> None:
        ((size, root, hashes),) = self._all(sql.FRONTIER)
        if len(hashes) != size.bit_count() * HASH_SIZE or _frontier(size, hashes).root() != root:
            raise Damaged(f"{self.where}: the head of the log has changed")
        changed = [row[0] for row in self._all(sql.MISMARKED)]
        if changed:
            raise Damaged(f"{self.where}: the verdicts of {in_ranges(changed)} have changed")

    def close(self) -> None:
        """See the port."""
        self._link.close()


def _frontier(size: int, hashes: bytes) -> Frontier:
    parts = range(0, len(hashes), HASH_SIZE)
    return Frontier(size, [hashes[at : at + HASH_SIZE] for at in parts])
