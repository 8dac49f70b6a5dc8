"""Where a count by hand belongs among the versions of its station and contest.

Nothing is overwritten: each version keeps its leaf, and one that officers without the right had
signed gets another as soon as others sign the same. A second first version, or a second correction
of one version, makes rivals, all of them evidence; what corrects a rival waits. Two officers may
name the one that stands, and overrule namings by another one. What each version is follows from
which others and which namings are here, not from the order in which they came.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import Final, NamedTuple

from ballotbox_gateway.core.below import Word, combine, hear
from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.chain import Placed
from ballotbox_gateway.core.count_namings import naming_place, namings_in, row_of
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.outcome import RulingResult
from ballotbox_gateway.core.ports import Place, StoredReport
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.hand_count import HandCount, decode_hand_count
from ballotbox_protocol.wire.hand_count_naming import Naming, in_favour_of, that_hold
from ballotbox_protocol.wire.statements import OVERRULED_MAX, Ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict

#: What speaks against one version whatever others there are.
OWN_FAULTS: Final = frozenset(
    {Reason.OFFICERS, Reason.PRECINCT, Reason.LAW_UNKNOWN, Reason.LINES, Reason.RELATION}
)

#: With these it is no version that another can correct.
NO_VERSIONS: Final = frozenset({Reason.OFFICERS, Reason.CORRECTS})

#: Returns what speaks against an authentic count by itself.
FaultOf = Callable[[HandCount], Reason | None]


class Version(NamedTuple):
    """One version: what it says, what speaks against it by itself, and how it was accepted.

    named: a naming that holds names it the one that stands.
    """

    said: HandCount
    fault: Reason | None
    reason: Reason
    named: bool = False


class Standing(NamedTuple):
    """What this gateway says of one version; named: see `Version`."""

    verdict: Verdict
    reason: Reason
    named: bool = False

    def beside(self, below: bytes) -> tuple[Verdict, Reason]:
        """Return what is decided, given what lower gateways say."""
        return combine(self.verdict, self.reason, below, ruled=self.named)


def standings(versions: Mapping[ReportId, Version]) -> dict[ReportId, Standing]:
    """Return what each of all versions of one station and contest is."""
    tree = _Tree(versions)
    named = {own for own, version in versions.items() if version.named}
    return {own: tree.standing(own)._replace(named=own in named) for own in versions}


class _Tree:
    """Versions by what they correct."""

    def __init__(self, versions: Mapping[ReportId, Version]) -> None:
        self._versions = versions
        self._contending = {own for own in versions if self._contends(own)}
        self._siblings = Counter(versions[own].said.corrects for own in self._contending)
        named = (own for own in self._contending if versions[own].named)
        self._named = Counter(versions[own].said.corrects for own in named)

    def _contends(self, own: ReportId) -> bool:
        """Tell whether officers who may have signed it as the next version of a known one."""
        unsigned = self._versions[own].fault is Reason.OFFICERS
        return not unsigned and not self._is_misnumbered(own)

    def _is_misnumbered(self, own: ReportId) -> bool:
        count = self._versions[own].said
        before = None if count.corrects is None else self._versions.get(count.corrects)
        return before is not None and before.said.version + 1 != count.version

    def standing(self, own: ReportId) -> Standing:
        """Return what one version is."""
        count, fault, reason, named = self._versions[own]
        if fault is not None:
            return Standing(Verdict.QUARANTINED, fault)
        if self._is_misnumbered(own):
            return Standing(Verdict.QUARANTINED, Reason.CORRECTS)
        if self._has_rival(own):
            return Standing(Verdict.EVIDENCE, Reason.SAME_SEQUENCE)
        before = count.corrects
        while before is not None:
            if before not in self._contending:
                return Standing(Verdict.HELD, Reason.GAP_BEFORE)
            if self._has_rival(before):
                return Standing(Verdict.HELD, Reason.BOX_DISPUTED)
            before = self._versions[before].said.corrects
        if named:
            return Standing(Verdict.ACCEPTED, Reason.NAMED)
        in_order = reason is Reason.IN_ORDER
        return Standing(Verdict.ACCEPTED, Reason.IN_ORDER if in_order else Reason.GAP_CLOSED)

    def is_named(self, own: ReportId) -> bool:
        """Tell whether a version has rivals, and it alone is named."""
        return self._siblings[self._versions[own].said.corrects] > 1 and self._stands(own)

    def are_rivals(self, one: ReportId, other: ReportId) -> bool:
        """Tell whether two versions want one place."""
        versions = self._versions
        place = versions[other].said.corrects
        return one != other and one in versions and versions[one].said.corrects == place

    def _has_rival(self, own: ReportId) -> bool:
        """Tell whether another version may stand in its place: two namings settle nothing."""
        return self._siblings[self._versions[own].said.corrects] > 1 and not self._stands(own)

    def _stands(self, own: ReportId) -> bool:
        version = self._versions[own]
        return version.named and self._named[version.said.corrects] == 1


class HandCounts:
    """Places counts by hand into one draft."""

    def __init__(self, draft: Draft, fault_of: FaultOf) -> None:
        self._draft = draft
        self._fault_of = fault_of

    def place(
        self, count: HandCount, data: bytes, word: Word | None = None, *, anew: bool = False
    ) -> Placed:
        """Put one authentic count where it belongs; `word` is what a lower gateway says of it.

        anew: the log has it judged anew, whatever a worse word from below lets see of the cause.
        """
        chain = self._draft.chain(count.place)
        known = chain.known(count.version, count.id)
        if known is not None and not (anew or self._is_signed_by_now(known, count)):
            return Placed(known if word is None else self._hear(chain, known, word), new=False)
        others = [row for row in chain.after(-1) if row.id != count.id]
        named = self._named(chain)
        versions = {row.id: _version(row, named) for row in others}
        own = Version(count, self._fault_of(count), Reason.IN_ORDER, count.id in named)
        versions[count.id] = own
        standing = standings(versions)
        if known is None:
            row = self._enter(chain, count, data, standing[count.id], word)
        else:
            row = self._enter_again(chain, known, data, standing[count.id], word)
        for each in others:
            self._decide(chain, each, standing[each.id])
        return Placed(row, new=True)

    def _is_signed_by_now(self, known: StoredReport, count: HandCount) -> bool:
        """Tell whether these signatures are good enough and those that came before were not."""
        return known.own_reason is Reason.OFFICERS and self._fault_of(count) is not Reason.OFFICERS

    def refusal(self, row: StoredReport, ruling: Ruling) -> RulingResult | None:
        """Return why officers may not name this version by this ruling, or None when they may.

        It must be evidence, and the ruling overrule whatever naming of its rivals holds here, or
        as many of these as one ruling can: each such leaves fewer, and the last one settles it. Of
        one that stands a ruling is kept that overrules more: what it overrules may yet come.
        """
        chain = self._draft.chain(row.box)
        namings = self._namings(chain)
        holding, overruled = that_hold(namings), {own for each in namings for own in each.overrules}
        tree = _Tree({each.id: _version(each, self._named(chain)) for each in chain.after(-1)})
        if tree.is_named(row.id):
            return RulingResult.ALREADY if overruled.issuperset(ruling.overrules) else None
        if tree.standing(row.id).verdict is not Verdict.EVIDENCE:
            return RulingResult.NOT_DISPUTED
        rivals = {each.id for each in holding if tree.are_rivals(each.version, row.id)}
        met = len(rivals.intersection(ruling.overrules))
        return None if met in (len(rivals), OVERRULED_MAX) else RulingResult.NAMED_OTHERWISE

    def is_known(self, row: StoredReport, ruling: Ruling) -> bool:
        """Tell whether this very naming of a version is here."""
        return any(each.id == ruling.id for each in self._namings(self._draft.chain(row.box)))

    def name(self, row: StoredReport, ruling: Ruling) -> None:
        """Enter that officers named a version, and for each that now fares otherwise its leaf."""
        index, accepted = self._draft.next_index, Verdict.ACCEPTED
        said = row._replace(newest=index, verdict=accepted, reason=Reason.NAMED)
        chain = self._draft.chain(row.box)
        if ruling.overrules:
            self._draft.rule(said._replace(first=index), ruling)
            own = row_of(ruling, row.box, index)
            self._draft.chain(own.box).add(own)
        else:
            self._draft.rule(said, ruling)
            chain.put(row._replace(ruled=True))
        rows, named = chain.after(-1), self._named(chain)
        standing = standings({each.id: _version(each, named) for each in rows})
        for each in rows:
            self._decide(chain, each, standing[each.id])

    def _namings(self, chain: BoxChain) -> list[Naming]:
        beside = self._draft.chain(naming_place(chain.head.box))
        return namings_in(chain.after(-1), beside.after(-1))

    def _named(self, chain: BoxChain) -> frozenset[ReportId]:
        return in_favour_of(self._namings(chain))

    def _enter(
        self, chain: BoxChain, count: HandCount, data: bytes, own: Standing, word: Word | None
    ) -> StoredReport:
        index = self._draft.next_index
        below = b"" if word is None else hear(b"", word)
        verdict, reason = own.beside(below)
        row = StoredReport(
            id=count.id,
            box=count.place,
            sequence=count.version,
            place=Place.ASIDE,
            first=index,
            newest=index,
            verdict=verdict,
            reason=reason,
            own_verdict=own.verdict,
            own_reason=own.reason,
            ruled=False,
            below=below,
            data=data,
        )
        chain.add(row)
        self._draft.decide_count(row, data)
        return row

    def _enter_again(
        self, chain: BoxChain, row: StoredReport, data: bytes, own: Standing, word: Word | None
    ) -> StoredReport:
        """Take in better signatures: a new leaf whatever follows, and these bytes beside it."""
        heard = row if word is None else row._replace(below=hear(row.below, word))
        below = self._draft.held_below(heard, own.verdict, own.reason)
        verdict, reason = own.beside(below)
        row = row._replace(
            newest=self._draft.next_index,
            verdict=verdict,
            reason=reason,
            own_verdict=own.verdict,
            own_reason=own.reason,
            below=below,
        )
        chain.put(row)
        self._draft.decide_count(row, data)
        return row

    def _hear(self, chain: BoxChain, row: StoredReport, word: Word) -> StoredReport:
        own = Standing(row.own_verdict, row.own_reason, row.id in self._named(chain))
        return self._decide(chain, row._replace(below=hear(row.below, word)), own)

    def _decide(self, chain: BoxChain, row: StoredReport, own: Standing) -> StoredReport:
        """Set what a known version is now; a changed outcome is a new leaf."""
        below = self._draft.held_below(row, own.verdict, own.reason)
        verdict, reason = own.beside(below)
        changed = verdict is not row.verdict
        row = row._replace(own_verdict=own.verdict, own_reason=own.reason, below=below)
        if changed:
            data = self._draft.statement_beside(row)
            index = self._draft.next_index
            row = row._replace(verdict=verdict, reason=reason, newest=index)
            self._draft.decide_count(row, data)
        chain.put(row)
        return row


def _version(row: StoredReport, named: Container[ReportId]) -> Version:
    fault = row.own_reason if row.own_reason in OWN_FAULTS else None
    return Version(decode_hand_count(row.data), fault, row.own_reason, row.id in named)
