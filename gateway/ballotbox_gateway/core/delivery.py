"""Sending this log upward, stretch by stretch, until the upper gateway's receipts are stored."""

from typing import Final

from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.ports import Delivery, DiskFull
from ballotbox_gateway.core.stick import Stretch
from ballotbox_gateway.core.upward import (
    ENTRIES_MAX,
    UpwardBatch,
    UpwardConflict,
    UpwardEntry,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.wire.checkpoint import Checkpoint, CheckpointFault, verify_checkpoint
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.merkle import leaf_hash, verify_inclusion
from ballotbox_protocol.wire.receipt import Receipt, ReceiptFault

#: When nothing waits: how often the last leaf is shown again, to learn that the upper log or this
#: one was put back to an older copy. The first time is at the start.
PROBE_EVERY_S: Final = 1_800
#: Receipts kept in memory while the disk takes nothing; then delivery waits, too.
_UNSTORED_MAX: Final = 16_384
_CARRY_ALL: Final = "bring the stick with the leaves before them, or export again"
_ASK_UPPER = "ask the upper gateway's operator; the batch is sent again until it is receipted"


class Outbox:
    """What of this log each upper gateway has receipted; the cursor moves only with receipts."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._upper_stands_at: dict[str, int] = {}
        # Receipts that came while the disk took nothing: what they prove is true all the same.
        self._unstored: dict[str, Delivery] = {}

    def next(self, upper: str, limit: int) -> UpwardBatch | None:
        """See `Intake.next_upward`."""
        books = self._books
        books.follow()
        first = self._store(upper)
        stop = min(first + max(1, min(limit, ENTRIES_MAX)), books.log.head.size)
        stands_at = self._upper_stands_at.get(upper, 0)
        if first < stands_at:
            # The upper gateway has these already: ask for the receipts of just these, to their end
            # whatever the limit, where it can see that both logs are one.
            stop = min(first + ENTRIES_MAX, stands_at)
        return self._batch(first, stop) if first < stop else None

    def _store(self, upper: str) -> int:
        """Store the receipts that could not be stored; return the first leaf without a receipt."""
        unstored = self._unstored.get(upper)
        if unstored is not None:
            try:
                self._settle(unstored)
            except DiskFull:
                return unstored.next
        return self._books.ledger.delivered(upper)

    def probe(self, upper: str) -> UpwardBatch | None:
        """See `Intake.probe_upward`."""
        books = self._books
        books.follow()
        stop = books.ledger.delivered(upper)
        return self._batch(stop - 1, stop) if stop else None

    def _batch(self, first: int, stop: int) -> UpwardBatch:
        books = self._books
        entries = tuple(
            UpwardEntry(entry.leaf, entry.report, entry.ruling)
            for entry in books.ledger.entries(first, stop)
        )
        return UpwardBatch(books.identity.origin, first, entries, books.log.note_at(stop))

    def backlog(self, upper: str) -> range:
        """Return the leaves that `upper` has not receipted."""
        self._books.follow()
        return range(self._store(upper), self._books.log.head.size)

    def stretch(self, first: int, stop: int) -> Stretch:
        """Return leaves of this log with what verifies them by themselves; the cursor stays.

        Raises ValueError for leaves that are not there, or too many of them.
        """
        self._books.follow()
        if not (0 <= first < stop <= self._books.log.head.size and stop - first <= ENTRIES_MAX):
            raise ValueError(f"leaves {first} to {stop} are no stretch of this log")
        return Stretch(self._batch(first, stop), self._books.log.base_at(first))

    def take_back(self, upper: str, first: int, reply: UpwardReply, now: int) -> UpwardFault | None:
        """Store receipts of the leaves from `first` on; None also when all are stored already.

        Raises DiskFull where only memory holds them: who brought them must come again.
        """
        fault = self._taken_back(upper, first, reply, now)
        if fault is None and upper in self._unstored:
            raise DiskFull("the disk is full: the receipts are not stored")
        return fault

    def _taken_back(
        self, upper: str, first: int, reply: UpwardReply, now: int
    ) -> UpwardFault | None:
        waiting = self.backlog(upper)
        stop = first + len(reply.receipts)
        if stop <= waiting.start:
            return None
        if first > waiting.start or stop > waiting.stop:
            problem = f"are of leaves {first} to {stop}, but {waiting.start} is the next to receipt"
            return UpwardFault("receipts", problem, _CARRY_ALL)
        rest = UpwardReply(reply.origin, reply.receipts[waiting.start - first :])
        return self.receipted(self._batch(waiting.start, stop), rest, upper, now)

    def receipted(
        self, batch: UpwardBatch, reply: UpwardReply, upper: str, now: int
    ) -> UpwardFault | None:
        """See `Intake.upward_receipted`."""
        fault = self._fault(batch, reply, upper)
        if fault is not None:
            return fault
        receipts = list(enumerate(reply.receipts, start=batch.first))
        first, unstored = batch.first, self._unstored.get(upper)
        if unstored is not None and unstored.next == first:
            first, receipts = unstored.first, [*unstored.receipts, *receipts]
        delivery = Delivery(upper, first, batch.stop, receipts)
        try:
            return self._settle(delivery, now)
        except DiskFull:
            if len(receipts) > _UNSTORED_MAX:
                raise
            self._unstored[upper] = delivery
            return None

    def _settle(self, delivery: Delivery, now: int = 0) -> UpwardFault | None:
        def judge(case: Case) -> UpwardFault | None:
            first = self._books.ledger.delivered(delivery.upper)
            if first != delivery.first:
                problem = f"starts at {delivery.first}, but delivery has moved on to {first}"
                return UpwardFault("first", problem, "take the next batch", retry=True)
            case.draft.delivery = delivery
            return None

        result = self._books.settle(judge, now).result
        self._unstored.pop(delivery.upper, None)
        return result

    def conflict(self, conflict: UpwardConflict, upper: str) -> UpwardFault | None:
        """See `Intake.upward_conflict`."""
        expected, size = conflict.expected, self._books.log.head.size
        if expected > size:
            problem = f"{upper} says it holds {expected} leaves of this log, which has only {size}"
            # Nobody has signed for it.
            fix = (
                "compare with its operator before anything is replaced: if it is so, this ledger "
                "is an older copy"
            )
            return UpwardFault("expected", problem, fix)
        self._upper_stands_at[upper] = expected
        self._unstored.pop(upper, None)

        def judge(case: Case) -> None:
            first = self._books.ledger.delivered(upper)
            if expected < first:
                case.draft.delivery = Delivery(upper, first, expected)

        self._books.settle(judge, 0)  # No leaf is made, so no time is needed.
        return None

    def _fault(self, batch: UpwardBatch, reply: UpwardReply, upper: str) -> UpwardFault | None:
        key = self._books.roster.trusted.register.gateway_keys.get(upper)
        if key is None or reply.origin != upper:
            problem = f"is {reply.origin}, not the upper gateway {upper} of the register"
            return UpwardFault("origin", problem, "check the address of the upper gateway")
        if len(reply.receipts) != len(batch.entries):
            problem = f"are {len(reply.receipts)}, for {len(batch.entries)} entries"
            return UpwardFault("receipts", problem, _ASK_UPPER)
        signed: dict[bytes, Checkpoint | CheckpointFault] = {}
        for at, (entry, data) in enumerate(zip(batch.entries, reply.receipts, strict=True)):
            receipt = Receipt.from_bytes(data)
            if isinstance(receipt, ReceiptFault):
                return UpwardFault(f"receipts[{at}]", receipt.name, _ASK_UPPER)
            # Most receipts of a reply share one checkpoint: its signature is verified once.
            if receipt.note not in signed:
                signed[receipt.note] = verify_checkpoint(receipt.note, upper, key)
            wrong = _receipt_problem(receipt, signed[receipt.note], entry)
            if wrong is not None:
                return UpwardFault(f"receipts[{at}]", wrong, _ASK_UPPER)
        return None


def _receipt_problem(
    receipt: Receipt, checkpoint: Checkpoint | CheckpointFault, entry: UpwardEntry
) -> str | None:
    if isinstance(checkpoint, CheckpointFault):
        return f"has a checkpoint that does not hold: {checkpoint.name}"
    hashed = leaf_hash(receipt.leaf)
    root = checkpoint.root
    if not verify_inclusion(hashed, receipt.index, checkpoint.size, receipt.path, root):
        return "does not prove that its leaf is in the upper log"
    try:
        leaf = decode_leaf(receipt.leaf)
    except ValueError as error:
        return str(error)
    return None if leaf.report == decode_leaf(entry.leaf).report else "is for another report"
