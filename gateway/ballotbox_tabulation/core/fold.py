"""The fold: verified leaves in, the standing of every registered box out. Pure and order-bound.

Each box ends in exactly one state. Only a counted box gives numbers to a total; every other box is
listed by its state and never shown as zero (law G6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import BoxId, PrecinctId, ReportId
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.election.tally import Row
from ballotbox_protocol.wire.leaf import LeafType
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.authenticity import RULED
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.evidence import Interim, LogEntry, ReplacedLog, VerifiedLeaf
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.hand_counts import CountedByHand, HandCounts, ListedCount
from ballotbox_tabulation.core.history import BoxHistory, Standing
from ballotbox_tabulation.core.published import PublishedLeaf
from ballotbox_tabulation.core.quiet_boxes import QuietBoxes, QuietFinal
from ballotbox_tabulation.core.shelf import MemoryShelf, Shelf


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

    boxes: each is made anew whenever it is asked for; go through them once for all that you ask.
    latest_time: the newest gateway time of any leaf, Unix seconds: a claim.
    replaced: logs that were closed because their end is lost, and those that stand for them.
    by_hand: every version of every count by hand; none of them is in a total.
    published: the results that were released before, of this log and of those below it.
    """

    boxes: Sequence[BoxResult]
    objections: tuple[Objection, ...]
    reports_by_verdict: dict[Verdict, int]
    rulings: int
    latest_time: int | None
    replaced: tuple[ReplacedLog, ...] = ()
    by_hand: tuple[ListedCount, ...] = ()
    published: tuple[PublishedLeaf, ...] = ()


_RULING: Final = LeafType.RULING


class Fold:
    """Takes the leaves of one log in order; `standings` may be asked at the end."""

    def __init__(self, register: Register, shelf: Shelf | None = None) -> None:
        """Take in leaves about the boxes of `register`; most of what they say goes to `shelf`."""
        self._register = register
        self._quiet = QuietBoxes(register, MemoryShelf() if shelf is None else shelf)
        self._boxes: dict[BoxId, BoxHistory] = {}
        self._by_verdict = [0] * (max(Verdict) + 1)
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
        if leaf.type is _RULING:
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
        box = entry.report.entry.box
        history = self._boxes.get(box)
        if history is None:
            if self._quiet.add(entry):
                return None
            history = self._boxes[box] = BoxHistory()
            for earlier in self._quiet.leave(box):
                history.add(earlier)
        return history.add(entry)

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
        entries_of = self._register.entries_of
        ordered = sorted(entries_of, key=lambda box: (entries_of[box][-1].precinct, box))
        return Standings(
            DocumentList(self._result, ordered),
            tuple(self._objections),
            {verdict: self._by_verdict[verdict] for verdict in Verdict},
            self._rulings,
            self._latest,
            tuple(self._replaced),
            self._by_hand.listed(),
            tuple(self._published),
        )

    def _result(self, box: BoxId) -> BoxResult:
        precinct = self._register.entries_of[box][-1].precinct
        final = self._quiet.final_of(box)
        if final is not None:
            return _quiet_result(box, precinct, final)
        history = self._boxes.get(box)
        if history is None:
            history = BoxHistory()
            for each in self._quiet.told(box):
                history.add(each)
        return _box_result(box, precinct, history, expected=box in self._register.expected)


def _quiet_result(box: BoxId, precinct: PrecinctId, final: QuietFinal) -> BoxResult:
    """Return what `_box_result` finds of a box whose one final was accepted, and all it said."""
    own, leaf, sequence, counters, votes, interims = final
    listed = ListedReport(
        own, ReportKind.FINAL, sequence, Verdict.ACCEPTED, Reason.IN_ORDER, (leaf,), Use.COUNTED
    )
    count = Count(own, leaf, votes, counters, counters, ruled=False)
    return BoxResult(box, precinct, BoxState.COUNTED, (count,), (listed,), None, interims)


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
