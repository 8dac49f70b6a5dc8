"""Does each scenario show what it says, and pass?"""

import csv
import gzip
import json
from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import median, quantiles

import pytest

from ballotbox_simulator.world.auditor import Auditor
from ballotbox_simulator.world.faults import (
    COUNT_KINDS,
    CROSSING_KINDS,
    WEATHER_KINDS,
    FaultKind,
)
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan, RoadChoice, from_json, to_json
from ballotbox_simulator.world.polling_day import HOUR, services
from ballotbox_simulator.world.reach import REACH, Reach, within_reach
from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.scenario import Found, Issued, PlannedFault, Scenario
from ballotbox_simulator.world.scenario_file import load_scenario, scenario_names
from ballotbox_simulator.world.scenario_page import scenario_page
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.world import World

SCENARIOS = {name: load_scenario(name) for name in scenario_names()}
PLANNED = [name for name, scenario in SCENARIOS.items() if not scenario.swarm]
IMBALANCES = [name for name, scenario in SCENARIOS.items() if scenario.imbalance]


def _rows(shared, name):
    path = shared / "data" / name
    data = path.read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    return list(csv.DictReader(text.decode().splitlines()))


def test_what_was_asked_for_is_there():
    assert set(SCENARIOS) >= {
        "bad-line",
        "broker-dies-at-close",
        "cards-full",
        "centre-unreachable-six-hours",
        "cloned-box",
        "clocks-wrong",
        "closing-burst",
        "no-network-until-midnight",
        "ordinary-day",
        "power-cuts",
        "precinct-day",
        "restored-box",
        "restored-gateway",
        "stolen-key",
        "swapped-definitions",
        "swarm",
    }


def test_the_page_is_current(repository):
    assert (repository / "simulator" / "SCENARIOS.md").read_text() == scenario_page()


@pytest.mark.parametrize("name", PLANNED)
def test_everything_planned_strikes_and_the_day_passes(name):
    scenario = SCENARIOS[name]
    outcome = run_day(scenario.day(1))
    assert outcome.findings == ()
    assert {kind for kind in scenario.kinds if not outcome.struck[kind]} == set()
    assert outcome.held_to is scenario.held_to


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_and_seed_are_the_day(name):
    scenario = SCENARIOS[name]
    day = scenario.day(7)
    assert scenario.day(7) == day
    assert from_json(json.loads(json.dumps(to_json(day)))) == day
    assert scenario.day(8) != day


def test_no_fault_moves_another():
    one = PlannedFault(FaultKind.POWER_CUT, 9 * HOUR, 8 * HOUR, HOUR)
    two = PlannedFault(FaultKind.CLOCK_STEP, 9 * HOUR, 8 * HOUR)
    alone = Scenario("one", "", "", DayPlan(), faults=(one,)).day(3)
    both = Scenario("both", "", "", DayPlan(), faults=(one, two)).day(3)
    assert set(alone.strikes) < set(both.strikes)


def test_a_share_is_of_everything_in_reach():
    plan = DayPlan(precincts=2, boxes=4)
    fault = PlannedFault(FaultKind.CLOCK_DRIFT, 0, share=0.3)
    day = Scenario("clocks", "", "", plan, faults=(fault,)).day(1)
    # Of 8 boxes, 2 gateways and the centre.
    assert len({strike.target for strike in day.strikes}) == round(0.3 * 11)


def test_a_swarm_keeps_the_plan_and_adds_what_is_planned():
    plan = DayPlan(boxes=1, ballots=4)
    fault = PlannedFault(FaultKind.BOX_BROKEN, 12 * HOUR)
    weather = {FaultKind.DROP_FAILED: 1.0}
    swarm = Scenario("swarm", "", "", plan, swarm=True, weather=weather, faults=(fault,))
    days = [swarm.day(seed) for seed in range(20)]
    assert {day.plan for day in days} == {plan}
    assert all({FaultKind.BOX_BROKEN, FaultKind.DROP_FAILED} <= day.kinds for day in days)
    assert len({day.kinds for day in days}) > 5


def test_a_drawn_day_without_what_a_fault_reaches_has_no_such_strike():
    fault = PlannedFault(FaultKind.BOX_HALF_OPEN, 12 * HOUR)
    swarm = Scenario("swarm", "", "", None, swarm=True, faults=(fault,))
    days = [swarm.day(seed) for seed in range(40)]
    without = [day for day in days if within_reach(FaultKind.BOX_HALF_OPEN, day.plan) == 0]
    assert without
    assert all(strike.kind in REACH for day in without for strike in day.strikes)


# What a strike reaches


@pytest.mark.parametrize("road", RoadChoice)
@pytest.mark.parametrize("boxes", [1, 2, 3])
def test_the_reach_is_that_of_the_world(road, boxes):
    plan = DayPlan(precincts=2, boxes=boxes, ballots=0, road=road)
    world = World(Day(1, plan))
    serial = sum(len(precinct.lines) for precinct in world.precincts)
    assert within_reach(FaultKind.POWER_CUT, plan) == world.total_boxes
    assert within_reach(FaultKind.CABLE_PULLED, plan) == serial
    assert within_reach(FaultKind.BOX_CUT_OFF, plan) == world.total_boxes - serial
    assert within_reach(FaultKind.LEDGER_ERROR, plan) == len(list(world.gateways))
    assert within_reach(FaultKind.COUNT_TWICE, plan) == 0
    counted = World(Day(1, replace(plan, by_hand=1)))
    tellers = [precinct.tellers for precinct in counted.precincts if precinct.tellers]
    assert within_reach(FaultKind.COUNT_TWICE, counted.day.plan) == len(tellers)


#: What waits for something else: a question, a copy that is put back, a final, a last silence, a
#: count by hand.
_LATER = COUNT_KINDS | {
    FaultKind.WRONG_ANSWER,
    FaultKind.BOX_RESTORED,
    FaultKind.GATEWAY_RESTORED,
    FaultKind.GATEWAY_LOST,
    FaultKind.CENTRE_RESTORED,
    FaultKind.CORRECTED,
}


@pytest.mark.parametrize("kind", sorted(set(REACH) - _LATER))
def test_a_kind_reaches_what_it_says(kind):
    rehearsal = int(kind in CROSSING_KINDS)
    plan = DayPlan(precincts=2, boxes=2, ballots=4, portable=0, rehearsal=rehearsal)
    lasts = 60_000 if kind in {FaultKind.LEDGER_FULL, FaultKind.BOX_CLONED} else HOUR
    noon = PlannedFault(kind, 12 * HOUR, share=1.0, lasts=lasts if _lasts(kind) else 0)
    world = World(Scenario("all", "", "", plan, faults=(noon,)).day(1))
    schedule_strikes(world)
    world.schedule.run_until(12 * HOUR + 1)
    struck = {node for node, kinds in world.auditor.blows.at.items() if kind in kinds}
    if REACH[kind] is Reach.CENTRE:
        assert struck == {world.centre.name}
    assert len(struck) == within_reach(kind, plan)


def _lasts(kind):
    try:
        PlannedFault(kind, 0)
    except ValueError:
        return True
    return False


def test_weather_reaches_nothing_of_its_own():
    assert set(REACH) == set(FaultKind) - WEATHER_KINDS


# The real numbers behind them


@pytest.mark.parametrize("name", IMBALANCES)
def test_the_imbalance_has_its_sign(name):
    imbalance = SCENARIOS[name].imbalance
    gap = _gap(SCENARIOS[name], seed=2)
    assert ("-", "0", "+")[(gap > 0) - (gap < 0) + 1] == imbalance.sign, gap


@pytest.mark.parametrize("name", IMBALANCES)
def test_real_protocols_show_this_cause_with_this_sign(name, shared):
    imbalance = SCENARIOS[name].imbalance
    rows = _rows(shared, "ge_2024_imbalance_causes.csv")
    seen = {(row["cause"], row["sign"]) for row in rows}
    assert (imbalance.cause, imbalance.sign) in seen


def _gap(scenario, seed):
    """Ballots found less ballots issued, counted on the paper of a day that is run here."""
    world = World(scenario.day(seed))
    schedule_strikes(world)
    world.run_safety()
    world.run_liveness()
    balance = settle(world)
    assert world.auditor.findings == []
    return _found(scenario, world, balance) - _issued(scenario, world)


def _found(scenario, world, balance):
    assert scenario.plan.election is Ballots.LIST  # a ballot is a sheet
    sheets = [sheet for box in world.boxes for sheet in box.container]
    return {
        Found.BOXES: len(sheets),
        Found.PORTABLE: sum(sheet.portable for sheet in sheets),
        Found.RESULT: balance.tabulated,
    }[scenario.imbalance.found]


def _issued(scenario, world):
    issued = scenario.imbalance.issued
    if not isinstance(issued, Issued):
        return issued
    plan = scenario.plan
    if issued is Issued.VOTERS:
        return world.total_boxes * (plan.ballots + plan.portable)
    return sum(box.device.counters.accepted for box in world.boxes)


def test_turnout_really_falls_at_the_restored_box(monkeypatch):
    said = []
    witnessed = Auditor.report_made

    def listen(auditor, box, made):
        said.append((box.name, box.device.counters.accepted))
        witnessed(auditor, box, made)

    monkeypatch.setattr(Auditor, "report_made", listen)
    run_day(SCENARIOS["restored-box"].day(1))
    fell = {
        name for (name, before), (same, after) in _pairs(said) if name == same and after < before
    }
    assert len(fell) == 1


def _pairs(said):
    by_box = sorted(said, key=lambda each: each[0])
    return pairwise(by_box)


def test_the_hourly_curve_is_the_romanian_turnout(shared):
    rows = _rows(shared, "ro_turnout_2018.csv.gz")
    counted = [
        sum(int(row[f"lt_2018-10-06_{hour}-00"]) for row in rows) for hour in (10, 13, 16, 19, 21)
    ]
    new = [after - before for before, after in zip([0, *counted], counted, strict=False)]
    hours = (3, 3, 3, 3, 2)
    hourly = [
        round(voters / span / 1_000, 1)
        for voters, span in zip(new, hours, strict=True)
        for _ in range(span)
    ]
    assert SCENARIOS["precinct-day"].plan.curve == tuple(hourly)


def test_the_closing_burst_is_that_of_one_romanian_station_in_a_hundred(shared):
    late = []
    for row in _rows(shared, "ro_turnout_2018.csv.gz"):
        whole = int(row["lt_2018-10-06_21-00"])
        if whole >= 100:
            late.append((whole - int(row["lt_2018-10-06_19-00"])) / whole)
    curve = SCENARIOS["closing-burst"].plan.curve
    assert sum(curve[-2:]) / sum(curve) == pytest.approx(quantiles(late, n=100)[98], abs=0.002)


def test_the_ordinary_curve_is_that_of_a_brazilian_machine(shared):
    rows = _rows(shared, "br_vote_events_2022.csv.gz")
    hours = [
        row["ts_computed"][11:13]
        for row in rows
        if row["log"] == "am_o00407-0253400060103" and row["round_day"] == "2022-10-02"
    ]
    counted = tuple(hours.count(f"{hour:02d}") for hour in range(7, 18))
    assert SCENARIOS["ordinary-day"].plan.curve == counted


def _twentieths(seconds):
    ordered = sorted(seconds)
    return tuple(ordered[round(part / 20 * (len(ordered) - 1))] for part in range(21))


@pytest.mark.parametrize(
    ("machine", "day", "plan"),
    [
        ("ac_o00407-0139200010477", "2022-10-30", DayPlan()),
        ("am_o00407-0253400060103", "2022-10-02", SCENARIOS["ordinary-day"].plan),
    ],
    ids=["one office", "five offices"],
)
def test_voters_are_served_as_long_as_at_a_brazilian_machine(shared, machine, day, plan):
    rows = _rows(shared, "br_vote_events_2022.csv.gz")
    seconds = [
        int(row["service_s"]) for row in rows if (row["log"], row["round_day"]) == (machine, day)
    ]
    assert plan.service == _twentieths(seconds)


def test_services_spread_as_they_are_asked_to():
    served = services(20_000, (1.0, 2.0, 10.0), Random(1))
    assert min(served) >= 1_000
    assert max(served) <= 10_000
    assert median(served) == pytest.approx(2_000, rel=0.02)
    assert set(services(5, (3.0,), Random(1))) == {3_000}
