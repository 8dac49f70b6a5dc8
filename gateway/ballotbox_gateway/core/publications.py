"""Released results as leaves of the log they were made of: taken in once, in order, or refused.

A log is answered for by its own gateway alone. One above takes over what the log below says of
itself, once two officers who may release signed it and it follows the one before it. What cannot
be taken over is set aside with its reason, in a leaf of its own: the log below goes on. With the
next one that the log says of itself it is judged anew, since a newer register may list who signed.
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
from ballotbox_protocol.election.identifiers import BoxId
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
#: How many of one number are judged anew at once; a log that says more of itself is not honest.
_ANEW_MAX: Final = 32

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
    if not given.follows(_last(draft, given.place)):
        return Reason.VERSION
    if root_at is not None and root_at(given.size) != given.root:
        return Reason.CHECKPOINT
    row = _decided(draft, given, Verdict.ACCEPTED, Reason.PUBLISHED)
    draft.last_published[given.place] = given
    return Placed(row, new=True)


def _last(draft: Draft, place: BoxId) -> Publication | None:
    """Return the last publication of one log; all of them are read once for a draft."""
    if place not in draft.last_published:
        rows = draft.chain(place).after(-1)
        before = [row for row in rows if row.verdict is Verdict.ACCEPTED]
        draft.last_published[place] = decode_publication(before[-1].data) if before else None
    return draft.last_published[place]


class FromBelow:
    """Takes in the statements of one stretch that the log of `origin` brings."""

    def __init__(self, draft: Draft, trusted: Trusted, origin: str) -> None:
        self._draft = draft
        self._trusted = trusted
        self._origin = origin
        self._begun = False

    def take(self, given: Publication, *, stands: bool) -> StoredReport:
        """Take over what the log says of itself, or set it aside by name.

        stands: it counts in that log. Whatever else a log holds is nobody's word on itself: it
        might be what the officers never meant to stand, planted by whoever reports to that log.
        """
        draft = self._draft
        if not stands or given.origin != self._origin:
            return set_aside(draft, given, Reason.OTHER_LOG)
        if not self._begun:
            # The register does not change within a stretch.
            self._begun = True
            self._judge_anew(given.place)
        placed = self._take_signed(given.to_bytes())
        if isinstance(placed, Reason):
            return set_aside(draft, given, placed)
        if placed.new:
            self._judge_anew(given.place)
        return draft.chain(given.place).current(placed.row)

    def _judge_anew(self, place: BoxId) -> None:
        """Judge what was set aside of the next number, and on for as long as one can follow."""
        while self._next_stands(place):
            pass

    def _next_stands(self, place: BoxId) -> bool:
        draft, last = self._draft, _last(self._draft, place)
        rivals = draft.chain(place).at(1 if last is None else last.version + 1)
        passing = [row for row in rivals if row.reason in _MAY_PASS][-_ANEW_MAX:]
        return any(
            isinstance(self._take_signed(draft.statement_beside(row)), Placed) for row in passing
        )

    def _take_signed(self, data: bytes) -> Placed | Reason:
        given = read_publication(data, self._trusted)
        return given if isinstance(given, Reason) else place_publication(self._draft, given)


def set_aside(draft: Draft, given: Publication, reason: Reason) -> StoredReport:
    """Keep a statement from below that cannot stand, and why, in a leaf of its own.

    Whatever became of it before stays, but that it was not the word of its own log.
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
