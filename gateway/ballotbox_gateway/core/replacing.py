"""Opening a log in the place of one that cannot go on, and taking in one that was opened so."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.ports import StoredReport
from ballotbox_gateway.core.roster import Roster
from ballotbox_protocol.election.identifiers import BoxId, InvalidField, OriginId, require
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.replacement import NO_BOX, Replacement, decode_replacement


def open_replacing(books: Books, data: bytes, now: int, *before: bytes) -> Replacement:
    """Make the statement of two officers the first leaf of an empty log.

    before: what said the same of the logs that were closed earlier, newest first. The closed log
    has it at its own beginning, but what that never delivered nobody above has heard.
    Raises InvalidField, and then changes nothing.
    """
    replacement, *earlier = [_read(each, books.roster) for each in (data, *before)]
    ours = replacement.origin == books.identity.origin
    require(ours, "replacement.origin", f"is {replacement.origin}, not {books.identity.origin}")
    require(books.log.head.size == 0, "ledger", "has leaves already: a log is opened once")
    for later, each in pairwise((replacement, *earlier)):
        linked = each.origin == later.replaced
        problem = f"is {each.origin}, not {later.replaced}: name the logs newest first"
        require(linked, "before.origin", problem)

    names = [replacement.origin, replacement.replaced, *(each.replaced for each in earlier)]
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    problem = f"is {''.join(twice[:1])} twice: name each log once, and not the new one"
    require(not twice, "before.replaced", problem)

    def judge(case: Case) -> None:
        for each in (replacement, *earlier):
            case.draft.replace(each)

    books.settle(judge, now)
    return replacement


def _read(data: bytes, roster: Roster) -> Replacement:
    try:
        replacement = decode_replacement(data)
    except InvalidField:
        raise
    except ValueError as error:
        raise InvalidField("replacement", str(error)) from error
    fault = fault_of(replacement, roster)
    require(not fault, "replacement", fault)
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


class Line(NamedTuple):
    """The logs in whose place a log stands, and those that stand in its own, however far away."""

    before: frozenset[OriginId] = frozenset()
    since: frozenset[OriginId] = frozenset()


def line_of(draft: Draft, origin: str) -> Line:
    """Return what stands for what around the log of `origin`, by the replacements known so far."""
    said = [decode_replacement(row.data) for row in draft.chain(NO_BOX).after(-1)]
    before = [(each.origin, each.replaced) for each in said]
    return Line(_reached(origin, before), _reached(origin, [(old, new) for new, old in before]))


def _reached(origin: str, steps: Sequence[tuple[str, str]]) -> frozenset[OriginId]:
    found, near = {origin}, [origin]
    while near:
        last = near.pop()
        further = {there for here, there in steps if here == last} - found
        found |= further
        near += further
    return frozenset(origin_id(each) for each in found - {origin})


def unheard(books: Books) -> list[BoxId]:
    """Return the boxes that must be asked for all their reports: none is in a log opened anew."""
    first = books.ledger.entries(0, 1)
    if not first or decode_leaf(first[0].leaf).type is not LeafType.REPLACEMENT:
        return []
    heard = {head.box for head in books.ledger.box_heads()}
    return [box for box in books.roster.trusted.register.expected if box not in heard]
