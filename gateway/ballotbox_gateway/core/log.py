"""This gateway's log in memory: the tree, the last signed checkpoint, and receipts from both.

The ledger holds the truth; this follows it. A receipt is always made at the checkpoint of the
batch that holds its leaf, so the same question gets the same bytes for ever.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from ballotbox_gateway.core.outcome import Identity
from ballotbox_gateway.core.ports import Damaged, Ledger, LedgerFailure, LogHead, StoredCheckpoint
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, Frontier, Tree, leaf_hash
from ballotbox_protocol.wire.receipt import encode_receipts
from ballotbox_protocol.wire.tiles import export_tiles

#: Checkpoints whose roots are kept at hand for the echoes in reports; others are looked up.
_ROOTS_KEPT: Final = 16_384
#: Leaves hashed at a time when a log is read.
_READ_AHEAD: Final = 4_096


class Log:
    """The tree over all committed leaves. Raises LedgerFailure when the ledger contradicts it."""

    def __init__(self, identity: Identity, ledger: Ledger) -> None:
        self._identity = identity
        self._ledger = ledger
        self._tree = Tree()
        self._frontier = Frontier()
        self._roots: dict[int, bytes] = {}
        self.head = LogHead(0, EMPTY_ROOT)
        self.catch_up()
        self._require_signed()

    def _require_signed(self) -> None:
        stored = self._ledger.checkpoint_at(self.head.size)
        key = self._identity.key.public
        if stored is None:
            return
        signed = verify_checkpoint(stored.note, self._identity.origin, key)
        if signed != Checkpoint(self._identity.origin, *self.head):
            raise Damaged("the last checkpoint is not one that this gateway signed")

    def catch_up(self) -> None:
        """Read what the ledger holds beyond this log and compare the roots; stops on a mismatch."""
        wanted, found = self._ledger.log_head(), self._read_on()
        # Another process may move the log on while this one reads: then there is more to read.
        while found != wanted and wanted != (moved := self._ledger.log_head()):
            wanted, found = moved, self._read_on()
        if found != wanted:
            raise Damaged(
                f"the stored leaves make a log of size {found.size} and root {found.root.hex()}, "
                f"but the last checkpoint says size {wanted.size} and root {wanted.root.hex()}: "
                "the ledger is damaged or was tampered with"
            )
        self.head = found

    def _read_on(self) -> LogHead:
        leaves = self._ledger.leaves(self._tree.size)
        for hashes in _in_parts(map(leaf_hash, leaves)):
            self._tree.extend(hashes)
        self._frontier = self._tree.frontier()
        return LogHead(self._tree.size, self._frontier.root())

    def _append(self, hashes: list[bytes]) -> None:
        self._tree.extend(hashes)
        for each in hashes:
            self._frontier.append(each)

    def checkpoint_after(self, hashes: Iterable[bytes]) -> StoredCheckpoint:
        """Return the signed checkpoint of this log with these leaf hashes appended to it."""
        frontier = Frontier(self._frontier.size, self._frontier.hashes)
        for each in hashes:
            frontier.append(each)
        key = self._identity.key
        checkpoint = Checkpoint(self._identity.origin, frontier.size, frontier.root())
        note = sign_checkpoint(checkpoint, key.public, key.sign)
        return StoredCheckpoint(checkpoint.size, checkpoint.root, note)

    def note_at(self, size: int) -> bytes:
        """Return the signed checkpoint of the first `size` leaves."""
        stored = self._ledger.checkpoint_at(size)
        if stored is not None:
            return stored.note
        key = self._identity.key
        checkpoint = Checkpoint(self._identity.origin, size, self._tree.root(size))
        return sign_checkpoint(checkpoint, key.public, key.sign)

    def tiles(self, leaves: list[bytes], old: int, size: int) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the tiles that a copy of `old` leaves needs to hold `size`.

        `leaves` are those from the bundle of leaf `old` on. Raises LedgerFailure when they are not
        those of this log.
        """
        try:
            yield from export_tiles(self._tree, leaves, old, size)
        except ValueError as error:
            raise LedgerFailure(f"the ledger was changed under this process: {error}") from error

    def extend(self, hashes: list[bytes], checkpoint: StoredCheckpoint) -> None:
        """Follow a commit: these leaf hashes are in the ledger now, under this checkpoint."""
        self._append(hashes)
        self.head = LogHead(checkpoint.size, checkpoint.root)
        self._remember(checkpoint.size, checkpoint.root)

    def signed_root(self, size: int) -> bytes | None:
        """Return the root that this log signed, or would have signed, at `size`; None beyond it.

        A ledger that was made again from the log does not know at which sizes it was signed.
        """
        root = self._roots.get(size)
        if root is None:
            root = self.root_at(size)
            if root is not None:
                self._remember(size, root)
        return root

    def root_at(self, size: int) -> bytes | None:
        """Return the root of the first `size` leaves, None when there are not so many."""
        return self._tree.root(size) if size <= self._tree.size else None

    def base_at(self, size: int) -> tuple[bytes, ...]:
        """Return the subtree hashes of the first `size` leaves, from which the log goes on."""
        return self._tree.frontier(size).hashes

    def _remember(self, size: int, root: bytes) -> None:
        if len(self._roots) >= _ROOTS_KEPT:
            del self._roots[next(iter(self._roots))]
        self._roots[size] = root

    def receipts(
        self, leaves: Iterable[tuple[int, bytes]], checkpoint: StoredCheckpoint
    ) -> Iterator[bytes]:
        """Yield the receipts of committed leaves at the checkpoint of their batch."""
        return encode_receipts(self._tree, checkpoint.size, checkpoint.note, leaves)

    def stored_receipt(self, index: int) -> bytes:
        """Return the receipt of any committed leaf, read from the ledger."""
        checkpoint = self._ledger.checkpoint_of_leaf(index)
        entries = self._ledger.entries(index, index + 1)
        if checkpoint is None or not entries:
            raise LedgerFailure(f"leaf {index} or its checkpoint is missing from the ledger")
        return next(self.receipts([(index, entries[0].leaf)], checkpoint))


def _in_parts(hashes: Iterator[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    for each in hashes:
        part.append(each)
        if len(part) == _READ_AHEAD:
            yield part
            part = []
    if part:
        yield part
