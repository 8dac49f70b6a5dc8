"""One batch under judgement. Nothing in it is true before the ledger has committed it."""

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import NamedTuple

from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.log import Log
from ballotbox_gateway.core.ports import (
    Batch,
    Delivery,
    Ledger,
    LogHead,
    LowerStep,
    NewLeaf,
    StoredRefusal,
    StoredReport,
    Tally,
    Unauthentic,
)
from ballotbox_gateway.core.statement_row import Signed, statement_row
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import leaf_hash
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.replacement import NO_BOX, Replacement
from ballotbox_protocol.wire.statements import Ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict

_NO_ID = ReportId(bytes(32))
#: A report leaf is the same before and after its id for all reports decided alike in one batch.
_ID_AT = encode_leaf(Leaf(LeafType.REPORT, _NO_ID, Verdict.HELD, Reason.GAP_BEFORE, None, 0)).index(
    _NO_ID
)
#: Returns what lower gateways hold against a report, given this gateway's verdict and reason.
Recall = Callable[[StoredReport, Verdict, Reason], bytes]


class Draft:
    """Collects what one commit will change; `lower` is the step along a lower log it comes with.

    recall: tells, when a log is read again, what lower gateways held against a report by then.
    """

    def __init__(self, log: Log, heads: dict[BoxId, BoxHead], ledger: Ledger, now: int) -> None:
        self.now = now
        self.expected: LogHead = log.head
        self.leaves: list[NewLeaf] = []
        self.refusals: dict[ReportId, StoredRefusal] = {}
        self.unauthentic: list[Unauthentic] = []
        self.counts: Counter[tuple[Tally, Reason]] = Counter()
        self.lower: LowerStep | None = None
        self.recall: Recall | None = None
        self.delivery: Delivery | None = None
        self.contradictions: list[bytes] = []
        #: The last publication of a log, by what stands for its box; as far as it was looked for.
        self.last_published: dict[BoxId, Publication | None] = {}
        self._abandoned = False
        self._log = log
        self._ledger = ledger
        self._heads = heads
        self._chains: dict[BoxId, BoxChain] = {}
        self._around_id: dict[tuple[Verdict, Reason], tuple[bytes, bytes]] = {}

    @property
    def next_index(self) -> int:
        """The index of the next leaf."""
        return self.expected.size + len(self.leaves)

    @property
    def note(self) -> int | None:
        """The number of the lower checkpoint that the leaves come with."""
        return None if self.lower is None else self.lower.number

    def chain(self, box: BoxId) -> BoxChain:
        """Return the working state of one box's chain."""
        chain = self._chains.get(box)
        if chain is None:
            head = self._heads.get(box)
            if head is None:
                head = self._heads[box] = self._ledger.box_head(box)
            chain = self._chains[box] = BoxChain(head, self._ledger)
        return chain

    def report(self, report: ReportId) -> StoredReport | None:
        """Return a report as this draft leaves it, or as the ledger holds it, or None."""
        staged = (chain.new.get(report) for chain in self._chains.values())
        found = next((row for row in staged if row is not None), None)
        if found is None:
            found = self._ledger.report(report)
            if found is not None:
                found = self.chain(found.box).known(found.sequence, report)
        return found

    def held_below(self, row: StoredReport, own: Verdict, reason: Reason) -> bytes:
        """Return what lower gateways hold against a known report that is decided on anew."""
        return row.below if self.recall is None else self.recall(row, own, reason)

    def decide(self, row: StoredReport) -> None:
        """Append the leaf that states the row's verdict; its `newest` must be `next_index`."""
        key = (row.verdict, row.reason)
        around = self._around_id.get(key)
        if around is None:
            leaf = encode_leaf(Leaf(LeafType.REPORT, _NO_ID, *key, None, self.now))
            around = self._around_id[key] = leaf[:_ID_AT], leaf[_ID_AT + len(_NO_ID) :]
        data = b"%b%b%b" % (around[0], row.id, around[1])
        self.leaves.append(NewLeaf(row.newest, data, row.first, None, self.note))
        self.counts[Tally.LEAVES, row.reason] += 1

    def rule(self, row: StoredReport, ruling: Ruling) -> None:
        """Append the leaf of the ruling that made the row's verdict what it is."""
        leaf = Leaf(LeafType.RULING, row.id, row.verdict, row.reason, ruling.digest, self.now)
        data = encode_leaf(leaf)
        self.leaves.append(NewLeaf(row.newest, data, row.first, ruling.to_bytes(), self.note))
        self.counts[Tally.LEAVES, row.reason] += 1

    def statement_beside(self, row: StoredReport) -> bytes:
        """Return what stands beside its newest leaf: `row.data` is as it came first."""
        at = row.newest - self.expected.size
        if at >= 0:
            return self.leaves[at].ruling or b""
        (entry,) = self._ledger.entries(row.newest, row.newest + 1)
        return entry.ruling or b""

    def decide_count(self, row: StoredReport, count: bytes) -> None:
        """Append the leaf that states the verdict on a count by hand, and the count beside it."""
        statement = sha256(count).digest()
        leaf = Leaf(LeafType.HAND_COUNT, row.id, row.verdict, row.reason, statement, self.now)
        data = encode_leaf(leaf)
        self.leaves.append(NewLeaf(row.newest, data, row.first, count, self.note))
        self.counts[Tally.LEAVES, row.reason] += 1

    def publish(self, row: StoredReport, statement: Publication) -> None:
        """Append the leaf of a released result, and its statement beside it."""
        why, digest = row.reason, statement.digest
        leaf = Leaf(LeafType.PUBLICATION, row.id, row.verdict, why, digest, self.now)
        data = statement.to_bytes()
        self.leaves.append(NewLeaf(row.newest, encode_leaf(leaf), row.first, data, self.note))
        self.counts[Tally.LEAVES, why] += 1

    def replace(self, replacement: Replacement) -> StoredReport:
        """Append the leaf that says which log is replaced, and return what stands for a report."""
        index, data = self.next_index, replacement.to_bytes()
        accepted, why = Verdict.ACCEPTED, Reason.REPLACES
        leaf = Leaf(
            LeafType.REPLACEMENT, replacement.id, accepted, why, replacement.digest, self.now
        )
        signed = Signed(replacement.id, NO_BOX, 0, why, data)
        row = statement_row(signed, index, ruled=True)
        self.chain(NO_BOX).add(row)
        self.leaves.append(NewLeaf(index, encode_leaf(leaf), index, data, self.note))
        self.counts[Tally.LEAVES, why] += 1
        return row

    def refuse(self, refusal: StoredRefusal) -> None:
        """Keep an authentic report that can never belong here, with the answer to it."""
        self.refusals[refusal.id] = refusal
        self.counts[Tally.REFUSED, refusal.reason] += 1

    def turn_away(self, reasons: Iterable[Reason], samples: list[Unauthentic]) -> None:
        """Count what nobody vouches for, and keep samples of it."""
        self.unauthentic += samples
        for reason in reasons:
            self.counts[Tally.UNAUTHENTIC, reason] += 1

    def abandon(self) -> None:
        """Let nothing of this draft be committed."""
        self._abandoned = True

    def seal(self, uncounted: Counter[tuple[Tally, Reason]]) -> "Sealed | None":
        """Return everything to be committed, under one signed checkpoint; None if nothing is.

        `uncounted` goes along with a batch, but makes none by itself.
        """
        chains = self._chains.values()
        changed = [chain for chain in chains if chain.head != chain.stored]
        hashes = [leaf_hash(leaf.data) for leaf in self.leaves]
        moved = self.lower or self.delivery or self.contradictions
        anything = hashes or self.counts or moved
        if self._abandoned or not anything:
            return None
        checkpoint = self._log.checkpoint_after(hashes) if hashes else None
        batch = Batch(
            leaves=self.leaves,
            reports=[row for chain in chains for row in chain.new.values()],
            moved=[row for chain in chains for row in chain.changed.values()],
            heads=[chain.head._replace(version=chain.stored.version + 1) for chain in changed],
            refusals=list(self.refusals.values()),
            unauthentic=self.unauthentic,
            counts=self.counts + uncounted,
            checkpoint=checkpoint,
            lower=self.lower,
            delivery=self.delivery,
            contradictions=self.contradictions,
        )
        return Sealed(batch, hashes)


class Sealed(NamedTuple):
    """A batch ready to commit, and the hashes of its leaves."""

    batch: Batch
    hashes: list[bytes]
