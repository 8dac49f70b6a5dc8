"""What does a person read, and what lies on the disk, after `ballotbox-tabulate match`?"""

import csv
import json
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core import match_document
from tests.protocol.laws import SMALL
from tests.tabulation.small_table import HEAD, MAP

SOUND = HEAD + "1,Upper,1,10,9,4,5\n1,Upper,2,10,10,8,2\n2,Lower,3,7,6,6,0\n"
#: Upper 1 is swapped, Upper 2 has one vote less and breaks R2, Lower 3 is silent.
BOX = HEAD + "1,Upper,1,10,9,5,4\n1,Upper,2,10,10,7,2\n2,Lower,3,,,,\n"


NAMES = {"law": "law.toml", "map": "map.toml", "own": "own.toml", "json": "box.json"}


class Desk:
    """A folder with tables, a map and a law, and the command run on them."""

    def __init__(self, folder):
        self.folder = folder
        self.out = folder / "out"
        self.write(law=SMALL, map=MAP, box=SOUND, hand=SOUND, keyed=SOUND)

    def write(self, **texts):
        for what, text in texts.items():
            path = self.folder / NAMES.get(what, f"{what}.csv")
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")

    def run(self, *more, sources=("box", "hand", "keyed"), columns="map.toml"):
        given = [x for each in sources for x in (f"--{each}", str(self.folder / f"{each}.csv"))]
        if columns:
            given += ["--columns", str(self.folder / columns)]
        return CliRunner().invoke(main, ["match", *given, *more])

    def law(self):
        return ("--law", str(self.folder / "law.toml"))

    def document(self):
        return json.loads((self.out / "match.json").read_text(encoding="utf-8"))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.mark.parametrize("sources", [("box", "hand"), ("hand", "keyed"), ("box", "hand", "keyed")])
def test_sources_that_agree_are_told_so(desk, sources):
    done = desk.run(sources=sources)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[-1] == "ALIKE: all 3 stations have the same numbers in every source."
    assert "box and hand both have 3 stations: 3 alike, 0 not." in lines or "box" not in sources
    assert not desk.out.exists()


def test_differences_are_told_by_station_and_the_worst_first(desk):
    desk.write(box=BOX)
    done = desk.run(*desk.law())
    assert done.exit_code == 1, done.output
    told = done.stdout
    assert told.startswith("small: Small\n")
    assert "Silent boxes, 1 with 6 votes elsewhere: Lower, 3.\n" in told
    assert "Boxes with fewer votes than were counted: Upper, 2 (9 of 10).\n" in told
    assert "Probable swaps, which sums cannot see: 1.\n" in told
    swap = "box against hand and keyed: votes north and votes south are exchanged, by 1 vote"
    assert f"  Upper, 1: {swap}, or one vote was put to the wrong one\n" in told
    order = told.split("most first:\n")[1].splitlines()
    assert [row.split()[1:3] for row in order[1:4]] == [
        ["Upper,", "1"],
        ["Upper,", "2"],
        ["Lower,", "3"],
    ]
    assert (
        "Weakest margin in votes: votes north is ahead of votes south by 11; the sources are "
        "apart by 3 of it, and lone votes could be 0.\n" in told
    )
    assert told.splitlines()[-1] == (
        "DIFFERENT: of 3 stations 2 differ, 1 are open (a source is silent, or a mark stands "
        "against a number), 0 agree."
    )


def test_missing_lone_and_doubled_stations_are_named(desk):
    desk.write(hand=SOUND.replace("Lower,3", "Lower,4"), keyed=SOUND + "1,Upper,2,1,1,1,0\n")
    told = desk.run().stdout
    assert "Only in hand: Lower, 4.\n" in told
    assert "Not in box: Lower, 4.\n" in told
    assert "Not in hand: Lower, 3.\n" in told
    assert "Twice in keyed, and so not compared: Upper, 2 (rows 2, 4).\n" in told


def test_exchanged_protocols_are_named(desk):
    keyed = SOUND.replace("Upper,1,", "Upper,x,").replace("Upper,2,", "Upper,1,")
    desk.write(keyed=keyed.replace("Upper,x,", "Upper,2,"))
    told = desk.run(sources=("hand", "keyed")).stdout
    assert "hand has the numbers of Upper, 1 and Upper, 2 the other way round from keyed" in told


def test_all_findings_lie_in_the_directory(desk):
    desk.write(box=BOX)
    done = desk.run(*desk.law(), "--out", str(desk.out))
    assert done.exit_code == 1
    assert [line.split()[0] for line in done.stdout.splitlines()[-3:]] == [
        "Findings",
        "Differences",
        "Page",
    ]
    names = sorted(path.name for path in desk.out.iterdir())
    assert names == ["differences.csv", "index.html", "match.json"]
    document = desk.document()
    assert document["states"] == {"agrees": 0, "differs": 2, "open": 1}
    assert document["silent_boxes"] == {
        "count": 1,
        "first": [{"station": "Lower, 3", "votes": 6}],
        "votes": 6,
    }
    assert document["short_boxes"]["first"] == [{"station": "Upper, 2", "box": 9, "other": 10}]
    box, hand, _ = document["sources"]
    assert (box["law"]["refused"], box["law"]["arithmetic"], hand["law"]["refused"]) == (1, 1, 0)
    assert box["law"]["exchangeable"] == [["votes north", "votes south"]]
    assert box["no_data"]["first"] == ["Lower, 3"]
    (north,) = [each for each in document["columns"] if each["column"] == "votes north"]
    assert (north["differ"], north["off"], north["total"]) == (2, 2, 18)
    assert document["largest"][0] == {
        "station": "Upper, 1",
        "column": "votes north",
        "off": 1,
        "box": 5,
        "hand": 4,
        "keyed": 4,
    }
    assert [each["title"] for each in document["columns"]] == ["Issued", "Найдено", "", ""]
    assert document["swaps"]["first"][0]["sources"] == [["hand", "keyed"], ["box"]]


def test_arithmetic_failures_are_told_apart_from_what_may_be_missing(desk):
    desk.write(box=SOUND.replace("Upper,1,10,", "Upper,1,8,").replace("6,6,0", "6,5,0"))
    assert desk.run(*desk.law(), "--out", str(desk.out)).exit_code == 1
    box, hand, _ = (each["law"] for each in desk.document()["sources"])
    assert (box["refused"], box["arithmetic"]) == (2, 1)
    assert (hand["refused"], hand["arithmetic"]) == (0, 0)
    broken = {each["name"]: each["broken"] for each in box["relations"]}
    assert broken == {"R1": 1, "R2": 1, "R3": 0, "≥0": 0}


def test_every_difference_is_a_row_of_the_table(desk):
    desk.write(box=BOX.replace("Upper,2,10", "Upper,2,?"))
    assert desk.run(*desk.law(), "--out", str(desk.out)).exit_code == 1
    with (desk.out / "differences.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = [(row["order"], row["station"], row["finding"], row["column"]) for row in rows]
    assert told == [
        ("1", "Upper, 1", "swapped with votes south", "votes north"),
        ("1", "Upper, 1", "swapped with votes north", "votes south"),
        ("2", "Upper, 2", "mark against number", "[1]"),
        ("2", "Upper, 2", "differs", "votes north"),
        ("3", "Lower, 3", "silent", ""),
    ]
    cells = [(row["box"], row["hand"], row["off"], row["odd"], row["box breaks"]) for row in rows]
    assert cells == [
        ("5", "4", "1", "box", ""),
        ("4", "5", "1", "box", ""),
        ("illegible", "10", "", "box", "R2"),
        ("7", "8", "1", "box", "R2"),
        ("no data", "", "", "", ""),
    ]
    assert {row["hand row"] for row in rows} == {"1", "2", "3"}


def test_a_station_that_has_no_number_in_two_sources_has_its_row(desk):
    illegible = HEAD + "1,Upper,1,?,?,?,?\n"
    desk.write(hand=illegible, keyed=illegible)
    done = desk.run("--out", str(desk.out), sources=("hand", "keyed"))
    assert done.exit_code == 1
    assert '1,"Upper, 1",no number in two sources,' in (desk.out / "differences.csv").read_text()


def test_a_name_that_begins_like_a_formula_is_no_formula_in_the_table(desk):
    desk.write(**dict.fromkeys(("hand", "keyed"), SOUND.replace("Lower", "=Lower")))
    assert desk.run("--out", str(desk.out)).exit_code == 1
    assert '"\'=Lower, 3"' in (desk.out / "differences.csv").read_text()


class Page(HTMLParser):
    """Sees that what is opened is closed, and that ids are unique and there."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.wanted = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.open.append(tag)
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.wanted += given.get("aria-labelledby", "").split()
        assert not {"src", "onclick"} & given.keys()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_shows_the_findings_and_needs_nothing_else(desk):
    hostile = {
        each: text.replace("Lower", "<script>alert(1)</script>")
        for each, text in (("box", BOX), ("hand", SOUND), ("keyed", SOUND))
    }
    desk.write(**hostile)
    assert desk.run(*desk.law(), "--out", str(desk.out)).exit_code == 1
    text = (desk.out / "index.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    page = Page(text)
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.wanted) <= set(page.ids)
    charts = [f"<svg{part.split('</svg>')[0]}</svg>" for part in text.split("<svg")[1:]]
    assert [ET.fromstring(chart).find("title").text for chart in charts] == [
        "Stations",
        "Silent boxes: votes in other sources",
        "By how much the sources of a station are apart",
        "By how much the sources are apart, in all",
    ]


def test_a_page_without_differences_or_law_is_whole(desk):
    assert desk.run("--out", str(desk.out)).exit_code == 0
    text = (desk.out / "index.html").read_text(encoding="utf-8")
    assert Page(text).open == []
    assert text.count("<svg") == 1
    assert "No box is silent." in text
    assert "ALIKE" in text


def test_a_second_run_writes_the_same_bytes(desk):
    desk.write(box=BOX)
    written = []
    for _ in range(2):
        assert desk.run("--out", str(desk.out)).exit_code == 1
        written.append({path.name: path.read_bytes() for path in desk.out.iterdir()})
    assert written[0] == written[1]


def test_only_the_first_places_stand_in_the_document_and_all_in_the_table(desk, monkeypatch):
    monkeypatch.setattr(match_document, "ORDER_NAMED", 1)
    desk.write(box=BOX)
    assert desk.run("--out", str(desk.out)).exit_code == 1
    assert len(desk.document()["order"]) == 1
    assert (desk.out / "differences.csv").read_text().count("\n") == 5


def test_each_source_may_have_a_map_of_its_own(desk):
    desk.write(box=SOUND.replace("north,south", "n,s").replace("issued", "given"))
    own = desk.folder / "box.toml"
    own.write_text(MAP.replace('"north", "south"', '"n", "s"').replace('"issued"', '"given"'))
    done = desk.run("--box-columns", str(own), "--out", str(desk.out))
    assert done.exit_code == 0, done.output
    assert [each["column"] for each in desk.document()["columns"]][2:] == [
        "votes n/north",
        "votes s/south",
    ]
    own.write_text(
        MAP.replace('11a = "found"\n', "")
        .replace('"north"', '"n"')
        .replace('"south"', '"s"')
        .replace('"issued"', '"given"')
    )
    alone = desk.run("--box-columns", str(own), "--out", str(desk.out), sources=("box", "hand"))
    assert alone.exit_code == 0, alone.output
    assert desk.document()["single"] == [{"column": "[11a]", "source": "hand"}]


NUMBER_ALONE = MAP.replace('"place", "number"', '"number"')
#: What is written before, what is said on the command line, and what the error says.
UNUSABLE = {
    "one table": ({}, {"sources": ("hand",)}, "a match needs two of --box, --hand and --keyed"),
    "no map": ({}, {"columns": None}, "Name a map: --columns MAP.toml, or --box-columns for it"),
    "no law": ({}, {"more": ["--law", "nowhere"]}, "LAW nowhere: there is no such law"),
    "no own map": ({}, {"more": ["--box-columns", "x.toml"]}, "x.toml: No such file or directory"),
    "cell": (
        {"hand": SOUND.replace("10,10,8", "10,x,8")},
        {},
        "--hand {}/hand.csv: row 2, column 'found' (lines.11a): must be a whole number",
    ),
    "no name": (
        {"hand": SOUND.replace("Upper,2,", ",,")},
        {},
        "--hand {}/hand.csv: row 2, station: is empty; name the column",
    ),
    "empty": ({"keyed": HEAD}, {}, "--keyed {}/keyed.csv: has no row below its first line"),
    "gone": ({"box": None}, {}, "box.csv: No such file or directory; check the path"),
    "strangers": (
        {"own": NUMBER_ALONE, "keyed": None},
        {"more": ["--hand-columns", "{}/own.toml"], "sources": ("box", "hand")},
        "no station is in two tables: box has 'Upper, 1', hand has '1' first; do the maps name",
    ),
    "winners": ({}, {"more": ["--winners", "0"]}, "--winners: must be at least 1"),
    "options": (
        {"own": MAP.replace('"north", "south"', '"north"')},
        {"more": ["--keyed-columns", "{}/own.toml"]},
        "--columns: options.votes: one source has 2 options and another 1; name the same",
    ),
    "law and map": (
        {"map": MAP.replace("M = 1", "M = 0")},
        {"more": ["--law", "{}/law.toml"]},
        "--columns {}/map.toml: parameters.M: must be a whole number from 1 to",
    ),
    "not a result": (
        {"json": '{"result": []}'},
        {"more": ["--box", "{}/box.json"], "sources": ("hand", "keyed")},
        "--box {}/box.json: is not a result of this program; make it with ballotbox-tabulate run",
    ),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_cannot_be_used_is_named_with_the_fix_and_nothing_is_written(desk, what):
    texts, options, problem = UNUSABLE[what]
    desk.write(**texts)
    here = str(desk.folder)
    more = [each.replace("{}", here) for each in options.get("more", [])]
    chosen = {key: value for key, value in options.items() if key != "more"}
    done = desk.run(*more, "--out", str(desk.out), **chosen)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Error: ")
    assert problem.replace("{}", here) in done.stderr
    assert not desk.out.exists()


def test_a_directory_that_cannot_be_made_is_named(desk):
    desk.out.write_text("a file")
    done = desk.run("--out", str(desk.out))
    assert done.exit_code == 2
    assert f"{desk.out}: File exists; check the path" in done.stderr


def test_a_full_disk_is_told_of_no_directory_that_nobody_named(desk, monkeypatch):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ballotbox_tabulation.match_cli.match_tables", full)
    done = desk.run()
    assert done.exit_code == 2
    assert "the temporary files: No space left on device; make room there" in done.stderr
