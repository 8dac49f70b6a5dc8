"""Do the commands about days tell the truth, and name the next step?"""

import json
from functools import cache

import pytest
from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.world import run, settlement
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.day_file import BadDayFile, SavedDay, read_day
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.scenario_file import load_scenario, scenario_names

SCREEN_LINES, SCREEN_COLUMNS = 24, 200


@pytest.fixture
def sim(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return invoke


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The file of a scenario's day, which is run once."""

    @cache
    def text(name):
        path = tmp_path_factory.mktemp("saved") / "day.json"
        SavedDay.of(name, run.run_day(load_scenario(name).day(3))).write(path)
        return path.read_text()

    return text


@pytest.fixture
def planted(monkeypatch):
    """A bug that shows wherever a broker restarts."""
    settle = run.settle

    def settle_wrongly(world):
        balance = settle(world)
        if world.auditor.blows.struck[FaultKind.BROKER_RESTART]:
            world.auditor.object_to(Breach.DOUBLED, "box 1", "2 sheets fell, 3 tabulated")
            balance.doubled += 1
        return balance

    monkeypatch.setattr(run, "settle", settle_wrongly)


BROKER_DAY = """
title = "Brokers"
text = "They restart."
[plan]
boxes = 2
ballots = 4
[weather]
line_loss = 0.1
[[fault]]
kind = "broker_restart"
at = "12:00"
lasts = "1m"
[[fault]]
kind = "clock_step"
at = "13:00"
times = 4
"""


def test_days_pass_and_are_summed_up(sim):
    said = sim("run", "--seeds", "1..3", "--jobs", "1")
    lines = said.splitlines()
    assert "Scenario: swarm, seeds 1..3." in lines
    assert lines[-1].startswith("VERDICT: PASS days 3, ")
    assert lines[-1].endswith("lost 0, doubled 0")
    assert any(line.startswith("Transcript: ") for line in lines)


def test_one_seed_is_one_day_and_always_the_same(sim):
    said = [sim("run", "--scenario", "cards-full", "--seed", "5") for _ in range(2)]
    one, two = ([line for line in each.splitlines() if "Transcript" in line] for each in said)
    assert one == two
    assert "memory_full" in said[0]


def test_without_a_seed_one_is_drawn_and_named(sim):
    said = [sim("run", "--scenario", "portable-surplus").splitlines() for _ in range(2)]
    drawn = {line for lines in said for line in lines if line.startswith("Scenario: ")}
    assert len(drawn) == 2
    assert all(line.startswith("Scenario: portable-surplus, seed ") for line in drawn)


def test_scenarios_are_listed(sim):
    said = sim("scenarios")
    assert all(name in said for name in scenario_names())


def test_a_failure_is_saved_reproduced_and_shrunk(sim, planted, tmp_path):
    (tmp_path / "brokers.toml").write_text(BROKER_DAY)
    said = sim("run", "--scenario", "brokers.toml", "--seeds", "1..2", "--jobs", "1", code=1)
    command = "ballotbox-sim rerun simulation-failures/brokers-2.json"
    assert f"  reproduce: {command}" in said.splitlines()
    assert said.splitlines()[-1].startswith("VERDICT: FAIL 2 of 2 days with findings;")
    assert "doubled 2" in said

    again = sim(*command.split()[1:], code=1)
    assert "DOUBLED at box 1: 2 sheets fell, 3 tabulated" in again
    assert "as when it was saved." in again
    assert "Next: ballotbox-sim shrink simulation-failures/brokers-2.json" in again

    shrunk = sim("shrink", "simulation-failures/brokers-2.json")
    assert "5 strikes, 1 kinds of weather, 1 x 2 boxes, 4 + 3 ballots" in shrunk
    assert "1 strikes, 0 kinds of weather, 1 x 1 boxes, 0 + 0 ballots" in shrunk
    assert "  12:00    broker_restart, target 0, lasts 00:01" in shrunk
    smallest = sim("rerun", "simulation-failures/brokers-2.shrunk.json", code=1)
    assert "DOUBLED at box 1" in smallest


def test_a_mended_day_passes_and_says_that_the_code_has_changed(sim, planted, monkeypatch):
    sim("run", "--scenario", "broker-dies-at-close", "--seed", "1", "--out", "kept", code=1)
    monkeypatch.setattr(run, "settle", settlement.settle)
    said = sim("rerun", "kept/broker-dies-at-close-1.json")
    assert "not as when it was saved: the code has changed" in said
    assert said.splitlines()[-1] == "VERDICT: PASS nothing is found"


def test_findings_and_days_beyond_a_screen_are_counted(sim, monkeypatch):
    settle = run.settle

    def settle_wrongly(world):
        for number in range(30):
            world.auditor.object_to(Breach.LAW, f"box {number}", "planted")
        return settle(world)

    monkeypatch.setattr(run, "settle", settle_wrongly)
    said = sim("run", "--scenario", "portable-surplus", "--seeds", "1..15", code=1)
    assert "  and 27 more" in said
    assert "and 3 more days, all in simulation-failures" in said


REFUSED = {
    "an unknown scenario": (["run", "--scenario", "ordinary"], "known: bad-line"),
    "two ways to seed": (["run", "--seed", "1", "--seeds", "1..2"], "give one"),
    "seeds as one word": (["run", "--seeds", "12"], "must be written A..B, as 1..200"),
    "seeds backwards": (["run", "--seeds", "9..3"], "must be written A..B"),
    "no processes": (["run", "--seed", "1", "--jobs", "0"], "--jobs 0: must be 1 or more"),
    "no such file": (["rerun", "none.json"], "none.json: no such file"),
    "no day": (["rerun", "other.json"], "name a file that `run` or `shrink` wrote"),
    "no JSON": (["shrink", "text.json"], "is not JSON: name a file"),
    "no runs": (["shrink", "day.json", "--runs", "0"], "--runs 0: must be 1 or more"),
    "nothing to shrink": (["shrink", "day.json"], "the day passes, there is nothing to shrink"),
    "an option unknown": (["run", "--sceanrio", "a"], "--scenario"),
}


@pytest.mark.parametrize(("arguments", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_bad_command_is_refused_on_one_screen_with_the_next_step(
    sim, saved, tmp_path, arguments, problem
):
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "text.json").write_text("day")
    (tmp_path / "day.json").write_text(saved("portable-surplus"))
    said = sim(*arguments, code=2)
    assert problem in said
    assert " --help" in said
    assert len(said.splitlines()) <= SCREEN_LINES


def test_a_failure_that_cannot_be_saved_is_said(sim, planted, tmp_path):
    (tmp_path / "brokers.toml").write_text(BROKER_DAY)
    (tmp_path / "file").touch()
    said = sim("run", "--scenario", "brokers.toml", "--seed", "1", "--out", "file", code=2)
    assert "file: file exists" in said


# The file


def test_a_day_is_read_as_it_was_written(tmp_path):
    outcome = run.run_day(load_scenario("broker-dies-at-close").day(3))
    saved = SavedDay.of("broker-dies-at-close", outcome)
    saved.write(tmp_path / "day.json")
    assert read_day(tmp_path / "day.json") == saved
    assert [path.name for path in tmp_path.iterdir()] == ["day.json"]


DAMAGED = {
    "a field is missing": (lambda day: day.pop("seed"), "day.seed is missing"),
    "a field is unknown": (lambda day: day["plan"]["hours"].update(noon=1), "noon"),
    "a kind is unknown": (lambda day: day["strikes"][0].__setitem__(0, "rain"), "'rain'"),
    "a strike is too short": (lambda day: day["strikes"][0].pop(), "not enough values"),
    "a time is text": (
        lambda day: day["strikes"][0].__setitem__(1, "noon"),
        r"day\.strikes\[0\] must be a kind and four whole numbers",
    ),
    "no boxes": (lambda day: day["plan"].update(boxes=0), "boxes: must be 1 or more"),
}


@pytest.mark.parametrize(("damage", "problem"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_day_is_refused_by_name(saved, tmp_path, damage, problem):
    path = tmp_path / "day.json"
    document = json.loads(saved("broker-dies-at-close"))
    damage(document["day"])
    path.write_text(json.dumps(document))
    with pytest.raises(BadDayFile, match=problem) as caught:
        read_day(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < SCREEN_COLUMNS + len(str(path))
