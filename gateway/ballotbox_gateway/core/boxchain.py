"""The working state of one box's chain while a batch is judged: its head and the rows it needs.

Rows are read from the ledger only where something is out of order; a box that reports in order
needs its head alone.
"""

from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import Ledger, Place, StoredReport
from ballotbox_protocol.election.identifiers import ReportId


class BoxChain:
    """One box in one batch; besides the head, the commit must write `new` and `changed`."""

    __slots__ = ("_all_from", "_ledger", "_rows", "changed", "head", "new", "stored")

    def __init__(self, head: BoxHead, ledger: Ledger) -> None:
        self.stored = head
        self.head = head
        self.new: dict[ReportId, StoredReport] = {}
        self.changed: dict[ReportId, StoredReport] = {}
        self._ledger = ledger
        self._rows: dict[int, dict[ReportId, StoredReport]] = {}
        self._all_from: int | None = None

    def follows_plainly(self, sequence: int) -> bool:
        """Tell whether a report of `sequence` continues the chain and cannot be stored already.

        It can be only where a report waits, or where one ever had a rival.
        """
        head = self.head
        return sequence == head.sequence + 1 and not (head.waiting or head.branched)

    def add(self, row: StoredReport) -> None:
        """Put in a report that the ledger has not got, plainly or after `known` looked for it."""
        self.new[row.id] = row
        self._rows.setdefault(row.sequence, {})[row.id] = row

    def put(self, row: StoredReport) -> None:
        """Replace what is known about a report."""
        self._at(row.sequence)[row.id] = row
        (self.new if row.id in self.new else self.changed)[row.id] = row

    def at(self, sequence: int) -> list[StoredReport]:
        """Return all reports of one sequence, in order of arrival."""
        return sorted(self._at(sequence).values(), key=_arrival)

    def known(self, sequence: int, report: ReportId) -> StoredReport | None:
        """Return a report if it is stored or about to be."""
        return self._at(sequence).get(report)

    def first_missing(self) -> int:
        """Return the lowest sequence of which no report is held."""
        missing = self.head.sequence + 1
        while self.head.waiting and self.placed(missing) is not None:
            missing += 1
        return missing

    def current(self, row: StoredReport) -> StoredReport:
        """Return the row as it stands now."""
        return self._at(row.sequence)[row.id]

    def placed(self, sequence: int) -> StoredReport | None:
        """Return the report that holds this sequence, in the chain or waiting for it."""
        return next((row for row in self.at(sequence) if row.place is not Place.ASIDE), None)

    def after(self, sequence: int) -> list[StoredReport]:
        """Return all reports beyond `sequence`, in order of sequence, then of arrival."""
        if self._all_from is None or sequence + 1 < self._all_from:
            self._read(sequence + 1, None)
            self._all_from = sequence + 1
        sequences = sorted(each for each in self._rows if each > sequence)
        return [row for each in sequences for row in self.at(each)]

    def _at(self, sequence: int) -> dict[ReportId, StoredReport]:
        if sequence not in self._rows:
            if self._all_from is None or sequence < self._all_from:
                self._read(sequence, sequence + 1)
            self._rows.setdefault(sequence, {})
        return self._rows[sequence]

    def _read(self, first: int, stop: int | None) -> None:
        for row in self._ledger.reports_of(self.head.box, first, stop):
            self._rows.setdefault(row.sequence, {}).setdefault(row.id, row)


def _arrival(row: StoredReport) -> int:
    return row.first
