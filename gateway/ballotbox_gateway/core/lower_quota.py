"""What one gateway below may bring: bytes, and words on itself that cannot stand here.

A key of a log that was stolen signs leaves without end. A statement that it vouches for as its own
released result is judged here, with its signatures, and judged anew later; an honest log brings
next to none that cannot stand, for its gateway refuses them at its own door. What a log only
relays, of other logs or set aside by itself, is nobody's word here and costs bytes alone: a gateway
in the middle answers for nothing that those below it said.
"""

from collections.abc import Sequence
from typing import Final

from ballotbox_gateway.core.books import Books
from ballotbox_gateway.core.ports import Entry
from ballotbox_gateway.core.quota import ROW_OVERHEAD, Quotas
from ballotbox_gateway.core.upward import UpwardBatch, UpwardEntry, UpwardFault
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.verdict import Reason, Verdict

_LATER: Final = "send it again later; one gateway must leave room for the others"
_TOO_FAST: Final = "are more than may come so fast"
_TOO_MANY: Final = "hold a publication, and too many of this log could not stand today"


class LowerQuota:
    """The buckets of a gateway below: asked before its stretch is judged, charged after it."""

    def __init__(self, quotas: Quotas, books: Books, batch: UpwardBatch, now: int) -> None:
        """Take note of where this log stands; `now` is Unix seconds."""
        self._quotas = quotas
        self._books = books
        self._batch = batch
        self._now = now
        self._who = batch.origin.encode()
        self._before = books.log.head.size

    def fault(self) -> UpwardFault | None:
        """Return why nothing of the stretch is taken now; None also where nothing in it is new."""
        taken = self._books.ledger.lower_log(self._batch.origin)
        known = taken.size if taken is not None else 0
        if self._batch.stop <= known:
            return None
        if self._quotas.gateways.is_spent(self._who, self._now):
            return UpwardFault("entries", _TOO_FAST, _LATER, retry=True)
        if self._brings_publication() and self._quotas.aside.is_spent(self._who, self._now):
            return UpwardFault("entries", _TOO_MANY, _LATER, retry=True)
        return None

    def _brings_publication(self) -> bool:
        return any(map(_is_publication, self._batch.entries))

    def charge(self) -> None:
        """Take what was stored of the stretch, and what was set aside, from the buckets.

        Of what is set aside only what the log vouched for itself counts: see the module.
        """
        size = self._books.log.head.size
        grown = size - self._before
        # What was here before, by another road, takes no room a second time.
        if not grown:
            return
        whole = grown >= len(self._batch.entries)
        made = [] if whole else self._books.ledger.entries(size - grown, size)
        room = _room(self._batch.entries if whole else made, len(self._batch.checkpoint))
        self._quotas.gateways.charge(self._who, room, self._now)
        if self._brings_publication():
            for _ in filter(_is_aside, made or self._books.ledger.entries(size - grown, size)):
                self._quotas.aside.charge(self._who, 0, self._now)


def _is_publication(entry: UpwardEntry) -> bool:
    if entry.ruling is None:
        return False
    try:
        return decode_leaf(entry.leaf).type is LeafType.PUBLICATION
    except ValueError:
        # Not judged yet: it is refused for that, with its place.
        return False


def _is_aside(entry: Entry) -> bool:
    if entry.ruling is None:
        return False
    leaf = decode_leaf(entry.leaf)
    set_aside = leaf.type is LeafType.PUBLICATION and leaf.verdict is Verdict.QUARANTINED
    return set_aside and leaf.reason is not Reason.OTHER_LOG


def _room(entries: Sequence[UpwardEntry] | Sequence[Entry], note: int) -> int:
    parts = (part for entry in entries for part in (entry.leaf, entry.report, entry.ruling))
    return sum(map(len, filter(None, parts))) + note + ROW_OVERHEAD * len(entries)
