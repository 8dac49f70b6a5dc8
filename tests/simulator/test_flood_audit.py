"""Does a flood cost room up to its sender's quota, and nobody else's turn?"""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ballotbox_gateway.core import samples
from ballotbox_gateway.core.outcome import Road, RoadKind
from ballotbox_gateway.core.ports import Entry, Tally
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.world import swarm
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.flood_audit import _size
from ballotbox_simulator.world.gateway_node import ASIDE_MAY, BOX_MAY, GATEWAY_MAY
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.run import run_day, run_world
from ballotbox_simulator.world.scenario_file import load_scenario
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.world import World

K = FaultKind
FLOODED = load_scenario("flooded-gateway")


@pytest.fixture
def world():
    world = World(Day(1, DayPlan(boxes=2, ballots=4, portable=1, road=RoadChoice.MQTT)))
    world.run_safety()
    world.run_liveness()
    return world


def _found(world):
    return {(each.breach, each.node) for each in world.auditor.findings}


def _parts(world):
    (precinct,) = world.precincts
    return precinct.gateway, precinct.boxes[0].kit.identity.box


# A day with floods


@pytest.fixture(scope="module")
def flooded():
    world = World(FLOODED.day(1))
    run_world(world)
    return world


def test_floods_are_turned_away_and_nothing_of_honest_boxes_is(flooded):
    assert flooded.auditor.findings == []
    counts = flooded.precincts[0].gateway.ledger.counts()
    for reason in (Reason.RATE, Reason.SIGNATURE, Reason.UNKNOWN_KEY):
        assert counts[Tally.UNAUTHENTIC, reason] > 0


def test_few_samples_of_a_flood_are_kept(flooded):
    kept = flooded.precincts[0].gateway.ledger.unauthentic()
    assert 0 < len(kept) <= 2 * samples.SAMPLES_PER_PERIOD
    assert sum(each.times for each in kept) <= 2 * samples.SAMPLES_PER_PERIOD


def test_a_gateway_that_keeps_every_sample_is_found(monkeypatch):
    monkeypatch.setattr(samples, "SAMPLES_PER_PERIOD", 1_000)
    found = run_day(FLOODED.day(1)).findings
    assert {each.breach for each in found} == {Breach.LAW}
    assert all("too many samples" in each.words for each in found)


def test_without_officers_only_the_box_whose_key_was_used_is_not_counted():
    outcome = run_day(replace(FLOODED.day(1), rulings=False))
    assert outcome.findings == ()
    assert outcome.balance.fed == outcome.balance.tabulated == 2 * (60 + FLOODED.plan.portable)


# What is objected to


def test_a_quota_that_runs_dry_where_nobody_floods_is_found(world):
    gateway, box = _parts(world)
    world.auditor.ran_dry(gateway, box, BOX_MAY)
    assert _found(world) == {(Breach.UNEXPLAINED, gateway.name)}


CAUSES = {
    "a flood in its name": lambda world, gateway, box: world.auditor.floods.laid(gateway, box),
    "a new log": lambda world, gateway, _: world.auditor.floods.opened(gateway),
    "another line": lambda world, *_: world.auditor.struck(K.CABLES_SWAPPED, "box 1"),
    "a storm of its own": lambda world, *_: world.auditor.struck(K.DROP_FAILED, "box 1"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_quota_that_runs_dry_too_early_is_found(world, cause):
    gateway, box = _parts(world)
    CAUSES[cause](world, gateway, box)
    world.auditor.ran_dry(gateway, box, BOX_MAY)
    (found,) = world.auditor.findings
    assert f"of {BOX_MAY.burst} bytes" in found.words


@pytest.mark.parametrize("burst", [GATEWAY_MAY.burst, 1 << 20])
def test_a_gateway_below_may_run_dry_once_so_much_of_it_is_stored(world, burst):
    gateway, _ = _parts(world)
    allowance = replace(GATEWAY_MAY, burst=burst)
    world.auditor.ran_dry(world.centre, gateway.name.encode(), allowance)
    assert bool(world.auditor.findings) is (burst > GATEWAY_MAY.burst)
    assert (world.centre.name in world.auditor.floods.dry_at) is (burst == GATEWAY_MAY.burst)


def test_statements_that_nobody_planted_use_up_nothing(world):
    gateway, _ = _parts(world)
    world.auditor.ran_dry(world.centre, gateway.name.encode(), ASIDE_MAY)
    (found,) = world.auditor.findings
    assert "may bring no more statements, and nobody planted any" in found.words


def test_what_is_stored_counts_leaf_report_ruling_and_each_delivery_once():
    leaf, note = b"l" * 10, b"n" * 100
    rows = [
        Entry(0, leaf, b"r" * 20, None, note),
        Entry(1, leaf, None, b"u" * 5, note),
        Entry(2, leaf, None, None, None),
    ]
    assert _size(rows) == 4 * 1_024 + 30 + 20 + 5 + 100
    assert _size([]) == 0


def test_what_was_turned_away_for_its_rate_where_nobody_ran_dry_is_found(world):
    gateway, _ = _parts(world)
    gateway.ledger._counts[Tally.UNAUTHENTIC, Reason.RATE] += 1
    settle(world)
    assert _found(world) == {(Breach.UNEXPLAINED, gateway.name)}


EXCUSES = {
    "nothing": lambda *_: None,
    "an old register": lambda world, *_: world.auditor.struck(K.REGISTER_RENEWED, "box 1"),
    "its own quota": lambda world, gateway, box: world.auditor.ran_dry(gateway, box, GATEWAY_MAY),
}


@pytest.mark.parametrize("excuse", EXCUSES)
def test_an_honest_report_that_is_not_decided_during_a_flood_is_found(world, excuse):
    gateway, box = _parts(world)
    sent, report = next(each for each in world.auditor.heard_reports if each[0] == box)
    letter = SimpleNamespace(data=report, route=SimpleNamespace(road=Road(RoadKind.MQTT, "b", box)))
    world.auditor.floods.laid(gateway)
    world.auditor.settled(gateway, [letter])
    assert world.auditor.findings == []
    EXCUSES[excuse](world, gateway, box)
    for identity in list(gateway.ledger._reports):
        if gateway.ledger._reports[identity].box == sent:
            del gateway.ledger._reports[identity]
    world.auditor.settled(gateway, [letter])
    assert bool(world.auditor.findings) is (excuse == "nothing")


# The draw


def test_rare_kinds_move_nothing_that_others_draw(monkeypatch):
    days = [swarm.swarm_day(seed) for seed in range(200)]
    rare = set(swarm._RARE)
    monkeypatch.setattr(swarm, "_RARE", dict.fromkeys(rare, 0.0))
    for day in days:
        without = tuple(each for each in day.strikes if each.kind not in rare)
        assert replace(day, strikes=without) == swarm.swarm_day(day.seed)
    share = sum(bool(day.kinds & rare) for day in days) / len(days)
    assert 0.1 < share < 0.65
