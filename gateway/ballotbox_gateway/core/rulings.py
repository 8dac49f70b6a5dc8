"""Officers' rulings: releasing a report from hold or quarantine, naming the true one of rivals."""

from typing import assert_never

from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.chain import Chains
from ballotbox_gateway.core.count_rulings import CountBench
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.head import Facts
from ballotbox_gateway.core.outcome import RulingResult
from ballotbox_gateway.core.ports import Place, StoredReport
from ballotbox_gateway.core.roster import Authentic, Roster
from ballotbox_protocol.election.identifiers import NO_REPORT, Mode
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import is_hand_count_place
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import STATEMENT_MAX, Ruling, RulingKind, decode_ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict

EXPLANATION: dict[RulingResult, str] = {
    RulingResult.APPLIED: "the ruling is in force and stands in the log",
    RulingResult.ALREADY: "the report is accepted already; nothing was changed",
    RulingResult.MALFORMED: "these bytes are not a ruling: have the officers sign again",
    RulingResult.OTHER_ELECTION: "the ruling is about another election",
    RulingResult.UNKNOWN_REPORT: "no report with this id is held here: check the id",
    RulingResult.OFFICERS: (
        "a ruling needs the good signatures of two different officers who may release in the "
        "box's precinct, or of a count by hand sign corrections there, and no other signature"
    ),
    RulingResult.NOT_RELEASABLE: (
        "only a report held for a gap that is still open, or one in quarantine, can be released; "
        "not one of a disputed or abandoned branch, and no second final of a box"
    ),
    RulingResult.NOT_DISPUTED: (
        "only one of several reports of one disputed sequence can be named, or of several versions "
        "of a count by hand that exclude each other"
    ),
    RulingResult.NAMED_OTHERWISE: (
        "officers have named a rival meanwhile, and this ruling does not overrule that: "
        "have the naming signed again"
    ),
    RulingResult.DEBUG: (
        "whoever could reach that box's panel could vote on it: in an official election no ruling "
        "lets a report of a debug box count"
    ),
}


class Bench:
    """Applies rulings to the chains of one draft."""

    def __init__(
        self, draft: Draft, chains: Chains, roster: Roster, *, recorded: bool = False
    ) -> None:
        """`recorded`: the rulings stand in the log; whoever could sign then may not sign now."""
        self._recorded = recorded
        self._draft = draft
        self._chains = chains
        self._roster = roster
        self._counts = CountBench(draft, roster, recorded=recorded)
        self._official = roster.trusted.election.mode is Mode.OFFICIAL

    def apply(self, data: bytes, *, heard: bool = False) -> RulingResult:
        """Carry out a ruling when it is well-formed, signed by two officers, and applies.

        `heard`: it comes from a lower gateway, which has taken it.
        """
        try:
            ruling = decode_ruling(data[: STATEMENT_MAX + 1])
        except ValueError:
            return RulingResult.MALFORMED
        if ruling.election != self._roster.trusted.digest:
            return RulingResult.OTHER_ELECTION
        row = self._draft.report(ruling.report)
        if row is None:
            return RulingResult.UNKNOWN_REPORT
        if self._roster.lists(row.box):
            return self._rule_on_report(ruling, row)
        if is_hand_count_place(row.box):
            return self._counts.apply(ruling, row, heard=heard)
        return RulingResult.UNKNOWN_REPORT

    def _rule_on_report(self, ruling: Ruling, row: StoredReport) -> RulingResult:
        if ruling.overrules:
            return RulingResult.NOT_DISPUTED
        given = self._roster.reopen(row.id, row.data)
        if not (self._recorded or self._signed(ruling, given)):
            return RulingResult.OFFICERS
        chain = self._draft.chain(row.box)
        match ruling.kind:
            case RulingKind.RELEASE:
                result = self._releasable(chain, row, given)
            case RulingKind.NAME:
                result = self._namable(chain, row, given)
            case _:
                assert_never(ruling.kind)
        if result is RulingResult.APPLIED and given.report.debug and self._official:
            return RulingResult.DEBUG
        if result is RulingResult.APPLIED:
            self._carry_out(ruling, chain, row, given)
        return result

    def _signed(self, ruling: Ruling, given: Authentic) -> bool:
        return self._roster.officers_signed(
            ruling.signatures,
            MessageType.RULING,
            ruling.payload(),
            Role.RELEASE,
            given.entry.precinct,
        )

    def _releasable(self, chain: BoxChain, row: StoredReport, given: Authentic) -> RulingResult:
        if row.verdict is Verdict.ACCEPTED:
            return RulingResult.ALREADY
        abandoned = row.place is Place.ASIDE or row.verdict is Verdict.EVIDENCE
        disputed = row.own_verdict is Verdict.HELD and chain.head.disputed > 0
        final = chain.head.facts.final
        is_final = given.report.kind is ReportKind.FINAL
        second_final = is_final and final not in (NO_REPORT, row.id)
        if abandoned or disputed or second_final:
            return RulingResult.NOT_RELEASABLE
        return RulingResult.APPLIED

    def _namable(self, chain: BoxChain, row: StoredReport, given: Authentic) -> RulingResult:
        if row.own_reason is Reason.NAMED:
            return RulingResult.ALREADY
        placed = chain.placed(row.sequence)
        evidence = Verdict.EVIDENCE
        if placed is None or placed.own_verdict is not evidence or row.own_verdict is not evidence:
            return RulingResult.NOT_DISPUTED
        if given.report.kind is ReportKind.FINAL and self._another_final(chain, placed):
            return RulingResult.NOT_RELEASABLE
        return RulingResult.APPLIED

    def _another_final(self, chain: BoxChain, placed: StoredReport) -> bool:
        """Tell whether a final of another sequence would still count beside the named one."""
        final = self._draft.report(chain.head.facts.final)
        if final is None or final.sequence == placed.sequence:
            return False
        abandoned = placed.place is Place.CHAIN and final.sequence > placed.sequence
        return final.ruled or not abandoned

    def _carry_out(
        self, ruling: Ruling, chain: BoxChain, row: StoredReport, given: Authentic
    ) -> None:
        if ruling.kind is RulingKind.NAME:
            row, reason = self._take_place(chain, row), Reason.NAMED
        else:
            reason = Reason.RELEASED
        row = row._replace(
            ruled=True,
            own_verdict=Verdict.ACCEPTED,
            own_reason=reason,
            verdict=Verdict.ACCEPTED,
            reason=reason,
            newest=self._draft.next_index,
        )
        self._draft.rule(row, ruling)
        self._chains.again.append(row)
        chain.put(row)
        self._believe(chain, row, given)
        if ruling.kind is RulingKind.NAME:
            self._rejoin(chain, row)
            self._end_dispute(chain)

    def _believe(self, chain: BoxChain, row: StoredReport, given: Authentic) -> None:
        facts = chain.head.facts
        in_chain = row.place is Place.CHAIN
        if in_chain and facts.sequence < row.sequence:
            facts = facts.after(given.report, row.id)
        else:
            facts = facts.with_verdict_on(given.report, row.id)
        chain.head = chain.head._replace(facts=facts)

    def _take_place(self, chain: BoxChain, row: StoredReport) -> StoredReport:
        """Give the named report the place of its sequence; what stood on its rival gives way."""
        placed = chain.placed(row.sequence)
        if placed is None or placed.id == row.id:
            return row
        chain.put(placed._replace(place=Place.ASIDE))
        if placed.place is Place.CHAIN:
            self._turn_back(chain, row)
        else:
            # A zero, final or correction released from beyond a gap may have counted until now.
            facts = self._facts_up_to(chain, chain.head.sequence)
            chain.head = chain.head._replace(facts=facts)
        return row._replace(place=placed.place)

    def _turn_back(self, chain: BoxChain, named: StoredReport) -> None:
        """Let the chain end with the named report."""
        for row in chain.after(named.sequence):
            if row.place is not Place.CHAIN:
                continue
            if row.ruled or row.own_verdict is Verdict.EVIDENCE:
                # Officers spoke for it, or still must: it waits for the chain to come back.
                chain.put(row._replace(place=Place.WAITING))
                chain.head = chain.head._replace(waiting=chain.head.waiting + 1)
            else:
                aside = row._replace(place=Place.ASIDE)
                self._chains.decide(chain, aside, Verdict.QUARANTINED, Reason.PREVIOUS)
        # No report holds the named one's own sequence at this moment.
        facts = self._facts_up_to(chain, named.sequence)
        chain.head = chain.head._replace(sequence=named.sequence, last=named.id, facts=facts)

    def _facts_up_to(self, chain: BoxChain, last: int) -> Facts:
        """Return the facts as the reports up to `last` left them, and rulings beyond it."""
        facts = Facts()
        for sequence in range(last + 1):
            row = chain.placed(sequence)
            if row is not None and row.own_verdict is Verdict.ACCEPTED:
                facts = facts.after(self._roster.reopen(row.id, row.data).report, row.id)
        for row in chain.after(last):
            if row.place is Place.WAITING and row.ruled:
                given = self._roster.reopen(row.id, row.data)
                facts = facts.with_verdict_on(given.report, row.id)
        return facts

    def _rejoin(self, chain: BoxChain, named: StoredReport) -> None:
        """Let the reports that follow the named one wait for their turn.

        They may have come while its rival stood, and were set aside because they did not follow
        that one.
        """
        last = named
        while (row := self._successor(chain, last)) is not None:
            if row.place is Place.ASIDE:
                chain.head = chain.head._replace(waiting=chain.head.waiting + 1)
                waiting = row._replace(place=Place.WAITING)
                self._chains.decide(chain, waiting, Verdict.HELD, Reason.BOX_DISPUTED)
            last = row

    def _successor(self, chain: BoxChain, last: StoredReport) -> StoredReport | None:
        """Return the report that stands, or may stand, next after `last` and was built on it."""
        placed = chain.placed(last.sequence + 1)
        rows = chain.at(last.sequence + 1) if placed is None else [placed]
        for row in rows:
            if self._roster.reopen(row.id, row.data).report.previous == last.id:
                return row
        return None

    def _end_dispute(self, chain: BoxChain) -> None:
        chain.head = chain.head._replace(disputed=chain.head.disputed - 1)
        self._chains.drain(chain)
        if chain.head.waiting and not chain.head.disputed:
            self._chains.gaps[chain.head.box] = None
