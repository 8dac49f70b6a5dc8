"""Boxes whose every report was accepted as it came, in order: nearly all boxes of a good night.

Of such a box nothing needs to be decided again, so that its reports lie on a shelf as bytes and a
few numbers stay in memory. As soon as anything else is heard of it, its reports are taken out again
and `BoxHistory` has them, from the first on.
"""

from array import array
from collections.abc import Iterator
from struct import Struct
from typing import Any, Final, NamedTuple

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters, counts_of
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.election.tally import Row
from ballotbox_protocol.wire.leaf import LeafType, PlainLeaf
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.evidence import NO_COUNTERS, FiledReport, Interim, VerifiedLeaf
from ballotbox_tabulation.core.shelf import Shelf

#: The report before it and the last one that told a number, leaf, sequence, epoch, kind, the
#: clock's time and the ballots of a turnout, id; of a final its counters and votes follow.
_HEAD: Final = Struct("<qqQIIBqI32s")
_NONE: Final = -1
_COUNTERS: Final = len(COUNTER_NAMES)
#: No report of a box that is not quiet any more comes after this one.
_NEVER: Final = (1 << 64) - 1
_REPORT, _ACCEPTED, _IN_ORDER = LeafType.REPORT, Verdict.ACCEPTED, Reason.IN_ORDER
_FINAL, _CORRECTION = ReportKind.FINAL, ReportKind.CORRECTION
_KINDS: Final = {int(kind): kind for kind in ReportKind}


class QuietFinal(NamedTuple):
    """The one final of a quiet box, the leaf that accepted it, and the turnout told before it."""

    report: ReportId
    leaf: int
    sequence: int
    counters: Counters
    votes: Row
    interims: tuple[Interim, ...]


class QuietBoxes:
    """Keeps the reports of quiet boxes in the order of their sequence."""

    def __init__(self, register: Register, shelf: Shelf) -> None:
        self._register = register
        self._shelf = shelf
        self._number = {box: number for number, box in enumerate(register.entries_of)}
        count = len(self._number)
        self._next = array("Q", bytes(8 * count))
        self._last = array("q", [_NONE]) * count
        self._told = array("q", [_NONE]) * count
        self._final = bytearray(count)

    def add(self, entry: VerifiedLeaf) -> bool:
        """Take the next leaf about a box if nothing in it is unusual; tell whether it is taken."""
        index, leaf, report, objection = entry
        if leaf.reason is not _IN_ORDER or leaf.verdict is not _ACCEPTED or objection is not None:
            return False
        kind, sequence, number = report.kind, report.sequence, self._number[report.entry.box]
        if sequence < self._next[number] or kind is _CORRECTION or leaf.type is not _REPORT:
            return False
        if kind is _FINAL and self._final[number]:
            return False
        self._put(number, index, report)
        self._next[number] = sequence + 1
        return True

    def _put(self, number: int, index: int, report: FiledReport) -> None:
        kind, interim, told = report.kind, report.interim, self._told[number]
        time, ballots = (_NONE, 0) if interim is None else interim
        last, sequence, epoch = self._last[number], report.sequence, report.entry.epoch
        data = _HEAD.pack(last, told, index, sequence, epoch, kind, time, ballots, report.id)
        if kind is _FINAL:
            data += array("I", (*counts_of(report.counters), *report.votes)).tobytes()
        self._last[number] = place = self._shelf.put(data)
        if kind is _FINAL or interim is not None:
            self._told[number] = place
            self._final[number] |= kind is _FINAL

    def leave(self, box: BoxId) -> Iterator[VerifiedLeaf]:
        """Yield the reports of a box that is not quiet any more, first to last."""
        number = self._number[box]
        self._next[number] = _NEVER
        self._final[number] = False
        yield from self._chain(box, self._last[number], 0)

    def told(self, box: BoxId) -> list[VerifiedLeaf]:
        """Return the reports of a box that told votes or its turnout, first to last."""
        return self._chain(box, self._told[self._number[box]], 1)

    def final_of(self, box: BoxId) -> QuietFinal | None:
        """Return the final of a box that is quiet and has given it, else None."""
        number = self._number[box]
        if not self._final[number]:
            return None
        place, interims, numbers = self._told[number], list[Interim](), array("I")
        own, leaf, at = b"", 0, 0
        while place != _NONE:
            data = self._shelf.take(place)
            _, place, index, sequence, _, kind, time, ballots, report = _HEAD.unpack_from(data)
            if kind == _FINAL:
                numbers = array("I", data[_HEAD.size :])
                own, leaf, at = report, index, sequence
            if time != _NONE:
                interims.append(Interim(time, ballots))
        interims.reverse()
        counters, votes = Counters(*numbers[:_COUNTERS]), tuple(numbers[_COUNTERS:])
        return QuietFinal(ReportId(own), leaf, at, counters, votes, tuple(interims))

    def _chain(self, box: BoxId, place: int, link: int) -> list[VerifiedLeaf]:
        found = []
        while place != _NONE:
            data = self._shelf.take(place)
            head = _HEAD.unpack_from(data)
            found.append(self._read(box, head, data[_HEAD.size :]))
            place = head[link]
        found.reverse()
        return found

    def _read(self, box: BoxId, head: tuple[Any, ...], counts: bytes) -> VerifiedLeaf:
        _, _, index, sequence, epoch, kind, time, ballots, own = head
        (entry,) = (each for each in self._register.entries_of[box] if each.epoch == epoch)
        counters = NO_COUNTERS
        votes: tuple[int, ...] = ()
        if kind == _FINAL:
            numbers = array("I", counts)
            counters, votes = Counters(*numbers[:_COUNTERS]), tuple(numbers[_COUNTERS:])
        report = FiledReport(
            ReportId(own),
            entry,
            index,
            _KINDS[kind],
            sequence,
            None,
            votes,
            counters,
            None,
            None if time == _NONE else Interim(time, ballots),
        )
        leaf = PlainLeaf(_REPORT, report.id, _ACCEPTED, _IN_ORDER, None, 0)
        return VerifiedLeaf(index, leaf, report)
