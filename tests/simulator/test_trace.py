"""Does a picture of a day show what happened on it, and change nothing by looking?"""

import re
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.world.recording import Actor, ReportFacts, Step, record_day
from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.scenario_file import load_scenario
from ballotbox_simulator.world.sequence_diagram import sequence_diagram
from ballotbox_simulator.world.trace import (
    ROWS_MAX,
    NoSuchStory,
    Row,
    Story,
    of_box,
    of_report,
    of_sheet,
)

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def bad_line():
    return record_day(load_scenario("bad-line").day(1))


@pytest.fixture(scope="module")
def extra_sheet():
    return record_day(load_scenario("extra-sheet").day(1))


@pytest.fixture(scope="module")
def swarm():
    return record_day(load_scenario("swarm").day(6))


def _words(story):
    return [row.step.words for row in story.rows]


def _final(recording, box):
    (name,) = (
        name
        for name, facts in recording.reports.items()
        if (facts.box, facts.kind) == (box, "FINAL")
    )
    return name


@pytest.mark.parametrize(
    ("scenario", "seed", "recorded"),
    [("bad-line", 1, "bad_line"), ("extra-sheet", 1, "extra_sheet"), ("swarm", 6, "swarm")],
)
def test_listening_moves_nothing(scenario, seed, recorded, request):
    outcome = request.getfixturevalue(recorded).outcome
    assert outcome.transcript == run_day(load_scenario(scenario).day(seed)).transcript


def test_steps_are_in_the_order_of_time(swarm):
    times = [step.time for step in swarm.steps]
    assert times == sorted(times)


def test_every_signed_report_is_known(bad_line):
    signed = {
        name for step in bad_line.steps if step.words.startswith("signs") for name in step.reports
    }
    assert signed == set(bad_line.reports)
    assert len(signed) == bad_line.outcome.reports
    finals = [facts for facts in bad_line.reports.values() if facts.kind == "FINAL"]
    assert {facts.accepted for facts in finals} == {63}


def test_a_report_is_followed_from_the_signature_to_the_centre(bad_line):
    name = _final(bad_line, "box 2")
    story = of_report(bad_line, name[:9])
    assert story.title == f"Report {name}: FINAL 27 of box 2"
    words = _words(story)
    assert words[0] == f"signs FINAL 27 {name}"
    ways = [(row.step.source, row.step.target) for row in story.rows if not row.lost]
    order = [
        ways.index(way)
        for way in (
            (Actor.BOX, Actor.ROAD),
            (Actor.ROAD, Actor.GATEWAY),
            (Actor.GATEWAY, Actor.ROAD),
            (Actor.ROAD, Actor.BOX),
        )
    ]
    assert order == sorted(order)
    assert (Actor.GATEWAY, Actor.CENTRE) in ways
    assert (Actor.CENTRE, Actor.GATEWAY) in ways
    assert sum(word.startswith("keeps it as leaf ") for word in words) == 1


def test_what_a_bad_line_swallows_is_shown_as_lost(bad_line):
    rows = [row for name in bad_line.reports for row in of_report(bad_line, name).rows]
    lost = [row for row in rows if row.lost]
    assert lost
    assert all(row.step.sent for row in lost)
    assert any(row.is_trouble for row in rows)


def test_nothing_is_lost_on_a_day_without_faults():
    recording = record_day(load_scenario("portable-surplus").day(1))
    assert not any(row.lost for row in of_box(recording, "box 1").rows)


def test_a_sheet_is_followed_with_the_question_about_it(extra_sheet):
    holds = next(
        int(step.words.split()[1])
        for before, step in zip(extra_sheet.steps, extra_sheet.steps[1:], strict=False)
        if before.words == "is struck by drop_uncertain" and step.words.startswith("holds")
    )
    words = _words(of_sheet(extra_sheet, "box 1", holds))
    assert words[0] == "feeds a sheet"
    assert f"holds {holds} style 0" in words
    assert sum(word.startswith("holds") for word in words) == 1
    answered = next(at for at, word in enumerate(words) if word.startswith("is answered"))
    told = next(at for at, word in enumerate(words) if word.startswith("signs INCIDENT"))
    assert words.index("takes it") < told < answered
    assert any(word.startswith("signs FINAL") for word in words)


@pytest.mark.parametrize("number", [1, 63])
def test_the_first_and_the_last_sheet_have_a_story(extra_sheet, number):
    story = of_sheet(extra_sheet, "box 1", number)
    assert f"holds {number} style 0" in _words(story)
    assert story.title == f"Sheet {number} of box 1"


def test_the_day_of_a_box_leaves_out_what_is_ordinary(swarm):
    box = next(iter(swarm.around))
    words = _words(of_box(swarm, box))
    assert any(word.startswith("is OPEN") for word in words)
    assert not {"feeds a sheet", "takes it"} & set(words)


def test_what_is_not_there_is_said_with_what_is(bad_line):
    with pytest.raises(NoSuchStory, match=r"report zz: none begins so; there are .* and 78 more"):
        of_report(bad_line, "zz")
    with pytest.raises(NoSuchStory, match=r"report : .* and 78 more begin so: give more digits"):
        of_report(bad_line, "")
    with pytest.raises(NoSuchStory, match="box 9: there is none; there are box 1, box 2, box 3"):
        of_box(bad_line, "box 9")
    with pytest.raises(NoSuchStory, match="sheet 64: 63 sheets fell into box 2"):
        of_sheet(bad_line, "box 2", 64)
    with pytest.raises(NoSuchStory, match="sheet 0: 63 sheets"):
        of_sheet(bad_line, "box 2", 0)


# The picture


def _texts(svg):
    return [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]


def _story(*rows, left_out=0):
    return Story("A story", "box 1", rows, left_out)


NOTE = Row(Step(3_723_004, "box 1", Actor.BOX, Actor.BOX, "is <struck> & falls"))


def test_the_picture_is_well_formed_and_says_what_the_story_says(bad_line):
    story = of_report(bad_line, _final(bad_line, "box 1"))
    svg = sequence_diagram(story)
    texts = _texts(svg)
    assert texts[0] == story.title
    assert {"box 1", "line or broker", "gateway", "centre"} <= set(texts)
    assert "voter" not in texts
    assert all(word in texts for word in _words(story) if len(word) < 30)
    assert svg == sequence_diagram(story)


def test_words_are_escaped_and_the_time_is_written():
    texts = _texts(sequence_diagram(_story(NOTE)))
    assert "is <struck> & falls" in texts
    assert "01:02:03.004" in texts


def test_a_lost_message_has_a_cross_and_a_repeated_one_a_number():
    sent = Step(0, "box 1", Actor.BOX, Actor.ROAD, "FINAL 27", frozenset({"a"}), sent=True)
    svg = sequence_diagram(_story(Row(sent, times=14, until=3_600_000, lost=True)))
    assert "14 × FINAL 27, until 01:00:00" in _texts(svg)
    assert "stroke-dasharray" in svg
    arrived = sequence_diagram(_story(Row(sent)))
    assert svg.count("<path") > arrived.count("<path")


def test_long_words_are_shortened_to_their_place():
    long = Row(Step(0, "box 1", Actor.BOX, Actor.ROAD, "x" * 400))
    texts = _texts(sequence_diagram(_story(long)))
    (shown,) = (text for text in texts if text.startswith("xxx"))
    assert shown.endswith("…")
    assert len(shown) < 60


def test_the_middle_of_a_long_story_is_counted(extra_sheet):
    story = of_box(extra_sheet, "box 1")
    assert story.left_out > 0
    assert len(story.rows) == ROWS_MAX
    svg = sequence_diagram(story)
    assert f"… {story.left_out} more …" in _texts(svg)
    assert len(re.findall("more …", svg)) == 1


# The command


@pytest.fixture
def sim(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(main, ["trace", *arguments])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return invoke


DAY = ("--scenario", "portable-surplus", "--seed", "1")


def test_the_reports_of_a_day_lead_to_the_picture_of_one(sim, tmp_path):
    said = sim(*DAY)
    assert said.splitlines()[-1].startswith("Next: ")
    (final,) = (line.split()[0] for line in said.splitlines() if "FINAL" in line)
    assert f"Report {final}: FINAL 27 of box 1: " in sim(*DAY, "--report", final[:6])
    assert _texts((tmp_path / "trace.svg").read_text())
    sim(*DAY, "--box", "1", "--sheet", "3", "-o", "sheet.svg")
    assert "Sheet 3 of box 1" in _texts((tmp_path / "sheet.svg").read_text())


REFUSED = {
    "no day": ([], "give a FILE, or a --seed with its --scenario"),
    "two days": (["day.json", "--seed", "1"], "give a FILE, or a --seed"),
    "a sheet of no box": ([*DAY, "--sheet", "1"], "add --box"),
    "a report and a box": ([*DAY, "--report", "a", "--box", "1"], "leave out --box"),
    "no such box": ([*DAY, "--box", "7"], "box 7: there is none; there are box 1"),
    "no such file": (["none.json"], "none.json: no such file"),
    "no place for it": ([*DAY, "--box", "1", "-o", "no/trace.svg"], "no/trace.svg: no such file"),
}


@pytest.mark.parametrize(("arguments", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_bad_command_is_refused_with_the_next_step(sim, arguments, problem):
    said = sim(*arguments, code=2)
    assert problem in said
    assert re.search(r"See ballotbox-sim (trace )?--help", said)


def test_facts_are_those_of_the_report(bad_line):
    opened = [facts for facts in bad_line.reports.values() if facts.kind == "OPEN"]
    assert opened == [ReportFacts(f"box {number}", "OPEN", 2, 0) for number in (1, 2, 3)]
