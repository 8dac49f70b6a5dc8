"""The fold: verified leaves in, the standing of every registered box out. Pure and order-bound.

Each box ends in exactly one state. Only a counted box gives numbers to a total; every other box is
listed by its state and never shown as zero (law G6).
"""

from dataclasses import dataclass
from enum import IntEnum, unique

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import BoxId, PrecinctId, ReportId
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.election.tally import Row
from ballotbox_protocol.wire.leaf import LeafType
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.authenticity import RULED
from ballotbox_tabulation.core.evidence import Interim, LogEntry, ReplacedLog, VerifiedLeaf
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.hand_counts import CountedByHand, HandCounts, ListedCount
from ballotbox_tabulation.core.history import BoxHistory, Standing
from ballotbox_tabulation.core.published import PublishedLeaf


@unique
class BoxState(IntEnum):
    """Where a box stands in the result."""

    COUNTED = 1
    MISSING = 2
    HELD = 3
    QUARANTINED = 4
    DISPUTED = 5
    UNUSED = 6


@unique
class Use(IntEnum):
    """What the result does with one report."""

    COUNTED = 1
    REPLACED = 2
    SUPERSEDED = 3
    HELD = 4
    QUARANTINED = 5
    EVIDENCE = 6
    LEFT_OUT = 7


@dataclass(frozen=True, slots=True)
class ListedReport:
    """A final, a correction or a report in evidence: its newest verdict, its leaves and its use.

    `leaves` are the indexes of all leaves about it, the deciding one last.
    """

    id: ReportId
    kind: ReportKind
    sequence: int
    verdict: Verdict
    reason: Reason
    leaves: tuple[int, ...]
    use: Use


@dataclass(frozen=True, slots=True)
class Count:
    """The numbers of one box that enter the totals, and the report and leaf they come from.

    `ruled`: two officers released or named the report although a gateway's check failed.
    """

    report: ReportId
    leaf: int
    row: Row
    counters: Counters
    final_counters: Counters
    ruled: bool


@dataclass(frozen=True, slots=True)
class BoxResult:
    """One registered box in the result.

    counts: what enters the totals; more than one breaks law ONE_FINAL and refuses publication.
    waiting_for: of a held box, the sequence of the first report that is missing. interims: what its
    accepted interim reports say; they are in no total.
    """

    box: BoxId
    precinct: PrecinctId
    state: BoxState
    counts: tuple[Count, ...]
    reports: tuple[ListedReport, ...]
    waiting_for: int | None = None
    interims: tuple[Interim, ...] = ()


@dataclass(frozen=True, slots=True)
class Objection:
    """An accepted report to which the tabulation itself objects; treated as quarantined."""

    leaf: int
    box: BoxId
    kind: ReportKind
    reason: Reason


@dataclass(frozen=True, slots=True)
class Standings:
    """The outcome of the fold: every registered box once, by precinct and id, and the leaf counts.

    latest_time: the newest gateway time of any leaf, Unix seconds: a claim.
    replaced: logs that were closed because their end is lost, and those that stand for them.
    by_hand: every version of every count by hand; none of them is in a total.
    published: the results that were released before, of this log and of those below it.
    """

    boxes: tuple[BoxResult, ...]
    objections: tuple[Objection, ...]
    reports_by_verdict: dict[Verdict, int]
    rulings: int
    latest_time: int | None
    replaced: tuple[ReplacedLog, ...] = ()
    by_hand: tuple[ListedCount, ...] = ()
    published: tuple[PublishedLeaf, ...] = ()


class Fold:
    """Takes the leaves of one log in order; `standings` may be asked at the end."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._boxes = {box: BoxHistory() for box in register.entries_of}
        self._by_verdict = dict.fromkeys(Verdict, 0)
        self._rulings = 0
        self._latest: int | None = None
        self._objections: list[Objection] = []
        self._replaced: list[ReplacedLog] = []
        self._by_hand = HandCounts()
        self._published: list[PublishedLeaf] = []

    def add(self, entry: LogEntry) -> Fault | None:
        """Take the next leaf; return the fault when it contradicts the leaves before it."""
        if isinstance(entry, VerifiedLeaf):
            return self._add(entry)
        if isinstance(entry, ReplacedLog):
            self._replaced.append(entry)
            return None
        if isinstance(entry, PublishedLeaf):
            self._published.append(entry)
            return None
        if isinstance(entry, CountedByHand):
            self._by_hand.add(entry)
            return None
        self._rulings += 1
        self._by_hand.name(entry)
        return None

    def _add(self, entry: VerifiedLeaf) -> Fault | None:
        leaf = entry.leaf
        if leaf.type is LeafType.RULING:
            self._rulings += 1
        else:
            self._by_verdict[leaf.verdict] += 1
        if self._latest is None or leaf.time > self._latest:
            self._latest = leaf.time
        if entry.objection is not None:
            report = entry.report
            self._objections.append(
                Objection(entry.index, report.box, report.kind, entry.objection)
            )
        return self._boxes[entry.report.box].add(entry)

    def contradictions(self) -> list[Fault]:
        """Return what only the whole log can tell: what excludes each other and is accepted."""
        doubled = [
            Fault(LogFault.SAME_SEQUENCE, second.leaves[-1], _both(first, second))
            for history in self._boxes.values()
            for first, second in history.doubled()
        ]
        return [*doubled, *self._by_hand.contradictions()]

    def standings(self) -> Standings:
        """Return where every registered box stands after the leaves taken so far."""
        expected = self._register.expected
        boxes = [
            _box_result(box, entries[-1].precinct, self._boxes[box], expected=box in expected)
            for box, entries in self._register.entries_of.items()
        ]
        ordered = sorted(boxes, key=lambda result: (result.precinct, result.box))
        return Standings(
            tuple(ordered),
            tuple(self._objections),
            dict(self._by_verdict),
            self._rulings,
            self._latest,
            tuple(self._replaced),
            self._by_hand.listed(),
            tuple(self._published),
        )


def _both(first: Standing, second: Standing) -> str:
    box, sequence = second.report.box.hex(), second.report.sequence
    return f"box {box}, sequence {sequence}, and leaf {first.leaves[-1]}"


def _box_result(
    box: BoxId, precinct: PrecinctId, history: BoxHistory, *, expected: bool
) -> BoxResult:
    finals = history.standings(ReportKind.FINAL)
    corrections = history.standings(ReportKind.CORRECTION)
    accepted = [standing for standing in finals if standing.counts]
    in_force, misplaced = _sort_corrections(accepted, corrections)
    counts = () if history.disputed else _counts(accepted, in_force)
    state = _state(history, finals, expected=expected)
    used = {count.report for count in counts}
    return BoxResult(
        box,
        precinct,
        state,
        counts,
        tuple(
            _listed(standing, used, misplaced=standing.report.id in misplaced)
            for standing in _to_be_listed(finals, corrections, history.evidence())
        ),
        history.first_missing() if state is BoxState.HELD else None,
        tuple(
            standing.report.interim
            for standing in history.standings(ReportKind.TURNOUT)
            if standing.counts and standing.report.interim is not None
        ),
    )


def _to_be_listed(*groups: list[Standing]) -> list[Standing]:
    unique_ones = {standing.report.id: standing for group in groups for standing in group}
    return sorted(unique_ones.values(), key=lambda each: (each.report.sequence, each.report.id))


def _sort_corrections(
    finals: list[Standing], corrections: list[Standing]
) -> tuple[list[Standing], set[ReportId]]:
    """Return the corrections that follow from the final, and the ids of those that do not.

    Each must name the final or the correction in force before it, unless officers ruled on it.
    """
    named = {standing.report.id for standing in finals}
    in_force: list[Standing] = []
    misplaced: set[ReportId] = set()
    for standing in corrections:
        if not standing.counts:
            continue
        last = in_force[-1].report.id if in_force else None
        if standing.report.corrects in named | {last} or standing.reason in RULED:
            in_force.append(standing)
        else:
            misplaced.add(standing.report.id)
    return in_force, misplaced


def _counts(finals: list[Standing], corrections: list[Standing]) -> tuple[Count, ...]:
    if len(finals) != 1:
        return tuple(_count(final, final) for final in finals)
    return (_count(finals[0], (finals + corrections)[-1]),)


def _count(final: Standing, used: Standing) -> Count:
    report = used.report
    ruled = final.reason in RULED or used.reason in RULED
    frozen = final.report.counters
    return Count(report.id, used.leaves[-1], report.votes, report.counters, frozen, ruled)


def _state(history: BoxHistory, finals: list[Standing], *, expected: bool) -> BoxState:
    if history.disputed:
        return BoxState.DISPUTED
    verdicts = {final.verdict for final in finals if not final.superseded}
    for verdict, state in _STATE_OF_FINAL:
        if verdict in verdicts:
            return state
    return BoxState.MISSING if expected else BoxState.UNUSED


#: The first that fits decides: an accepted final counts, else the most severe verdict shows.
_STATE_OF_FINAL = (
    (Verdict.ACCEPTED, BoxState.COUNTED),
    (Verdict.QUARANTINED, BoxState.QUARANTINED),
    (Verdict.HELD, BoxState.HELD),
)


def _listed(standing: Standing, used: set[ReportId], *, misplaced: bool) -> ListedReport:
    report = standing.report
    verdict, reason = standing.verdict, standing.reason
    if misplaced:
        verdict, reason = Verdict.QUARANTINED, Reason.CORRECTS
    use = _use(standing, verdict, used)
    return ListedReport(
        report.id, report.kind, report.sequence, verdict, reason, standing.leaves, use
    )


def _use(standing: Standing, verdict: Verdict, used: set[ReportId]) -> Use:
    if standing.report.id in used:
        return Use.COUNTED
    if standing.superseded:
        return Use.SUPERSEDED
    if verdict is Verdict.ACCEPTED:
        return Use.REPLACED if used else Use.LEFT_OUT
    return _USE_OF_UNACCEPTED[verdict]


_USE_OF_UNACCEPTED = {
    Verdict.HELD: Use.HELD,
    Verdict.QUARANTINED: Use.QUARANTINED,
    Verdict.EVIDENCE: Use.EVIDENCE,
}
