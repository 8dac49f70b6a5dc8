"""What is read of a ledger, whichever database keeps it.

The statements of both give the same columns; each ledger asks in its own dialect, and tells the
errors of its own medium where it asks.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, Final

from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import (
    Binding,
    Entry,
    LowerLog,
    StoredCheckpoint,
    StoredRefusal,
    StoredReport,
    Tally,
    Unauthentic,
)
from ballotbox_gateway.ledger import rows
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest, ReportId
from ballotbox_protocol.wire.verdict import Reason

LEAVES_AT_ONCE: Final = 4_096


class LedgerReading(ABC):
    """The reading half of `core.ports.Ledger`; `_sql` has the statements of the dialect."""

    _sql: ModuleType

    @abstractmethod
    def _one(self, statement: str, bindings: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row, None where there is none; raises the port's errors."""

    @abstractmethod
    def _all(self, statement: str, bindings: Sequence[Any] = ()) -> list[Any]:
        """Return all rows; raises the port's errors."""

    def leaves(self, first: int) -> Iterator[bytes]:
        """See the port."""
        part = self._leaves(first)
        yield from part
        while len(part) == LEAVES_AT_ONCE:
            first += len(part)
            part = self._leaves(first)
            yield from part

    def _leaves(self, first: int) -> list[bytes]:
        return [row[0] for row in self._all(self._sql.LEAVES, (first, LEAVES_AT_ONCE))]

    def binding(self) -> Binding:
        """See the port."""
        ((origin, election, version),) = self._all(self._sql.BINDING)
        return Binding(origin, ElectionDigest(election), version)

    def boxes_from(self, first: int) -> set[BoxId]:
        """See the port."""
        return {BoxId(row[0]) for row in self._all(self._sql.BOXES_FROM, (first,))}

    def entries(self, first: int, stop: int) -> list[Entry]:
        """See the port."""
        return [Entry(*row) for row in self._all(self._sql.ENTRIES, (first, stop))]

    def box_head(self, box: BoxId) -> BoxHead:
        """See the port."""
        row = self._one(self._sql.HEAD, (box,))
        return rows.head_of(row) if row else BoxHead(box)

    def box_heads(self) -> list[BoxHead]:
        """See the port."""
        return [rows.head_of(row) for row in self._all(self._sql.HEADS)]

    def report(self, report: ReportId) -> StoredReport | None:
        """See the port."""
        row = self._one(self._sql.REPORT, (report,))
        return rows.report_of(row) if row else None

    def reports_of(self, box: BoxId, first: int, stop: int | None) -> list[StoredReport]:
        """See the port."""
        end = rows.NO_STOP if stop is None else stop
        return [rows.report_of(row) for row in self._all(self._sql.REPORTS_OF, (box, first, end))]

    def set_aside(self, first: BoxId, last: BoxId) -> list[StoredReport]:
        """See the port."""
        return [rows.report_of(row) for row in self._all(self._sql.SET_ASIDE, (first, last))]

    def refusal(self, report: ReportId) -> StoredRefusal | None:
        """See the port."""
        row = self._one(self._sql.REFUSAL, (report,))
        return rows.refusal_of(row) if row else None

    def refusals(self) -> list[StoredRefusal]:
        """See the port."""
        return [rows.refusal_of(row) for row in self._all(self._sql.REFUSALS)]

    def unauthentic(self) -> list[Unauthentic]:
        """See the port."""
        return [rows.sample_of(row) for row in self._all(self._sql.SAMPLES)]

    def counts(self) -> dict[tuple[Tally, Reason], int]:
        """See the port."""
        found = self._all(self._sql.COUNTS)
        return {(Tally(tally), Reason(reason)): total for tally, reason, total in found}

    def checkpoint_of_leaf(self, index: int) -> StoredCheckpoint | None:
        """See the port."""
        return self._checkpoint(self._sql.CHECKPOINT_OF_LEAF, index)

    def checkpoint_at(self, size: int) -> StoredCheckpoint | None:
        """See the port."""
        return self._checkpoint(self._sql.CHECKPOINT_AT, size)

    def checkpoint_up_to(self, size: int) -> StoredCheckpoint | None:
        """See the port."""
        return self._checkpoint(self._sql.CHECKPOINT_UP_TO, size)

    def _checkpoint(self, statement: str, size: int) -> StoredCheckpoint | None:
        row = self._one(statement, (size,))
        return StoredCheckpoint(*row) if row else None

    def lower_log(self, origin: str) -> LowerLog | None:
        """See the port."""
        row = self._one(self._sql.LOWER, (origin,))
        return rows.lower_of(row) if row else None

    def next_note(self) -> int:
        """See the port."""
        ((newest,),) = self._all(self._sql.LAST_NOTE)
        return 0 if newest is None else int(newest) + 1

    def contradictions(self) -> list[bytes]:
        """See the port."""
        return [row[0] for row in self._all(self._sql.CONTRADICTIONS)]

    def delivered(self, upper: str) -> int:
        """See the port."""
        row = self._one(self._sql.DELIVERED, (upper,))
        return int(row[0]) if row else 0

    def upper_receipt(self, upper: str, index: int) -> bytes | None:
        """See the port."""
        row = self._one(self._sql.UPPER_RECEIPT, (upper, index))
        return row[0] if row else None
