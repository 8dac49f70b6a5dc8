"""What does a person read, and what lies on the disk, after `ballotbox-tabulate check`?"""

import csv
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.election.law.source import load_law
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core import law_check
from ballotbox_tabulation.core.law_check import LawCheck, StationRow
from ballotbox_tabulation.core.law_document import size_names
from ballotbox_tabulation.law_files import law_names
from tests.protocol.laws import SMALL, bind_all
from tests.tabulation.small_table import HEAD, MAP

GOOD = HEAD + "1,Upper,1,10,9,4,5\n1,Upper,2,10,10,10,0\n2,Lower,3,0,0,0,0\n"
#: Row 3 breaks R2 by 7 and R3 for an option, row 4 has a mark, row 5 breaks R1.
BAD = GOOD + "2,=Lower,4,10,9,12,4\n2,Lower,5,?,9,5,4\n1,Upper,6,8,9,5,4\n"


class Desk:
    """A folder with a law, a map and a table, and the command run on it."""

    def __init__(self, folder):
        self.folder = folder
        self.table = folder / "protocols.csv"
        self.out = folder / "out"
        self.write(law=SMALL, map=MAP, table=GOOD)

    def write(self, **texts):
        names = {"law": "law.toml", "map": "map.toml", "table": "protocols.csv"}
        for what, text in texts.items():
            (self.folder / names[what]).write_text(text, encoding="utf-8")

    def run(self, *more, law="law.toml", columns="map.toml"):
        law = str(self.folder / law) if law.endswith(".toml") else law
        given = [law, str(self.table), "--columns", str(self.folder / columns), *more]
        return CliRunner().invoke(main, ["check", *given])


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_protocols_that_keep_the_law_are_told_so(desk):
    done = desk.run()
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "small: Small"
    assert " ".join(lines[3].split()) == "R1 hard physical confirmed 3 0 0 [11a] <= [1]"
    assert lines[7] == "Sums cannot see an exchange among votes north, votes south."
    held = "HELD: none of 3 protocols breaks the law; 0 break only what does not block"
    assert lines[-1] == f"{held}; 1 are all zero."
    assert not desk.out.exists()


def test_protocols_that_break_the_law_are_told_with_numbers_and_corrections(desk):
    desk.write(table=BAD)
    done = desk.run()
    assert done.exit_code == 1, done.output
    assert done.stdout.splitlines()[-1].startswith(
        "BROKEN: 2 of 6 protocols break the law; 0 break only what does not block"
    )
    assert (
        "  row 4, =Lower, 4: R2 is off by 7\n"
        "    [11a] 9; votes north 12; votes south 4\n"
        "    would mend it: votes north 5 instead of 12; " in done.stdout
    )
    assert "R3 for votes north is off by 3" in done.stdout


def test_what_is_mild_is_told_and_refuses_nothing(desk):
    desk.write(map=MAP.replace("M = 1", "M = 2"), table=HEAD + "1,Upper,1,10,5,7,3\n")
    done = desk.run()
    assert done.exit_code == 0
    assert "R3 for votes north is off by 2" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "HELD: none of 1 protocols breaks the law; 1 break only what does not block."
    )


def test_all_findings_lie_in_the_directory(desk):
    desk.write(table=BAD)
    done = desk.run("--out", str(desk.out))
    assert done.exit_code == 1
    assert sorted(path.name for path in desk.out.iterdir()) == [
        "broken.csv",
        "check.json",
        "index.html",
    ]
    document = json.loads((desk.out / "check.json").read_text(encoding="utf-8"))
    assert (document["stations"], document["refused"], document["flagged"]) == (6, 2, 0)
    assert document["groups"] == {"1": 3, "2": 3}
    first, second, *_ = document["relations"]
    assert (first["held"], first["broken"], first["undecided"]) == (4, 1, 1)
    assert second["groups"] == {
        "1": {"held": 3, "broken": 0, "undecided": 0},
        "2": {"held": 2, "broken": 1, "undecided": 0},
    }
    assert second["off"] == dict(zip(size_names(), [0, 0, 0, 1, 0, 0], strict=True))
    with (desk.out / "broken.csv").open(encoding="utf-8", newline="") as file:
        failures = list(csv.DictReader(file))
    assert [(each["row"], each["relation"], each["off"]) for each in failures] == [
        ("4", "R2", "7"),
        ("4", "R3", "3"),
        ("6", "R1", "1"),
    ]
    assert {each["nature"] for each in failures} == {"arithmetic", "physical"}
    # A spreadsheet would run what begins like a formula.
    assert failures[0]["station"] == "'=Lower, 4"


def test_the_page_shows_the_findings_and_needs_nothing_else(desk):
    hostile = BAD.replace("=Lower", "<script>alert(1)</script>")
    desk.write(table=hostile)
    assert desk.run("--out", str(desk.out)).exit_code == 1
    page = (desk.out / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'src="' not in page
    charts = [f"<svg{part.split('</svg>')[0]}</svg>" for part in page.split("<svg")[1:]]
    assert len(charts) == 4
    titles = [ET.fromstring(chart).find("title").text for chart in charts]
    assert titles[0] == "Protocols that break each relation"
    assert titles[2] == "R2: by how much it is broken"
    assert "An exchange among votes north, votes south" in page


def test_a_second_run_writes_the_same_bytes(desk):
    written = []
    for _ in range(2):
        assert desk.run("--out", str(desk.out)).exit_code == 0
        written.append({path.name: path.read_bytes() for path in desk.out.iterdir()})
    assert written[0] == written[1]


def test_relations_that_are_not_judged_and_lines_that_none_looks_at_are_told(desk):
    desk.write(map='station = ["place"]\n[lines]\n1 = "issued"\n')
    done = desk.run()
    assert done.exit_code == 0
    assert "R1 is not judged: the protocols do not have [11a]" in done.stdout
    assert "No relation looks at [1]." in done.stdout


def test_many_options_are_counted_and_not_all_listed(desk):
    names = [f"o{number}" for number in range(12)]
    cells = ",".join(["1"] * 12)
    columns = ", ".join(f'"{name}"' for name in names)
    desk.write(
        map=f'station = ["n"]\n[lines]\n11a = "f"\n[options]\nvotes = [{columns}]\n',
        table=f"n,f,{','.join(names)}\nU,12,{cells}\n",
    )
    assert "votes o7 and 4 more." in desk.run().stdout


UNUSABLE = {
    "no law": ({"law": "nowhere"}, "", "LAW nowhere: there is no such law; known: bg-parliament,"),
    "no law file": ({"law": "no.toml"}, "", "no.toml: No such file or directory; check the path"),
    "no map": ({"columns": "no.toml"}, "", "--columns "),
    "law slip": ({}, "law", "relation[0].holds: line 1, column 1"),
    "law not text": ({}, "bytes", "is not UTF-8; save it as UTF-8"),
    "map slip": ({}, "map", "map.toml: lines.1: must be text in quotes"),
    "map does not fit": ({}, "bind", "map.toml: parameters.M: must be a whole number from 1 to"),
    "no table": ({}, "gone", "protocols.csv: No such file or directory; check the path"),
    "no rows": ({}, "empty", "has no row below its first line"),
    "cell": ({}, "cell", "row 2, column 'found' (lines.11a): must be a whole number"),
    "groups": ({}, "groups", "group: has more than 200 different values"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_cannot_be_used_is_named_with_the_fix_and_nothing_is_written(desk, what):
    options, damage, problem = UNUSABLE[what]
    match damage:
        case "law":
            desk.write(law=SMALL.replace("[11a] <= [1]", "[5] <= [1]"))
        case "bytes":
            (desk.folder / "law.toml").write_bytes(b"\xff\xfe")
        case "map":
            desk.write(map=MAP.replace('1 = "issued"', "1 = 5"))
        case "bind":
            desk.write(map=MAP.replace("M = 1", "M = 0"))
        case "gone":
            desk.table.unlink()
        case "empty":
            desk.write(table=HEAD)
        case "cell":
            desk.write(table=HEAD + "1,U,1,9,9,4,5\n1,U,2,9,x,4,5\n")
        case "groups":
            desk.write(table=HEAD + "".join(f"{day},U,1,9,9,4,5\n" for day in range(201)))
    desk.out.mkdir()
    (desk.out / "check.json").write_text("an older check")
    done = desk.run("--out", str(desk.out), **options)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in desk.out.iterdir()] == ["check.json"]
    assert (desk.out / "check.json").read_text() == "an older check"


def test_a_directory_that_was_made_for_nothing_is_gone_again(desk):
    desk.write(table=HEAD + "1,U,1,9,x,4,5\n")
    assert desk.run("--out", str(desk.out)).exit_code == 2
    assert not desk.out.exists()


def test_a_directory_that_cannot_be_made_is_named(desk):
    desk.out.write_text("a file")
    done = desk.run("--out", str(desk.out))
    assert done.exit_code == 2
    assert f"{desk.out}: File exists; check the path" in done.stderr


def test_the_laws_are_listed_and_one_is_shown_with_its_sources():
    run = CliRunner().invoke
    listed = run(main, ["laws"]).stdout
    assert all(name in listed for name in law_names())
    shown = run(main, ["laws", "ru-president"]).stdout
    assert "R1: [1] >= [3] + [4] + [5] (hard, physical, confirmed)" in shown
    assert "Source: 19-FZ, annex 4: 1 больше или равно 3 + 4 + 5" in shown
    assert "R2: not found (mild, physical, not_found)" in shown
    assert "Число погашенных избирательных бюллетеней" in shown
    whole = run(main, ["laws", "uk-count", "--toml"]).stdout
    assert load_law(whole).name == "uk-count"


def test_a_law_that_is_not_there_is_refused_with_the_names_of_those_that_are():
    done = CliRunner().invoke(main, ["laws", "x"])
    assert done.exit_code == 2
    assert "known: bg-parliament" in done.stderr
    done = CliRunner().invoke(main, ["laws", "--toml"])
    assert done.exit_code == 2
    assert "ballotbox-tabulate laws LAW --toml" in done.stderr


def test_a_law_of_ones_own_is_shown_with_its_parameter(desk):
    done = CliRunner().invoke(main, ["laws", str(desk.folder / "law.toml")])
    assert "M" in done.stdout
    assert "Found" in done.stdout


def test_the_largest_failures_of_each_relation_are_kept_in_order():
    check = LawCheck(bind_all(load_law(SMALL)))
    for number, off in enumerate([1, 5, 3, 200, 2, 6, 7, 8, 9, 10, 11, 5, 1], 1):
        check.add(StationRow(number, f"s{number}", "", [0, off, off, 0, 0], marked=False))
    kept = check.relations[0].largest
    assert [found.row for found in kept] == [4, 11, 10, 9, 8, 7, 6, 2, 12, 3]
    assert check.relations[0].sizes == [2, 1, 3, 5, 1, 1]
    assert check.refused == 13


def test_a_protocol_with_a_mark_is_judged_by_what_can_be_read():
    check = LawCheck(bind_all(load_law(SMALL)))
    (found,) = check.add(StationRow(1, "s", "", [Mark.NO_DATA, 5, 5, 1, 0], marked=True))
    assert found.failure.relation.name == "R2"
    assert [(each.broken, each.undecided) for each in check.relations] == [
        (0, 1),
        (1, 0),
        (0, 0),
        (0, 0),
    ]
    assert (check.refused, check.empty) == (1, 0)


def test_a_column_of_stations_is_no_group(monkeypatch):
    monkeypatch.setattr(law_check, "GROUPS_MAX", 1)
    check = LawCheck(bind_all(load_law(SMALL)))
    check.add(StationRow(1, "s", "a", [0] * 5, marked=False))
    with pytest.raises(InvalidField, match="take a column with fewer"):
        check.add(StationRow(2, "s", "b", [0] * 5, marked=False))


@pytest.mark.accept
def test_the_protocols_of_a_nation_are_judged(repository, shared, tmp_path):
    """All 96,325 stations of 2021, the whole command; its cost is `law.nation` in `make bench`."""
    table = shared / "data" / "ru_uik_2021.csv.gz"
    if not table.exists():
        pytest.skip("ru_uik_2021.csv.gz is not among the shared data")
    script = Path(sys.executable).with_name("ballotbox-tabulate")
    columns = repository / "docs/examples/columns/ru-2021.toml"
    command = [script, "check", "ru-state-duma", table, "--columns", columns, "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    broken = {each["name"]: each["broken"] for each in document["relations"]}
    assert document["stations"] == 96_325
    assert broken == {**dict.fromkeys(("R1", "R2", "R3", "R4", "M4", "≥0"), 0)} | {
        "M1": 7,
        "M2": 13,
        "M3": 12,
    }
