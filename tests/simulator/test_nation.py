"""Is a country's day the same whoever computes it, and its total what lies in its boxes?"""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.world import nation
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultKind, Strike, Weather
from ballotbox_simulator.world.nation import NationPlan, run_nation
from ballotbox_simulator.world.polling_day import HOUR

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


def test_a_false_word_about_a_sheet_excuses_its_box_and_no_other(monkeypatch):
    about_what_fell = 1
    lie = Strike(FaultKind.WRONG_ANSWER, 8 * HOUR, detail=about_what_fell)
    weather = Weather({FaultKind.DROP_UNCERTAIN: 1.0})
    plain = nation._day
    monkeypatch.setattr(
        nation,
        "_day",
        lambda *asked: replace(plain(*asked), weather=weather, strikes=(lie,)),
    )
    outcome = run_nation(NationPlan(seed=1, precincts=5, ballots=4, swarm=False), jobs=1)
    # One liar in each of the two regions, of four precincts and of one.
    assert len(outcome.excused) == 2
    assert outcome.findings == []
    assert outcome.tabulated == outcome.sheets - 2
    monkeypatch.setattr(nation, "_excused", lambda _: frozenset())
    unexcused = run_nation(NationPlan(seed=1, precincts=5, ballots=4, swarm=False), jobs=1)
    assert {each.breach for each in unexcused.findings} == {Breach.WRONG_VOTES}


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
