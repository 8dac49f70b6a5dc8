"""Does a box take only what the root vouches for, and never an older register again?"""

from dataclasses import replace

import pytest

from ballotbox_device.host.problem import Problem
from ballotbox_device.host.trust_files import establish_from, logs_seen, remember
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_simulator.authority import Plan, make_authority, with_register
from tests.device.host.box_on_a_road import authority

OTHER = make_authority(Plan(6, 1, name="Another election"))


class Files:
    def __init__(self, folder):
        self.folder = folder
        self.seen = folder / "register.seen"
        self.write(authority())

    def write(self, vested):
        vested.write(self.folder)

    def establish(self, root=None):
        election, register = (self.folder / name for name in ("election.cose", "register.cose"))
        given = str(authority().root) if root is None else root
        return establish_from(election, register, given, self.seen)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def version(number, vested=None):
    vested = vested or authority()
    return with_register(vested, replace(vested.trusted.register, version=number))


def test_what_the_root_vouches_for_is_taken(files):
    assert files.establish() == authority().trusted


ROOTS = [
    ("", "must start with one of test, rehearsal, official and a colon"),
    ("rehearsal:00", "must end with the key as 64 hexadecimal digits"),
    ("rehearsal:" + "zz" * 32, "must end with the key as 64 hexadecimal digits"),
    ("rehearsal:" + "00" * 32, "is not a usable Ed25519 key"),
]


@pytest.mark.parametrize(("root", "problem"), ROOTS)
def test_a_root_that_is_none_is_named(files, root, problem):
    with pytest.raises(Problem, match=problem) as caught:
        files.establish(root)
    assert caught.value.where == "--root"


def test_the_root_of_another_authority_is_named_beside_the_election(files):
    with pytest.raises(Problem, match="--root") as caught:
        files.establish(str(OTHER.root))
    assert caught.value.where == f"--election {files.folder / 'election.cose'}"


def test_the_root_of_another_mode_is_named(files):
    other_mode = replace(authority().root, mode=Mode.TEST)
    with pytest.raises(Problem, match="mode is rehearsal but the root key signs only test"):
        files.establish(str(other_mode))


def test_the_register_of_another_election_is_named(files):
    (files.folder / "register.cose").write_bytes(OTHER.register)
    with pytest.raises(Problem, match="no signer named by the definition signed it") as caught:
        files.establish()
    assert caught.value.where == f"--register {files.folder / 'register.cose'}"


@pytest.mark.parametrize("name", ["election.cose", "register.cose"])
def test_a_damaged_file_is_named(files, name):
    path = files.folder / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Problem) as caught:
        files.establish()
    assert caught.value.where.endswith(name)


@pytest.mark.parametrize("name", ["election.cose", "register.cose"])
def test_a_missing_file_is_named(files, name):
    (files.folder / name).unlink()
    with pytest.raises(Problem, match="No such file or directory") as caught:
        files.establish()
    assert caught.value.where.endswith(name)


def test_an_older_register_is_refused_once_a_newer_was_seen(files):
    files.write(version(3))
    remember(files.establish(), files.seen)
    files.write(version(2))
    with pytest.raises(Problem, match="version 2 is older than version 3, already in use"):
        files.establish()
    files.write(version(3))
    assert files.establish().register.version == 3
    files.write(version(4))
    remember(files.establish(), files.seen)
    files.write(version(3))
    with pytest.raises(Problem, match="version 3 is older than version 4"):
        files.establish()


def test_another_election_begins_with_its_own_versions(files):
    files.write(version(3))
    remember(files.establish(), files.seen)
    files.write(OTHER)
    assert files.establish(str(OTHER.root)).register.version == 1


def test_the_names_of_the_logs_are_remembered(files):
    assert logs_seen(files.seen) == ()
    remember(files.establish(), files.seen)
    assert logs_seen(files.seen) == ("rehearsal.example/precinct", "rehearsal.example/centre")


@pytest.mark.parametrize("content", [b"", b"00\n", b"00\nmany\n", b"\xff\xfe\n1\n"])
def test_a_damaged_memory_of_the_register_is_no_reason_to_take_an_older_one(files, content):
    files.seen.write_bytes(content)
    with pytest.raises(Problem, match=r"register\.seen: cannot be read"):
        files.establish()
