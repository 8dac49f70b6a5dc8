"""Which counts by hand of a published result can be compared, and what is said of the others?"""

import copy
import json

import pytest
from click.testing import CliRunner

from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core.listed_counts import counted_by_hand
from ballotbox_tabulation.core.publication import FORMAT, publish
from tests.house_law import DIGEST, LAW, TEXT

#: Of another file of a law of that name.
OTHER = "cd" * 32
SEAT = {"name": "Seat", "kind": "choose_one", "votes_allowed": 1, "options": ["A", "B"]}
MAYOR = SEAT | {"name": "Mayor"}
IN_ORDER = {"verdict": "accepted", "reason_code": int(Reason.IN_ORDER), "in_force": True}
REFUSED = {"verdict": "quarantined", "reason_code": int(Reason.CORRECTS), "in_force": False}


def count(**changes):
    return IN_ORDER | {
        "id": "ab" * 32,
        "contest": 0,
        "law": "house",
        "law_digest": DIGEST.hex(),
        "version": 1,
        "leaves": [3],
        "lines": {"1": 10, "1a": 0},
        "options": {"votes": [6, 4]},
    } | changes  # fmt: skip


def precinct(number, *counts, votes=(6, 4)):
    tally = {"ballots": 10, "blank": 0, "undervotes": 0, "overvotes": 0, "votes": list(votes)}
    return {
        "number": number,
        "name": f"Station {number}",
        "registered": 20,
        "counters": None,
        "boxes_counted": 1,
        "boxes_expected": 1,
        "contests": [tally, tally] if votes else None,
        "counted_by_hand": list(counts),
    }


def result(*precincts):
    return {
        "format": FORMAT,
        "election": {"digest": "00"},
        "contests": [SEAT, MAYOR],
        "precincts": list(precincts),
        "boxes": {},
    }


def rows(listed):
    return {row.station: row.values for row in listed.rows}


def why(listed):
    return {each.station: each.why for each in listed.aside}


def test_the_version_in_force_is_taken_and_the_law_orders_its_lines():
    odd = {"M": 1, "11": 7, "2": 3}
    stations = [
        precinct(1, count(in_force=False), count(version=2, options={"votes": [5, 5]})),
        precinct(2),
    ]
    listed = counted_by_hand(result(*stations), 0, LAW, DIGEST.hex())
    assert [str(each) for each in listed.columns] == ["[1]", "[1a]", "votes A", "votes B"]
    assert rows(listed) == {"1": [10, 0, 5, 5]}
    assert listed.aside == ()
    unknown = counted_by_hand(result(precinct(1, count(lines=odd))), 0, None)
    assert unknown.lines == ("2", "11", "M")


def test_words_are_values_and_a_group_that_was_not_counted_has_no_data():
    both = {"machine": [1, 1], "votes": [6, "illegible"]}
    stations = [precinct(1, count(options=both)), precinct(2, count())]
    listed = counted_by_hand(result(*stations), 0, None)
    assert rows(listed) == {
        "1": [10, 0, 1, 1, 6, Mark.ILLEGIBLE],
        "2": [10, 0, Mark.NO_DATA, Mark.NO_DATA, 6, 4],
    }
    assert [row.marked for row in listed.rows] == [True, True]


def test_what_has_no_version_in_force_is_named_with_its_reasons():
    rival = {"verdict": "evidence", "reason_code": int(Reason.SAME_SEQUENCE), "in_force": False}
    stations = [
        precinct(1, count()),
        precinct(2, count(**rival), count(**rival), count(**REFUSED)),
        precinct(3, count(contest=1)),
    ]
    listed = counted_by_hand(result(*stations), 0, None)
    assert why(listed) == {
        "2": "evidence: another version stands in the same place; quarantined: its number is not "
        "the next after that of the version it corrects"
    }
    assert [each.row for each in listed.aside] == [2]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"law": "tent"}, "counted by the law tent"),
        (
            {"law_digest": OTHER},
            f"counted by another file of the law house, {OTHER}, than {DIGEST.hex()}",
        ),
        ({"lines": {"1": 10}}, "its lines or options are not those of its law"),
        ({"options": {"votes": [6, 4, 0]}}, "its lines or options are not those of its law"),
        ({"options": {"machine": [6, 4]}}, "its lines or options are not those of its law"),
    ],
)
def test_a_count_that_is_not_on_this_sheet_is_set_aside(changes, told):
    stations = result(precinct(1, count()), precinct(2, count(**changes)))
    listed = counted_by_hand(stations, 0, LAW, DIGEST.hex())
    assert rows(listed) == {"1": [10, 0, 6, 4]}
    assert why(listed) == {"2": told}


class Desk:
    """A folder with results, and the commands run on them."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "house.toml").write_text(TEXT)

    def write(self, name, document):
        (self.folder / name).write_bytes(publish(document)[1])

    def run(self, *words, command="match"):
        given = [each.replace("@", f"{self.folder}/") for each in words]
        return CliRunner().invoke(main, [command, *given])

    def both(self, document, *words):
        self.write("r.json", document)
        return self.run("--box", "@r.json", "--hand", "@r.json", *words)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_boxes_and_counts_of_one_result_need_no_map(desk):
    silent = precinct(2, count(), votes=())
    done = desk.both(result(precinct(1, count()), silent), "--law", "@house.toml")
    assert done.exit_code == 1, done.output
    assert "box and hand both have 1 stations: 1 alike, 0 not." in done.stdout
    assert "Silent boxes, 1 with 10 votes elsewhere: 2.\n" in done.stdout
    done = desk.both(result(precinct(1, count())))
    assert done.exit_code == 0
    assert done.stdout.endswith("ALIKE: all 1 stations have the same numbers in every source.\n")


def test_the_contest_is_named_where_several_were_counted(desk):
    stations = result(
        precinct(1, count(), count(contest=1, options={"votes": [4, 6]}), count(contest=63))
    )
    told = desk.both(stations).stderr
    assert told == "Error: --contest: is needed; give number or name: 0 Seat; 1 Mayor\n"
    assert desk.both(stations, "--contest", "Seat").exit_code == 0
    done = desk.both(stations, "--contest", "1")
    assert "votes A and votes B are exchanged" in done.stdout
    told = desk.both(stations, "--contest", "2").stderr
    assert told.startswith("Error: --contest: '2' was not counted by hand; give number")


def test_a_keyed_copy_keeps_its_map_beside_them(desk):
    (desk.folder / "keyed.csv").write_text("n,one,a,b\n1,10,6,4\n")
    (desk.folder / "map.toml").write_text(
        'station = ["n"]\nlines = {1 = "one"}\noptions = {votes = ["a", "b"]}\n'
    )
    keyed = ("--keyed", "@keyed.csv", "--columns", "@map.toml")
    done = desk.both(result(precinct(1, count())), *keyed)
    assert done.exit_code == 0, done.output
    assert "keyed   keyed.csv     1" in done.stdout


def test_boxes_may_have_a_map_of_their_own(desk):
    groups = {"machine": [1, 1], "votes": [6, 4]}
    stations = result(precinct(1, count(options=groups)))
    told = desk.both(stations).stderr
    assert "which of the groups counted by hand is the boxes'? There is: machine, votes" in told
    assert told.endswith("; name a map: --box-columns\n")
    (desk.folder / "map.toml").write_text(
        'station = ["precinct"]\nlines = {1 = "c1.ballots"}\n'
        'options = {votes = ["c1.1", "c1.2"]}\nmarks = {no_data = [""]}\n'
    )
    done = desk.both(stations, "--box-columns", "@map.toml")
    assert done.exit_code == 0, done.output


def test_counts_alone_are_explained_without_a_map(desk):
    desk.write("r.json", result(precinct(1, count(), count(contest=63, **REFUSED))))
    told = desk.run("1", "--hand", "@r.json", command="explain").stdout
    assert "  counted by hand, Seat: version 1: accepted, in order; in force (leaf 3, abab" in told
    assert "  counted by hand, contest 63: version 1: quarantined, its number is not" in told
    told = desk.run("1", "--hand", "@r.json", "--contest", "0", command="explain").stdout
    assert ["[1a]", "0"] in [line.split() for line in told.splitlines()]
    assert "counted by hand, Seat" in told
    torn = count()
    del torn["leaves"]
    desk.write("r.json", result(precinct(1, torn)))
    for words in (("--hand", "@r.json"), ("--box", "@r.json", "--hand", "@r.json")):
        done = desk.run("1", *words, command="explain")
        assert done.exit_code == 2
        assert "r.json: is not a result of this program" in done.stderr


def changed(**edits):
    document = copy.deepcopy(result(precinct(1, count())))
    document["precincts"][0] |= edits
    return document


UNFORMED = [
    changed(counted_by_hand=[count(lines=7)]),
    changed(counted_by_hand=[count(lines={"1": 10, "1a": 2**31})]),
    changed(counted_by_hand=[count(lines={"1": 10, "1a": True})]),
    changed(counted_by_hand=[count(lines={"1": 10, "1a": "lost"})]),
    changed(counted_by_hand=[count(options=[])]),
    changed(counted_by_hand=["x"]),
    changed(counted_by_hand=[{}]),
    changed(counted_by_hand=[count(**REFUSED | {"reason_code": 999})]),
    changed(contests=[{"votes": [1]}, {}]),
    changed(contests=[]),
    result(precinct(1, count())) | {"contests": 3},
    result(precinct(1, count())) | {"format": "other"},
]


@pytest.mark.parametrize("document", UNFORMED)
def test_what_is_formed_otherwise_is_refused(desk, document):
    done = desk.both(document)
    assert done.exit_code == 2, done.output
    assert "r.json: is not a result of this program; make it with ballotbox-tabulate run" in (
        done.stderr
    )


def test_a_law_of_the_same_name_in_another_file_is_another_law(desk):
    strange = result(precinct(1, count(law_digest=OTHER)))
    done = desk.both(strange, "--law", "@house.toml")
    assert done.exit_code == 2
    assert done.stderr == (
        "Error: --hand: no count of this contest can be compared: 1 (counted by another file of "
        f"the law house, {OTHER}, than {DIGEST.hex()})\n"
    )
    assert desk.both(strange).exit_code == 0
    done = desk.both(result(precinct(1, count()), precinct(2, count(law_digest=OTHER))))
    assert done.exit_code == 2
    assert done.stderr == (
        f"Error: --law: the counts are by several files of house, {DIGEST.hex()}, {OTHER}; "
        "give one of them\n"
    )


def test_what_cannot_be_compared_is_said_with_the_way_out(desk):
    def told(document, *words):
        done = desk.both(document, *words)
        assert done.exit_code == 2, done.output
        return done.stderr

    none = told(result(precinct(1)))
    assert none == (
        "Error: --hand: lists no count by hand; `ballotbox-gateway hand-count` enters them\n"
    )
    refused = told(result(precinct(1, count(**REFUSED))))
    assert "no count of this contest can be compared: 1 (quarantined: its number" in refused
    two = result(precinct(1, count()), precinct(2, count(law="tent")))
    assert "--law: the counts are by house, tent; name one of them" in told(two)
    assert desk.both(two, "--law", "@house.toml").exit_code == 1
    own = told(two, "--hand-columns", "map.toml")
    assert "a result names its own lines and options; leave it out" in own
    no_options = told(result(precinct(1, count(options={}))))
    assert "is the boxes'? There is: none; name a map: --box-columns" in no_options
    other = result(precinct(1, count())) | {"election": {"digest": "01"}}
    desk.write("other.json", other)
    done = desk.run("--box", "@other.json", "--hand", "@r.json")
    assert "other.json: is the result of another election than --hand" in done.stderr
    done = desk.run("--box", "@r.json", "--keyed", "@r.json", "--contest", "1")
    assert done.stderr == (
        "Error: --contest 1: is for counts by hand that a result lists: --hand RESULT\n"
    )


def test_a_result_that_was_changed_is_refused(desk):
    desk.write("r.json", result(precinct(1, count())))
    document = json.loads((desk.folder / "r.json").read_bytes())
    document["result"]["precincts"][0]["counted_by_hand"][0]["lines"]["1"] = 11
    (desk.folder / "r.json").write_text(json.dumps(document))
    done = desk.run("--box", "@r.json", "--hand", "@r.json")
    assert done.exit_code == 2
    assert "its digest is not that of its content: it was changed; take it anew" in done.stderr
