"""Where a report belongs in its box's chain, and what follows for the reports around it.

In order: judged by content, the chain moves on. Beyond a gap: held. The same sequence twice: both
are evidence and the box is disputed; until officers name one of the two, what comes later is held.
The chain is this gateway's own mind; verdicts from below only make the outcome more severe.
"""

from typing import Final, NamedTuple, Protocol

from ballotbox_gateway.core.below import Word, combine, hear
from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.content import Position
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.head import BoxHead, Facts
from ballotbox_gateway.core.ports import LedgerFailure, Place, StoredReport
from ballotbox_gateway.core.roster import Authentic, Roster
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.verdict import Reason, Verdict

#: An echo that contradicts this log.
EXPOSING: Final = frozenset({Reason.HELD_AHEAD, Reason.HELD_FORK})


class Placed(NamedTuple):
    """Where one report stands now; `new` tells whether it was unknown before."""

    row: StoredReport
    new: bool


class Rules(Protocol):
    """What judges the content of a report."""

    def fault(self, given: Authentic, facts: Facts, position: Position) -> Reason | None:
        """Return the first reason against the report, or None when its content is in order."""
        ...


class Chains:
    """Places reports into the chains of one draft.

    again: reports whose verdict changed although they did not just arrive. gaps: boxes of which
    something is missing. exposing: boxes that hold a checkpoint which this log has not got, and its
    size.
    """

    def __init__(self, draft: Draft, roster: Roster, rules: Rules) -> None:
        self.again: list[StoredReport] = []
        self.gaps: dict[BoxId, None] = {}
        self.exposing: dict[BoxId, int] = {}
        self._draft = draft
        self._roster = roster
        self._rules = rules

    def place(self, given: Authentic, word: Word | None = None) -> Placed:
        """Put one authentic report where it belongs; `word` is what a lower gateway says of it."""
        chain = self._draft.chain(given.report.box)
        sequence = given.report.sequence
        if chain.follows_plainly(sequence):
            return Placed(self._continue(chain, given, word), new=True)
        known = chain.known(sequence, given.id)
        if known is not None:
            return Placed(known if word is None else self.hear(known, word), new=False)
        return Placed(self._out_of_line(chain, given, word), new=True)

    def _out_of_line(self, chain: BoxChain, given: Authentic, word: Word | None) -> StoredReport:
        sequence = given.report.sequence
        rival = chain.placed(sequence)
        if rival is not None:
            return self._dispute(chain, given, rival, word)
        if chain.head.disputed:
            return self._hold(chain, given, Reason.BOX_DISPUTED, word)
        if sequence > chain.head.sequence + 1:
            self.gaps[given.report.box] = None
            return self._hold(chain, given, Reason.GAP_BEFORE, word)
        if sequence <= chain.head.sequence:
            raise LedgerFailure(f"report {sequence} of box {chain.head.box.hex()} is missing")
        row = self._continue(chain, given, word)
        self.drain(chain)
        return row

    def _continue(self, chain: BoxChain, given: Authentic, word: Word | None) -> StoredReport:
        """Judge the report that follows the head, and move the head to it."""
        fault = self._fault(chain, given, self._draft.next_index)
        aside = fault is Reason.PREVIOUS and chain.head.branched
        if fault is None:
            row = self._enter(chain, given, Place.CHAIN, Verdict.ACCEPTED, Reason.IN_ORDER, word)
        else:
            place = Place.ASIDE if aside else Place.CHAIN
            row = self._enter(chain, given, place, Verdict.QUARANTINED, fault, word)
        if not aside:
            self._advance(chain, given, believed=fault is None)
        return row

    def _fault(self, chain: BoxChain, given: Authentic, index: int) -> Reason | None:
        if given.report.previous != chain.head.last:
            return Reason.PREVIOUS
        position = Position(index, self._draft.expected.size)
        fault = self._rules.fault(given, chain.head.facts, position)
        if fault is not None and fault in EXPOSING and given.report.held is not None:
            self.exposing[given.report.box] = given.report.held.size
        return fault

    def _advance(self, chain: BoxChain, given: Authentic, *, believed: bool) -> None:
        box, version, _, _, waiting, disputed, branched, facts = chain.head
        if believed:
            facts = facts.after(given.report, given.id)
        sequence = given.report.sequence
        chain.head = BoxHead(box, version, sequence, given.id, waiting, disputed, branched, facts)

    def _hold(
        self, chain: BoxChain, given: Authentic, reason: Reason, word: Word | None
    ) -> StoredReport:
        chain.head = chain.head._replace(waiting=chain.head.waiting + 1)
        return self._enter(chain, given, Place.WAITING, Verdict.HELD, reason, word)

    def _dispute(
        self, chain: BoxChain, given: Authentic, rival: StoredReport, word: Word | None
    ) -> StoredReport:
        """Keep both of two reports of one sequence as evidence."""
        evidence = Verdict.EVIDENCE
        row = self._enter(chain, given, Place.ASIDE, evidence, Reason.SAME_SEQUENCE, word)
        if rival.own_verdict is not evidence:
            head = chain.head
            chain.head = head._replace(disputed=head.disputed + 1, branched=True)
            self.decide(chain, rival._replace(ruled=False), evidence, Reason.SAME_SEQUENCE)
        return row

    def drain(self, chain: BoxChain) -> None:
        """Judge the reports that waited for the head to reach them, as far as it now does."""
        while chain.head.waiting and not chain.head.disputed:
            row = chain.placed(chain.head.sequence + 1)
            if row is None:
                return
            self._admit_waiting(chain, row)

    def _admit_waiting(self, chain: BoxChain, row: StoredReport) -> None:
        given = self._roster.reopen(row.id, row.data)
        chain.head = chain.head._replace(waiting=chain.head.waiting - 1)
        fault = None if row.ruled else self._fault(chain, given, row.first)
        aside = fault is Reason.PREVIOUS and chain.head.branched
        row = row._replace(place=Place.ASIDE if aside else Place.CHAIN)
        if row.ruled:
            chain.put(row)
        elif fault is None:
            self.decide(chain, row, Verdict.ACCEPTED, Reason.GAP_CLOSED)
        else:
            self.decide(chain, row, Verdict.QUARANTINED, fault)
        if not aside:
            self._advance(chain, given, believed=fault is None)

    def hear(self, row: StoredReport, word: Word) -> StoredReport:
        """Take a lower gateway's word on a known report; return the row as it stands then."""
        below = hear(row.below, word)
        if below == row.below:
            return row
        chain = self._draft.chain(row.box)
        return self.decide(chain, row._replace(below=below), row.own_verdict, row.own_reason)

    def decide(
        self, chain: BoxChain, row: StoredReport, own: Verdict, reason: Reason
    ) -> StoredReport:
        """Set this gateway's own verdict on a known report; a changed outcome is a new leaf."""
        below = self._draft.held_below(row, own, reason)
        verdict, combined = combine(own, reason, below, ruled=row.ruled)
        changed = verdict is not row.verdict
        row = row._replace(own_verdict=own, own_reason=reason, below=below)
        if changed:
            row = row._replace(verdict=verdict, reason=combined, newest=self._draft.next_index)
            self._draft.decide(row)
            self.again.append(row)
        chain.put(row)
        return row

    def _enter(
        self,
        chain: BoxChain,
        given: Authentic,
        place: Place,
        own: Verdict,
        reason: Reason,
        word: Word | None,
    ) -> StoredReport:
        """Store a report that was unknown, with its first leaf."""
        index = self._draft.next_index
        below = b"" if word is None else hear(b"", word)
        verdict, combined = combine(own, reason, below, ruled=False)
        report = given.report
        # Positional on purpose: one of these is made for every report that arrives.
        row = StoredReport(
            given.id,
            report.box,
            report.sequence,
            place,
            index,
            index,
            verdict,
            combined,
            own,
            reason,
            False,  # noqa: FBT003
            below,
            given.data,
        )
        chain.add(row)
        self._draft.decide(row)
        return row
