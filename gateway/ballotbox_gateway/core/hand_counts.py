"""Where a count by hand belongs among the versions of its station and contest.

Nothing is overwritten: each version keeps its leaf, and one that officers without the right had
signed gets another as soon as others sign the same. A second first version, or a second correction
of one version, makes rivals, all of them evidence; what corrects a rival waits. Two officers may
name the one that stands. What each version is follows from which others and which namings are
here, not from the order in which they came.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ballotbox_gateway.core.below import Word, combine, hear
from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.chain import Placed
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.ports import Place, StoredReport
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.hand_count import HandCount, decode_hand_count
from ballotbox_protocol.wire.statements import Ruling
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

    named: two officers named it the one that stands.
    """

    said: HandCount
    fault: Reason | None
    reason: Reason
    named: bool = False


class Standing(NamedTuple):
    """What this gateway says of one version."""

    verdict: Verdict
    reason: Reason


def standings(versions: Mapping[ReportId, Version]) -> dict[ReportId, Standing]:
    """Return what each of all versions of one station and contest is."""
    tree = _Tree(versions)
    return {own: tree.standing(own) for own in versions}


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

    def is_open(self, own: ReportId) -> bool:
        """Tell whether a version is evidence of rivals of which officers have named none."""
        unnamed = not self._named[self._versions[own].said.corrects]
        return unnamed and self.standing(own).verdict is Verdict.EVIDENCE

    def _has_rival(self, own: ReportId) -> bool:
        """Tell whether another version may stand in its place: two namings settle nothing."""
        version = self._versions[own]
        place = version.said.corrects
        stands = version.named and self._named[place] == 1
        return self._siblings[place] > 1 and not stands


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
        versions = {row.id: _version(row) for row in others}
        named = known is not None and known.ruled
        versions[count.id] = Version(count, self._fault_of(count), Reason.IN_ORDER, named)
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

    def is_open(self, row: StoredReport) -> bool:
        """Tell whether officers may name this version: see `_Tree.is_open`."""
        rows = self._draft.chain(row.box).after(-1)
        return _Tree({each.id: _version(each) for each in rows}).is_open(row.id)

    def name(self, row: StoredReport, ruling: Ruling) -> None:
        """Enter that officers named a version, and for each that now fares otherwise its leaf."""
        index, accepted = self._draft.next_index, Verdict.ACCEPTED
        said = row._replace(newest=index, verdict=accepted, reason=Reason.NAMED)
        self._draft.rule(said, ruling)
        chain = self._draft.chain(row.box)
        chain.put(row._replace(ruled=True))
        rows = chain.after(-1)
        standing = standings({each.id: _version(each) for each in rows})
        for each in rows:
            self._decide(chain, each, standing[each.id])

    def _enter(
        self, chain: BoxChain, count: HandCount, data: bytes, own: Standing, word: Word | None
    ) -> StoredReport:
        index = self._draft.next_index
        below = b"" if word is None else hear(b"", word)
        verdict, reason = combine(*own, below, ruled=False)
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
        below = row.below if word is None else hear(row.below, word)
        verdict, reason = combine(*own, below, ruled=row.ruled)
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
        own = Standing(row.own_verdict, row.own_reason)
        return self._decide(chain, row._replace(below=hear(row.below, word)), own)

    def _decide(self, chain: BoxChain, row: StoredReport, own: Standing) -> StoredReport:
        """Set what a known version is now; a changed outcome is a new leaf."""
        verdict, reason = combine(*own, row.below, ruled=row.ruled)
        changed = verdict is not row.verdict
        row = row._replace(own_verdict=own.verdict, own_reason=own.reason)
        if changed:
            data = self._draft.count_beside(row)
            index = self._draft.next_index
            row = row._replace(verdict=verdict, reason=reason, newest=index)
            self._draft.decide_count(row, data)
        chain.put(row)
        return row


def _version(row: StoredReport) -> Version:
    fault = row.own_reason if row.own_reason in OWN_FAULTS else None
    return Version(decode_hand_count(row.data), fault, row.own_reason, row.ruled)
