"""Make a failing day small: fewest strikes, kinds of weather, precincts, boxes and ballots.

A smaller day is taken when somebody still objects in the same way. Strikes are left out by delta
debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ballotbox_simulator.world.auditor import Breach, Finding
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan, RoadChoice
from ballotbox_simulator.world.reach import within_reach
from ballotbox_simulator.world.run import DayOutcome, run_day

#: How many days are run at most, unless somebody says otherwise.
RUNS_MAX: Final = 300

Progress = Callable[[int, int, Day], None]
Run = Callable[[Day], DayOutcome]


class NothingToShrink(Exception):
    """The day passes."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest day that was found, and how many days were run for it."""

    outcome: DayOutcome
    runs: int


def shrink(
    day: Day,
    runs_max: int = RUNS_MAX,
    progress: Progress = lambda _runs, _most, _day: None,
    run: Run = run_day,
) -> Shrunk:
    """Return a smaller day of which the first finding is of the same kind as the first of `day`."""
    first = run(day)
    if first.passed:
        raise NothingToShrink
    search = _Search(first, runs_max, progress, run)
    before = None
    while before != search.day:
        before = search.day
        _drop_weather(search)
        _drop_strikes(search)
        _reduce_sizes(search)
    return Shrunk(search.best, search.runs)


def _signature(finding: Finding) -> tuple[Breach, str]:
    """Return what two findings share that may have one cause; crashes are told by their type."""
    crash = finding.breach is Breach.CRASH
    return finding.breach, finding.words.partition(":")[0] if crash else ""


class _Search:
    """The smallest failing day so far; every candidate costs one run, and runs are counted."""

    def __init__(self, first: DayOutcome, runs_max: int, progress: Progress, run: Run) -> None:
        self.best = first
        self.runs = 1
        self._sought = _signature(first.findings[0])
        self._runs_max = runs_max
        self._progress = progress
        self._run = run

    @property
    def day(self) -> Day:
        """The smallest failing day so far."""
        return self.best.day

    def accepts(self, candidate: Day) -> bool:
        """Take the candidate when it still fails; nothing is taken once the runs are used up."""
        if self.runs >= self._runs_max or candidate == self.day:
            return False
        self.runs += 1
        outcome = self._run(candidate)
        fails = self._sought in map(_signature, outcome.findings)
        if fails:
            self.best = outcome
        self._progress(self.runs, self._runs_max, self.day)
        return fails


def _drop_weather(search: _Search) -> None:
    calm = search.day
    for kind in search.day.weather.chances:
        calm = calm.without_weather(kind)
    if search.accepts(calm):
        return
    for kind in list(search.day.weather.chances):
        search.accepts(search.day.without_weather(kind))


def _drop_strikes(search: _Search) -> None:
    """Leave out halves, then quarters, down to single strikes; begin coarser after each success."""
    parts = 2
    while search.day.strikes:
        count = len(search.day.strikes)
        parts = min(parts, count)
        if any(search.accepts(search.day.without_strikes(part)) for part in _parts(count, parts)):
            parts = max(parts - 1, 2)
        elif parts == count:
            return
        else:
            parts *= 2


def _parts(count: int, parts: int) -> Iterator[frozenset[int]]:
    """Yield the places of a list of `count` in so many parts of about one size."""
    bounds = [count * part // parts for part in range(parts + 1)]
    for first, stop in pairwise(bounds):
        yield frozenset(range(first, stop))


def _reduce_sizes(search: _Search) -> None:
    search.accepts(_with_small_targets(search.day))
    for name, least in (("precincts", 1), ("boxes", 1), ("ballots", 0), ("portable", 0)):
        while any(map(search.accepts, _smaller(search.day, name, least))):
            pass
    if search.day.plan.election is not Ballots.LIST:
        search.accepts(_planned(search.day, election=Ballots.LIST))
    if search.day.plan.road is RoadChoice.MIXED:
        for road in (RoadChoice.MQTT, RoadChoice.SERIAL):
            if search.accepts(_planned(search.day, road=road)):
                break
    if search.day.plan.by_hand:
        search.accepts(_planned(search.day, by_hand=0))
    if search.day.plan.rehearsal:
        search.accepts(_planned(search.day, rehearsal=0))
    search.accepts(replace(search.day, rulings=False))


def _smaller(day: Day, name: str, least: int) -> Iterator[Day]:
    """Yield the day with a smaller number of something, the smallest first."""
    value = getattr(day.plan, name)
    for smaller in sorted({least, value // 4, value // 2, value - 1}):
        if least <= smaller < value:
            yield _planned(day, **{name: smaller})


def _planned(day: Day, **changes: object) -> Day:
    plan: DayPlan = replace(day.plan, **changes)  # type: ignore[arg-type]
    return replace(day, plan=plan)


def _with_small_targets(day: Day) -> Day:
    """Return the day with targets that stay what they are when there are fewer."""
    strikes = tuple(
        replace(strike, target=strike.target % max(1, within_reach(strike.kind, day.plan)))
        for strike in day.strikes
    )
    return replace(day, strikes=strikes)
