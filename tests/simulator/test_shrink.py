"""Does a failing day become as small as what makes it fail?"""

from dataclasses import replace

import pytest

from ballotbox_simulator.world.auditor import Breach, Finding
from ballotbox_simulator.world.faults import FaultKind, Strike, Weather
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan, RoadChoice
from ballotbox_simulator.world.run import DayOutcome, run_day
from ballotbox_simulator.world.shrink import NothingToShrink, shrink
from ballotbox_simulator.world.swarm import swarm_day

CUT, NOISE, STEP = FaultKind.POWER_CUT, FaultKind.LINE_NOISE, FaultKind.CLOCK_STEP
PLAN = DayPlan(precincts=2, boxes=3, ballots=40, election=Ballots.FULL, by_hand=2)
WEATHER = Weather({FaultKind.LINE_LOSS: 0.1, FaultKind.REPLY_LOSS: 0.2})
STRIKES = tuple(
    Strike(kind, 1_000 * at, target=7 * at, lasts=at, detail=at)
    for at, kind in enumerate([CUT, NOISE, STEP, NOISE, CUT, STEP, NOISE, CUT, STEP, NOISE, STEP])
)
BIG = Day(1, PLAN, WEATHER, STRIKES, rulings=True)


class Bench:
    """Runs a day by asking what is found on it, and counts."""

    def __init__(self, finds):
        self.finds = finds
        self.runs = 0
        self.empty = run_day(Day(1, DayPlan(boxes=1, ballots=0, portable=0)))

    def __call__(self, day) -> DayOutcome:
        self.runs += 1
        findings = tuple(Finding(breach, "box 1", words) for breach, words in self.finds(day))
        return replace(self.empty, day=day, findings=findings)


def _shrunk(finds, day=BIG, **options):
    bench = Bench(finds)
    result = shrink(day, run=bench, **options)
    assert result.runs == bench.runs
    return result.outcome.day


def _when(condition):
    return lambda day: [(Breach.LOST, "one")] if condition(day) else []


def test_nothing_is_left_of_a_day_that_always_fails():
    day = _shrunk(_when(lambda _day: True))
    plan = day.plan
    assert (day.strikes, day.weather.chances, day.rulings) == ((), {}, False)
    assert (plan.precincts, plan.boxes, plan.ballots, plan.portable) == (1, 1, 0, 0)
    assert (plan.election, plan.road, plan.by_hand) == (Ballots.LIST, RoadChoice.MQTT, 0)
    assert day.seed == BIG.seed


def test_two_strikes_that_need_each_other_stay():
    def both(day):
        kinds = [strike.kind for strike in day.strikes]
        return kinds.count(CUT) >= 2 and NOISE in kinds

    day = _shrunk(_when(both))
    assert sorted(strike.kind for strike in day.strikes) == sorted([CUT, CUT, NOISE])


def test_what_is_needed_of_weather_and_sizes_stays():
    def needed(day):
        plan = day.plan
        return FaultKind.REPLY_LOSS in day.kinds and plan.ballots >= 7 and plan.boxes >= 2

    day = _shrunk(_when(needed))
    assert set(day.weather.chances) == {FaultKind.REPLY_LOSS}
    assert (day.plan.precincts, day.plan.boxes, day.plan.ballots) == (1, 2, 7)


def test_another_kind_of_finding_is_another_failure():
    def finds(day):
        if FaultKind.LINE_LOSS in day.kinds:
            return [(Breach.DOUBLED, "the one sought"), (Breach.LAW, "besides")]
        return [(Breach.LAW, "another")]

    assert FaultKind.LINE_LOSS in _shrunk(finds).kinds


def test_crashes_are_told_apart_by_their_type():
    def finds(day):
        kind = "KeyError" if STEP in day.kinds else "ValueError"
        return [(Breach.CRASH, f"{kind}: {len(day.strikes)}")]

    assert [strike.kind for strike in _shrunk(finds).strikes] == [STEP]


def test_targets_become_small_where_that_changes_nothing():
    day = _shrunk(_when(lambda day: any(strike.kind is CUT for strike in day.strikes)))
    (strike,) = day.strikes
    assert strike.target < PLAN.precincts * PLAN.boxes


def test_the_number_of_runs_is_bounded_and_told():
    told = []
    bench = Bench(_when(lambda day: len(day.strikes) > 3))
    result = shrink(BIG, 9, lambda runs, most, day: told.append((runs, most, day)), bench)
    assert result.runs == bench.runs == 9
    assert [runs for runs, _, _ in told] == list(range(2, 10))
    assert told[-1][2] == result.outcome.day
    assert not result.outcome.passed


def test_a_day_that_passes_is_refused():
    with pytest.raises(NothingToShrink):
        shrink(BIG, run=Bench(_when(lambda _day: False)))


def test_a_real_day_shrinks_to_the_strike_that_a_planted_bug_is_about(monkeypatch):
    from ballotbox_simulator.world import run

    settle = run.settle

    def planted(world):
        if world.auditor.blows.struck[FaultKind.GATEWAY_KILLED]:
            world.auditor.object_to(Breach.RECEIPT, "box 1", "planted")
        return settle(world)

    monkeypatch.setattr(run, "settle", planted)
    many = (swarm_day(seed, DayPlan(boxes=1, ballots=2)) for seed in range(100))
    day = next(d for d in many if FaultKind.GATEWAY_KILLED in d.kinds and len(d.strikes) > 8)
    result = shrink(day)
    assert [strike.kind for strike in result.outcome.day.strikes] == [FaultKind.GATEWAY_KILLED]
    assert result.outcome.day.plan.ballots == 0
    assert result.outcome.findings[0].breach is Breach.RECEIPT
