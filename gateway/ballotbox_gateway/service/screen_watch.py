"""Where the boxes of a room stand, read from the ledger at a bounded cost.

The ledger belongs to the loop that decides, so what is read here is time that intake does not
have. Each look reads a few boxes anew, in turn, and more than a row of those that reported since.
Ballots are all that is told of a count; no votes are read here.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import Ledger, Tally
from ballotbox_protocol.election.identifiers import NO_REPORT, BoxId, PrecinctId, ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.report import decode_report
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict

#: Boxes that are shown one by one.
SHOWN_MAX: Final = 200
#: Boxes that one look reads anew: all of a room.
AT_ONCE: Final = 20
#: A box's last reports that are looked at: more than it sends while an upper gateway is away.
REPORTS_MAX: Final = 32
#: Reports set aside that are told of, for each box.
ASIDE_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class _Place:
    """A box by what people call it: its number among the boxes of its precinct in the register."""

    box: BoxId
    precinct: PrecinctId
    number: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of a box. version: of its head. leaves: the newest of its last reports."""

    version: int = 0
    kind: str | None = None
    came: int = 0
    next: int = 0
    leaves: tuple[int, ...] = ()
    aside: tuple[ReportId, ...] = ()


class ScreenWatch:
    """Reads one ledger for the screen. Called on the thread that owns it."""

    def __init__(self, ledger: Ledger, precincts: Collection[int]) -> None:
        """Show the boxes of these precincts, or of all."""
        self._ledger = ledger
        self._precincts = frozenset(precincts)
        self._heads: dict[BoxId, BoxHead] = {}
        self._known: dict[BoxId, _Known] = {}
        self._turn = 0
        self._times: dict[int, int] = {}
        self._register: int | None = None
        self._places: tuple[_Place, ...] = ()
        self._more = 0

    def look(self, trusted: Trusted, upper: str | None) -> dict[str, Any]:
        """Return boxes, backlog and what was turned away, as JSON-able values.

        `upper` is the log that leaves are passed on to. Raises LedgerFailure.
        """
        self._find_places(trusted)
        size = self._ledger.log_head().size
        passed = size if upper is None else self._ledger.delivered(upper)
        heads = self._read_heads()
        return {
            "election": trusted.election.name,
            "place": self._place(trusted),
            "mode": trusted.election.mode.name.lower(),
            "boxes": [self._box(place, head, passed) for place, head in heads],
            "more_boxes": self._more,
            "passing_on": upper is not None,
            "backlog": self._backlog(passed, max(0, size - passed)),
            "turned_away": self._turned_away(),
            "convicted": bool(self._ledger.contradictions()),
            "over_registered": _over_registered(heads, trusted),
        }

    def _place(self, trusted: Trusted) -> str:
        """Return the name of the precinct when all boxes that are shown are of one."""
        precincts = {place.precinct for place in self._places}
        if len(precincts) != 1:
            return ""
        return trusted.election.precinct_by_number[precincts.pop()].name

    def _find_places(self, trusted: Trusted) -> None:
        if self._register == trusted.register.version:
            return
        numbers: Counter[PrecinctId] = Counter()
        places = []
        for box, entries in trusted.register.entries_of.items():
            precinct = entries[-1].precinct
            numbers[precinct] += 1
            wanted = not self._precincts or precinct in self._precincts
            if wanted and box in trusted.register.expected:
                places.append(_Place(box, precinct, numbers[precinct]))
        self._places, self._more = tuple(places[:SHOWN_MAX]), max(0, len(places) - SHOWN_MAX)
        self._register = trusted.register.version

    def _read_heads(self) -> list[tuple[_Place, BoxHead]]:
        """Return the heads of all boxes, those whose turn it is read anew."""
        places = self._places
        turn = [places[(self._turn + at) % len(places)] for at in range(min(AT_ONCE, len(places)))]
        self._turn += AT_ONCE
        for place in (*turn, *(each for each in places if each.box not in self._heads)):
            self._heads[place.box] = self._ledger.box_head(place.box)
        for place in turn:
            self._read(self._heads[place.box])
        return [(place, self._heads[place.box]) for place in places]

    def _box(self, place: _Place, head: BoxHead, passed: int) -> dict[str, Any]:
        known = self._known.get(place.box, _Known())
        waiting = [leaf for leaf in known.leaves if leaf >= passed]
        facts = head.facts
        return {
            "precinct": place.precinct,
            "number": place.number,
            "id": place.box.hex(),
            "state": facts.state.name.lower() if facts.sequence >= 0 else None,
            "ballots": facts.counters.ballots if facts.sequence >= 0 else None,
            "final": facts.final != NO_REPORT,
            "last": {"kind": known.kind, "came": known.came} if known.kind else None,
            "backlog": self._backlog(min(waiting, default=0), len(waiting)),
            "held": head.waiting,
            "awaited": head.sequence + 1,
            "disputed": head.disputed > 0,
            "aside": self._aside(known),
        }

    def _read(self, head: BoxHead) -> None:
        known = self._known.get(head.box, _Known())
        if known.version != head.version:
            self._known[head.box] = self._newer(known, head)

    def _newer(self, known: _Known, head: BoxHead) -> _Known:
        """Return what is known of a box with the reports that came since it was read."""
        last = self._ledger.report(head.last) if head.last != NO_REPORT else None
        if last is None:
            return replace(known, version=head.version)
        first = max(known.next, head.sequence + 1 - REPORTS_MAX)
        # Rivals have no bounded number, and a dispute is told of as such.
        rows = (
            [last] if head.disputed else self._ledger.reports_of(head.box, first, head.sequence + 1)
        )
        aside = (*known.aside, *(row.id for row in rows if row.verdict is not Verdict.ACCEPTED))
        return _Known(
            head.version,
            decode_report(cose.parse(last.data).payload).kind.name.lower(),
            self._time_of(last.first),
            head.sequence + 1,
            (*known.leaves, *(row.newest for row in rows))[-REPORTS_MAX:],
            aside[-ASIDE_MAX:],
        )

    def _aside(self, known: _Known) -> list[str]:
        """Return why reports of a box do not count now, by the names of the reasons."""
        rows = [self._ledger.report(each) for each in known.aside]
        # Officers may have released one since.
        return [row.reason.name for row in rows if row and row.verdict is not Verdict.ACCEPTED]

    def _backlog(self, first: int, count: int) -> dict[str, int] | None:
        """Return how many leaves wait from leaf `first` on; of a box, REPORTS_MAX may be more."""
        return {"reports": count, "since": self._time_of(first)} if count else None

    def _time_of(self, index: int) -> int:
        found = self._times.get(index)
        if found is None:
            (entry,) = self._ledger.entries(index, index + 1)
            found = self._times[index] = decode_leaf(entry.leaf).time
            while len(self._times) > 4 * SHOWN_MAX:
                del self._times[next(iter(self._times))]
        return found

    def _turned_away(self) -> dict[str, int]:
        totals: Counter[str] = Counter()
        for (tally, reason), count in self._ledger.counts().items():
            if tally is not Tally.LEAVES and reason not in _COME_AGAIN:
                totals[reason.name] += count
        return dict(totals)


#: What is turned away for a time and needs nobody.
_COME_AGAIN: Final = frozenset({Reason.RATE, Reason.DISK})
#: Precincts that are named one by one.
_NAMED_MAX: Final = 20


def _over_registered(
    heads: Sequence[tuple[_Place, BoxHead]], trusted: Trusted
) -> list[dict[str, int]]:
    """Return the precincts with more ballots in their boxes than voters on their list."""
    ballots: Counter[PrecinctId] = Counter()
    for place, head in heads:
        ballots[place.precinct] += head.facts.counters.ballots
    precincts = trusted.election.precinct_by_number
    found = (
        {"precinct": number, "ballots": many, "registered": precincts[number].registered}
        for number, many in sorted(ballots.items())
        if many > precincts[number].registered
    )
    return list(islice(found, _NAMED_MAX))
