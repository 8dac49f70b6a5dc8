"""Does `ballotbox-tabulate diff` tell what changed between two results, and nothing else?"""

import pytest
from click.testing import CliRunner

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core.publication import publish
from ballotbox_tabulation.core.result_changes import NAMED_MAX, changes
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, authority_of, simple_ballots
from tests.tabulation.site_material import decided, result_of_the_day

LIST = "Parliament, national list"


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=30)


def after(authority, *boxes):
    log = LogBuilder(authority)
    for number in boxes:
        log.day(log.pen(number), simple_ballots(10))
    return concluded(log).result


def test_the_same_result_has_no_change():
    assert changes(result_of_the_day(), result_of_the_day()) == []


def test_one_more_box_is_told_with_all_that_follows(authority):
    lines = changes(after(authority, 0), after(authority, 0, 1))
    assert "Leaves: 5 -> 10 (+5)" in lines
    assert "Boxes counted: 1 -> 2 (+1)" in lines
    assert "Ballots: 10 -> 20 (+10)" in lines
    assert f"{LIST}: Mountain Party: 2 -> 4 (+2)" in lines
    box = authority.boxes[1].hex()
    assert f"Box {box} of precinct 2: missing -> counted" in lines
    assert "Precinct 2: other numbers, none -> 10 ballots" in lines
    assert not [line for line in lines if line.startswith(("Root", "Status", "Program", "Rules"))]


def test_from_nothing_each_number_was_none(authority):
    lines = changes(after(authority), after(authority, 0))
    assert "Ballots: none -> 10" in lines
    assert f"{LIST}: Mountain Party: none -> 2" in lines
    assert f"{LIST}: Mountain Party: 2 -> none" in changes(after(authority, 0), after(authority))


def test_many_boxes_are_named_in_part_and_counted(authority):
    lines = changes(after(authority), after(authority, *range(30)))
    assert sum(line.startswith("Box ") for line in lines) == NAMED_MAX
    assert f"and {30 - NAMED_MAX} more boxes" in lines
    assert f"and {30 - NAMED_MAX} more precincts" in lines
    assert "Status: preliminary -> complete" in lines


def test_a_box_of_the_register_that_left_it_is_told():
    one, other = result_of_the_day(), result_of_the_day()
    (gone,) = other["boxes"]["held"]
    other["boxes"]["held"] = []
    other["precincts"] = other["precincts"][1:]
    assert changes(one, other) == [f"Box {gone['box']} of precinct 4: in A alone"]
    assert changes(other, one) == [f"Box {gone['box']} of precinct 4: none -> held"]


def test_another_log_of_the_same_length_is_told_by_its_root():
    one, other = result_of_the_day(), result_of_the_day()
    other["log"]["root"] = "00" * 32
    assert changes(one, other) == [f"Root of the log: {one['log']['root']} -> {'00' * 32}"]


def test_decisions_are_compared_seat_by_seat():
    one, other = decided(result_of_the_day()), decided(result_of_the_day(), "certified")
    other["decisions"][0]["options"][0]["seats"] = 29
    other["decisions"][1]["options"][1]["elected"] = True
    other["decisions"][1]["accepted"] = True
    other["rules"] = other["rules"] | {"digest": "cd" * 32}
    seat = "Parliament, district seat"
    assert changes(one, other) == [
        "Status: preliminary -> certified",
        f"Digest of the rules: {'ab' * 32} -> {'cd' * 32}",
        f"{LIST}: seats of Mountain Party: 30 -> 29 (-1)",
        f"{seat}: elected of B. Bakirov: no -> yes",
        f"{seat}: accepted: none -> yes",
    ]
    bare = result_of_the_day()
    assert f"{LIST}: seats of Mountain Party: none -> 30" in changes(bare, one)
    assert "Rules: mixed -> none" in changes(one, bare)
    # A district seat has no seats to give and a list elects nobody: neither is told as open.
    assert not [line for line in changes(bare, one) if "open" in line]
    assert f"{LIST}: decided in A alone" in changes(one, bare)


def test_a_change_beside_the_numbers_is_told_as_one():
    one, other = result_of_the_day(), result_of_the_day()
    other["precincts"][0].pop("counted_by_hand")
    (line,) = changes(one, other)
    assert line.startswith("Only what stands beside the numbers differs")


@pytest.mark.parametrize("field", ["mode", "digest"])
def test_two_elections_are_never_compared(field):
    other = result_of_the_day()
    other["election"][field] = "official" if field == "mode" else "00" * 32
    with pytest.raises(InvalidField, match=rf"election\.{field}: is .* never compared"):
        changes(result_of_the_day(), other)


# ---- the command


def stored(folder, result):
    folder.mkdir()
    (folder / "result.json").write_bytes(publish(result)[1])
    return str(folder)


def diff(*arguments):
    return CliRunner().invoke(main, ["diff", *arguments])


def test_the_command_says_by_its_exit_code_whether_anything_differs(tmp_path):
    a = stored(tmp_path / "a", result_of_the_day())
    b = stored(tmp_path / "b", decided(result_of_the_day(), "complete"))
    same = diff(a, f"{a}/result.json")
    assert (same.exit_code, same.stdout) == (0, "Nothing differs.\n")
    other = diff(a, b)
    assert other.exit_code == 1
    assert other.stdout.startswith("Status: preliminary -> complete\nRules: none -> mixed\n")


def test_what_cannot_be_compared_is_named(tmp_path):
    a = stored(tmp_path / "a", result_of_the_day())
    other = result_of_the_day()
    other["election"]["mode"] = "official"
    b = stored(tmp_path / "b", other)
    done = diff(a, b)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: election.mode: is official in B and rehearsal in A")
    (tmp_path / "b/result.json").write_text('{"digest": "", "result": {"format": 1}}')
    done = diff(a, b)
    assert done.exit_code == 2
    assert "make it with ballotbox-tabulate run" in done.stderr
    assert "b: No such file" in diff(a, str(tmp_path / "nowhere-b")).stderr
