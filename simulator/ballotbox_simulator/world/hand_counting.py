"""The people who count a station's ballots by hand once its boxes have reported theirs.

They enter what two of them signed at the gateway, keep trying with the same bytes until it is
receipted, and look again after the gateway was given an older memory or another log.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ballotbox_gateway.core.intake import CountOutcome
from ballotbox_protocol.election.definition import Precinct
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.workload import ContestTruth, Truth
from ballotbox_simulator.world import count_law
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.count_mistakes import Numbers, one_too_many, written
from ballotbox_simulator.world.count_naming import Desks, Namers, Rivals
from ballotbox_simulator.world.count_naming import Witness as NamingWitness
from ballotbox_simulator.world.faults import NAMING_KINDS, FaultKind
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.schedule import Schedule

#: People begin so long after the closing, and then enter one sheet after another.
_BEGIN_MS: Final = (5 * MINUTE, 45 * MINUTE)
_PAUSE_MS: Final = (20_000, 6 * MINUTE)
_TRY_AGAIN_MS: Final = MINUTE
#: With this bit in `detail` what comes second is entered at the centre; a rival with the next one
#: set says the same as the first, in other hands.
_AT_THE_CENTRE: Final = 1
_THE_SAME: Final = 2
#: With this bit people who are told that a count is set aside leave it as it is.
_LEAVE_IT: Final = 4
_OVER: Final = frozenset({PollState.FINAL, PollState.SEALED})
_K = FaultKind
_Mistakes = Mapping[FaultKind, int]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One version of a count as people signed it, and what they know about it themselves.

    at_centre: it is entered there. by_two: two officers signed. found: what they had to count.
    """

    count: HandCount
    found: Numbers
    at_centre: bool = False
    by_two: bool = True
    law_known: bool = True

    @property
    def data(self) -> bytes:
        """The bytes that are entered."""
        return self.count.to_bytes()


class Witness(NamingWitness, Protocol):
    """Who writes down what people count."""

    def healthy(self, node: str) -> None:
        """What was wrong is put right."""
        ...

    def counted(self, station: "Station", sheet: Sheet) -> None:
        """People have signed a version and are about to enter it."""
        ...

    def count_answered(self, gateway: GatewayNode, sheet: Sheet, outcome: CountOutcome) -> None:
        """A gateway has answered a version that was entered."""
        ...


@dataclass(frozen=True, slots=True)
class Station:
    """Where people count: its boxes, and whom to ask; what changes in a day is asked for anew.

    gateway: that of the station, or the one above it. truth: what lies in a box.
    """

    name: str
    precinct: Precinct
    boxes: Sequence[BoxNode]
    gateway: Callable[[bool], GatewayNode]
    authority: Callable[[], Authority]
    truth: Callable[[BoxNode], Truth]

    @property
    def is_over(self) -> bool:
        """Tell whether every box has reported its votes, or never will."""
        return all(
            bool(box.stopped) if box.device is None else box.device.state in _OVER
            for box in self.boxes
        )


class Tellers:
    """See the module."""

    def __init__(
        self,
        schedule: Schedule,
        station: Station,
        contests: int,
        chance: random.Random,
        witness: Witness,
        naming: random.Random,
    ) -> None:
        """`contests`: of how many they count the ballots. naming: draws when rivals are named."""
        self._schedule = schedule
        self._station = station
        self._chance = chance
        self._witness = witness
        election = station.authority().trusted.election
        styles = (election.styles[at] for at in station.precinct.styles)
        issued = sorted({contest for style in styles for contest in style.contests})
        self._contests = sorted(chance.sample(issued, min(contests, len(issued))))
        self._mistakes: dict[int, dict[FaultKind, int]] = {each: {} for each in self._contests}
        self._queue: list[Sheet] = []
        self._entered: list[Sheet] = []
        self._busy = False
        self.has_counted = False
        desks = Desks(station.name, station.gateway)
        self._namers = Namers(schedule, desks, station.authority(), naming, witness)

    @property
    def is_done(self) -> bool:
        """Tell whether everything is counted, entered and receipted."""
        return self.has_counted and not self._queue and self._namers.is_done

    def begin(self, closing: int) -> None:
        """Plan to count when the poll is closed."""
        first, last = _BEGIN_MS
        self._schedule.at(closing + self._chance.randrange(first, last), self._look_around)

    def err(self, kind: FaultKind, detail: int) -> None:
        """Make a mistake in the first version of a contest; one that is written is not changed."""
        if kind in NAMING_KINDS:
            self._namers.plan(kind, detail)
        elif not self.has_counted:
            detail, place = divmod(detail, len(self._contests))
            self._mistakes[self._contests[place]].setdefault(kind, detail)

    def look_again(self) -> None:
        """Enter again, in order, whatever the station's gateway or the centre has not got."""
        if self._queue:
            return
        self._namers.look_again()
        self._queue = [each for each in self._entered if not self._is_there(each)]
        self._start()

    def _is_there(self, sheet: Sheet) -> bool:
        row = self._station.gateway(sheet.at_centre).ledger.report(sheet.count.id)
        return row is not None and not (sheet.by_two and row.own_reason is Reason.OFFICERS)

    def _look_around(self) -> None:
        if not self._station.is_over:
            self._schedule.after(_TRY_AGAIN_MS, self._look_around)
            return
        for contest in self._contests:
            self._queue += self._sheets(contest, self._mistakes[contest])
        self.has_counted = True
        for sheet in self._queue:
            self._witness.counted(self._station, sheet)
        self._start()

    # What is signed

    def _sheets(self, contest: int, mistakes: _Mistakes) -> Iterator[Sheet]:
        """Yield the versions of one contest in the order in which they are entered."""
        found = self._found(contest)
        numbers, made = written(found, mistakes)
        first = self._version(contest, numbers, found, other_law=_K.COUNT_OTHER_LAW in mistakes)
        made += mistakes.keys() & {_K.COUNT_ONE_OFFICER, _K.COUNT_OTHER_LAW}
        if _K.COUNT_ONE_OFFICER in mistakes:
            yield self._signed(first, one=True)
        yield self._signed(first)
        if _K.COUNT_TWICE in mistakes:
            made.append(_K.COUNT_TWICE)
            yield self._second(first, numbers, mistakes[_K.COUNT_TWICE])
        if _is_corrected(mistakes, made):
            made += mistakes.keys() & {_K.COUNT_CORRECTED}
            yield self._correction(first, mistakes.get(_K.COUNT_CORRECTED, 0))
        for kind in sorted(made):
            self._witness.struck(kind, self._station.name)

    def _found(self, contest: int) -> Numbers:
        parts = [self._station.truth(box).contests.get(contest) for box in self._station.boxes]
        election = self._station.authority().trusted.election
        allowed = election.contests[contest].votes_allowed
        options = range(len(election.contests[contest].options))
        there = [part for part in parts if part is not None]
        votes = [sum(part.marks[option] for part in there) for option in options]
        ballots, overvoted = _sum_of(there)
        unused = allowed * (ballots - overvoted) - sum(votes)
        return Numbers(allowed, (ballots, overvoted, unused), tuple(votes))

    def _version(
        self, contest: int, numbers: Numbers, found: Numbers, *, other_law: bool = False
    ) -> Sheet:
        count = HandCount(
            election=self._station.authority().trusted.digest,
            precinct=self._station.precinct.number,
            contest=contest,
            law=count_law.NAME,
            law_digest=bytes(32) if other_law else count_law.DIGEST,
            lines=tuple(zip(count_law.LINES, numbers.lines, strict=True)),
            options=((count_law.GROUP, numbers.votes),),
        )
        return Sheet(count, found, law_known=not other_law)

    def _second(self, first: Sheet, numbers: Numbers, detail: int) -> Sheet:
        """Return another first version, or the same one in the hands of other officers."""
        if not detail & _THE_SAME:
            numbers = one_too_many(numbers, detail // 4)
        second = self._version(
            first.count.contest, numbers, first.found, other_law=not first.law_known
        )
        second = replace(second, at_centre=bool(detail & _AT_THE_CENTRE))
        return self._signed(second, others=True)

    def _correction(self, before: Sheet, detail: int) -> Sheet:
        right = self._version(before.count.contest, before.found, before.found)
        why = "the ballots were counted again"
        count = replace(right.count, version=2, corrects=before.count.id, reason=why)
        at_centre = bool(detail & _AT_THE_CENTRE)
        return self._signed(replace(right, count=count, at_centre=at_centre))

    def _signed(self, sheet: Sheet, *, one: bool = False, others: bool = False) -> Sheet:
        """Return a sheet with its signatures; `one` officer alone signs it twice."""
        payload = sheet.count.payload()
        authority = self._station.authority()
        officers = authority.consent(payload, MessageType.HAND_COUNT, 3)
        signatures = officers[1:3] if others else officers[:2]
        if one:
            signatures = officers[:1] * 2
        return replace(sheet, count=replace(sheet.count, signatures=signatures), by_two=not one)

    # What is entered

    def _start(self) -> None:
        if not self._busy:
            self._busy = True
            self._enter()

    def _enter(self) -> None:
        if not self._queue:
            self._busy = False
            self._witness.healthy(self._station.name)
            self._namers.begin(_rivals(self._entered))
            return
        sheet = self._queue[0]
        gateway = self._station.gateway(sheet.at_centre)
        outcome = gateway.count_by_hand(sheet.data)
        if outcome is None or outcome.reason is Reason.OLD_REGISTER:
            # The one that knows an officer of a newer register comes in a while.
            self._schedule.after(_TRY_AGAIN_MS, self._enter)
            return
        del self._queue[0]
        if sheet not in self._entered:
            self._entered.append(sheet)
        self._witness.count_answered(gateway, sheet, outcome)
        self._schedule.after(self._chance.randrange(*_PAUSE_MS), self._enter)


def _rivals(entered: Sequence[Sheet]) -> list[Rivals]:
    """Return the first versions that exclude each other, the one that came first as the right."""
    firsts: dict[int, list[Sheet]] = {}
    for sheet in entered:
        if sheet.count.corrects is None and sheet.by_two:
            firsts.setdefault(sheet.count.contest, []).append(sheet)
    return [
        Rivals(right.count, wrong.count, wrong.at_centre)
        for right, *others in firsts.values()
        for wrong in others
        if wrong.count.id != right.count.id
    ]


def _sum_of(parts: Sequence[ContestTruth]) -> tuple[int, int]:
    return sum(part.ballots for part in parts), sum(part.overvoted for part in parts)


def _is_corrected(mistakes: _Mistakes, made: Sequence[FaultKind]) -> bool:
    """Tell whether people find out that a first version is wrong, or look once more anyway."""
    set_aside = {_K.COUNT_MISREAD, _K.COUNT_OTHER_LAW} & set(made)
    minds = any(not mistakes[kind] & _LEAVE_IT for kind in set_aside)
    return minds or _K.COUNT_LOWERED in made or _K.COUNT_CORRECTED in mistakes
