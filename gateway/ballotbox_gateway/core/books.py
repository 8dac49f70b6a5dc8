"""The gateway's books: roster, log and box heads over one ledger, and the one way to change them.

`settle` is the pipeline's single commit point. A judgement made on books that someone else has
moved on is thrown away and made again; what the ledger may or may not have applied is read again.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Generic, NamedTuple, TypeVar

from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.chain import Chains
from ballotbox_gateway.core.content import ContentRules
from ballotbox_gateway.core.draft import Draft, Sealed
from ballotbox_gateway.core.hand_counts import HandCounts
from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.log import Log
from ballotbox_gateway.core.outcome import Identity, OlderRegister
from ballotbox_gateway.core.ports import (
    Batch,
    Conflict,
    Ledger,
    LedgerFailure,
    RegisterBehind,
    Standing,
    StoredReport,
    Tally,
)
from ballotbox_gateway.core.roster import Roster
from ballotbox_gateway.core.rulings import Bench
from ballotbox_protocol.election.identifiers import BoxId, InvalidField
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.election.register_changes import require_later
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.hand_count_check import Laws, content_fault
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason

T = TypeVar("T")

#: How often a judgement is made again when other writers keep moving the log on.
_ATTEMPTS: Final = 64


class Case(NamedTuple):
    """One attempt at a judgement."""

    draft: Draft
    chains: Chains
    bench: Bench


class Settled(NamedTuple, Generic[T]):
    """A judgement that is durable now."""

    result: T
    case: Case
    sealed: Sealed | None


class Books:
    """See the module. Raises as `Intake` does."""

    def __init__(
        self,
        trusted: Trusted,
        identity: Identity,
        ledger: Ledger,
        laws: Laws | None = None,
        *,
        reading: bool = False,
    ) -> None:
        """`laws` are those that counts by hand may be counted by.

        reading: the ledger is only looked at, and not told of a newer register.
        """
        self._laws = laws or {}
        self.identity = identity
        self.ledger = ledger
        self.uncounted: Counter[tuple[Tally, Reason]] = Counter()
        self._origin = origin_id(identity.origin)
        self._stale = False
        self._heads: dict[BoxId, BoxHead] = {}
        self.log = Log(identity, ledger)
        self.use(trusted, reading=reading)

    def use(
        self, trusted: Trusted, previous: Roster | None = None, *, reading: bool = False
    ) -> None:
        """Judge by this register from now on, once the ledger knows that it was used."""
        self._require_ours(trusted)
        known = self.ledger.binding().register_version
        version = trusted.register.version
        if version < known:
            raise OlderRegister(
                f"register: version {version} is older than version {known}, already used with "
                "this ledger: fetch the current register"
            )
        roster = Roster(trusted)
        self._require_whole(roster, previous)
        if version > known and not reading:
            self._tell_used(version)
        self.roster = roster
        self.rules = ContentRules(self.roster, self._origin, self.log.signed_root)

    def _tell_used(self, version: int) -> None:
        with self.ledger.turn() as standing:
            self._keep_up(standing)
            if version > standing.register_version:
                self._commit(Batch(register_version=version))

    def _require_ours(self, trusted: Trusted) -> None:
        origin, key = self.identity.origin, self.identity.key.public
        bound = self.ledger.binding()
        if bound.origin != origin:
            raise InvalidField("ledger", f"belongs to {bound.origin}, not to {origin}")
        if bound.election != trusted.digest:
            raise InvalidField("ledger", "belongs to another election: use a ledger of its own")
        if trusted.register.gateway_keys.get(origin) != key:
            raise InvalidField("register", f"does not list this key for the gateway {origin}")

    def _require_whole(self, roster: Roster, previous: Roster | None) -> None:
        # Entries are closed, never deleted: what boxes said must stay readable and bound to them.
        reported = (head.box for head in self.ledger.box_heads())
        lost = next((box for box in reported if not roster.lists(box)), None)
        if lost is not None:
            raise InvalidField(
                "register",
                f"has lost an entry of box {lost.hex()}: entries are closed, never deleted",
            )
        if previous is not None:
            require_later(previous.trusted.register, roster.trusted.register)

    def settle(self, judge: Callable[[Case], T], now: int) -> Settled[T]:
        """Judge, commit, and return the judgement; again from the start when the books moved on."""
        for _ in range(_ATTEMPTS):
            try:
                with self.ledger.turn() as standing:
                    self._follow(standing)
                    case = self._open(now)
                    result = judge(case)
                    return Settled(result, case, self._close(case.draft))
            except Conflict:
                self._stale = True
        raise LedgerFailure(f"{_ATTEMPTS} times in a row another writer moved the log on")

    def _open(self, now: int) -> Case:
        draft = Draft(self.log, self._heads, self.ledger, now)
        chains = Chains(draft, self.roster, self.rules)
        return Case(draft, chains, Bench(draft, chains, self.roster))

    def hand_counts(self, case: Case) -> HandCounts:
        """Return what places counts by hand into the draft of a case."""
        return HandCounts(case.draft, self.count_fault)

    def count_fault(self, count: HandCount) -> Reason | None:
        """Return what speaks against an authentic count by hand by itself."""
        return content_fault(count, self.roster.trusted, self._laws)

    def _close(self, draft: Draft) -> Sealed | None:
        sealed = draft.seal(self.uncounted)
        if sealed is None:
            return None
        # The commit point: before this line nothing has happened, after it everything has.
        self._commit(sealed.batch, draft)
        self.uncounted.clear()
        if sealed.batch.checkpoint is not None:
            self.log.extend(sealed.hashes, sealed.batch.checkpoint)
        for head in sealed.batch.heads:
            self._heads[head.box] = head
        return sealed

    def _commit(self, batch: Batch, draft: Draft | None = None) -> None:
        try:
            self.ledger.commit(batch, draft.expected if draft else self.log.head)
        except LedgerFailure:
            self._stale = True
            raise

    def turned_away(self, reason: Reason, count: int) -> None:
        """Count arrivals that never came to be judged; stored with the next commit."""
        self.uncounted[Tally.UNAUTHENTIC, reason] += count

    def _follow(self, standing: Standing) -> None:
        """Judge by what all processes of this gateway have committed; raises RegisterBehind."""
        used, ours = standing.register_version, self.roster.trusted.register.version
        if used > ours:
            raise RegisterBehind(f"register: version {used} is in use, and this process has {ours}")
        self._keep_up(standing)

    def _keep_up(self, standing: Standing) -> None:
        if self._stale:
            self.reload()
        elif standing.head != self.log.head:
            first = self.log.head.size
            # Until it is done: a log that was followed and boxes that were not would go unnoticed.
            self._stale = True
            self.log.catch_up()
            for box in self.ledger.boxes_from(first):
                self._heads.pop(box, None)
            self._stale = False

    def follow(self) -> None:
        """Read the ledger again if a failure left it unknown what it holds."""
        if self._stale:
            self.reload()

    def reload(self) -> None:
        """Forget every guess and read what the ledger holds."""
        self._heads.clear()
        self.log.catch_up()
        self._stale = False

    def chain(self, box: BoxId) -> BoxChain:
        """Return one box's chain as it is committed, for reading."""
        with self.ledger.turn() as standing:
            self._follow(standing)
            return self._open(0).draft.chain(box)

    def receipts(self, settled: Settled[T], rows: Iterable[StoredReport]) -> list[Message]:
        """Return the receipts of the newest leaves of committed reports, in order."""
        draft, sealed = settled.case.draft, settled.sealed
        first = draft.expected.size
        asked = [row.newest for row in rows]
        found: dict[int, bytes] = {}
        if sealed is not None and sealed.batch.checkpoint is not None:
            fresh = [(at, draft.leaves[at - first].data) for at in set(asked) if at >= first]
            made = self.log.receipts(fresh, sealed.batch.checkpoint)
            found = dict(zip((at for at, _ in fresh), made, strict=True))
        return [
            Message(MessageKind.RECEIPT, found[at] if at in found else self.stored_receipt(at))
            for at in asked
        ]

    def stored_receipt(self, position: int) -> bytes:
        """Return the receipt of a committed leaf, read from the ledger."""
        if position >= self.log.head.size:
            # Another writer's leaf, which a duplicate made visible here.
            self.reload()
        return self.log.stored_receipt(position)
