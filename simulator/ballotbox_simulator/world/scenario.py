"""A scenario: what is held, what is planned to go wrong, and what is left to the seed.

It is data (`scenarios/*.toml`, read by `scenario_file`). A scenario and a seed make one day, always
the same; each planned fault draws from a generator of its own, so that no fault moves another.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_simulator.workload import concern
from ballotbox_simulator.world.faults import (
    COUNT_KINDS,
    CROSSING_KINDS,
    PROMISES,
    WEATHER_KINDS,
    FaultClass,
    FaultKind,
    Strike,
    Weather,
    weakest,
)
from ballotbox_simulator.world.plan import Day, DayPlan
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.reach import LASTING, REACH, within_reach
from ballotbox_simulator.world.swarm import swarm_day

#: A full ledger is tried again every second, which a longer time would only repeat.
LEDGER_FULL_MS_MAX: Final = 10 * MINUTE
_DETAIL_MAX: Final = 1 << 30
_TARGET_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault of a scenario, or several of a kind; times in milliseconds.

    at, jitter: it strikes from `at` on, at most `jitter` later. share: of all that the kind
    reaches, at least one; with None, `target` is struck, which is drawn when it is None too.
    detail: drawn when None. times: how often, each time drawn anew.
    """

    kind: FaultKind
    at: int
    jitter: int = 0
    lasts: int = 0
    target: int | None = None
    share: float | None = None
    detail: int | None = None
    times: int = 1

    def __post_init__(self) -> None:
        kind = self.kind.value
        require(self.kind not in WEATHER_KINDS, "kind", f"{kind} is weather: write it in [weather]")
        if self.kind in LASTING:
            require(self.lasts > 0, "lasts", f'is missing: write how long {kind} lasts, as "20m"')
        else:
            require(self.lasts == 0, "lasts", f"{kind} does not last: leave it out")
        if self.kind is FaultKind.LEDGER_FULL:
            require(self.lasts <= LEDGER_FULL_MS_MAX, "lasts", 'must be "10m" or less')
        one = self.target is None or self.share is None
        require(one, "target", "cannot stand beside share or each")
        if self.share is not None:
            require(0 < self.share <= 1, "share", "must be above 0, at most 1")
        require(0 <= (self.target or 0) <= _TARGET_MAX, "target", "must be 0 or more")
        require(0 <= (self.detail or 0) < _DETAIL_MAX, "detail", f"must be below {_DETAIL_MAX}")
        require(self.times >= 1, "times", "must be 1 or more")

    @property
    def latest(self) -> int:
        """When it strikes at the latest."""
        return self.at + self.jitter

    def strikes(self, plan: DayPlan, chance: random.Random) -> Iterator[Strike]:
        """Yield the strikes that `chance` draws."""
        for _ in range(self.times):
            for target in self._targets(plan, chance):
                at = self.at + (chance.randrange(self.jitter) if self.jitter else 0)
                detail = chance.randrange(_DETAIL_MAX) if self.detail is None else self.detail
                yield Strike(self.kind, at, target, self.lasts, detail)

    def _targets(self, plan: DayPlan, chance: random.Random) -> list[int]:
        there = within_reach(self.kind, plan)
        if there == 0:
            return []
        if self.share is None:
            return [chance.randrange(there) if self.target is None else self.target]
        return sorted(chance.sample(range(there), max(1, round(self.share * there))))


class Found(StrEnum):
    """Which ballots are found when a day is over."""

    BOXES = "boxes"
    PORTABLE = "portable"
    RESULT = "result"


class Issued(StrEnum):
    """What the found ballots are held against."""

    VOTERS = "voters"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Why paper and record differ, as a list of real protocols names it, and the sign of it.

    sign: of found - issued; "-", "0" or "+". issued: a number is what officers wrote down.
    """

    cause: str
    sign: str
    found: Found
    issued: Issued | int

    def __post_init__(self) -> None:
        require(self.sign in {"-", "0", "+"}, "imbalance.sign", 'must be "-", "0" or "+"')


@dataclass(frozen=True, slots=True)
class Scenario:
    """See the module. With `swarm`, faults are drawn besides, and the plan too when it is None.

    rulings: officers rule on disputed boxes after the day; a swarm draws whether they do.
    """

    name: str
    title: str
    text: str
    plan: DayPlan | None
    swarm: bool = False
    weather: Mapping[FaultKind, float] = field(default_factory=dict)
    faults: tuple[PlannedFault, ...] = ()
    imbalance: Imbalance | None = None
    rulings: bool = False

    def __post_init__(self) -> None:
        require(self.swarm or self.plan is not None, "plan", "is missing, and nothing draws it")
        plan = self.plan or DayPlan()
        for place, fault in enumerate(self.faults):
            _require_possible(fault, plan, f"fault[{place}]")
        for kind, chance in self.weather.items():
            path = f"weather.{kind.value}"
            fix = "strikes at a time: write it as [[fault]]"
            require(kind in WEATHER_KINDS, path, fix)
            require(0 < chance <= 1, path, "must be above 0, at most 1")

    @property
    def kinds(self) -> frozenset[FaultKind]:
        """The kinds that are planned; a swarm draws others besides."""
        return frozenset(self.weather) | {fault.kind for fault in self.faults}

    @property
    def held_to(self) -> FaultClass:
        """The class that a day is held to on which everything that is planned strikes."""
        return weakest(self.kinds)

    def reasons(self) -> dict[FaultKind, str]:
        """Return why the planned kinds are not exact, for those that are not."""
        return {kind: PROMISES[kind].why for kind in sorted(self.kinds) if PROMISES[kind].why}

    def day(self, seed: int) -> Day:
        """Return the day that `seed` makes of this scenario."""
        drawn = swarm_day(seed, self.plan) if self.swarm else Day(seed, self.plan or DayPlan())
        strikes = list(drawn.strikes)
        for place, fault in enumerate(self.faults):
            strikes += fault.strikes(drawn.plan, concern(seed, "scenario fault", place))
        strikes.sort(key=lambda strike: strike.at)
        weather = Weather({**drawn.weather.chances, **self.weather})
        rulings = drawn.rulings or self.rulings
        return replace(drawn, weather=weather, strikes=tuple(strikes), rulings=rulings)


def _fix(kind: FaultKind) -> str:
    """Return what of a plan to change so that a kind finds something to strike."""
    if kind in CROSSING_KINDS:
        return "plan.rehearsal"
    return "plan.by_hand" if kind in COUNT_KINDS else "plan.road or plan.boxes"


def _require_possible(fault: PlannedFault, plan: DayPlan, path: str) -> None:
    """Raise InvalidField for a fault that finds nothing to strike, or comes after the day."""
    if within_reach(fault.kind, plan) == 0:
        problem = f"{fault.kind.value} strikes {REACH[fault.kind].value}, and there are none"
        raise InvalidField(f"{path}.kind", f"{problem}: change {_fix(fault.kind)}")
    if fault.latest > plan.hours.end:
        raise InvalidField(f"{path}.at", "comes after the end of the day, with its jitter")
