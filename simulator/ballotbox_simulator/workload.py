"""Voters as data, and the truth about their sheets.

A voter's ballot is drawn from a seeded generator, one per box, so that no draw of one box moves
another. `Truth` counts what was fed, sheet by sheet, and shares no code with what it is compared
against: neither the box's counters nor the protocol's tally.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import Contest, ContestKind, Election, Precinct
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.election.tally import Marks

#: Shares of sheets that people spoil, near what real protocols show (about 2 % invalid).
OVERVOTED: Final = 0.012
BLANK: Final = 0.010
UNREADABLE: Final = 0.008
AWAY: Final = 0.05


def concern(seed: int, *labels: object) -> random.Random:
    """Return the generator of one concern, derived from the seed and the concern's name."""
    text = "/".join(str(label) for label in (seed, *labels))
    return random.Random(sha256(text.encode()).digest())


@dataclass(frozen=True, slots=True)
class Ballot:
    """One voter's sheets, in the order in which they are fed."""

    sheets: tuple[Sheet, ...]


class Voters:
    """An endless queue of voters before one box."""

    def __init__(self, election: Election, precinct: Precinct, chance: random.Random) -> None:
        self._home, *self._away = precinct.styles
        self._chance = chance
        #: By style and sheet, the contests on it.
        self._sheets = {
            style: [
                tuple(election.contests[index] for index in contests)
                for contests in election.styles[style].sheets
            ]
            for style in precinct.styles
        }
        #: Marks of one option alone, which are what most voters make.
        self._plain: dict[int, Marks] = {}

    def ballots(self, *, portable: bool = False) -> Iterator[Ballot]:
        """Yield ballots for ever."""
        while True:
            style = self._style()
            sheets = [
                Sheet(style, number, tuple(map(self._choose, contests)), portable=portable)
                for number, contests in enumerate(self._sheets[style])
            ]
            yield Ballot(tuple(sheets))

    def smudge(self, sheet: Sheet) -> Sheet | None:
        """Return a copy that the scanner cannot read, as happens now and then, or None."""
        if self._chance.random() >= UNREADABLE:
            return None
        return Sheet(
            sheet.style, sheet.number, sheet.marks, readable=False, portable=sheet.portable
        )

    def _style(self) -> int:
        away = self._away
        return self._chance.choice(away) if away and self._chance.random() < AWAY else self._home

    def _choose(self, contest: Contest) -> Marks:
        fate = self._chance.random()
        if fate < OVERVOTED + BLANK:
            return self._spoil(contest, overvoted=fate < OVERVOTED)
        options, random = len(contest.options), self._chance.random
        if contest.votes_allowed > 1:
            wanted = self._chance.randint(1, contest.votes_allowed)
            chosen = frozenset([int(options * random() ** 2) for _ in range(wanted)])
            return Marks(chosen, self._preference(contest, min(chosen)))
        # Squaring leans the draw towards the first options, so that results have a shape.
        option = int(options * random() ** 2)
        preference = self._preference(contest, option)
        if preference:
            return Marks(frozenset((option,)), preference)
        plain = self._plain.get(option)
        if plain is None:
            plain = self._plain[option] = Marks(frozenset((option,)))
        return plain

    def _spoil(self, contest: Contest, *, overvoted: bool) -> Marks:
        options, allowed = len(contest.options), contest.votes_allowed
        if overvoted and options > allowed:
            return Marks(frozenset(self._chance.sample(range(options), allowed + 1)))
        return Marks()

    def _preference(self, contest: Contest, option: int) -> frozenset[tuple[int, int]]:
        if contest.kind is not ContestKind.PARTY_LIST or self._chance.random() < 0.4:
            return frozenset()
        candidates = contest.options[option].preferences
        if candidates == 0:
            return frozenset()
        return frozenset({(option, self._chance.randrange(candidates))})


@dataclass(slots=True)
class ContestTruth:
    """What was marked in one contest on the sheets that went in."""

    ballots: int = 0
    blank: int = 0
    overvoted: int = 0
    marks: Counter[int] = field(default_factory=Counter)
    preferences: Counter[tuple[int, int]] = field(default_factory=Counter)


@dataclass(slots=True)
class Truth:
    """What was fed to one box, known because the auditor held every sheet."""

    fed: int = 0
    taken: int = 0
    given_back: int = 0
    portable: int = 0
    first_sheets: int = 0
    contests: dict[int, ContestTruth] = field(default_factory=dict)

    def give_back(self) -> None:
        """Note a sheet that the box returned."""
        self.fed += 1
        self.given_back += 1

    def take(self, election: Election, sheet: Sheet) -> None:
        """Note a sheet that fell into the box."""
        self.fed += 1
        self.taken += 1
        self.portable += sheet.portable
        self.first_sheets += sheet.number == 0
        contests = election.styles[sheet.style].sheets[sheet.number]
        for index, marks in zip(contests, sheet.marks, strict=True):
            self._note(index, election.contests[index], marks)

    def _note(self, index: int, contest: Contest, marks: Marks) -> None:
        truth = self.contests.get(index)
        if truth is None:
            truth = self.contests[index] = ContestTruth()
        truth.ballots += 1
        if not marks.options:
            truth.blank += 1
        elif len(marks.options) > contest.votes_allowed:
            truth.overvoted += 1
        else:
            for option in marks.options:
                truth.marks[option] += 1
            for option, candidate in marks.preferences:
                if len(marks.preferences) == 1 and option in marks.options:
                    truth.preferences[option, candidate] += 1


def truth_of(container: Sequence[Sheet], election: Election) -> Truth:
    """Return what lies in a box, counted sheet by sheet."""
    truth = Truth()
    for sheet in container:
        truth.take(election, sheet)
    return truth


def add_truths(truths: Sequence[Truth]) -> Truth:
    """Return the sum of what several boxes were fed."""
    total = Truth()
    for truth in truths:
        total.fed += truth.fed
        total.taken += truth.taken
        total.given_back += truth.given_back
        total.portable += truth.portable
        total.first_sheets += truth.first_sheets
        for index, part in truth.contests.items():
            whole = total.contests.setdefault(index, ContestTruth())
            whole.ballots += part.ballots
            whole.blank += part.blank
            whole.overvoted += part.overvoted
            whole.marks.update(part.marks)
            whole.preferences.update(part.preferences)
    return total


def voters_of(election: Election, precinct: Precinct, box: BoxId, seed: int) -> Voters:
    """Return the voters of one box, drawn from the seed alone."""
    return Voters(election, precinct, concern(seed, "voters", box.hex()))
