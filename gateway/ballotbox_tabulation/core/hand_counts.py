"""Counts by hand in a log: verified, listed beside what boxes counted, and added to nothing."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from ballotbox_protocol.election.identifiers import BoxId, PrecinctId, ReportId
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.hand_count_check import read_hand_count, standing_fault
from ballotbox_protocol.wire.hand_count_force import Decided, in_force
from ballotbox_protocol.wire.hand_count_naming import Naming, in_favour_of
from ballotbox_protocol.wire.leaf import Leaf, PlainLeaf
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.authenticity import OpenedLeaf
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.wording import count_reason_in_words


@dataclass(frozen=True, slots=True)
class CountedByHand:
    """A leaf about one version of a count by hand, and that version."""

    index: int
    leaf: Leaf | PlainLeaf
    count: HandCount


@dataclass(frozen=True, slots=True)
class NamedCount:
    """A leaf by which two officers named one of several versions the one that stands."""

    index: int
    leaf: Leaf | PlainLeaf
    count: HandCount
    naming: Naming


@dataclass(frozen=True, slots=True)
class ListedCount:
    """One version with its newest verdict and all its leaves; at most one of a place is in force.

    in_force: see `ballotbox_protocol.wire.hand_count_force`. named: two officers named it the one
    that stands, and no other naming overrules that.
    """

    count: HandCount
    verdict: Verdict
    reason: Reason
    leaves: tuple[int, ...]
    in_force: bool = False
    named: bool = False


def check_count(opened: OpenedLeaf, trusted: Trusted) -> CountedByHand | Fault:
    """Return the count beside a leaf, or what does not fit."""
    index, leaf, data = opened.index, opened.leaf, opened.ruling
    if data is None:
        return Fault(LogFault.COUNT_MISSING, index)
    if sha256(data).digest() != leaf.statement:
        return Fault(LogFault.COUNT_DIGEST, index)
    count = read_hand_count(data, trusted)
    if not isinstance(count, HandCount):
        return Fault(LogFault.COUNT_FORM, index, count.name)
    if count.id != leaf.report:
        return Fault(LogFault.COUNT_DIGEST, index)
    if leaf.verdict is not Verdict.QUARANTINED and standing_fault(count, trusted) is not None:
        return Fault(LogFault.COUNT_OFFICERS, index)
    return CountedByHand(index, leaf, count)


class HandCounts:
    """Takes the counts of a log in order, and namings of them; knows which version is in force."""

    def __init__(self) -> None:
        self._listed: dict[ReportId, ListedCount] = {}
        self._namings: dict[BoxId, list[Naming]] = {}

    def add(self, entry: CountedByHand) -> None:
        """Take the next leaf about a count."""
        own, leaf = entry.count.id, entry.leaf
        known = self._listed.get(own)
        leaves = (*(known.leaves if known is not None else ()), entry.index)
        self._listed[own] = ListedCount(entry.count, leaf.verdict, leaf.reason, leaves)

    def name(self, entry: NamedCount) -> None:
        """Take a naming; the leaves of each version say what follows from it."""
        own = entry.count.id
        known = self._listed[own]
        self._listed[own] = replace(known, leaves=(*known.leaves, entry.index))
        self._namings.setdefault(entry.count.place, []).append(entry.naming)

    def contradictions(self) -> Iterator[Fault]:
        """Yield a fault for two accepted versions in one place, and where a naming is missing."""
        seen: dict[tuple[bytes, ReportId | None], ListedCount] = {}
        for each in self._listed.values():
            named = (naming.version for naming in self._namings.get(each.count.place, ()))
            if each.reason is Reason.NAMED and each.count.id not in named:
                yield Fault(LogFault.RULING_MISSING, each.leaves[-1])
            if each.verdict is Verdict.ACCEPTED:
                place = each.count.place, each.count.corrects
                first = seen.setdefault(place, each)
                if first is not each:
                    with_leaf = f"precinct {each.count.precinct}, and leaf {first.leaves[-1]}"
                    yield Fault(LogFault.COUNT_RIVALS, each.leaves[-1], with_leaf)

    def listed(self) -> tuple[ListedCount, ...]:
        """Return all versions by station, contest and number, as the log left them."""
        places: dict[BoxId, list[ListedCount]] = {}
        for each in self._listed.values():
            places.setdefault(each.count.place, []).append(each)
        found: list[ListedCount] = []
        for place, versions in places.items():
            found += _in_force(versions, in_favour_of(self._namings.get(place, ())))
        return tuple(sorted(found, key=_order))


def _order(each: ListedCount) -> tuple[PrecinctId, int, int, int]:
    return each.count.precinct, each.count.contest, each.count.version, each.leaves[0]


def _in_force(versions: list[ListedCount], named: Container[ReportId]) -> Iterator[ListedCount]:
    decided = {
        each.count.id: Decided(each.count, each.verdict, each.count.id in named)
        for each in versions
    }
    force = in_force(decided)
    for each in versions:
        own = each.count.id
        yield replace(each, in_force=own == force, named=own in named)


def count_in_words(each: ListedCount) -> str:
    """Return what became of one version, in a line."""
    count = each.count
    force = "in force" if each.in_force else "not in force"
    what = f"precinct {count.precinct}, contest {count.contest}, version {count.version}"
    why = count_reason_in_words(each.reason)
    return f"counted by hand: {what}: {each.verdict.name.lower()}, {why}; {force}"


def count_documents(counts: Iterable[ListedCount]) -> list[dict[str, Any]]:
    """Return counts as they are published; a value that is no number is the word for it."""
    return [_document(each) for each in counts]


def _document(each: ListedCount) -> dict[str, Any]:
    count = each.count
    named = {"named": True} if each.named else {}
    return named | {
        "id": count.id.hex(),
        "contest": count.contest,
        "law": count.law,
        "law_digest": count.law_digest.hex(),
        "version": count.version,
        "corrects": None if count.corrects is None else count.corrects.hex(),
        "reason_of_correction": count.reason,
        "verdict": each.verdict.name.lower(),
        "reason": each.reason.name.lower(),
        "reason_code": int(each.reason),
        "leaves": list(each.leaves),
        "in_force": each.in_force,
        "lines": {number: _shown(value) for number, value in count.lines},
        "options": {name: list(map(_shown, values)) for name, values in count.options},
    }


def _shown(value: Value) -> int | str:
    return value.value if isinstance(value, Mark) else value
