"""From an opened log to a result that may be published, or to the reasons why none may be."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ballotbox_protocol.election.conservation import VoteLaws
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.trust import Root
from ballotbox_tabulation.core.box_documents import BoxDocuments
from ballotbox_tabulation.core.evidence import LogEntry
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.fold import Fold, Standings
from ballotbox_tabulation.core.gates import BrokenGate, box_gates, broken_gates
from ballotbox_tabulation.core.log import OpenedLog
from ballotbox_tabulation.core.publication import (
    Document,
    Source,
    build_result,
    digest_of,
    file_pieces,
)
from ballotbox_tabulation.core.published import last_of
from ballotbox_tabulation.core.shelf import MemoryShelf, Shelf
from ballotbox_tabulation.core.totals import Totals, by_precinct

#: Says what speaks against a result that passed the gates; it may read the log anew.
Opinion = Callable[[OpenedLog, Document], list[BrokenGate]]


@dataclass(frozen=True, slots=True)
class Published:
    """A result that passed every gate: the object and its digest.

    before: the last publication of the same log that stands in it.
    """

    result: Document
    digest: str
    before: Publication | None = None

    @property
    def file(self) -> bytes:
        """The bytes of its file, all at once."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of its file, of which memory then holds a little at a time."""
        return file_pieces(self.result, self.digest)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no result: faults of the log, or broken gates when the log holds together."""

    faults: tuple[Fault, ...] = ()
    gates: tuple[BrokenGate, ...] = ()


def conclude(
    log: OpenedLog,
    entries: Iterable[LogEntry | Fault],
    root: Root,
    program: str,
    second: Opinion | None = None,
    decide: Callable[[Document], Document] | None = None,
    shelf: Shelf | None = None,
) -> Published | Refused:
    """Return the result of a log, or every reason against one.

    `entries` are `read_leaves(log)`, all of them; `program` is the name and version that computes;
    `decide` extends a result by what the country's rules make of it. Whatever is published needs a
    `second` opinion; without one, the result is for the eyes of the one who asked. What a log says
    of single boxes lies on `shelf`, which the result needs as long as it is used.
    """
    shelf = MemoryShelf() if shelf is None else shelf
    standings = read_standings(log, entries, shelf)
    if not isinstance(standings, Standings):
        return Refused(faults=tuple(standings))
    election, register = log.trusted.election, log.trusted.register
    totals, boxes = Totals(election, shelf), BoxDocuments(election, shelf)
    laws, of_boxes = VoteLaws(election), list[BrokenGate]()
    for precinct, group in by_precinct(standings, election):
        totals.add(group)
        boxes.add(precinct, group)
        of_boxes += box_gates(group, laws)
    source = Source(root, log.trusted, log.checkpoint, program)
    result = build_result(totals.tabulation(standings), source, boxes, shelf)
    if decide is not None:
        result = decide(result)
    gates = broken_gates(standings, result, election, register.entries_of, of_boxes, shelf)
    if second is not None:
        gates += second(log, result)
    if gates:
        return Refused(gates=tuple(gates))
    # From here on the result is fit to be shown: nothing below changes a number of it.
    before = last_of(log.checkpoint.origin, standings.published)
    return Published(result, digest_of(result), before)


def read_standings(
    log: OpenedLog, entries: Iterable[LogEntry | Fault], shelf: Shelf | None = None
) -> Standings | list[Fault]:
    """Return where every box stands after all `entries`, or every fault among them."""
    state = Fold(log.trusted.register, shelf)
    faults: list[Fault] = []
    for entry in entries:
        fault = entry if isinstance(entry, Fault) else state.add(entry)
        if fault is not None:
            faults.append(fault)
    # A fault leaves a hole in the history, so contradictions are told only of a whole one.
    return faults or state.contradictions() or state.standings()
