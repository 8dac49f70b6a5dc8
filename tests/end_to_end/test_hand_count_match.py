"""Does one log tell in one command where box and count by hand agree, and where they do not?"""

import json

import pytest
from click.testing import CliRunner

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_tabulation.cli import main
from tests.end_to_end.test_gateway_and_tabulation_agree import export
from tests.gateway.scene import Scene
from tests.gateway.scripted import ScriptedBox, authority, corrected, counted, votes_for
from tests.house_law import TEXT

BALLOTS = 20
FOUND = (12, 8, 0, 0)
LINES = (("1", BALLOTS), ("1a", 0))


def live(scene: Scene, number: int, *, final: bool = True) -> None:
    """Let a box report its day; twelve of twenty voters chose A. Asanova, eight B. Bakirov."""
    box = ScriptedBox(scene.given, number)
    messages = [*box.open_poll(), box.report(ReportKind.TURNOUT, accept=BALLOTS)]
    span = Layout.of(scene.given.trusted.election).spans[1]
    row = list(votes_for(scene.given, BALLOTS))
    row[span.votes.start : span.votes.start + len(FOUND)] = FOUND
    messages.append(box.report(ReportKind.CLOSE))
    if final:
        messages.append(box.report(ReportKind.FINAL, votes=tuple(row)))
    scene.admit(*messages)


def count(scene: Scene, precinct: int, votes: tuple = FOUND, **changes: object):
    """Let officers of a station enter what they found."""
    fields = {"lines": LINES, "options": (("votes", votes),)} | changes
    made = counted(scene.given, precinct=precinct, **fields)
    taken = scene.intake.count_by_hand(made.to_bytes(), scene.now)
    assert taken.row is not None
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The published result of a log with seven stations, and the house law beside it."""
    scene = Scene(authority(boxes=7))
    for number in range(1, 8):
        live(scene, number, final=number != 3)
    count(scene, 1)
    count(scene, 2, (8, 12, 0, 0))
    count(scene, 3)
    count(scene, 4)
    count(scene, 4, (11, 9, 0, 0))
    count(scene, 5, (12, 7, 0, 0))
    wrong = count(scene, 6, (12, 8, 1, 0))
    again = corrected(scene.given, wrong, lines=LINES, options=(("votes", FOUND),))
    scene.intake.count_by_hand(again.to_bytes(), scene.now)
    here = tmp_path_factory.mktemp("result")
    for name, data in export(scene).items():
        path = here / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    scene.given.write(here)
    (here / "house.toml").write_text(TEXT)
    done = CliRunner().invoke(main, [
        "run", str(here / "log"), "--root", str(scene.given.root), "--out", str(here / "results"),
        "--election", str(here / "election.cose"), "--register", str(here / "register.cose"),
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    return here


def said(folder, command, *words):
    results = str(folder / "results")
    done = CliRunner().invoke(main, [command, *words, "--box", results, "--hand", results])
    assert done.exit_code in (0, 1), done.output
    return done.stdout


def test_every_station_is_told_by_what_it_is(folder):
    told = said(folder, "match", "--law", str(folder / "house.toml"), "--out", str(folder / "out"))
    assert "box and hand both have 3 stations: 2 alike, 1 not.\n" in told
    assert "Silent boxes, 1 with 20 votes elsewhere: 3.\n" in told
    swapped = "hand against box: votes A. Asanova and votes B. Bakirov are exchanged, by 4 votes"
    assert f"  2: {swapped}\n" in told
    rivals = "4 (evidence: another version stands in the same place)"
    refused = "5 (quarantined: it breaks a relation of its law that blocks)"
    assert f"Set aside in hand, and so not compared: {rivals}, {refused}.\n" in told
    assert "Not in hand: 7.\n" in told
    assert told.split("Findings")[0].endswith(
        "DIFFERENT: of 7 stations 1 differ, 4 are open (a source is silent, or a mark stands "
        "against a number), 2 agree.\n"
    )
    document = json.loads((folder / "out" / "match.json").read_text(encoding="utf-8"))
    _, hand = document["sources"]
    assert [each["station"] for each in hand["set_aside"]["first"]] == ["4", "5"]
    assert [each["column"] for each in document["single"]] == ["[1]", "[1a]"]
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert f"Set aside in hand, not compared: 2</summary>\n<p>{rivals}; {refused}</p>" in page
    rows = (folder / "out" / "differences.csv").read_text(encoding="utf-8")
    assert ",4,silent,,,set aside," in rows


def test_a_station_is_told_with_its_reports_and_its_counts(folder):
    told = said(folder, "explain", "4")
    assert "  hand: results, row 4 is not compared: evidence: another version stands" in told
    lines = [line for line in told.splitlines() if line.startswith("  counted by hand")]
    rival = "version 1: evidence, another version stands in the same place (leaf "
    assert [rival in line for line in lines] == [True, True]
    assert told.count("Precinct 4, ") == 1, "box and count are of one result"
    told = said(folder, "explain", "6", "--law", str(folder / "house.toml"))
    assert "version 2: accepted, in order; in force (leaf " in told
    assert "hand: keeps H, D, ≥0" in told
