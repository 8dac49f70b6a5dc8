"""Is a box made once, whole or not at all, and is it one process at a time?"""

import os
import stat
from dataclasses import replace

import pytest

from ballotbox_device.host import keys, state
from ballotbox_device.host.keys import choose_key, load_key, new_key, store_key, stored_keys
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.state import create_state, empty_copy, open_state, sole_use
from ballotbox_protocol.election.identifiers import BoxId, PrecinctId
from ballotbox_protocol.election.register import BoxEntry, ClosedAs, Closure
from tests.device.host.box_on_a_road import authority

BOX = BoxId(bytes(15) + b"\x01")


def test_a_box_is_found_again(tmp_path):
    key = new_key()
    made = create_state(tmp_path / "deep" / "box", BOX, key)
    assert open_state(made.path) == made
    assert made.box == BOX
    assert stored_keys(made.keys) == (key.public,)
    assert load_key(made.keys / key.public.hex()) == key
    assert len(made.media) == 2
    assert made.media[0] == (made.journal, made.slots)
    assert [path.read_bytes() for medium in made.media for path in medium] == [b""] * 4


@pytest.mark.parametrize("second", ["box", "box/second", "box/deep/er", "."])
def test_a_second_medium_within_the_first_is_refused_and_nothing_made(tmp_path, second):
    with pytest.raises(Problem, match=r"--second .*lies with --state .* in one directory"):
        create_state(tmp_path / "box", BOX, new_key(), tmp_path / second)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_copy_is_the_same_box_with_nothing_in_it(tmp_path):
    made = create_state(tmp_path / "box", BOX, new_key())
    store_key(made.keys, new_key())
    made.journal.write_bytes(b"what happened")
    copy = empty_copy(made, tmp_path / "copy")
    assert (open_state(copy.path), copy.box) == (copy, BOX)
    assert stored_keys(copy.keys) == stored_keys(made.keys)
    assert [load_key(copy.keys / each.hex()).public for each in stored_keys(copy.keys)] == [
        *stored_keys(made.keys)
    ]
    assert copy.journal.read_bytes() == b""


def test_a_box_without_a_key_is_not_copied(tmp_path):
    made = create_state(tmp_path / "box", BOX, new_key())
    for path in made.keys.iterdir():
        path.unlink()
    with pytest.raises(Problem, match="holds no key of the box"):
        empty_copy(made, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_an_empty_directory_may_become_a_box(tmp_path):
    assert create_state(tmp_path, BOX, new_key()).path == tmp_path


def test_nothing_in_a_box_can_be_read_by_others(tmp_path):
    made = create_state(tmp_path / "box", BOX, new_key())
    for path in (made.path, *made.path.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_directory_with_anything_in_it_is_refused_untouched(tmp_path):
    (tmp_path / "journal").write_bytes(b"precious")
    with pytest.raises(Problem, match="is not empty, and a box's memory is never written over"):
        create_state(tmp_path, BOX, new_key())
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]
    assert (tmp_path / "journal").read_bytes() == b"precious"


@pytest.mark.parametrize("step", range(7))
def test_an_interrupted_init_leaves_no_box(tmp_path, monkeypatch, step):
    left = iter([True] * step)
    whole = state.create_file

    def interrupted(path, content=b""):
        if not next(left, False):
            raise OSError(28, "No space left on device", str(path))
        whole(path, content)

    monkeypatch.setattr(state, "create_file", interrupted)
    monkeypatch.setattr(keys, "create_file", interrupted)
    with pytest.raises(Problem, match=r"No space left on device.*disk with room"):
        create_state(tmp_path / "box", BOX, new_key())
    with pytest.raises(Problem, match=r"holds no box.*remove the directory"):
        open_state(tmp_path / "box")


def test_where_there_is_no_box_the_next_command_is_named(tmp_path):
    with pytest.raises(Problem, match="ballotbox-device init --state"):
        open_state(tmp_path / "nothing")


@pytest.mark.parametrize("content", ["", "00", "no hex at all", "00" * 17])
def test_a_damaged_box_id_is_named(tmp_path, content):
    made = create_state(tmp_path / "box", BOX, new_key())
    (made.path / "box.id").write_text(content)
    with pytest.raises(Problem, match=r"box\.id: a box id has 32 hexadecimal digits"):
        open_state(made.path)


def test_a_second_user_of_a_box_is_told_who_the_first_is(tmp_path):
    made = create_state(tmp_path / "box", BOX, new_key())
    with (
        sole_use(made),
        pytest.raises(Problem, match=f"process {os.getpid()} is running this box"),
        sole_use(made),
    ):
        pytest.fail("two are one box")
    with sole_use(made):
        pass


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_use_is_refused(tmp_path, mode):
    key = new_key()
    store_key(tmp_path, key)
    path = tmp_path / key.public.hex()
    path.chmod(mode)
    with pytest.raises(Problem, match="others than the owner may use this private key"):
        load_key(path)


@pytest.mark.parametrize("content", [b"", b"00" * 32, b"zz" * 32, b"00" * 31, b"\xff" * 64])
def test_a_damaged_key_is_refused(tmp_path, content):
    key = new_key()
    store_key(tmp_path, key)
    path = tmp_path / key.public.hex()
    path.write_bytes(content)
    with pytest.raises(Problem, match="does not hold the key it is named by"):
        load_key(path)


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(Problem, match="No such file or directory"):
        load_key(tmp_path / ("00" * 32))


class Keys:
    """A folder with two of three keys, and registers that list what a test asks for."""

    def __init__(self, folder):
        self.folder = folder
        self.known = [new_key(), new_key()]
        self.foreign = new_key()
        for key in self.known:
            store_key(folder, key)

    def chosen(self, *entries, rotated_to=None):
        """The place of the chosen key among the known, for entries (key, epoch, closed)."""
        listed = tuple(
            BoxEntry(BOX, key.public, epoch, PrecinctId(1), (bytes(32),), closed)
            for key, epoch, closed in entries
        )
        register = replace(authority().trusted.register, boxes=listed)
        return self.known.index(choose_key(self.folder, register, BOX, rotated_to))


@pytest.fixture
def held(tmp_path):
    return Keys(tmp_path)


CLOSED = Closure(ClosedAs.REPLACED, ())


def test_the_registered_key_signs(held):
    assert held.chosen((held.known[0], 0, None)) == 0
    assert held.chosen((held.known[1], 0, None)) == 1


def test_a_key_of_a_later_epoch_waits_for_its_rotation(held):
    entries = ((held.known[1], 0, None), (held.known[0], 1, None))
    assert held.chosen(*entries) == 1
    assert held.chosen(*entries, rotated_to=held.known[0].public) == 0


def test_a_closed_key_gives_way(held):
    assert held.chosen((held.known[0], 0, CLOSED), (held.known[1], 1, None)) == 1
    assert held.chosen((held.known[0], 0, CLOSED), (held.foreign, 1, None)) == 0


def test_a_closed_key_gives_way_after_a_rotation_too(held):
    first, second = held.known
    before = (held.foreign, 0, CLOSED)
    entries = (before, (first, 1, CLOSED), (second, 2, None))
    assert held.chosen(*entries, rotated_to=first.public) == 1
    earlier = ((second, 0, None), (first, 1, CLOSED), (held.foreign, 2, None))
    assert held.chosen(*earlier, rotated_to=first.public) == 0


def test_a_register_without_any_key_of_the_box_is_named_with_what_the_box_holds(held):
    with pytest.raises(Problem, match=held.known[0].public.hex()) as caught:
        held.chosen((held.foreign, 0, None))
    assert "--register: version 1 does not give box" in str(caught.value)
    assert "ballotbox-device status" in str(caught.value)
