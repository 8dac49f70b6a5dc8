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
from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import (
    Batch,
    Binding,
    Conflict,
    Damaged,
    DatabaseAway,
    Entry,
    LedgerFailure,
    LogHead,
    LowerLog,
    Standing,
    StoredCheckpoint,
    StoredRefusal,
    StoredReport,
    Tally,
    Unauthentic,
)
from ballotbox_gateway.core.salvage import in_ranges
from ballotbox_gateway.ledger import postgresql_statements as sql
from ballotbox_gateway.ledger import rows
from ballotbox_gateway.ledger.evidence import misplaced_records
from ballotbox_gateway.ledger.postgresql_connection import Link, connect, on_server, translated
from ballotbox_gateway.ledger.postgresql_writing import frontier_after, write
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest, ReportId
from ballotbox_protocol.wire.merkle import HASH_SIZE, Frontier
from ballotbox_protocol.wire.verdict import Reason

FORMAT: Final = 1
_LEAVES_AT_ONCE: Final = 4_096
_OPEN: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class _Turn(NamedTuple):
    """A transaction that has locked the log: where it stands, and from what it goes on."""

    standing: Standing
    frontier: Frontier


class PostgresqlLedger:
    """See `core.ports.Ledger`; made by `open_ledger`. One thread uses it."""

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

    def _one(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        cursor = self._connected().execute(statement, values, binary=True)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._connected().execute(statement, values, binary=True).fetchall()

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
            holds = holds and delivery.first == self._delivered(delivery.upper)
        if not holds:
            raise Conflict(f"{self.where}: the log has moved on")

    @on_server
    def binding(self) -> Binding:
        """See the port."""
        ((origin, election, version),) = self._all(sql.BINDING)
        return Binding(origin, ElectionDigest(election), version)

    @on_server
    def log_head(self) -> LogHead:
        """See the port."""
        ((size, root),) = self._all(sql.LOG_HEAD)
        return LogHead(size, root)

    def leaves(self, first: int) -> Iterator[bytes]:
        """See the port."""
        part = self._leaves(first)
        yield from part
        while len(part) == _LEAVES_AT_ONCE:
            first += len(part)
            part = self._leaves(first)
            yield from part

    @on_server
    def _leaves(self, first: int) -> list[bytes]:
        return [row[0] for row in self._all(sql.LEAVES, (first, _LEAVES_AT_ONCE))]

    @on_server
    def boxes_from(self, first: int) -> set[BoxId]:
        """See the port."""
        return {BoxId(row[0]) for row in self._all(sql.BOXES_FROM, (first,))}

    @on_server
    def entries(self, first: int, stop: int) -> list[Entry]:
        """See the port."""
        return [Entry(*row) for row in self._all(sql.ENTRIES, (first, stop))]

    @on_server
    def box_head(self, box: BoxId) -> BoxHead:
        """See the port."""
        row = self._one(sql.HEAD, (box,))
        return rows.head_of(row) if row else BoxHead(box)

    @on_server
    def box_heads(self) -> list[BoxHead]:
        """See the port."""
        return [rows.head_of(row) for row in self._all(sql.HEADS)]

    @on_server
    def report(self, report: ReportId) -> StoredReport | None:
        """See the port."""
        row = self._one(sql.REPORT, (report,))
        return rows.report_of(row) if row else None

    @on_server
    def reports_of(self, box: BoxId, first: int, stop: int | None) -> list[StoredReport]:
        """See the port."""
        end = rows.NO_STOP if stop is None else stop
        return [rows.report_of(row) for row in self._all(sql.REPORTS_OF, (box, first, end))]

    @on_server
    def set_aside(self, first: BoxId, last: BoxId) -> list[StoredReport]:
        """See the port."""
        return [rows.report_of(row) for row in self._all(sql.SET_ASIDE, (first, last))]

    @on_server
    def refusal(self, report: ReportId) -> StoredRefusal | None:
        """See the port."""
        row = self._one(sql.REFUSAL, (report,))
        return rows.refusal_of(row) if row else None

    @on_server
    def refusals(self) -> list[StoredRefusal]:
        """See the port."""
        return [rows.refusal_of(row) for row in self._all(sql.REFUSALS)]

    @on_server
    def unauthentic(self) -> list[Unauthentic]:
        """See the port."""
        return [rows.sample_of(row) for row in self._all(sql.SAMPLES)]

    @on_server
    def counts(self) -> dict[tuple[Tally, Reason], int]:
        """See the port."""
        found = self._all(sql.COUNTS)
        return {(Tally(tally), Reason(reason)): total for tally, reason, total in found}

    def checkpoint_of_leaf(self, index: int) -> StoredCheckpoint | None:
        """See the port."""
        return self._checkpoint(sql.CHECKPOINT_OF_LEAF, index)

    def checkpoint_at(self, size: int) -> StoredCheckpoint | None:
        """See the port."""
        return self._checkpoint(sql.CHECKPOINT_AT, size)

    def checkpoint_up_to(self, size: int) -> StoredCheckpoint | None:
        """See the port."""
        return self._checkpoint(sql.CHECKPOINT_UP_TO, size)

    @on_server
    def _checkpoint(self, statement: str, size: int) -> StoredCheckpoint | None:
        row = self._one(statement, (size,))
        return StoredCheckpoint(*row) if row else None

    @on_server
    def lower_log(self, origin: str) -> LowerLog | None:
        """See the port."""
        row = self._one(sql.LOWER, (origin,))
        return rows.lower_of(row) if row else None

    @on_server
    def next_note(self) -> int:
        """See the port."""
        ((newest,),) = self._all(sql.LAST_NOTE)
        return 0 if newest is None else int(newest) + 1

    @on_server
    def contradictions(self) -> list[bytes]:
        """See the port."""
        return [row[0] for row in self._all(sql.CONTRADICTIONS)]

    @on_server
    def delivered(self, upper: str) -> int:
        """See the port."""
        return self._delivered(upper)

    def _delivered(self, upper: str) -> int:
        row = self._one(sql.DELIVERED, (upper,))
        return int(row[0]) if row else 0

    @on_server
    def upper_receipt(self, upper: str, index: int) -> bytes | None:
        """See the port."""
        row = self._one(sql.UPPER_RECEIPT, (upper, index))
        return row[0] if row else None

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
                cursor.itersize = _LEAVES_AT_ONCE
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
