"""Does what a stranger put on a stick, under whatever name, stop or mislead nobody?"""

import os

import pytest

from ballotbox_gateway.adapters.log_directory import STAGED, write_file
from ballotbox_gateway.adapters.plain_files import holds, make_plain, open_plain
from ballotbox_gateway.adapters.stick_folder import StickFolder
from ballotbox_gateway.core.stick import MANIFEST_NAME, STANDING_NAME, receipts_name, size_max
from ballotbox_gateway.problem import Problem
from tests.gateway.scripted import CENTRE, ORIGIN

NAME = receipts_name(0, 4)
BIG = 2**40


def sparse(path, size=BIG):
    with path.open("wb") as file:
        file.truncate(size)


PLANTED = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "huge": sparse,
    "link to a file": lambda path: path.symlink_to(path.parent.parent / "elsewhere"),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"abc")
    stick = StickFolder.on(tmp_path, ORIGIN, CENTRE)
    stick.path.mkdir()
    return stick


@pytest.mark.parametrize("suffix", ["", ".partial"])
@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_what_lies_under_a_name_that_is_written_gives_way(folder, plant, suffix):
    plant(folder.path / (NAME + suffix))
    folder.write(NAME, b"abc")
    path = folder.path / NAME
    assert not path.is_symlink()
    assert path.read_bytes() == b"abc"
    assert folder.names == [NAME]
    assert (folder.path.parent / "elsewhere").read_bytes() == b"abc"


@pytest.mark.parametrize("name", [MANIFEST_NAME, STANDING_NAME, NAME])
def test_a_file_larger_than_any_of_its_kind_is_named_and_not_read(folder, name):
    sparse(folder.path / name, size_max(name) + 1)
    with pytest.raises(Problem, match=f"{name}: has {size_max(name) + 1} bytes"):
        folder.read(name)
    (folder.path / name).write_bytes(b"x")
    assert folder.read(name) == b"x"


def test_what_is_staged_goes_through_no_link(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"precious")
    (tmp_path / f"file{STAGED}").symlink_to(elsewhere)
    write_file(tmp_path / "file", b"abc")
    assert elsewhere.read_bytes() == b"precious"
    assert (tmp_path / "file").read_bytes() == b"abc"


def test_only_a_plain_file_is_opened_and_only_a_new_one_is_made(tmp_path):
    path = tmp_path / "file"
    assert open_plain(path) is None
    for plant in PLANTED.values():
        plant(path)
        assert not holds(path, b"abc")
        with make_plain(path) as file:
            file.write(b"abc")
        assert holds(path, b"abc")
        assert not holds(path, b"abd")
        path.unlink()
