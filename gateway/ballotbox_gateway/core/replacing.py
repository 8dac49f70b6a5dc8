"""Opening a log in the place of one that cannot go on, and taking in one that was opened so."""

from ballotbox_gateway.core.books import Books
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.ports import StoredReport
from ballotbox_gateway.core.roster import Roster
from ballotbox_protocol.election.identifiers import BoxId, InvalidField, OriginId, require
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.replacement import NO_BOX, Replacement, decode_replacement


def open_replacing(books: Books, data: bytes, now: int) -> Replacement:
    """Make the statement of two officers the first leaf of an empty log.

    Raises InvalidField, and then changes nothing.
    """
    try:
        replacement = decode_replacement(data)
    except InvalidField:
        raise
    except ValueError as error:
        raise InvalidField("replacement", str(error)) from error
    ours = replacement.origin == books.identity.origin
    require(ours, "replacement.origin", f"is {replacement.origin}, not {books.identity.origin}")
    require(books.log.head.size == 0, "ledger", "has leaves already: a log is opened once")
    fault = fault_of(replacement, books.roster)
    require(not fault, "replacement", fault)
    books.settle(lambda case: case.draft.replace(replacement), now)
    return replacement


def fault_of(replacement: Replacement, roster: Roster) -> str:
    """Return what is wrong with a replacement under the register in use, or an empty text."""
    register = roster.trusted.register
    if replacement.election != roster.trusted.digest:
        return "is about another election"
    for origin in (replacement.replaced, replacement.origin):
        if origin not in register.gateway_keys:
            return f"names {origin}, which is not in the register"
    if not replacement.is_signed(register):
        return "needs the good signatures of two different officers who may release, and no other"
    return ""


def taken_in(draft: Draft, replacement: Replacement) -> StoredReport:
    """Return the row of a replacement from below, which gets a leaf here when it is new."""
    return draft.report(replacement.id) or draft.replace(replacement)


def closed_before(draft: Draft, origin: str) -> frozenset[OriginId]:
    """Return the logs in whose place, one after the other, that of `origin` stands."""
    rows = draft.chain(NO_BOX).after(-1)
    before = {each.origin: each.replaced for each in (decode_replacement(row.data) for row in rows)}
    closed: set[OriginId] = set()
    while origin in before:
        origin = before.pop(origin)
        closed.add(origin_id(origin))
    return frozenset(closed)


def unheard(books: Books) -> list[BoxId]:
    """Return the boxes that must be asked for all their reports: none is in a log opened anew."""
    first = books.ledger.entries(0, 1)
    if not first or decode_leaf(first[0].leaf).type is not LeafType.REPLACEMENT:
        return []
    heard = {head.box for head in books.ledger.box_heads()}
    return [box for box in books.roster.trusted.register.expected if box not in heard]
