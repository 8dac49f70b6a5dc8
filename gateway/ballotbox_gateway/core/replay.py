"""Making a ledger again from its log: every decision is repeated and must come out as recorded.

What a gateway knows beside its log (where each box stands, what is held and why) follows from the
log. So a lost or damaged ledger is not patched: its leaves, with the reports and rulings beside
them, are taken in anew, in order, by the code that took them in first. The log says how each report
was judged; the rules are asked only where it does not, since a newer register may know better now.

A lower gateway's word that changed no verdict made no leaf. What it changes later is told by the
leaves that follow, or by one that is missing: each decision is held against the log as it is made.

How far the logs below were taken in does not follow from this log: they are sent again, and every
report in them is known.
"""

from collections.abc import Sequence
from typing import Final

from ballotbox_gateway.core.below import Word, hear, recall
from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.chain import Chains
from ballotbox_gateway.core.content import ContentRules, Position
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.hand_counts import OWN_FAULTS, HandCounts
from ballotbox_gateway.core.head import Facts
from ballotbox_gateway.core.outcome import RulingResult
from ballotbox_gateway.core.ports import Damaged, Entry, LowerLog, LowerStep, StoredReport
from ballotbox_gateway.core.publications import place_publication, set_aside
from ballotbox_gateway.core.replacing import line_of
from ballotbox_gateway.core.roster import Authentic, Signed
from ballotbox_gateway.core.rulings import Bench
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.checkpoint import CheckpointFault, parse_note
from ballotbox_protocol.wire.hand_count import HandCount, decode_hand_count
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_protocol.wire.replacement import Replacement, decode_replacement
from ballotbox_protocol.wire.report import decode_report
from ballotbox_protocol.wire.verdict import SEVERITY, Reason, Verdict

#: Leaves committed at once while a log is taken in again.
_AT_ONCE: Final = 4_096
_WORD_OF: Final = {
    Reason.QUARANTINED_BELOW: Verdict.QUARANTINED,
    Reason.EVIDENCE_BELOW: Verdict.EVIDENCE,
}
#: The leaves that say what a gateway makes of something, and not what officers do.
_JUDGED: Final = frozenset({LeafType.REPORT, LeafType.HAND_COUNT})


def replay(books: Books, entries: Sequence[Entry]) -> None:
    """Take in a log from where the books stand; they are then as they were when it was made.

    Raises Damaged when a report is not authentic, or when a decision does not come out as recorded.
    """
    while (first := books.log.head.size) < len(entries):
        leaf = _leaf(entries[first])
        books.settle(lambda case: _Repeater(books, case, entries).run(), leaf.time)


def _leaf(entry: Entry) -> Leaf:
    try:
        return decode_leaf(entry.leaf)
    except ValueError as error:
        raise Damaged(f"leaf {entry.position} is none: {error}") from error


class _Record:
    """What the log says of the decisions that one draft repeats."""

    def __init__(self, draft: Draft, entries: Sequence[Entry], note: bytes | None) -> None:
        self._draft = draft
        self._entries = entries
        self._note = note
        #: The report on which a lower gateway's word is repeated now.
        self.heard: ReportId | None = None

    def leaf_on(self, report: ReportId) -> Leaf | None:
        """Return the next leaf when it is about this report, and comes with this draft."""
        index = self._draft.next_index
        if index >= len(self._entries):
            return None
        entry = self._entries[index]
        leaf = _leaf(entry)
        ours = leaf.time == self._draft.now and entry.note == self._note
        return leaf if ours and leaf.report == report and leaf.type in _JUDGED else None

    def held_below(self, row: StoredReport, own: Verdict, reason: Reason) -> bytes:
        """See `Draft.recall`: a decision without a leaf has changed nothing."""
        if row.id != self.heard and (own, reason) == (row.own_verdict, row.own_reason):
            return row.below
        leaf = self.leaf_on(row.id)
        made = leaf is not None and _may_follow(leaf, own, reason)
        return recall(row.below, own, leaf.verdict if leaf and made else row.verdict)


def _may_follow(leaf: Leaf, own: Verdict, reason: Reason) -> bool:
    """Tell whether a leaf may come of this gateway's own verdict, with lower ones beside it."""
    worse = leaf.reason in _WORD_OF and SEVERITY[leaf.verdict] > SEVERITY[own]
    return worse or (leaf.verdict, leaf.reason) == (own, reason)


class _RecordedRules:
    """Judges as the log says it was judged."""

    def __init__(self, rules: ContentRules, record: _Record) -> None:
        self._rules = rules
        self._record = record

    def fault(self, given: Authentic, facts: Facts, position: Position) -> Reason | None:
        """See `ContentRules.fault`."""
        leaf = self._record.leaf_on(given.id)
        if leaf is not None:
            if leaf.verdict is Verdict.ACCEPTED or leaf.reason is Reason.QUARANTINED_BELOW:
                return None
            if leaf.verdict is Verdict.QUARANTINED:
                return leaf.reason
        return self._rules.fault(given, facts, position)


class _Repeater:
    """Repeats the decisions of one time and one lower checkpoint in one draft."""

    def __init__(self, books: Books, case: Case, entries: Sequence[Entry]) -> None:
        self._books = books
        self._draft = case.draft
        self._entries = entries
        record = _Record(case.draft, entries, entries[case.draft.next_index].note)
        case.draft.recall = record.held_below
        self._record = record
        rules = _RecordedRules(books.rules, record)
        self._chains = Chains(case.draft, books.roster, rules)
        self._bench = Bench(case.draft, self._chains, books.roster, recorded=True)

    def run(self) -> None:
        """Go as far as time and lower checkpoint stay the same."""
        draft, first = self._draft, self._draft.next_index
        note = self._entries[first].note
        draft.lower = self._step(note)
        stop = min(first + _AT_ONCE, len(self._entries))
        while (index := draft.next_index) < stop:
            entry = self._entries[index]
            leaf = _leaf(entry)
            if leaf.time != draft.now or entry.note != note:
                return
            self._repeat(leaf, entry)
            self._require_recorded(index)

    def _step(self, note: bytes | None) -> LowerStep | None:
        if note is None:
            return None
        lower = LowerLog(_origin(note), 0, (), note)
        return LowerStep(0, lower, self._books.ledger.next_note())

    def _repeat(self, leaf: Leaf, entry: Entry) -> None:
        ruled = self._ruling_from(entry.position)
        self._record.heard = None
        if leaf.type is LeafType.REPLACEMENT:
            self._draft.replace(_replacement(entry))
        elif leaf.type is LeafType.HAND_COUNT:
            self._count(leaf, entry)
        elif leaf.type is LeafType.PUBLICATION:
            self._publish(leaf, entry)
        elif ruled is not None:
            self._rule(ruled)
        elif self._draft.report(leaf.report) is None:
            word = self._word(leaf, entry.note) if leaf.reason in _WORD_OF else None
            self._chains.place(self._given(leaf, entry), word)
        else:
            self._hear(leaf, entry)

    def _ruling_from(self, index: int) -> Entry | None:
        """Return the ruling that the leaves from here on follow from, if one does.

        What a naming sets aside stands before it; what it finds set aside keeps its leaf, and has
        another one only for a lower gateway's word.
        """
        for entry in self._entries[index : index + _AT_ONCE]:
            leaf = _leaf(entry)
            if leaf.type is LeafType.RULING:
                return entry
            known = self._draft.report(leaf.report)
            if known is None or leaf.reason is not Reason.PREVIOUS:
                return None
            if known.own_reason is Reason.PREVIOUS:
                return None
        return None

    def _rule(self, entry: Entry) -> None:
        result = self._bench.apply(entry.ruling or b"")
        if result is not RulingResult.APPLIED:
            raise Damaged(f"the ruling of leaf {entry.position} has no effect: {result.name}")

    def _publish(self, leaf: Leaf, entry: Entry) -> None:
        try:
            given = decode_publication(entry.ruling or b"")
        except ValueError as error:
            raise Damaged(f"the publication of leaf {entry.position} is none: {error}") from error
        if leaf.verdict is Verdict.ACCEPTED:
            # Its root was compared when it came: the leaves before it are the same ones.
            place_publication(self._draft, given)
        else:
            set_aside(self._draft, given, leaf.reason)

    def _count(self, leaf: Leaf, entry: Entry) -> None:
        """Place a version anew, or hear a lower gateway's word on a known one."""
        known = self._draft.report(leaf.report)
        said = entry.note is not None and (known is not None or leaf.reason in _WORD_OF)
        word = self._word(leaf, entry.note) if said else None
        anew = known is not None and self._is_judged_anew(leaf, entry, known)
        data = entry.ruling or b""
        try:
            count = decode_hand_count(data)
        except ValueError as error:
            raise Damaged(f"the count of leaf {entry.position} is none: {error}") from error
        fault = self._count_fault(leaf, None if anew else known, count)
        self._record.heard = None if anew else count.id
        HandCounts(self._draft, lambda _: fault).place(count, data, word, anew=anew)

    def _is_judged_anew(self, leaf: Leaf, entry: Entry, known: StoredReport) -> bool:
        """Tell whether a leaf on a known count is of other signatures, or of another register."""
        other = self._draft.statement_beside(known) != entry.ruling
        # A word that is heard makes a leaf only when the verdict changes.
        return other or entry.note is None or leaf.verdict is known.verdict

    def _count_fault(
        self, leaf: Leaf, heard: StoredReport | None, count: HandCount
    ) -> Reason | None:
        """Return what was found to speak against a count by itself, as its leaf has it."""
        if leaf.reason in OWN_FAULTS:
            return leaf.reason
        if leaf.reason not in _WORD_OF:
            return None
        if heard is not None:
            # A lower gateway's word makes it worse: what speaks against the same bytes stays.
            return heard.own_reason if heard.own_reason in OWN_FAULTS else None
        # Beside evidence the log does not tell; had it been set aside here, its reason would stand.
        return self._books.count_fault(count) if leaf.verdict is Verdict.EVIDENCE else None

    def _hear(self, leaf: Leaf, entry: Entry) -> None:
        """A lower gateway brought a known report, and thinks otherwise of it."""
        row = self._draft.report(leaf.report)
        if row is not None and entry.note is not None:
            heard = row._replace(below=hear(row.below, self._word(leaf, entry.note)))
            chain = self._draft.chain(row.box)
            self._record.heard = row.id
            self._chains.decide(chain, heard, row.own_verdict, row.own_reason)

    def _word(self, leaf: Leaf, note: bytes | None) -> Word:
        verdict, origin = _WORD_OF.get(leaf.reason, Verdict.ACCEPTED), _origin(note or b"")
        return Word(origin_id(origin), verdict, *line_of(self._draft, origin))

    def _given(self, leaf: Leaf, entry: Entry) -> Authentic:
        signed = self._books.roster.verify(entry.report or b"")
        if not isinstance(signed, Signed) or signed.id != leaf.report:
            raise Damaged(f"the report of leaf {entry.position} is not the one it decides on")
        try:
            report = decode_report(signed.body)
        except ValueError as error:
            raise Damaged(f"the report of leaf {entry.position} is none: {error}") from error
        return Authentic(signed.id, report, signed.entry, signed.data, signed.body)

    def _require_recorded(self, index: int) -> None:
        made = self._draft.leaves[index - self._draft.expected.size :]
        recorded = self._entries[index : index + len(made)]
        if not made or [leaf.data for leaf in made] != [entry.leaf for entry in recorded]:
            raise Damaged(f"the decision of leaf {index} does not come out again")


def _replacement(entry: Entry) -> Replacement:
    try:
        return decode_replacement(entry.ruling or b"")
    except ValueError as error:
        raise Damaged(f"the statement of leaf {entry.position} is none: {error}") from error


def _origin(note: bytes) -> str:
    signed = parse_note(note)
    if isinstance(signed, CheckpointFault):
        raise Damaged(f"a lower gateway's checkpoint is none: {signed.name}")
    return signed.checkpoint.origin
