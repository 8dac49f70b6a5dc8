"""The gates before publication: one broken law refuses the whole result.

The laws of each counted box are asked once more of its own numbers. Sums, bounds, shares and lists
are asked of the finished document, so that what is shown is what was checked: a formula that counts
twice between the fold and the page cannot pass (compare Kyrgyzstan, November 2021: 150 % shown).
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from itertools import chain, groupby
from typing import Any, Final, TypeAlias

from ballotbox_protocol.election.conservation import (
    MEANING,
    Breach,
    Law,
    VoteLaws,
    counter_breach,
    frozen_breach,
    settled_breach,
    shares_breach,
    votes_bound_breach,
)
from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.election.tally import ContestTally, merge
from ballotbox_tabulation.core.displayed import misdisplays
from ballotbox_tabulation.core.fold import BoxResult, Count, Standings
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.shelf import MemoryShelf, Shelf
from ballotbox_tabulation.core.totals import share_base, share_percent

_SHARES_MAX: Final = 100_00


@unique
class Gate(IntEnum):
    """What stands between a tabulation and its publication; the codes are never renumbered."""

    BOX_LAW = 1
    ONE_FINAL = 2
    SUM = 3
    VOTES_BOUND = 4
    SHARES = 5
    LISTED = 6
    SECOND = 7


@dataclass(frozen=True, slots=True)
class BrokenGate:
    """A refusal to publish: which gate, which law, the two numbers or words, and where."""

    gate: Gate
    law: str
    left: int | str
    right: int | str
    where: str

    def __str__(self) -> str:
        numbers = f"{self.left} against {self.right}"
        return f"{self.gate.name}: {self.law}: {numbers} in {self.where}"


_SUM: Final = "a total is the sum of its parts"
_LISTED: Final = "every registered box stands in the result exactly once"
_ONE_FINAL: Final = MEANING[Law.ONE_FINAL]
_CUT: Final = "a share is its votes divided by its base, cut to two decimals"


def broken_gates(
    standings: Standings,
    result: Document,
    election: Election,
    boxes: Iterable[BoxId],
    of_boxes: Iterable[BrokenGate] | None = None,
    shelf: Shelf | None = None,
) -> list[BrokenGate]:
    """Return every gate that `result` breaks; publish only when there is none.

    `boxes` are the registered boxes. The document must be the one built from `standings`;
    `of_boxes`: what `box_gates` says of them, where they were asked already.
    """
    if of_boxes is None:
        of_boxes = box_gates(standings.boxes, VoteLaws(election))
    shown = _OfBoxes(result, election, boxes, MemoryShelf() if shelf is None else shelf)
    of_precincts = _OfPrecincts(result, election, shown.sums)
    return [
        *of_boxes,
        *shown.finals,
        *_listed(shown),
        *of_precincts.sums,
        *of_precincts.bounds,
        *_share_gates(result),
    ]


def box_gates(boxes: Iterable[BoxResult], laws: VoteLaws) -> Iterator[BrokenGate]:
    """Yield the laws that single counted boxes break (the box asserted them, the gateway asked)."""
    for box in boxes:
        for count in box.counts:
            for breach in _count_breaches(count, laws):
                place = f"box {box.box.hex()}, leaf {count.leaf}"
                yield _of_law(Gate.BOX_LAW, breach, place)


def _count_breaches(count: Count, laws: VoteLaws) -> Iterator[Breach]:
    yield from laws.breaches(count.row, count.counters)
    frozen = frozen_breach(count.final_counters, count.counters, Law.CORRECTION)
    # What two officers released in spite of its counters stays released; votes must fit always.
    own = None if count.ruled else counter_breach(count.counters) or settled_breach(count.counters)
    yield from (breach for breach in (frozen, own) if breach is not None)


def _of_law(gate: Gate, breach: Breach, place: str) -> BrokenGate:
    where = f"{place}, {breach.where}" if breach.where else place
    return BrokenGate(gate, MEANING[breach.law], breach.left, breach.right, where)


#: Numbers added up column by column, eight bytes for each; None where nothing is.
_Sum: TypeAlias = "array[int] | None"
_NONE: Final = -1
_OFTEN: Final = 255


class _Sorted:
    """Finds the places of things in their order: eight bytes for each that somebody else keeps."""

    def __init__(self, things: Iterable[Any]) -> None:
        self.things = sorted(things)

    def place_of(self, thing: object) -> int | None:
        at = bisect_left(self.things, thing)
        return at if at < len(self.things) and self.things[at] == thing else None


class _Sums:
    """The counted boxes of each precinct added up; they lie on a shelf."""

    def __init__(self, election: Election, shelf: Shelf) -> None:
        self._numbers = _Sorted(each.number for each in election.precincts)
        self._places = array("q", [_NONE]) * len(election.precincts)
        self._shelf = shelf

    def add(self, precinct: int, numbers: Sequence[int]) -> None:
        """Add the numbers of a box; raises KeyError for a precinct that the election has not."""
        at = self._at(precinct)
        self._places[at] = self._shelf.put(_added(self._kept(at), numbers).tobytes())

    def of(self, precinct: int) -> _Sum:
        """Return the sum of a precinct, None where no box is counted."""
        return self._kept(self._at(precinct))

    def _kept(self, at: int) -> _Sum:
        place = self._places[at]
        return None if place == _NONE else array("q", self._shelf.take(place))

    def _at(self, precinct: int) -> int:
        at = self._numbers.place_of(precinct)
        if at is None:
            raise KeyError(precinct)
        return at


class _OfBoxes:
    """What the gates ask of the lists of boxes, gathered in one pass over them.

    sums: by precinct, its counted boxes added up. Of each box a few bytes stay in memory.
    """

    def __init__(
        self, result: Document, election: Election, boxes: Iterable[BoxId], shelf: Shelf
    ) -> None:
        self.sums = _Sums(election, shelf)
        self.finals: list[BrokenGate] = []
        self.registered = _Sorted(boxes)
        self.times = bytearray(len(self.registered.things))
        self.others: Counter[str] = Counter()
        self._leaves = array("q")
        self._reports = array("Q")
        for state, group in result["boxes"].items():
            for box in group:
                self._show(box["box"])
                if state == "counted":
                    self._count(box)
        self._compare(result)

    def _show(self, box: str) -> None:
        place = self._place_of(box)
        if place is None or self.times[place] == _OFTEN:
            self.others[box] += 1
        else:
            self.times[place] += 1

    def _place_of(self, box: str) -> int | None:
        """Return the place of a registered box whose name is written as it is shown."""
        try:
            named = bytes.fromhex(box)
        except ValueError:
            return None
        return self.registered.place_of(named) if named.hex() == box else None

    def _count(self, box: Document) -> None:
        counts = box["counts"]
        if len(counts) != 1:
            leaves = ", ".join(str(count["leaf"]) for count in counts)
            where = f"box {box['box']}, leaves {leaves}"
            self.finals.append(BrokenGate(Gate.ONE_FINAL, _ONE_FINAL, len(counts), 1, where))
        for count in counts:
            self._leaves.append(count["leaf"])
            self._reports.append(_start(count["report"]))
            self.sums.add(box["precinct"], _numbers(count))

    def _compare(self, result: Document) -> None:
        alike = {start for start, _ in _repeated(self._reports)}
        reports = (
            count["report"]
            for box in (result["boxes"]["counted"] if alike else ())
            for count in box["counts"]
            if _start(count["report"]) in alike
        )
        for field, values in (("leaf", self._leaves), ("report", list(reports))):
            for value, found in _repeated(values):
                where = f"{field} {value}"
                self.finals.append(BrokenGate(Gate.ONE_FINAL, _ONE_FINAL, found, 1, where))


def _start(report: str) -> int:
    """Return the first eight bytes of a report's id: no two of a log have the same by chance."""
    return int(report[:16], 16)


def _added(before: _Sum, numbers: Sequence[int]) -> "array[int]":
    return array("q", numbers if before is None else merge(before, numbers))


def _repeated(values: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Yield each value that is there more than once, and how many times; they are sorted."""
    for value, group in groupby(sorted(values)):
        found = sum(1 for _ in group)
        if found > 1:
            yield value, found


def _listed(shown: _OfBoxes) -> Iterator[BrokenGate]:
    if shown.times.count(1) == len(shown.times) and not shown.others:
        return
    times = Counter({box.hex(): shown.times[at] for at, box in enumerate(shown.registered.things)})
    registered = set(times)
    times.update(shown.others)
    for box in sorted(times):
        if times[box] != (box in registered):
            yield BrokenGate(Gate.LISTED, _LISTED, times[box], box in registered, f"box {box}")


class _OfPrecincts:
    """What the gates ask of the precincts, gathered in one pass over them and the nation."""

    def __init__(self, result: Document, election: Election, of_boxes: _Sums) -> None:
        self.sums: list[BrokenGate] = []
        self.bounds: list[BrokenGate] = []
        self._election = election
        self._columns = _columns(election)
        whole: _Sum = None
        self._bound(result["nation"], "the whole election")
        for precinct in result["precincts"]:
            place, numbers = f"precinct {precinct['number']}", _shown(precinct)
            self._add(numbers, of_boxes.of(precinct["number"]), place)
            self._bound(precinct, place)
            if numbers is not None:
                whole = _added(whole, numbers)
        self._add(_shown(result["nation"]), whole, "the whole election")

    def _add(self, numbers: list[int] | None, parts: _Sum, place: str) -> None:
        self.sums += _sum_breaches(numbers, parts, self._columns, place)

    def _bound(self, area: Document, place: str) -> None:
        if area["contests"] is None:
            return
        for contest, shown in zip(self._election.contests, area["contests"], strict=True):
            self.bounds += _bound_breaches(contest, _tally(shown), place)


def _shown(area: Document) -> list[int] | None:
    """Return the numbers of a precinct or the nation, None where it says that it has none."""
    return None if area["contests"] is None else _numbers(area)


def _sum_breaches(
    numbers: list[int] | None, parts: _Sum, columns: Sequence[str], place: str
) -> Iterator[BrokenGate]:
    if numbers is None or parts is None:
        shown, there = int(numbers is not None), int(parts is not None)
        if shown != there:
            yield BrokenGate(Gate.SUM, _SUM, shown, there, f"{place}, numbers shown")
        return
    sums = parts.tolist()
    if numbers == sums:
        return
    for name, said, wanted in zip(columns, numbers, sums, strict=True):
        if said != wanted:
            yield BrokenGate(Gate.SUM, _SUM, said, wanted, f"{place}, {name}")


def _numbers(area: Document) -> list[int]:
    """Return the counters and the votes of a box, a precinct or the nation as one row."""
    counters = area["counters"]
    row = [counters[name] for name in _COUNTERS]
    for contest in area["contests"]:
        votes, preferences = _of_options(contest)
        row += (contest["ballots"], contest["blank"], contest["undervotes"], contest["overvotes"])
        row += votes
        row += chain.from_iterable(preferences)
    return row


_COUNTERS: Final = ("presented", "accepted", "returned", "pending", "portable", "box", "ballots")


def _columns(election: Election) -> list[str]:
    columns = [f"counter {name}" for name in _COUNTERS]
    for contest in election.contests:
        classes = ("ballots", "blank", "undervotes", "overvotes")
        columns += [f"{contest.name}, {name}" for name in classes]
        columns += [f"{contest.name}, votes of {option.name}" for option in contest.options]
        columns += [
            f"{contest.name}, preference {number} of {option.name}"
            for option in contest.options
            for number in range(1, option.preferences + 1)
        ]
    return columns


def _tally(contest: Document) -> ContestTally:
    votes, preferences = _of_options(contest)
    return ContestTally(
        contest["ballots"],
        contest["blank"],
        contest["undervotes"],
        contest["overvotes"],
        tuple(votes),
        tuple(map(tuple, preferences)) if any(preferences) else ((),) * len(preferences),
    )


def _of_options(contest: Document) -> tuple[list[int], list[list[int]]]:
    options = contest.get("options")
    if options is None:
        return contest["votes"], contest["preferences"]
    return (
        [option["votes"] for option in options],
        [option["preferences"] for option in options],
    )


def _bound_breaches(contest: Contest, tally: ContestTally, place: str) -> Iterator[BrokenGate]:
    allowed = contest.votes_allowed
    bound = votes_bound_breach(tally, allowed, contest.name)
    if bound is not None:
        yield _of_law(Gate.VOTES_BOUND, bound, place)
    parts = (*tally.votes, tally.undervotes, tally.overvotes)
    whole = shares_breach(parts, share_base(tally.ballots, allowed), contest.name)
    if whole is not None:
        yield _of_law(Gate.SHARES, whole, place)


def _share_gates(result: Document) -> Iterator[BrokenGate]:
    yield from _shares(result)
    yield from _displayed(result)


def _shares(result: Document) -> Iterator[BrokenGate]:
    for contest in result["nation"]["contests"] or ():
        place = f"the whole election, {contest['name']}"
        base, cut = contest["base"]["value"], 0
        wanted = share_base(contest["ballots"], contest["votes_allowed"])
        if base != wanted:
            yield BrokenGate(Gate.SHARES, "shares stand on the base they name", base, wanted, place)
        for option in contest["options"]:
            shown = _hundredths(option["share_percent"])
            right = _hundredths(share_percent(option["votes"], base))
            cut += shown
            if shown != right:
                where = f"{place}, {option['name']}, in hundredths of a percent"
                yield BrokenGate(Gate.SHARES, _CUT, shown, right, where)
        if cut > _SHARES_MAX:
            where = f"{place}, hundredths of a percent"
            yield BrokenGate(Gate.SHARES, MEANING[Law.SHARES], cut, _SHARES_MAX, where)


def _displayed(result: Document) -> Iterator[BrokenGate]:
    for each in misdisplays(result):
        yield BrokenGate(Gate.SHARES, each.problem, each.shown, each.wanted, each.where)


def _hundredths(share: str) -> int:
    return int(share.replace(".", "") or 0)
