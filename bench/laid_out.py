"""A ledger as large as wanted within seconds: its reports are laid out, not judged.

What a start checks holds of it: the leaves name their reports, the digests of the batches fit, the
tree has the signed root. No signature in it is good, and its boxes stand in no register: only what
comes after it is judged, against tables, indexes and a tree of that size.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ballotbox_gateway.core.outcome import Identity
from ballotbox_gateway.core.ports import Batch, LogHead, NewLeaf, Place, StoredReport
from ballotbox_gateway.core.ports import StoredCheckpoint as Stored
from ballotbox_gateway.ledger.connection import connect
from ballotbox_gateway.ledger.sqlite import SqliteLedger
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash
from ballotbox_protocol.wire.verdict import Reason, Verdict

_AT_ONCE: Final = 65_536
_BOXES: Final = 2_000
_NOBODY: Final = ReportId(bytes(range(32)))
_TIME: Final = 1_795_939_200
#: So many bytes before the signature are the number of the report.
_NUMBER: Final = 8
_TAIL: Final = 2 + cose.SIGNATURE_SIZE
#: KiB: no page is written twice for want of room.
_CACHE_KIB: Final = 1 << 20


def lay_out(path: Path, identity: Identity, like: bytes, leaves: int) -> None:
    """Fill the empty ledger at `path` with reports that are `like` one, but for their numbers."""
    connection = connect(path)
    connection.pragma("cache_size", -_CACHE_KIB)
    # A measurement that is cut short begins anew.
    connection.pragma("synchronous", 0)
    ledger = SqliteLedger(connection, path)
    frontier, head = Frontier(), ledger.log_head()
    for first in range(0, leaves, _AT_ONCE):
        rows = list(_rows(like, first, min(first + _AT_ONCE, leaves)))
        made = [NewLeaf(row.first, _leaf(row.id), row.first, None, None) for row in rows]
        frontier.extend(leaf_hash(leaf.data) for leaf in made)
        checkpoint = _checkpoint(identity, frontier)
        ledger.commit(Batch(leaves=made, reports=rows, checkpoint=checkpoint), head)
        head = LogHead(checkpoint.size, checkpoint.root)
    ledger.close()


def _rows(like: bytes, first: int, stop: int) -> Iterator[StoredReport]:
    before, after = like[: -_TAIL - _NUMBER], like[-_TAIL:]
    for number in range(first, stop):
        data = before + number.to_bytes(_NUMBER) + after
        yield StoredReport(
            ReportId(cose.message_id(data)),
            BoxId((number % _BOXES).to_bytes(16)),
            number // _BOXES,
            Place.CHAIN,
            number,
            number,
            Verdict.ACCEPTED,
            Reason.IN_ORDER,
            Verdict.ACCEPTED,
            Reason.IN_ORDER,
            ruled=False,
            below=b"",
            data=data,
        )


def _leaf(report: ReportId) -> bytes:
    before, after = _AROUND
    return b"%b%b%b" % (before, report, after)


def _checkpoint(identity: Identity, frontier: Frontier) -> Stored:
    checkpoint = Checkpoint(identity.origin, frontier.size, frontier.root())
    note = sign_checkpoint(checkpoint, identity.key.public, identity.key.sign)
    return Stored(checkpoint.size, checkpoint.root, note)


_AROUND: Final = encode_leaf(
    Leaf(LeafType.REPORT, _NOBODY, Verdict.ACCEPTED, Reason.IN_ORDER, None, _TIME)
).split(_NOBODY)
