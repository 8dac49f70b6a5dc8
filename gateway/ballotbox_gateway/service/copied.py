"""The second copy as something to restore a ledger from: entry by entry, believing none."""

from typing import Final

from ballotbox_gateway.adapters.second_copy import BundleParts, SecondCopy
from ballotbox_gateway.core.ports import Entry
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.tiles import TILE_WIDTH, Bundle

#: The three byte strings beside a leaf at their largest, and their heads.
_BESIDE: Final = cbor.Limits(size=1 << 16, depth=1, items=3)


class CopiedLog:
    """What a second copy holds of the log whose checkpoint is `head`; raises Problem."""

    def __init__(self, copy: SecondCopy, head: Checkpoint) -> None:
        self.head = head
        self.is_complete = copy.is_complete()
        self._copy = copy
        self._read: tuple[int, BundleParts] | None = None

    @property
    def size(self) -> int:
        """The number of leaves that its checkpoint signs for."""
        return self.head.size

    def entries(self, first: int, stop: int) -> list[Entry | None]:
        """Return the leaves first..stop-1 with what stands beside them; None for damaged ones."""
        return [self._entry(index) for index in range(first, stop)]

    def _entry(self, index: int) -> Entry | None:
        parts, at = self._parts(index), index % TILE_WIDTH
        if at >= len(parts.leaves) or at >= len(parts.attachments):
            return None
        beside = _beside(parts.attachments[at])
        return None if beside is None else Entry(index, parts.leaves[at], *beside)

    def hash_of(self, index: int) -> bytes | None:
        """Return the hash of a leaf as the tiles have it, None where they are damaged."""
        hashes, at = self._parts(index).hashes, index % TILE_WIDTH
        return hashes[at] if at < len(hashes) else None

    def _parts(self, index: int) -> BundleParts:
        number = index // TILE_WIDTH
        if self._read is None or self._read[0] != number:
            width = min(TILE_WIDTH, self.size - number * TILE_WIDTH)
            parts = self._copy.parts(Bundle(number, width)) if width > 0 else _NONE
            self._read = number, parts
        return self._read[1]


_NONE: Final = BundleParts((), (), ())


def _beside(attachment: bytes) -> tuple[bytes | None, bytes | None, bytes | None] | None:
    try:
        items = cbor.decode(attachment, _BESIDE)
    except cbor.CborError:
        return None
    if type(items) is not list or len(items) != 3:
        return None
    report, ruling, note = items
    if not all(item is None or type(item) is bytes for item in items):
        return None
    return report, ruling, note
