"""One station's day: voters feed their sheets into a box of the real firmware."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import Contest
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.crew import FINISHING, OPENING, Crew, new_crew
from ballotbox_simulator.night.definition import LIST, style_of
from ballotbox_simulator.night.draw import Night, PrecinctVotes, Tally
from ballotbox_simulator.workload import Ballot, Truth, concern

#: 08:00 in Bishkek on 28 November 2021, Unix seconds.
MORNING: Final = 1_638_064_800
HOUR: Final = 3_600
#: Of the votes of a list, those that prefer one of its candidates: drawn, no page tells.
_PREFERRING: Final = 0.6


@dataclass(frozen=True, slots=True)
class StationDay:
    """The reports that a station's box signed, and what was fed to it."""

    place: int
    reports: tuple[bytes, ...]
    truth: Truth


class Station:
    """Runs the days of the precincts of one night, which share their sheets."""

    def __init__(self, night: Night, authority: Authority) -> None:
        self._night = night
        self._authority = authority
        self._rules = ElectionRules.of(authority.trusted)
        self._sheets: dict[tuple[int, int, Marks, bool], Sheet] = {}

    def day(self, place: int) -> StationDay:
        """Run the whole day of a precinct's box."""
        votes = self._night.precincts[place]
        box = self._authority.boxes[place]
        crew = new_crew(self._authority, self._rules, box, self._night.seed)
        queue = self._ballots(place, votes)
        crew.switch_on(_at(-1))
        crew.act(_at(-0.5), *OPENING)
        self._vote(crew, islice(queue, votes.morning), _at(1))
        crew.turnout(_at(2))
        self._vote(crew, islice(queue, votes.afternoon - votes.morning), _at(7))
        crew.turnout(_at(8))
        self._vote(crew, islice(queue, _inside(votes) - votes.afternoon), _at(10))
        crew.act(_at(12), Action.CLOSE, Action.ADMIT_PORTABLE)
        self._vote(crew, queue, _at(12.2))
        crew.act(_at(12.4), Action.END_PORTABLE, *FINISHING)
        return StationDay(place, tuple(each.data for each in crew.made), crew.truth)

    @staticmethod
    def _vote(crew: Crew, ballots: Iterator[Ballot], now: Instant) -> None:
        for ballot in ballots:
            for sheet in ballot.sheets:
                crew.feed(sheet, now)

    def _ballots(self, place: int, votes: PrecinctVotes) -> Iterator[Ballot]:
        """Yield the ballots in the order of feeding, those of the portable box last."""
        chance = concern(self._night.seed, "ballots", place)
        district = self._night.places.districts[place]
        contests = self._authority.trusted.election.contests
        style = style_of(self._night.places.facts, district)
        lists = _marks(contests[LIST], votes.lists, chance)
        single: list[Marks | None] = []
        if votes.single is not None and district is not None:
            single += _marks(contests[district], votes.single, chance)
        # Whoever has no second sheet is abroad, or carried it away.
        single += [None] * (len(lists) - len(single))
        chance.shuffle(single)
        for number, marks in enumerate(zip(lists, single, strict=True)):
            portable = number >= _inside(votes)
            yield Ballot(
                tuple(
                    self._sheet(style, at, each, portable=portable)
                    for at, each in enumerate(marks)
                    if each is not None
                )
            )

    def _sheet(self, style: int, number: int, marks: Marks, *, portable: bool) -> Sheet:
        key = (style, number, marks, portable)
        sheet = self._sheets.get(key)
        if sheet is None:
            sheet = self._sheets[key] = Sheet(style, number, (marks,), portable=portable)
        return sheet


def _inside(votes: PrecinctVotes) -> int:
    return votes.lists.ballots - votes.portable


def _marks(contest: Contest, tally: Tally, chance: random.Random) -> list[Marks]:
    """Return the marks of a tally's ballots in a drawn order."""
    options = range(len(contest.options))
    marks = [Marks()] * tally.blank
    marks += [Marks(frozenset(chance.sample(options, 2))) for _ in range(tally.overvoted)]
    for option, votes in enumerate(tally.votes):
        marks += _votes(option, votes, contest.options[option].preferences, chance)
    chance.shuffle(marks)
    return marks


def _votes(option: int, votes: int, candidates: int, chance: random.Random) -> Sequence[Marks]:
    chosen = frozenset((option,))
    if not candidates:
        return [Marks(chosen)] * votes
    preferring = sum(chance.random() < _PREFERRING for _ in range(votes))
    preferred = [
        # Squaring leans the draw towards the first candidates, who are the known ones.
        Marks(chosen, frozenset(((option, int(candidates * chance.random() ** 2)),)))
        for _ in range(preferring)
    ]
    return preferred + [Marks(chosen)] * (votes - preferring)


def _at(hour: float) -> Instant:
    """Return the boxes' clock `hour` hours after 08:00."""
    seconds = int(hour * HOUR)
    since_power = seconds + 2 * HOUR
    return Instant(MORNING + seconds, ClockQuality.SYNCHRONISED, since_power * 1_000)
