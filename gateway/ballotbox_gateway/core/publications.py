"""Released results as leaves of the log they were made of: taken in once, in order, or refused.

A log is answered for by its own gateway alone. One above takes over what the log below says of
itself, once two officers who may release signed it and it follows the one before it.
"""

from collections.abc import Callable
from typing import NamedTuple

from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.chain import Placed
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.outcome import Arrival, Road, RoadKind
from ballotbox_gateway.core.ports import StoredReport
from ballotbox_gateway.core.samples import Sampler
from ballotbox_gateway.core.statement_row import Signed, statement_row
from ballotbox_protocol.wire.publication import (
    Publication,
    decode_publication,
    read_publication,
)
from ballotbox_protocol.wire.verdict import Reason

_ROAD = Road(RoadKind.HTTP, "publication")

#: Returns the root of a log's first leaves, None of more leaves than there are.
RootAt = Callable[[int], bytes | None]


class PublicationOutcome(NamedTuple):
    """What became of a statement: its row and receipt, or the reason why it got none."""

    row: StoredReport | None
    reason: Reason
    new: bool = False
    receipt: bytes = b""


def take_publication(books: Books, data: bytes, now: int, sampler: Sampler) -> PublicationOutcome:
    """Store a released result of this log; of what is refused a sample is kept. See `Intake`."""
    given = read_publication(data, books.roster.trusted)
    if isinstance(given, Reason):
        return _turned_away(books, Arrival(data, _ROAD), given, sampler, now)
    books.reload()

    def judge(case: Case) -> Placed | Reason:
        placed: Placed | Reason = Reason.OTHER_LOG
        if given.origin == books.identity.origin:
            placed = place_publication(case.draft, given, data, books.log.signed_root)
        if isinstance(placed, Reason):
            samples = sampler.samples([(Arrival(data, _ROAD), placed)], now)
            case.draft.turn_away([placed], samples)
        return placed

    settled = books.settle(judge, now)
    placed = settled.result
    if isinstance(placed, Reason):
        return PublicationOutcome(None, placed)
    (receipt,) = books.receipts(settled, [placed.row])
    return PublicationOutcome(placed.row, placed.row.reason, placed.new, receipt.payload)


def _turned_away(
    books: Books, arrival: Arrival, reason: Reason, sampler: Sampler, now: int
) -> PublicationOutcome:
    """Count what nobody vouches for; it costs a commit only when a sample of it is kept."""
    samples = sampler.samples([(arrival, reason)], now)
    if samples:
        books.settle(lambda case: case.draft.turn_away([reason], samples), now)
    else:
        books.turned_away(reason, 1)
    return PublicationOutcome(None, reason)


def place_publication(
    draft: Draft, given: Publication, data: bytes, root_at: RootAt | None = None
) -> Placed | Reason:
    """Put a signed statement after the last one of its log, or say why it cannot stand there.

    Without `root_at` it is another log's word on itself: whoever has that log compares the root.
    """
    chain = draft.chain(given.place)
    known = chain.known(given.version, given.id)
    if known is not None:
        return Placed(known, new=False)
    before = chain.after(-1)
    if not given.follows(decode_publication(before[-1].data) if before else None):
        return Reason.VERSION
    if root_at is not None and root_at(given.size) != given.root:
        return Reason.CHECKPOINT
    signed = Signed(given.id, given.place, given.version, Reason.PUBLISHED, data)
    row = statement_row(signed, draft.next_index, ruled=False)
    chain.add(row)
    draft.publish(row, given)
    return Placed(row, new=True)
