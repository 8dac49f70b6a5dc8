"""The history of one box as the log tells it: each report's newest verdict, and what it means.

EVIDENCE disputes the box at a sequence until a ruling NAMED names one of the rivals there. When the
named report is not the one that later reports were built on, these are superseded, but for those
that officers ruled on. A ruling RELEASED counts a held or quarantined report. Otherwise the newest
verdict on a report is the one that holds.
"""

from collections.abc import Iterator

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.leaf import LeafType
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.authenticity import RULED
from ballotbox_tabulation.core.evidence import FiledReport, VerifiedLeaf
from ballotbox_tabulation.core.faults import Fault, LogFault

#: The verdicts with which a report takes its place in the chain of its box.
_IN_CHAIN = frozenset({Verdict.ACCEPTED, Verdict.QUARANTINED})
_RELEASABLE = frozenset({Verdict.HELD, Verdict.QUARANTINED})


class Standing:
    """Where one report stands after the leaves read so far.

    ruled: two officers released or named it at some leaf. superseded: it was built on a report that
    officers did not name.
    """

    __slots__ = ("leaves", "reason", "report", "ruled", "superseded", "verdict")

    def __init__(self, report: FiledReport) -> None:
        self.report = report
        self.verdict = Verdict.HELD
        self.reason = Reason.GAP_BEFORE
        self.leaves: tuple[int, ...] = ()
        self.ruled = False
        self.superseded = False

    @property
    def counts(self) -> bool:
        """Whether the report is accepted and on the branch that holds."""
        return self.verdict is Verdict.ACCEPTED and not self.superseded


class BoxHistory:
    """All reports of one box, the chain they form, and whether two of them were ever rivals."""

    __slots__ = ("_branched", "_chain", "_standings")

    def __init__(self) -> None:
        self._standings: dict[ReportId, Standing] = {}
        self._chain: dict[int, ReportId] = {}
        self._branched = False

    @property
    def disputed(self) -> bool:
        """Whether rivals of one sequence await two officers' naming of the true one."""
        standings = self._standings.values()
        disputed = {each.report.sequence for each in standings if each.verdict is Verdict.EVIDENCE}
        if not disputed:
            return False
        named = {
            each.report.sequence
            for each in standings
            if each.reason is Reason.NAMED and each.verdict is Verdict.ACCEPTED
        }
        return not disputed <= named

    def standings(self, *kinds: ReportKind) -> list[Standing]:
        """Return the standings of the reports of these kinds, by sequence, then by id."""
        chosen = [each for each in self._standings.values() if each.report.kind in kinds]
        return sorted(chosen, key=lambda each: (each.report.sequence, each.report.id))

    def evidence(self) -> list[Standing]:
        """Return the reports that stand in evidence, by sequence, then by id."""
        chosen = [each for each in self._standings.values() if each.verdict is Verdict.EVIDENCE]
        return sorted(chosen, key=lambda each: (each.report.sequence, each.report.id))

    def first_missing(self) -> int:
        """Return the lowest sequence of which no report has taken its place in the chain."""
        sequence = 0
        while sequence in self._chain:
            sequence += 1
        return sequence

    def add(self, entry: VerifiedLeaf) -> Fault | None:
        """Take the next leaf about this box; return the fault when it rules what is not open."""
        report, leaf = entry.report, entry.leaf
        standing = self._standings.get(report.id)
        if standing is None:
            standing = self._standings[report.id] = Standing(report)
        standing.leaves += (entry.index,)
        if leaf.type is LeafType.RULING:
            fault = self._rule(standing, entry)
        else:
            fault = self._decide(standing, entry)
        if entry.objection is not None and fault is None:
            standing.verdict, standing.reason = Verdict.QUARANTINED, entry.objection
        return fault

    def _decide(self, standing: Standing, entry: VerifiedLeaf) -> Fault | None:
        leaf, report = entry.leaf, entry.report
        if leaf.reason in RULED and not standing.ruled:
            return Fault(LogFault.RULING_MISSING, entry.index, f"box {report.box.hex()}")
        standing.verdict, standing.reason = leaf.verdict, leaf.reason
        if leaf.verdict in (Verdict.ACCEPTED, Verdict.HELD):
            # It follows the report that officers named after all.
            standing.superseded = False
        self._branched |= leaf.verdict is Verdict.EVIDENCE
        # After a branching, what does not follow the report before it grew on the other branch.
        aside = standing.superseded or (self._branched and leaf.reason is Reason.PREVIOUS)
        if leaf.verdict in _IN_CHAIN and not aside:
            self._chain.setdefault(report.sequence, report.id)
        return None

    def _rule(self, standing: Standing, entry: VerifiedLeaf) -> Fault | None:
        reason, report = entry.leaf.reason, standing.report
        if reason is Reason.NAMED and standing.verdict is Verdict.EVIDENCE:
            self._name(report)
        elif reason is Reason.RELEASED and standing.verdict in _RELEASABLE:
            self._chain.setdefault(report.sequence, report.id)
        elif standing.verdict is not Verdict.ACCEPTED:
            return Fault(LogFault.RULING_CAUSE, entry.index, f"box {report.box.hex()}")
        standing.verdict, standing.reason = Verdict.ACCEPTED, reason
        standing.ruled, standing.superseded = True, False
        return None

    def _name(self, report: FiledReport) -> None:
        sequence = report.sequence
        if self._chain.setdefault(sequence, report.id) == report.id:
            return
        # The chain was built on the rival: it and what follows belong to a branch cut off.
        for later in [number for number in self._chain if number >= sequence]:
            standing = self._standings[self._chain[later]]
            if standing.reason not in RULED:
                standing.superseded = True
                del self._chain[later]
        self._chain[sequence] = report.id

    def doubled(self) -> Iterator[tuple[Standing, Standing]]:
        """Yield each two different reports of one sequence that both count."""
        first: dict[int, Standing] = {}
        for standing in self._standings.values():
            if standing.counts:
                other = first.setdefault(standing.report.sequence, standing)
                if other is not standing:
                    yield other, standing
