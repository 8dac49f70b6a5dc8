"""Which faults a day has and how strong they are: drawn from the seed, different for every day.

A swarm finds more than one mixture of everything: many days have few kinds of fault, some have
many, and each kind is strong on some days (Groce et al., "Swarm Testing", ISSTA 2012).
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ballotbox_simulator.workload import concern
from ballotbox_simulator.world.faults import (
    COUNT_KINDS,
    CROSSING_KINDS,
    MECHANICS,
    NAMING_KINDS,
    PROMISES,
    STICK_KINDS,
    WEATHER_KINDS,
    FaultClass,
    FaultKind,
    Strike,
    Weather,
)
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import HOUR, MINUTE, Hours

#: How likely a kind is to exist on a day of each temper.
_TEMPERS: Final = (0.04, 0.12, 0.35)
#: How much rarer kinds are whose days are not held to exactness: most days must be exact.
_RARER: Final = {FaultClass.NAMED: 0.12, FaultClass.UNDETECTABLE: 0.08}
#: Kinds that strike once a day at most, on this share of days: those that cost much time, and those
#: of which a second one shows nothing new.
_RARE: Final = {
    FaultKind.FLOODED: 0.03,
    FaultKind.FLOODED_WITH_KEY: 0.03,
    FaultKind.GATEWAY_LOST: 0.02,
    FaultKind.SLOTS_CUT: 0.1,
    FaultKind.SLOTS_CUT_BOTH: 0.015,
    FaultKind.COUNTERS_FULL: 0.05,
    FaultKind.REGISTER_UNDONE: 0.05,
    **dict.fromkeys(sorted(STICK_KINDS), 0.06),
    # Days with one precinct have no wrong place.
    FaultKind.STICK_TO_THE_WRONG_PLACE: 0.2,
}
#: On so many days people count by hand, of so many contests; and how likely each mistake is then.
_BY_HAND: Final = 0.25
_CONTESTS_MAX: Final = 2
_MISTAKEN: Final = 0.2
#: How likely people name one of two rival counts, and do so wrongly.
_NAMED: Final = {
    FaultKind.COUNT_NAMED: 0.8,
    FaultKind.COUNT_NAMED_WRONG: 0.4,
    FaultKind.COUNT_NAMED_APART: 0.5,
    FaultKind.COUNT_NAMED_FORGED: 0.5,
}
#: On so many days the gateways serve a rehearsal as well, of so many ballots a box; and how likely
#: each kind is then that may cross from one to the other.
_REHEARSED: Final = 0.12
_REHEARSED_MAX: Final = 6
_CROSSED: Final = 0.5
#: Kinds that are drawn apart, so that they move nothing that others draw.
_APART: Final = COUNT_KINDS | CROSSING_KINDS | _RARE.keys()
_STRIKES_MAX: Final = 4
#: Every incident of the drop is a report: past so many sheets, more of them show nothing new.
_SHEETS_OF_A_STORM: Final = 60
_DETAIL_MAX: Final = 1 << 30
#: Clocks are wrong, containers small, boxes old from the start: at another time it would be a step.
_IN_THE_MORNING: Final = frozenset(
    {
        FaultKind.CLOCK_WRONG,
        FaultKind.CLOCK_DRIFT,
        FaultKind.SMALL_CONTAINER,
        FaultKind.COUNTERS_FULL,
        FaultKind.ELECTIONS_CONFUSED,
    }
)
#: While a session is fought over, or a full disk tried again every second, nothing new is seen.
_SHORT: Final = frozenset({FaultKind.BOX_CLONED, FaultKind.LEDGER_FULL})
#: A dead line is tried for ever in the same way; what a long one leaves, scenarios show.
_DEAD_LINE: Final = frozenset({FaultKind.CABLE_PULLED, FaultKind.LINE_HALF_OPEN})
_DEAD_LINE_MS: Final = 25 * MINUTE
#: How long ago the copy was made that is put back.
_RESTORED: Final = frozenset(
    {FaultKind.BOX_RESTORED, FaultKind.GATEWAY_RESTORED, FaultKind.CENTRE_RESTORED}
)
_SHORT_MS: Final = 6 * MINUTE


def swarm_day(seed: int, plan: DayPlan | None = None) -> Day:
    """Return the day that `seed` draws; a plan that is given keeps its sizes."""
    chance = concern(seed, "swarm")
    held = plan or _rehearsed(seed, _counted_by_hand(seed, _plan(chance)))
    temper = chance.choice(_TEMPERS)
    drawn = (kind for kind in FaultKind if kind not in _APART)
    kinds = [kind for kind in drawn if chance.random() < temper * _rarity(kind)]
    weather = {
        kind: round(10 ** chance.uniform(-2.5, -0.7) * _part_of(kind, held), 4)
        for kind in kinds
        if kind in WEATHER_KINDS
    }
    strikes = [
        _strike(kind, held.hours, chance)
        for kind in kinds
        if kind not in WEATHER_KINDS
        for _ in range(chance.randint(1, _STRIKES_MAX))
    ]
    strikes += _rare_strikes(seed, held.hours)
    strikes += _mistakes(seed, held)
    strikes += _crossings(seed, held)
    strikes.sort(key=lambda strike: (strike.at, strike.kind.value))
    return Day(seed, held, Weather(weather), tuple(strikes), rulings=chance.random() < 0.5)


def _rare_strikes(seed: int, hours: Hours) -> Iterator[Strike]:
    """Yield the strikes of rare kinds, which draw for themselves: none moves what others draw."""
    for kind, share in _RARE.items():
        chance = concern(seed, "swarm", kind.value)
        if chance.random() < share:
            yield _strike(kind, hours, chance)


def _counted_by_hand(seed: int, plan: DayPlan) -> DayPlan:
    chance = concern(seed, "swarm", "by hand")
    counted = chance.random() < _BY_HAND
    return replace(plan, by_hand=chance.randint(1, _CONTESTS_MAX)) if counted else plan


def _mistakes(seed: int, plan: DayPlan) -> Iterator[Strike]:
    """Yield what people do wrong who count by hand, drawn apart from everything else."""
    for kind in sorted(COUNT_KINDS - NAMING_KINDS) if plan.by_hand else ():
        chance = concern(seed, "swarm", kind.value)
        if chance.random() < _MISTAKEN:
            at, target = plan.hours.closing, chance.randrange(64)
            yield Strike(kind, at, target, 0, chance.randrange(_DETAIL_MAX))
            if kind is FaultKind.COUNT_TWICE:
                yield from _namings(seed, at, target)


def _namings(seed: int, at: int, target: int) -> Iterator[Strike]:
    """Yield how people settle what they counted twice; days without that draw nothing of it."""
    for kind, share in _NAMED.items():
        chance = concern(seed, "swarm", kind.value)
        if chance.random() < share:
            yield Strike(kind, at, target, 0, chance.randrange(_DETAIL_MAX))


def _rehearsed(seed: int, plan: DayPlan) -> DayPlan:
    chance = concern(seed, "swarm", "rehearsal")
    held = chance.random() < _REHEARSED
    return replace(plan, rehearsal=chance.randint(1, _REHEARSED_MAX)) if held else plan


def _crossings(seed: int, plan: DayPlan) -> Iterator[Strike]:
    """Yield what may cross between an election and its rehearsal, drawn apart as well."""
    for kind in sorted(CROSSING_KINDS) if plan.rehearsal else ():
        chance = concern(seed, "swarm", kind.value)
        often = chance.randint(1, _STRIKES_MAX) if kind is FaultKind.ELECTION_REPLAYED else 1
        if chance.random() < _CROSSED:
            yield from (_strike(kind, plan.hours, chance) for _ in range(often))


def _part_of(kind: FaultKind, plan: DayPlan) -> float:
    """Return how strong a kind may be: a box's mechanics fail so often a day, not per sheet."""
    if kind not in MECHANICS:
        return 1.0
    return min(1.0, _SHEETS_OF_A_STORM / max(1, plan.ballots))


def _rarity(kind: FaultKind) -> float:
    return _RARER.get(PROMISES[kind].leaves, 1.0)


def _plan(chance: random.Random) -> DayPlan:
    return DayPlan(
        precincts=chance.choice((1, 1, 1, 2)),
        boxes=chance.choice((1, 2, 3, 3)),
        ballots=chance.choice((0, 5, 20, 40, 60)),
        portable=chance.choice((0, 2, 5)),
        road=chance.choice(tuple(RoadChoice)),
        election=chance.choice((Ballots.LIST, Ballots.LIST, Ballots.FULL)),
        mixed=chance.random() < 0.5,
    )


def _strike(kind: FaultKind, hours: Hours, chance: random.Random) -> Strike:
    at = chance.randrange(hours.switch_on, hours.end)
    if kind in _IN_THE_MORNING:
        at = 0
    elif kind is FaultKind.CORRECTED:
        at = chance.randrange(hours.closing, hours.end)
    lasts = int(10 ** chance.uniform(3.0, 7.0))
    if kind in _RESTORED:
        lasts = chance.randrange(40 * MINUTE, 4 * HOUR)
        at = min(at, hours.closing - HOUR)
    elif kind in _DEAD_LINE:
        lasts = min(lasts, _DEAD_LINE_MS)
    elif kind is FaultKind.GATEWAY_LOST:
        lasts = chance.randrange(MINUTE, 90 * MINUTE)
        # After the finals nothing but a request makes boxes speak again.
        at = at if chance.random() < 0.5 else chance.randrange(hours.closing, hours.end)
    elif kind in STICK_KINDS:
        lasts = chance.randrange(20 * MINUTE, 6 * HOUR)
    elif kind in _SHORT:
        lasts = chance.randrange(MINUTE, _SHORT_MS)
    return Strike(kind, at, chance.randrange(64), lasts, chance.randrange(_DETAIL_MAX))


def calm_day(seed: int, plan: DayPlan) -> Day:
    """Return a day without faults."""
    return replace(Day(seed), plan=plan)
