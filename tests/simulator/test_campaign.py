"""Do many days add up to the same, whoever runs them?"""

import os
import subprocess
import sys
from collections import Counter

import pytest

from ballotbox_simulator.world import run
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.campaign import run_campaign, run_seed
from ballotbox_simulator.world.campaign_table import campaign_lines, verdict_line
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.scenario_file import load_scenario

SWARM = load_scenario("swarm")
SEEDS = range(1, 3)


@pytest.fixture(scope="module")
def alone():
    return run_campaign(SWARM, SEEDS, jobs=1)


def test_two_processes_come_to_the_same(alone):
    seen = []
    together = run_campaign(SWARM, SEEDS, 2, lambda done, of: seen.append((done, of)))
    assert together.transcript == alone.transcript
    assert together.struck == alone.struck
    assert together.overcome == alone.overcome
    assert together.classes == alone.classes
    assert together.balance == alone.balance
    assert (together.days, together.sheets) == (alone.days, alone.sheets)
    assert seen == [(done, len(SEEDS)) for done in range(1, len(SEEDS) + 1)]


def test_the_sum_is_that_of_its_days(alone):
    days = [run_seed(SWARM, seed) for seed in SEEDS]
    assert alone.days == len(days) == alone.classes.total()
    assert alone.simulated_s == sum(day.simulated_s for day in days)
    assert alone.reports == sum(day.reports for day in days)
    assert alone.struck == sum((day.struck for day in days), Counter())
    assert alone.passed
    assert alone.speed > 1_000


def test_the_order_of_the_seeds_is_in_the_hash(alone):
    back = run_campaign(SWARM, SEEDS[::-1])
    assert sorted(back.classes.items()) == sorted(alone.classes.items())
    assert back.transcript != alone.transcript


def test_the_report_names_every_kind_and_class(alone):
    text = "\n".join(campaign_lines(alone))
    assert all(kind.value in text for kind in alone.struck)
    assert alone.transcript in text
    assert "exact after a person acts" in text
    assert verdict_line(alone, 2.0).startswith("VERDICT: PASS days 2, 1.0 a second; lost 0")


def test_a_failing_day_is_kept(monkeypatch):
    settle = run.settle

    def planted(world):
        balance = settle(world)
        if world.day.seed == 2:
            world.auditor.object_to(Breach.LOST, "box 1", "planted")
            balance.lost += 1
        return balance

    monkeypatch.setattr(run, "settle", planted)
    campaign = run_campaign(SWARM, SEEDS)
    assert [day.seed for day in campaign.failed] == [2]
    assert verdict_line(campaign, 1.0).startswith("VERDICT: FAIL 1 of 2 days with findings;")
    assert "lost 1" in verdict_line(campaign, 1.0)


HASH_OF_DAYS = """
from ballotbox_simulator.world.campaign import run_campaign
from ballotbox_simulator.world.scenario_file import load_scenario
print(run_campaign(load_scenario("swarm"), range(1, 3)).transcript)
"""


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_hash_of_strings_moves_nothing(hash_seed, alone):
    done = subprocess.run(
        [sys.executable, "-c", HASH_OF_DAYS],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == alone.transcript


def test_a_precinct_day_has_voters_of_fourteen_hours():
    day = load_scenario("precinct-day").day(1)
    hours = day.plan.hours
    assert hours.closing - hours.opening == 14 * 3_600_000
    assert (day.plan.boxes, day.plan.ballots, hours.turnout) == (3, 600, 1_800_000)
    assert day.kinds <= set(FaultKind)
