"""Each log folded by the auditor: what may be accepted, when, and what rivals must be.

A gateway's mind is never asked; leaves are held against the leaves before them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ballotbox_protocol.election.conservation import closed_breach
from ballotbox_protocol.election.identifiers import NO_REPORT, BoxId, PollState, ReportId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.leaf import Leaf, LeafType
from ballotbox_protocol.wire.report import Report
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.log_reading import ReadLog

_CLOSED: Final = frozenset({PollState.CLOSED, PollState.PORTABLE})
#: With these a gateway accepts by itself, without officers.
_BY_ITSELF: Final = frozenset({Reason.IN_ORDER, Reason.GAP_CLOSED})
#: Leaves about no report: `replacement_audit` and `count_audit` hold them against what was done,
#: `publication_audit` each publication as it is appended.
_OTHERS: Final = frozenset({LeafType.REPLACEMENT, LeafType.HAND_COUNT, LeafType.PUBLICATION})
_FROM_BELOW: Final = frozenset({Reason.QUARANTINED_BELOW, Reason.EVIDENCE_BELOW})


def faults_of(log: ReadLog) -> Iterator[str]:
    """Yield in words what does not follow from the leaves before it."""
    fold = _Fold(log, log.held_roots())
    for index, leaf in enumerate(log.leaves):
        yield from fold.take(index, leaf)
    yield from _rivals_at_peace(log)


def stale_rows(log: ReadLog, gateway: GatewayNode) -> Iterator[str]:
    """Yield the reports and counts whose row in the ledger is not what their newest leaf says."""
    for identity, places in log.places.items():
        if log.namings.keys() >= set(places):
            yield f"officers name {identity.hex()[:16]}, which is not there"
            continue
        row, last = gateway.ledger.report(identity), log.last(identity)
        leaf = log.leaves[last]
        if row is None or (row.newest, row.verdict, row.reason) != (
            last, leaf.verdict, leaf.reason,
        ):  # fmt: skip
            yield f"the row of {identity.hex()[:16]} is not what leaf {last} says"


@dataclass(slots=True)
class _Fold:
    """What the leaves so far say."""

    log: ReadLog
    roots: dict[int, bytes]
    last: dict[ReportId, Leaf] = field(default_factory=dict)
    #: The sequences of a box of which there is evidence, and no report was named yet.
    disputed: dict[BoxId, set[int]] = field(default_factory=dict)
    #: The reports that a lower gateway's word ever made worse.
    touched: set[ReportId] = field(default_factory=set)

    def take(self, index: int, leaf: Leaf) -> Iterator[str]:
        """Take the next leaf, and yield what speaks against it."""
        if leaf.type in _OTHERS or index in self.log.namings:
            return
        report = self.log.reports.get(leaf.report)
        if report is None:
            yield f"leaf {index} is about a report that is not there"
            return
        before = self.last.get(leaf.report)
        if before is not None and before.verdict is leaf.verdict:
            yield f"leaf {index} decides what was decided"
        if leaf.reason in _BY_ITSELF and leaf.report not in self.touched:
            yield from (f"leaf {index} accepts {words}" for words in self._against(index, report))
        self._learn(leaf, report)

    def _learn(self, leaf: Leaf, report: Report) -> None:
        self.last[leaf.report] = leaf
        if leaf.reason in _FROM_BELOW:
            self.touched.add(leaf.report)
        disputed = self.disputed.setdefault(report.box, set())
        if leaf.reason is Reason.SAME_SEQUENCE:
            disputed.add(report.sequence)
        elif leaf.reason is Reason.NAMED:
            disputed.discard(report.sequence)

    def _against(self, index: int, report: Report) -> Iterator[str]:
        """Yield what speaks against accepting a report as leaf `index`."""
        if self.disputed.get(report.box):
            yield f"report {report.sequence} of a disputed box"
        if not self._follows(report):
            yield f"report {report.sequence}, which follows nothing that was accepted"
        yield from self._after(report)
        held = report.held
        if held is not None and held.origin == origin_id(self.log.origin):
            if held.size > index:
                yield f"report {report.sequence}, whose box holds {held.size} leaves"
            elif self.roots[held.size] != held.root:
                yield f"report {report.sequence}, whose box holds another log"

    def _after(self, report: Report) -> Iterator[str]:
        """Yield what a report may not say after the one before it, when that was accepted."""
        before, leaf = self.log.reports.get(report.previous), self.last.get(report.previous)
        if before is None or leaf is None or leaf.verdict is not Verdict.ACCEPTED:
            return
        if report.firmware_sequence < before.firmware_sequence:
            yield f"report {report.sequence} of an older firmware"
        breach = closed_breach(before.counters, report.counters)
        if before.state in _CLOSED and breach is not None:
            yield f"report {report.sequence}, which breaks a law: {breach}"

    def _follows(self, report: Report) -> bool:
        if report.sequence == 0:
            return report.previous == NO_REPORT
        before, leaf = self.log.reports.get(report.previous), self.last.get(report.previous)
        if before is None or leaf is None or before.sequence + 1 != report.sequence:
            return False
        # A report in quarantine has its place in the chain; one from below may have it besides.
        settled = leaf.verdict in (Verdict.ACCEPTED, Verdict.QUARANTINED)
        return before.box == report.box and (settled or report.previous in self.touched)


def _rivals_at_peace(log: ReadLog) -> Iterator[str]:
    """Yield the sequences of which two reports stand, and not both as evidence."""
    by_name = (leaf.report for leaf in log.leaves if leaf.reason is Reason.NAMED)
    named = {log.reports[report].box for report in by_name if report in log.reports}
    for (box, sequence), rivals in log.voices().items():
        newest = [log.newest(each) for each in rivals]
        if box in named:
            # What was built on a report that officers did not name is set aside in quarantine.
            newest = [leaf for leaf in newest if leaf.verdict is not Verdict.QUARANTINED]
        unnamed = [leaf for leaf in newest if leaf.reason is not Reason.NAMED]
        quiet = any(leaf.verdict is not Verdict.EVIDENCE for leaf in unnamed)
        if len(newest) > 1 and (quiet or len(newest) - len(unnamed) > 1):
            yield f"rivals of box {box.hex()[-4:]}, report {sequence}, are not both evidence"
