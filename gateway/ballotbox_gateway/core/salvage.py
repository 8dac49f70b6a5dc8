"""Which bytes of a damaged log are the right ones, when several media hold what is left of them.

Nothing is believed here because of where it lies: a report must have the id that its leaf names and
its box's signature, a ruling the digest that its leaf names. Whether the leaves are the right ones
shows in the root of them all, which the caller compares with a signed checkpoint.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from ballotbox_gateway.core.ports import Entry
from ballotbox_gateway.core.roster import Roster, Signed
from ballotbox_protocol.wire.checkpoint import CheckpointFault, check_signature, parse_note
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.merkle import Tree, leaf_hash

_AT_ONCE: Final = 256

#: Ranges of leaves named one by one.
_NAMED_MAX: Final = 8

#: What one medium holds of the leaves first..stop-1; None for what it has not got.
Medium = Callable[[int, int], Sequence[Entry | None]]


class Salvage(NamedTuple):
    """The best of all media: entries up to the first leaf that none of them has whole.

    mended: the leaves of which the first medium had lost or changed something. lost: leaves of
    which nothing right is left.
    """

    entries: list[Entry]
    mended: list[int]
    lost: list[int]

    def tree(self) -> Tree:
        """Return the tree over the leaves."""
        return Tree([leaf_hash(entry.leaf) for entry in self.entries])


def salvage(
    media: Sequence[Medium], size: int, roster: Roster, hints: Callable[[int], bytes | None]
) -> Salvage:
    """Return what `media` hold of a log of `size` leaves; `hints` may know the hash of a leaf."""
    found = Salvage([], [], [])
    for first in range(0, size, _AT_ONCE):
        stop = min(first + _AT_ONCE, size)
        parts = [medium(first, stop) for medium in media]
        for at, index in enumerate(range(first, stop)):
            candidates = [part[at] for part in parts]
            _take(found, index, candidates, roster, hints(index))
    return found


def _take(
    found: Salvage,
    index: int,
    candidates: Sequence[Entry | None],
    roster: Roster,
    hint: bytes | None,
) -> None:
    entry = _right(index, [each for each in candidates if each is not None], roster, hint)
    if entry is None:
        found.lost.append(index)
        return
    if entry != candidates[0]:
        found.mended.append(index)
    if not found.lost:
        found.entries.append(entry)


def _right(
    index: int, candidates: Sequence[Entry], roster: Roster, hint: bytes | None
) -> Entry | None:
    leaves = list(dict.fromkeys(each.leaf for each in candidates))
    if len(leaves) > 1 and hint is not None:
        leaves = [leaf for leaf in leaves if leaf_hash(leaf) == hint] or leaves
    for data in leaves:
        try:
            leaf = decode_leaf(data)
        except ValueError:
            continue
        beside = _beside(leaf, candidates, roster)
        if beside is not None:
            return Entry(index, data, *beside)
    return None


def in_ranges(indexes: Sequence[int]) -> str:
    """Return rising leaf indexes in words, as `leaves 3, 7..12`; only the first few of many."""
    ranges: list[list[int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] + 1 == index:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    named = [str(a) if a == b else f"{a}..{b}" for a, b in ranges[:_NAMED_MAX]]
    more = ", …" if len(ranges) > _NAMED_MAX else ""
    return f"{'leaf' if len(indexes) == 1 else 'leaves'} {', '.join(named)}{more}"


_Beside = tuple[bytes | None, bytes | None, bytes | None]


def _beside(leaf: Leaf, candidates: Sequence[Entry], roster: Roster) -> _Beside | None:
    notes = _distinct(each.note for each in candidates)
    note = next((each for each in notes if len(notes) == 1 or _is_signed(each, roster)), None)
    if leaf.type is not LeafType.REPORT:
        rulings = _distinct(each.ruling for each in candidates)
        ruling = next((each for each in rulings if sha256(each).digest() == leaf.statement), None)
        return None if ruling is None else (None, ruling, note)
    reports = _distinct(each.report for each in candidates)
    report = next((each for each in reports if _is_report(each, leaf, roster)), None)
    return None if report is None else (report, None, note)


def _distinct(values: Iterable[bytes | None]) -> list[bytes]:
    return list(dict.fromkeys(value for value in values if value is not None))


def _is_report(data: bytes, leaf: Leaf, roster: Roster) -> bool:
    signed = roster.verify(data)
    return isinstance(signed, Signed) and signed.id == leaf.report


def _is_signed(note: bytes, roster: Roster) -> bool:
    signed = parse_note(note)
    if isinstance(signed, CheckpointFault):
        return False
    key = roster.trusted.register.gateway_keys.get(signed.checkpoint.origin)
    return key is not None and check_signature(signed, key) is None
