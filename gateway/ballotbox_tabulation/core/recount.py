"""The order in which to recount: what each station could change in who wins.

The measure is the maximum relative overstatement of pairwise margins, as risk-limiting audits have
it: of every winner over every loser, by how much the sources of a station disagree about the
margin there, as a share of the margin in all. Where two sources contradict each other that is what
they disagree about. A vote that one source alone has could be any other; its share is the most it
could be. A contradiction is evidence, silence is none: contradictions come first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ballotbox_protocol.election.identifiers import require
from ballotbox_tabulation.core.match_columns import MatchColumns
from ballotbox_tabulation.core.station_match import StationMatch, numbers_of

#: Winners times losers: what it costs to weigh one station has a bound.
MARGINS_MAX: Final = 2_000


class Margin(NamedTuple):
    """A winner's column, a loser's, and by how many votes the one is ahead; a tie counts as one."""

    winner: int
    loser: int
    votes: int


@dataclass(frozen=True, slots=True)
class Race:
    """One group of options: its columns, their totals, and the margins of winners over losers."""

    group: str
    columns: tuple[int, ...]
    totals: tuple[int, ...]
    margins: tuple[Margin, ...]

    @property
    def winners(self) -> tuple[int, ...]:
        """The columns of the winners, in the order of their totals."""
        return tuple(dict.fromkeys(margin.winner for margin in self.margins))


class Stake(NamedTuple):
    """What a recount of one station would settle.

    votes: what the sources disagree about, over all options. share: the most that this is of a
    margin, which is `margin`. lone, lone_share: the votes that one source alone has, and the most
    that these could be of a margin. lines: what they disagree about in lines that are no options.
    """

    votes: int
    share: float
    margin: Margin | None
    lone: int
    lone_share: float
    lines: int


class Place(NamedTuple):
    """A station in the order of recounts: places compare as they are to be sorted.

    What is more comes first, so each number is below zero.
    """

    share: float
    votes: int
    lines: int
    lone_share: float
    lone: int
    station: str

    @property
    def contradicted(self) -> bool:
        """Tell whether two sources have different numbers there."""
        return bool(self.votes or self.lines)


#: A margin, by how much the sources of a station are apart about it, and what lone votes could be.
_Move = tuple[Margin, int, int]


@dataclass(slots=True)
class Together:
    """What all stations could do to one margin: by contradictions, and by votes that are alone."""

    disputed: int = 0
    lone: int = 0


class Recount:
    """Weighs stations against the margins of all races, and adds up what they come to."""

    def __init__(self, races: Sequence[Race]) -> None:
        self.races = tuple(races)
        self.together = {margin: Together() for race in races for margin in race.margins}
        self._options = frozenset(column for race in races for column in race.columns)

    def take(self, match: StationMatch) -> Stake:
        """Return what a recount of a station would settle, and add it to the sums."""
        lone = self._lone(match)
        moves = list(self._moves(match, lone))
        for margin, moved, could in moves:
            together = self.together[margin]
            together.disputed += moved
            together.lone += could
        return self._stake(match, lone, moves)

    def weigh(self, match: StationMatch) -> Stake:
        """Return what a recount of a station would settle."""
        lone = self._lone(match)
        return self._stake(match, lone, self._moves(match, lone))

    def _lone(self, match: StationMatch) -> dict[int, int]:
        """Return the options of which one source alone has a number, and that number."""
        if match.plain:
            return {}
        numbers = {column: numbers_of(match.cells[column]) for column in self._options}
        return {column: abs(each[0]) for column, each in numbers.items() if len(each) == 1}

    def _moves(self, match: StationMatch, lone: Mapping[int, int]) -> Iterator[_Move]:
        """Yield the margins that a station touches, by how much it does, and could at most."""
        touched = {each.column for each in match.differences} | lone.keys()
        for race in self.races:
            if touched.isdisjoint(race.columns):
                continue
            mine = {column: lone[column] for column in race.columns if column in lone}
            for margin in race.margins:
                if mine or margin.winner in touched or margin.loser in touched:
                    yield margin, _swing(match, margin), _most_moved(mine, margin)

    def _stake(self, match: StationMatch, lone: Mapping[int, int], moves: Iterable[_Move]) -> Stake:
        share, lone_share, most = 0.0, 0.0, None
        for margin, moved, could in moves:
            if moved / margin.votes > share:
                share, most = moved / margin.votes, margin
            lone_share = max(lone_share, could / margin.votes)
        spread = {each.column: each.off for each in match.differences}
        votes = sum(off for column, off in spread.items() if column in self._options)
        lines = sum(spread.values()) - votes
        return Stake(votes, share, most, sum(lone.values()), lone_share, lines)


def place_of(match: StationMatch, stake: Stake) -> Place:
    """Return where a station stands in the order of recounts."""
    worth = (-stake.share, -stake.votes, -stake.lines, -stake.lone_share, -stake.lone)
    return Place(*worth, match.station)


def race_of(group: str, columns: Sequence[int], totals: Sequence[int], winners: int) -> Race:
    """Return a race with so many winners, none when there are no losers; raises InvalidField."""
    ordered = sorted(range(len(columns)), key=lambda at: (-totals[at], at))
    ahead, behind = ordered[:winners], ordered[winners:]
    many = f"{len(ahead)} winners over {len(behind)} others in {group} are more than {MARGINS_MAX}"
    fits = len(ahead) * len(behind) <= MARGINS_MAX
    require(fits, "winners", f"{many} margins; take fewer winners")
    margins = tuple(
        Margin(columns[one], columns[other], max(1, totals[one] - totals[other]))
        for one in ahead
        for other in behind
    )
    return Race(group, tuple(columns), tuple(totals), margins)


def races_of(
    columns: MatchColumns, totals: Mapping[str, Sequence[int]], winners: int
) -> list[Race]:
    """Return the race of each group of options; raises InvalidField for too many margins."""
    require(winners >= 1, "winners", "must be at least 1")
    return [
        race_of(group, indexes, totals[group], winners)
        for group, indexes in columns.groups().items()
    ]


def _swing(match: StationMatch, margin: Margin) -> int:
    """Return how far apart the sources are about a margin at a station."""
    apart = [
        one - other
        for one, other in zip(match.cells[margin.winner], match.cells[margin.loser], strict=True)
        if isinstance(one, int) and isinstance(other, int)
    ]
    return max(apart) - min(apart) if apart else 0


def _most_moved(lone: Mapping[int, int], margin: Margin) -> int:
    """Return the change of a margin if every vote that stands alone belonged to the loser."""
    if not lone:
        return 0
    return sum(lone.values()) + lone.get(margin.winner, 0) - lone.get(margin.loser, 0)
