"""Is a country's day the same whoever computes it, and its total what lies in its boxes?"""

import pytest
from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.world import nation
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.nation import NationPlan, run_nation

PLAN = NationPlan(seed=3, precincts=9, ballots=6)


@pytest.fixture(autouse=True)
def small_regions(monkeypatch):
    monkeypatch.setattr(nation, "PER_REGION", 4)


def test_one_process_and_two_come_to_the_same_day():
    one, two = run_nation(PLAN, jobs=1), run_nation(PLAN, jobs=2)
    assert one.transcript == two.transcript
    assert one.findings == two.findings == []
    assert one.result == two.result
    assert one.result["nation"]["boxes_expected"] == 9


def test_a_calm_nation_counts_every_sheet():
    outcome = run_nation(NationPlan(seed=1, precincts=9, ballots=6, swarm=False), jobs=1)
    assert outcome.findings == []
    assert outcome.boxes_counted == 9
    assert outcome.sheets == outcome.tabulated == 54


def test_the_command_ends_with_a_verdict():
    told = CliRunner().invoke(main, ["nation", "--precincts", "5", "--ballots", "3", "--jobs", "1"])
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines()[-1].startswith("VERDICT: PASS sheets fed ")


def test_a_nation_of_nothing_is_refused():
    told = CliRunner().invoke(main, ["nation", "--precincts", "0"])
    assert told.exit_code == 2
    assert "precincts: must be 1 or more" in told.stderr


@pytest.mark.teeth
def test_a_region_that_is_lost_on_the_way_up_is_missed(monkeypatch):
    monkeypatch.setattr(nation, "_take_in", lambda *_: None)
    outcome = run_nation(NationPlan(seed=1, precincts=5, ballots=2, swarm=False), jobs=1)
    assert Breach.NOT_PUBLISHED in {each.breach for each in outcome.findings}
