"""Does `ballotbox-tabulate explain` tell everything that is known about one station?"""

import json

import pytest
from click.testing import CliRunner

from ballotbox_tabulation import explain_cli
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core.publication import publish as publish_document
from tests.protocol.laws import SMALL
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import authority_of
from tests.tabulation.small_table import HEAD, MAP
from tests.tabulation.test_publication import mixed_log

SOUND = HEAD + "1,Upper,1,10,9,4,5\n1,Upper,2,10,10,8,2\n2,Lower,3,7,6,6,0\n"
BOX = HEAD + "1,Upper,1,10,9,5,4\n1,Upper,2,?,10,7,2\n2,Lower,3,,,,\n"
#: A hand count of the precincts of the result of `mixed_log`.
COUNTED = "precinct,B,U,O,a,b,c,d,e\n1,23,0,0,6,5,4,4,4\n2,19,0,0,5,5,3,3,3\n"
COUNTED_MAP = """
station = ["precinct"]
[lines]
B = "B"
U = "U"
O = "O"
[options]
votes = ["a", "b", "c", "d", "e"]
"""


class Desk:
    """A folder with tables, a map and a law, and the command run on them."""

    def __init__(self, folder):
        self.folder = folder
        for name, text in (("law.toml", SMALL), ("map.toml", MAP), ("box.csv", BOX)):
            self.write(name, text)
        self.write("hand.csv", SOUND)
        self.write("keyed.csv", SOUND)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text, encoding="utf-8")

    def run(self, station, *options, law="law.toml"):
        given = [each.replace("@", f"{self.folder}/") for each in options]
        if law:
            given += ["--law", law.replace("law.toml", str(self.folder / "law.toml"))]
        return CliRunner().invoke(main, ["explain", station, *given])

    def three(self, station, **options):
        tables = ("--box", "@box.csv", "--hand", "@hand.csv", "--keyed", "@keyed.csv")
        return self.run(station, *tables, "--columns", "@map.toml", **options)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def result():
    return concluded(mixed_log(authority_of(boxes=5, boxes_per_precinct=2))).file


def words(done):
    """Return the lines of a screen with single spaces."""
    assert done.exit_code == 0, done.output
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_values_stand_side_by_side_under_their_legal_names(desk):
    lines = words(desk.three("Upper, 1"))
    assert lines[0] == "Station Upper, 1: the sources contradict each other"
    assert lines[1:4] == ["box: box.csv, row 1", "hand: hand.csv, row 1", "keyed: keyed.csv, row 1"]
    assert "line legal name box hand keyed" in lines
    assert "[11a] Найдено 9 9 9" in lines
    assert "votes north 5 4 4 apart by 1; box stands alone" in lines
    swap = "box against hand and keyed: votes north and votes south are exchanged."
    assert f"Probable swap, which no sum can see: {swap}" in lines
    assert "box: keeps R1, R2, R3, ≥0" in lines
    assert len(lines) < 40


def test_a_broken_relation_is_told_with_what_would_mend_it_and_who_has_that_number(desk):
    lines = words(desk.three("Upper, 2"))
    assert "box: breaks R2; keeps R3, ≥0; cannot say, for a mark stands there, of R1" in lines
    at = lines.index("R2 (arithmetic, hard): sum(votes) = M * [11a]: 9 is 1 less than 10")
    assert lines[at + 1] == "[11a] 10; votes north 7; votes south 2"
    assert lines[at + 2 : at + 4] == [
        f"what {source} has would mend it: votes north 8 instead of 7"
        for source in ("hand", "keyed")
    ]
    assert lines[at + 4].startswith("would mend it: [11a] 9 instead of 10; votes north 8 instead")
    assert "[1] Issued illegible 10 10 a mark against a number; box stands alone" in lines


def test_a_number_that_mends_nothing_is_not_offered(desk):
    desk.write("hand.csv", SOUND.replace("10,10,8,2", "10,10,6,2"))
    told = desk.run(
        "Upper, 2", "--box", "@box.csv", "--hand", "@hand.csv", "--columns", "@map.toml"
    )
    lines = words(told)
    assert [line for line in lines if line.startswith("what ")] == []
    assert "hand: breaks R2; keeps R1, R3, ≥0" in lines


def test_the_place_in_the_order_of_recounts_is_told_with_what_is_at_stake(desk):
    lines = words(desk.three("Upper, 1"))
    assert "Place in the order of recounts: 1 of 3." in lines
    assert "2 votes apart, 18.1818 % of the margin of 11 that votes north over votes south has" in (
        lines
    )
    silent = words(
        desk.run("Lower, 3", "--box", "@box.csv", "--hand", "@hand.csv", "--columns", "@map.toml")
    )
    assert "Place in the order of recounts: 3 of 3." in silent
    assert "6 votes stand in one source alone, at most 109.0909 % of a margin" in silent
    assert silent[1] == "box: box.csv, row 3 has no data: not zero"


def test_a_station_that_agrees_has_nothing_to_settle(desk):
    lines = words(
        desk.run(
            "Upper, 1",
            "--hand",
            "@hand.csv",
            "--keyed",
            "@keyed.csv",
            "--columns",
            "@map.toml",
            law=None,
        )
    )
    assert lines[0] == "Station Upper, 1: all sources have the same numbers"
    assert lines[-1] == "A recount would settle nothing here: every number has a second source."
    assert not any("keeps" in line for line in lines)


def test_lines_apart_that_no_margin_depends_on_are_told(desk):
    desk.write("keyed.csv", SOUND.replace("Upper,1,10", "Upper,1,12"))
    lines = words(
        desk.run(
            "Upper, 1", "--hand", "@hand.csv", "--keyed", "@keyed.csv", "--columns", "@map.toml"
        )
    )
    assert lines[-1] == "0 votes and 2 in lines apart; no margin depends on it"


def test_missing_and_doubled_rows_are_told(desk):
    desk.write("hand.csv", SOUND.replace("Upper,1", "Upper,9"))
    desk.write("keyed.csv", SOUND + "1,Upper,1,1,1,1,0\n")
    lines = words(desk.three("Upper, 1"))
    assert lines[2:4] == [
        "hand: hand.csv, has no row of it",
        "keyed: keyed.csv, has it twice, in rows 1, 4: not compared",
    ]


def test_one_table_alone_is_explained_by_its_law(desk):
    lines = words(desk.run("Upper, 2", "--box", "@box.csv", "--columns", "@map.toml"))
    assert "votes north 7" in lines
    assert "box: breaks R2; keeps R3, ≥0; cannot say, for a mark stands there, of R1" in lines
    assert not any("recount" in line for line in lines)


def test_of_many_options_those_that_agree_are_counted(desk, monkeypatch):
    monkeypatch.setattr(explain_cli, "_NUMBERS_SHOWN", 3)
    desk.write("keyed.csv", SOUND.replace("9,4,5", "9,4,6"))
    lines = words(
        desk.run(
            "Upper, 1", "--hand", "@hand.csv", "--keyed", "@keyed.csv", "--columns", "@map.toml"
        )
    )
    assert "and 1 more options, alike in every source that has them" in lines
    assert "votes south 5 6 apart by 1" in lines
    assert not any(line.startswith("votes north") for line in lines)


def test_a_long_legal_name_is_cut(desk):
    desk.write("law.toml", SMALL.replace("Найдено", "н" * 80))
    assert f"[11a] {'н' * 47}… 9 9 9" in words(desk.three("Upper, 1"))


def test_a_precinct_of_a_result_is_told_with_its_boxes_and_reports(desk, result):
    desk.write("results/result.json", result)
    lines = words(desk.run("1", "--box", "@results", law=None))
    assert lines[0] == "Precinct 1, Precinct 1: 2 of 2 boxes count"
    assert lines[1].startswith("Parliament, national list: 23 ballots: ")
    told = [line for line in lines if line.startswith(("box", "final", "correction"))]
    assert [line.split(" (leaf")[0] for line in told] == [
        "box 00000000000000000000000000000001: counted",
        "final 4: accepted, in order; counted",
        "box 00000000000000000000000000000002: counted",
        "final 4: accepted, in order; replaced",
        "correction 5: accepted, in order; counted",
    ]
    refused = words(desk.run("Precinct 2", "--box", "@results/result.json", law=None))
    told = [line.split(" (leaf")[0] for line in refused]
    assert told == [
        "Precinct 2, Precinct 2: 0 of 2 boxes count",
        "box 00000000000000000000000000000003: held, waiting for its report 3",
        "final 3: held, a report before it is missing; held",
        "box 00000000000000000000000000000004: quarantined",
        "final 3: quarantined, its firmware is not on the box's list; quarantined",
    ]


def test_a_result_is_a_box_table_beside_a_hand_count(desk, result, repository):
    desk.write("results/result.json", result)
    desk.write("hand.csv", COUNTED)
    desk.write("counted.toml", COUNTED_MAP)
    columns = str(repository / "docs/examples/columns/ballotbox-result.toml")
    tables = ("--box", "@results", "--hand", "@hand.csv", "--box-columns", columns)
    options = (*tables, "--hand-columns", "@counted.toml")
    first = words(desk.run("1", *options, law="cvr-contest"))
    assert first[0] == "Station 1: all sources have the same numbers"
    assert "votes c1.1/a 6 6" in first
    assert "box: keeps D1, D7, ≥0" in first
    assert first[-1].startswith("correction 5: accepted, in order; counted (leaf 10")
    second = words(desk.run("2", *options, law="cvr-contest"))
    assert second[1] == "box: results, row 2 has no data: not zero"
    assert any(line.startswith("final 3: held") for line in second)
    desk.write("hand.csv", COUNTED + "77,1,0,0,1,0,0,0,0\n")
    assert not any("boxes count" in line for line in words(desk.run("77", *options, law=None)))
    given = [each.replace("@", f"{desk.folder}/") for each in options]
    matched = CliRunner().invoke(main, ["match", *given])
    assert matched.exit_code == 1
    assert "Silent boxes, 2 with 20 votes elsewhere: 2, 77.\n" in matched.stdout


def test_a_result_that_was_changed_is_refused(desk, result):
    changed = json.loads(result)
    changed["result"]["precincts"][0]["contests"][0]["votes"][0] += 1
    desk.write("result.json", json.dumps(changed))
    done = desk.run("1", "--box", "@result.json", law=None)
    assert done.exit_code == 2
    assert "its digest is not that of its content: it was changed; take it anew" in done.stderr


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"result": 1}', '{"result": {"format": "x"}, "digest": "y"}', "[" * 100_000],
)
def test_what_is_no_result_is_refused_with_the_way_to_one(desk, text):
    desk.write("result.json", text)
    done = desk.run("1", "--box", "@result.json", law=None)
    assert done.exit_code == 2
    assert "is not a result of this program; make it with ballotbox-tabulate run" in done.stderr


def test_a_result_of_another_form_with_the_right_digest_is_refused(desk, result):
    body = json.loads(result)["result"]
    del body["precincts"][0]["contests"][0]["votes"]
    desk.write("result.json", publish_document(body)[1])
    done = desk.run("1", "--box", "@result.json", law=None)
    assert done.exit_code == 2
    assert "is not a result of this program" in done.stderr


@pytest.mark.parametrize(
    ("station", "problem"),
    [
        ("upper", "did you mean 'Upper, 1', 'Upper, 2'?"),
        ("Loower, 3", "did you mean 'Lower, 3'?"),
        ("zzz", "one is 'Upper, 1'"),
    ],
)
def test_a_station_that_is_not_there_is_refused_with_those_that_are_like_it(desk, station, problem):
    done = desk.three(station)
    assert done.exit_code == 2
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_table_or_a_precinct_the_way_out_is_named(desk, result):
    done = desk.run("1", law=None)
    assert done.exit_code == 2
    assert "name at least one of --box, --hand and --keyed" in done.stderr
    desk.write("results/result.json", result)
    done = desk.run("9", "--box", "@results", law=None)
    assert done.exit_code == 2
    assert "is no precinct of the result; it has 1 (Precinct 1), 2 (Precinct 2)" in done.stderr
