"""Released results as leaves of the log they were made of: taken in once, in order, or refused.

A log is answered for by its own gateway alone. One above takes over what the log below says of
itself, once two officers who may release signed it and it follows the one before it. What cannot
be taken over is set aside with its reason, in a leaf of its own: the log below goes on. With the
next one of that log it is judged anew, since a newer register may list who signed it.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

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
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict

_ROAD = Road(RoadKind.HTTP, "publication")

#: Why a statement is set aside that may stand later: under another register, or after another one.
_MAY_PASS: Final = frozenset({Reason.OLD_REGISTER, Reason.RELEASERS, Reason.VERSION})

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
            placed = place_publication(case.draft, given, books.log.signed_root)
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
    draft: Draft, given: Publication, root_at: RootAt | None = None
) -> Placed | Reason:
    """Put a signed statement after the last one of its log, or say why it cannot stand there.

    Without `root_at` it is another log's word on itself: whoever has that log compares the root.
    """
    chain = draft.chain(given.place)
    known = chain.known(given.version, given.id)
    if known is not None and known.verdict is Verdict.ACCEPTED:
        return Placed(known, new=False)
    before = [row for row in chain.after(-1) if row.verdict is Verdict.ACCEPTED]
    if not given.follows(decode_publication(before[-1].data) if before else None):
        return Reason.VERSION
    if root_at is not None and root_at(given.size) != given.root:
        return Reason.CHECKPOINT
    row = _decided(draft, given, Verdict.ACCEPTED, Reason.PUBLISHED)
    return Placed(row, new=True)


def take_over(case: Case, trusted: Trusted, given: Publication, origin: str) -> StoredReport:
    """Take in a statement that the log of `origin` brings, or set it aside by name.

    It speaks for itself alone: another log might bring what its officers never meant to stand.
    """
    draft = case.draft
    if given.origin != origin:
        return set_aside(draft, given, Reason.OTHER_LOG)
    for row in draft.chain(given.place).after(-1):
        if row.reason in _MAY_PASS:
            _take_signed(draft, trusted, draft.statement_beside(row))
    placed = _take_signed(draft, trusted, given.to_bytes())
    return set_aside(draft, given, placed) if isinstance(placed, Reason) else placed.row


def _take_signed(draft: Draft, trusted: Trusted, data: bytes) -> Placed | Reason:
    given = read_publication(data, trusted)
    return given if isinstance(given, Reason) else place_publication(draft, given)


def set_aside(draft: Draft, given: Publication, reason: Reason) -> StoredReport:
    """Keep a statement from below that cannot stand, and why, in a leaf of its own.

    Whatever became of it before stays, but that the wrong log had brought it.
    """
    known = draft.chain(given.place).known(given.version, given.id)
    if known is None or (known.reason is Reason.OTHER_LOG and reason in _MAY_PASS):
        return _decided(draft, given, Verdict.QUARANTINED, reason)
    return known


def _decided(draft: Draft, given: Publication, verdict: Verdict, reason: Reason) -> StoredReport:
    chain, index = draft.chain(given.place), draft.next_index
    known = chain.known(given.version, given.id)
    if known is None:
        row = _row(given, index, verdict, reason)
        chain.add(row)
    else:
        row = known._replace(
            newest=index, verdict=verdict, reason=reason, own_verdict=verdict, own_reason=reason
        )
        chain.put(row)
    draft.publish(row, given)
    return row


def _row(given: Publication, index: int, verdict: Verdict, reason: Reason) -> StoredReport:
    signed = Signed(given.id, given.place, given.version, reason, given.to_bytes(), verdict)
    return statement_row(signed, index, ruled=False)
