"""Does a person read what of a box's memory is damaged, cut or missing, and is one copy enough?"""

import pytest

from tests.device.host.box_process import assert_stopped, make_place, run_command, run_with, sheets


def damage(path):
    """Change one bit of a file and return what it held."""
    whole = path.read_bytes()
    path.write_bytes(whole[:60] + bytes((whole[60] ^ 1,)) + whole[61:])
    return whole


def test_a_journal_that_is_damaged_in_both_copies_stops_the_box_with_words(tmp_path):
    place = make_place(tmp_path / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero")
    journals = [place.state / "journal", place.state / "second" / "journal"]
    whole = [damage(each) for each in journals]
    assert whole[0] == whole[1]
    damaged = [each.read_bytes() for each in journals]
    told = "the journal is damaged at byte 0"
    for done in (run_with(place), run_command("status", "--state", place.state)):
        assert_stopped(done, told, "Before any repair copy the state directory", lines=2)
    assert run_with(place).stderr.startswith(f"ballotbox-device: The box stopped: {told}")
    assert [each.read_bytes() for each in journals] == damaged


@pytest.mark.parametrize("copy", ["journal", "second/journal"])
def test_one_damaged_copy_is_read_around_and_mended_by_the_box(tmp_path, copy):
    place = make_place(tmp_path / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero")
    whole = damage(place.state / copy)
    assert place.status()["copies"] == {"all": 2, "alike": False}
    in_words = run_command("status", "--state", place.state).stdout
    assert (
        "Copies    2, not alike: written to just now, or one is mended at the next boot" in in_words
    )
    written = run_command("reports", "--state", place.state, "--out", tmp_path / "out")
    assert (written.returncode, len(written.stdout.splitlines())) == (0, 2)
    assert (place.state / copy).read_bytes() != whole
    with place.run("--serial", "no-such-port") as box:
        said = box.until_ready()
    told = [line["incident"] for line in said if "incident" in line]
    assert told == [{"code": "memory_repaired", "detail": 11}]
    assert (place.state / copy).read_bytes().startswith(whole)
    assert place.status()["copies"] == {"all": 2, "alike": True}


def test_the_second_copy_lies_where_init_was_told(tmp_path):
    place = make_place(tmp_path / "place", second=tmp_path / "card" / "box")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero", "open")
        box.feed(**next(sheets()))
    for name in ("journal", "slots"):
        held = (tmp_path / "card" / "box" / name).read_bytes()
        assert held == (place.state / name).read_bytes()
        assert any(held)
    assert place.status()["copies"] == {"all": 2, "alike": True}
    (place.state / "second").unlink()
    assert place.status()["copies"] == {"all": 1, "alike": True}
    assert (
        "Copies    1: this box has no second copy"
        in run_command("status", "--state", place.state).stdout
    )


def test_a_second_copy_is_never_written_over_another(tmp_path):
    held = tmp_path / "card" / "journal"
    held.parent.mkdir()
    held.write_bytes(b"precious")
    done = run_command("init", "--state", tmp_path / "box", "--second", held.parent)
    assert_stopped(done, f"{held.parent}: is not empty", "Give --second a new directory")
    assert held.read_bytes() == b"precious"
    assert not (tmp_path / "box").exists()


@pytest.mark.parametrize("part", ["journal", "slots", "second/journal", "second/slots", "keys"])
@pytest.mark.parametrize("command", ["status", "run"])
def test_a_missing_part_of_the_memory_is_named_and_nothing_is_promised(tmp_path, command, part):
    place = make_place(tmp_path / "place")
    missing = (place.state / part).rename(tmp_path / "elsewhere")
    more = place.options("--serial", "x") if command == "run" else ["--state", place.state]
    done = run_command(command, *more)
    assert_stopped(done, f"{place.state / part}: is missing", "look for the rest of it", lines=2)
    assert missing.exists()


def test_a_person_reads_which_slots_are_gone_and_what_to_do(tmp_path):
    place = make_place(tmp_path / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
    files = [place.state / "slots", place.state / "second" / "slots"]
    for file in files:
        file.write_bytes(b"")
    done = run_command("run", *place.options("--serial", "no-such-port"))
    assert done.returncode == 1
    stopped, look = done.stderr.splitlines()
    assert stopped.endswith(
        "The box stopped: the slots are cut short in every copy: 0 of 66 are there, and what the "
        "others held is lost. Use this box no more and count its paper by hand."
    )
    assert look.startswith("Before any repair copy the state directory.")
    assert [file.read_bytes() for file in files] == [b"", b""]
