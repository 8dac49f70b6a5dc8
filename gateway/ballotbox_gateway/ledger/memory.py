"""A ledger in memory, for simulations and tests: the contract without a medium."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import (
    UNAUTHENTIC_ROWS_MAX,
    Batch,
    Binding,
    Conflict,
    Entry,
    LogHead,
    LowerLog,
    NewLeaf,
    Standing,
    StoredCheckpoint,
    StoredRefusal,
    StoredReport,
    Tally,
    Unauthentic,
)
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.merkle import EMPTY_ROOT
from ballotbox_protocol.wire.verdict import Reason, Verdict


class MemoryLedger:
    """See `core.ports.Ledger`. It forgets everything with the process."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        self._leaves: list[NewLeaf] = []
        self._reports: dict[ReportId, StoredReport] = {}
        self._by_box: dict[BoxId, list[ReportId]] = {}
        self._by_first: dict[int, ReportId] = {}
        self._heads: dict[BoxId, BoxHead] = {}
        self._refusals: dict[ReportId, StoredRefusal] = {}
        self._unauthentic: dict[bytes, Unauthentic] = {}
        self._counts: Counter[tuple[Tally, Reason]] = Counter()
        self._sizes: list[int] = []
        self._checkpoints: dict[int, StoredCheckpoint] = {}
        self._notes: list[bytes] = []
        self._contradictions: list[bytes] = []
        self._lower: dict[str, LowerLog] = {}
        self._delivered: dict[str, int] = {}
        self._upper_receipts: dict[tuple[str, int], bytes] = {}

    @contextmanager
    def turn(self) -> Iterator[Standing]:
        """See the port; whoever shares this ledger is in the same thread."""
        yield Standing(self.log_head(), self._binding.register_version)

    def commit(self, batch: Batch, expected: LogHead) -> None:
        """See the port."""
        self._require_expected(batch, expected)
        self._leaves += batch.leaves
        for row in batch.reports:
            self._by_box.setdefault(row.box, []).append(row.id)
            self._by_first[row.first] = row.id
        for row in (*batch.reports, *batch.moved):
            self._reports[row.id] = row
        self._heads.update((head.box, head) for head in batch.heads)
        self._refusals.update((refusal.id, refusal) for refusal in batch.refusals)
        self._keep_samples(batch.unauthentic)
        self._counts.update(batch.counts)
        if batch.checkpoint is not None:
            self._sizes.append(batch.checkpoint.size)
            self._checkpoints[batch.checkpoint.size] = batch.checkpoint
        self._travel(batch)

    def _require_expected(self, batch: Batch, expected: LogHead) -> None:
        step, delivery = batch.lower, batch.delivery
        holds = (
            expected == self.log_head()
            and all(self.box_head(head.box).version + 1 == head.version for head in batch.heads)
            and not any(row.id in self._reports for row in batch.reports)
            and not any(refusal.id in self._refusals for refusal in batch.refusals)
            and (step is None or step.number == self.next_note())
            and (step is None or step.first == self._lower_size(step.log.origin))
            and (delivery is None or delivery.first == self.delivered(delivery.upper))
        )
        if not holds:
            raise Conflict

    def _lower_size(self, origin: str) -> int:
        lower = self._lower.get(origin)
        return 0 if lower is None else lower.size

    def _keep_samples(self, samples: Sequence[Unauthentic]) -> None:
        for sample in samples:
            known = self._unauthentic.pop(sample.digest, None)
            times = sample.times + (known.times if known else 0)
            self._unauthentic[sample.digest] = sample._replace(times=times)
        while len(self._unauthentic) > UNAUTHENTIC_ROWS_MAX:
            del self._unauthentic[next(iter(self._unauthentic))]

    def _travel(self, batch: Batch) -> None:
        if batch.lower is not None:
            self._notes.append(batch.lower.log.note)
            self._lower[batch.lower.log.origin] = batch.lower.log
        delivery = batch.delivery
        if delivery is not None:
            self._delivered[delivery.upper] = delivery.next
            for index, receipt in delivery.receipts:
                self._upper_receipts[delivery.upper, index] = receipt
        self._contradictions += batch.contradictions
        if batch.register_version is not None:
            self._binding = replace(self._binding, register_version=batch.register_version)

    def binding(self) -> Binding:
        """See the port."""
        return self._binding

    def log_head(self) -> LogHead:
        """See the port."""
        if not self._sizes:
            return LogHead(0, EMPTY_ROOT)
        newest = self._checkpoints[self._sizes[-1]]
        return LogHead(newest.size, newest.root)

    def leaves(self, first: int) -> Iterator[bytes]:
        """See the port."""
        return (leaf.data for leaf in self._leaves[first:])

    def boxes_from(self, first: int) -> set[BoxId]:
        """See the port."""
        return {
            self._reports[self._by_first[each.report_first]].box for each in self._leaves[first:]
        }

    def entries(self, first: int, stop: int) -> list[Entry]:
        """See the port."""
        return [self._entry(leaf) for leaf in self._leaves[first:stop]]

    def _entry(self, leaf: NewLeaf) -> Entry:
        report = None
        if leaf.ruling is None:
            report = self._reports[self._by_first[leaf.report_first]].data
        note = None if leaf.note is None else self._notes[leaf.note]
        return Entry(leaf.position, leaf.data, report, leaf.ruling, note)

    def box_head(self, box: BoxId) -> BoxHead:
        """See the port."""
        return self._heads.get(box) or BoxHead(box)

    def box_heads(self) -> list[BoxHead]:
        """See the port."""
        return sorted(self._heads.values())

    def report(self, report: ReportId) -> StoredReport | None:
        """See the port."""
        return self._reports.get(report)

    def reports_of(self, box: BoxId, first: int, stop: int | None) -> list[StoredReport]:
        """See the port."""
        rows = (self._reports[report] for report in self._by_box.get(box, ()))
        found = [
            row for row in rows if first <= row.sequence and (stop is None or row.sequence < stop)
        ]
        return sorted(found, key=lambda row: (row.sequence, row.first))

    def set_aside(self, first: BoxId, last: BoxId) -> list[StoredReport]:
        """See the port."""
        boxes = sorted(box for box in self._by_box if first <= box <= last)
        found = [row for box in boxes for row in self.reports_of(box, 0, None)]
        return [row for row in found if row.verdict is not Verdict.ACCEPTED]

    def refusal(self, report: ReportId) -> StoredRefusal | None:
        """See the port."""
        return self._refusals.get(report)

    def refusals(self) -> list[StoredRefusal]:
        """See the port."""
        return list(self._refusals.values())

    def unauthentic(self) -> list[Unauthentic]:
        """See the port."""
        return list(self._unauthentic.values())

    def counts(self) -> dict[tuple[Tally, Reason], int]:
        """See the port."""
        return dict(self._counts)

    def checkpoint_of_leaf(self, index: int) -> StoredCheckpoint | None:
        """See the port."""
        at = bisect_right(self._sizes, index)
        return self._checkpoints[self._sizes[at]] if at < len(self._sizes) else None

    def checkpoint_at(self, size: int) -> StoredCheckpoint | None:
        """See the port."""
        return self._checkpoints.get(size)

    def checkpoint_up_to(self, size: int) -> StoredCheckpoint | None:
        """See the port."""
        at = bisect_right(self._sizes, size)
        return self._checkpoints[self._sizes[at - 1]] if at else None

    def lower_log(self, origin: str) -> LowerLog | None:
        """See the port."""
        return self._lower.get(origin)

    def next_note(self) -> int:
        """See the port."""
        return len(self._notes)

    def contradictions(self) -> list[bytes]:
        """See the port."""
        return list(self._contradictions)

    def delivered(self, upper: str) -> int:
        """See the port."""
        return self._delivered.get(upper, 0)

    def upper_receipt(self, upper: str, index: int) -> bytes | None:
        """See the port."""
        return self._upper_receipts.get((upper, index))

    def close(self) -> None:
        """See the port."""
