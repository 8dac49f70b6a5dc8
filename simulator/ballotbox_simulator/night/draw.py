"""The votes of the night, drawn from a seed so that the published sums come out exactly.

Totals come first and are then dealt out to precincts like cards, so no sum can be missed: whatever
is drawn, a column adds up to its total and a row to its ballots. What was published is kept apart
from what is only drawn by `Targets`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from ballotbox_simulator.night.facts import Facts, ListOption
from ballotbox_simulator.night.places import Places
from ballotbox_simulator.workload import concern

#: Of the voters of a list so many stand where it is at home, the others anywhere.
_LEANING: Final = 0.4
_HOME_WIDTH: Final = 0.12
#: One in so many voters at home carries the second ballot away.
_CARRIED_AWAY: Final = 1 / 600
_POSITIONS: Final = 1 << 40
#: Of the votes of a district; "against all" elsewhere, and where it came first.
_FEW, _MOST = 0.04, 0.34
_SPOILED_IN_DISTRICT: Final = 0.07


@dataclass(frozen=True, slots=True)
class Tally:
    """The ballots of one contest in one box or area: votes by option, and the invalid ones."""

    votes: tuple[int, ...]
    blank: int
    overvoted: int

    @property
    def ballots(self) -> int:
        """All of them."""
        return sum(self.votes) + self.blank + self.overvoted


@dataclass(frozen=True, slots=True)
class PrecinctVotes:
    """What the voters of one precinct do; `single` is None abroad.

    late: its reports come after 22:00. morning, afternoon: how many voters come before 10:00, and
    before 16:00. portable: how many vote in the portable box.
    """

    registered: int
    late: bool
    morning: int
    afternoon: int
    portable: int
    lists: Tally
    single: Tally | None


@dataclass(frozen=True, slots=True)
class Night:
    """All that is drawn for a seed; `candidates` are those of each district, in order."""

    places: Places
    seed: int
    targets: Tally
    precincts: tuple[PrecinctVotes, ...]

    @property
    def late(self) -> frozenset[int]:
        """The places of the precincts whose reports come after 22:00."""
        return frozenset(n for n, each in enumerate(self.precincts) if each.late)


def draw_night(places: Places, seed: int) -> Night:
    """Return the night that a seed makes."""
    size, voters = places.size, places.facts.voters
    registered = _registered(places, concern(seed, "registered"))
    late = frozenset(
        concern(seed, "late").sample(range(size.precincts), size.precincts - size.reported)
    )
    targets = scaled(draw_targets(places.facts, concern(seed, "targets")), size.divisor)
    lists = _lists(places, targets, registered, late, seed)
    ballots = [tally.ballots for tally in lists]
    singles = _singles(places, ballots, seed)
    at_home = [0 if d is None else n for d, n in zip(places.districts, ballots, strict=True)]
    morning = apportion(voters.morning // size.divisor, ballots)
    afternoon = apportion(voters.afternoon // size.divisor, ballots)
    portable = apportion(voters.portable // size.divisor, at_home)
    rows = zip(registered, morning, afternoon, portable, lists, singles, strict=True)
    precincts = (
        PrecinctVotes(listed, place in late, early, most, outside, tally, single)
        for place, (listed, early, most, outside, tally, single) in enumerate(rows)
    )
    return Night(places, seed, targets, tuple(precincts))


# Totals


def draw_targets(facts: Facts, chance: random.Random) -> Tally:
    """Return the country's list votes at 22:00: those published, the others within their shares."""
    votes = tuple(_votes_of(option, facts.base, chance) for option in facts.options)
    invalid = facts.base - sum(votes)
    blank = int(invalid * chance.uniform(0.4, 0.6))
    return Tally(votes, blank, invalid - blank)


def _votes_of(option: ListOption, base: int, chance: random.Random) -> int:
    if option.votes is not None:
        return option.votes
    low, high = share_bounds(option, base)
    return chance.randint(low, high)


def share_bounds(option: ListOption, base: int) -> tuple[int, int]:
    """Return the fewest and the most votes that show a published share, rounded or cut off."""
    share = option.share or Fraction(0)
    unit = Fraction(base, 100)
    # Rounded, a share reaches half a hundredth to both sides; cut off, only upwards.
    return ceil(share * unit), ceil((share + Fraction(1, 200)) * unit) - 1


def scaled(tally: Tally, divisor: int) -> Tally:
    """Return a tally of so many times fewer ballots."""
    if divisor == 1:
        return tally
    return Tally(
        tuple(round(votes / divisor) for votes in tally.votes),
        round(tally.blank / divisor),
        round(tally.overvoted / divisor),
    )


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Return `total` in whole parts by weights, the largest remainders first."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(each) for each in exact]
    by_rest = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts


# Precincts


def _registered(places: Places, chance: random.Random) -> list[int]:
    size, voters = places.size, places.facts.voters
    at_home = [chance.uniform(0.5, 1.5) for _ in range(size.precincts - size.abroad)]
    abroad = [chance.uniform(0.5, 1.5) for _ in range(size.abroad)]
    elsewhere = voters.list - voters.single
    return apportion(voters.single // size.divisor, at_home) + apportion(
        elsewhere // size.divisor, abroad
    )


def _lists(
    places: Places, targets: Tally, registered: list[int], late: frozenset[int], seed: int
) -> list[Tally]:
    """Return each precinct's list votes: those at 22:00 and the later ones are dealt apart."""
    chance = concern(seed, "turnout")
    expected = [listed * chance.uniform(0.8, 1.2) for listed in registered]
    base = targets.ballots
    later = places.facts.voters.took_part // places.size.divisor - base
    chances = concern(seed, "late votes")
    leaning = [each * chances.uniform(0.9, 1.1) for each in _columns(targets)]
    found: dict[int, Tally] = {}
    for label, group, totals in (
        ("reported", set(range(len(registered))) - late, _columns(targets)),
        ("late", late, apportion(later, leaning)),
    ):
        order = sorted(group)
        sizes = apportion(sum(totals), [expected[place] for place in order])
        dealt = deal(totals, sizes, concern(seed, "list votes", label))
        found |= dict(zip(order, map(_tally, dealt), strict=True))
    return [found[place] for place in range(len(registered))]


def _singles(places: Places, ballots: list[int], seed: int) -> list[Tally | None]:
    found: list[Tally | None] = [None] * len(ballots)
    for district in range(1, places.facts.districts + 1):
        chance = concern(seed, "district", district)
        order = places.of_district(district)
        sizes = [_kept(ballots[place], chance) for place in order]
        totals = apportion(sum(sizes), _district_weights(places.facts, district, chance))
        for place, column in zip(order, deal(totals, sizes, chance), strict=True):
            found[place] = _tally(column)
    return found


def _kept(ballots: int, chance: random.Random) -> int:
    return sum(chance.random() >= _CARRIED_AWAY for _ in range(ballots))


def _district_weights(facts: Facts, district: int, chance: random.Random) -> list[float]:
    """Return the weights of candidates, "against all", blank and overvoted ballots."""
    first = district in facts.against_all_first
    against = _MOST if first else _FEW
    # With 7 or 8 of them and a flat end, the first always leads by a visible margin.
    chosen = [chance.uniform(0.7, 1.0) for _ in range(candidates_of(facts)[district - 1])]
    if not first:
        chosen[chance.randrange(len(chosen))] += 1.0
    left = 1 - against - _SPOILED_IN_DISTRICT
    spoiled = chance.uniform(0.4, 0.6) * _SPOILED_IN_DISTRICT
    shares = [left * each / sum(chosen) for each in chosen]
    return [*shares, against, spoiled, _SPOILED_IN_DISTRICT - spoiled]


def candidates_of(facts: Facts) -> list[int]:
    """Return how many candidates stand in each district: a split that no page tells."""
    return apportion(facts.candidates, [1.0] * facts.districts)


def _columns(tally: Tally) -> list[int]:
    return [*tally.votes, tally.blank, tally.overvoted]


def _tally(columns: Sequence[int]) -> Tally:
    *votes, blank, overvoted = columns
    return Tally(tuple(votes), blank, overvoted)


def deal(
    totals: Sequence[int], sizes: Sequence[int], chance: random.Random
) -> list[tuple[int, ...]]:
    """Return a table whose columns sum to `totals` and whose rows to `sizes`.

    Each ballot gets a position on a circle, some near the home of their option; the rows then take
    the ballots in this order, so that neighbours vote alike and nothing is left over.
    """
    draw, width = chance.random, len(totals)
    ordered: list[int] = []
    for column, total in enumerate(totals):
        home = draw()
        for _ in range(total):
            at = home + _HOME_WIDTH * (draw() - draw()) if draw() < _LEANING else draw()
            ordered.append(int(at % 1.0 * _POSITIONS) * width + column)
    ordered.sort()
    rows, start = [], 0
    for size in sizes:
        taken = [0] * width
        for key in ordered[start : start + size]:
            taken[key % width] += 1
        rows.append(tuple(taken))
        start += size
    return rows
