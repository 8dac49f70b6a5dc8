"""Are private keys kept as they should be, and is every bad key file explained?"""

import stat

import pytest

from ballotbox_gateway.adapters.key_files import (
    Passphrase,
    is_unprotected,
    new_key,
    passphrase_from_file,
    passphrase_from_variable,
    public_part,
    read_key,
    write_key,
)
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import Mode
from tests.small_disk import fill

RIGHT = Passphrase("correct horse", "the test")


def told(action, *args):
    with pytest.raises(Problem) as caught:
        action(*args)
    return str(caught.value)


def test_a_protected_key_opens_with_its_passphrase_alone(tmp_path):
    path, key = tmp_path / "officer.key", new_key()
    write_key(path, key, RIGHT.text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key.seed.hex() not in path.read_text()
    assert read_key(path, RIGHT, Mode.OFFICIAL) == key
    assert public_part(path) == key.public
    wrong = Passphrase("wrong", "environment variable P")
    assert told(read_key, path, wrong, None) == (
        f"{path}: wrong passphrase, or the key file is damaged. "
        "The passphrase came from environment variable P: check it, then the file"
    )
    assert told(read_key, path, None, None) == (
        f"{path}: is protected by a passphrase. Set passphrase_file or passphrase_variable"
    )
    assert "wrong" not in repr(wrong)


def test_a_key_is_never_written_over_another(tmp_path):
    path, key = tmp_path / "k", new_key()
    write_key(path, key, None)
    assert told(write_key, path, new_key(), None) == (
        f"{path}: exists already. Choose another name: a key that is overwritten is lost"
    )
    assert read_key(path, None, Mode.TEST) == key
    assert "no such file or directory" in told(write_key, tmp_path / "no" / "k", key, None)


def test_a_full_disk_leaves_no_half_key(small_disk):
    ballast = fill(small_disk)
    path = small_disk / "k"
    assert "no space left on device" in told(write_key, path, new_key(), RIGHT.text)
    assert not path.exists()
    ballast.unlink()
    write_key(path, new_key(), RIGHT.text)


@pytest.mark.parametrize("mode", [None, Mode.TEST, Mode.REHEARSAL])
def test_an_unprotected_key_serves_tests_and_rehearsals_but_no_official_election(tmp_path, mode):
    path, key = tmp_path / "k", new_key()
    write_key(path, key, None)
    assert is_unprotected(path)
    assert read_key(path, None, mode) == key
    assert told(read_key, path, None, Mode.OFFICIAL) == (
        f"{path}: is unprotected, which an official election does not take. "
        "Make one with `ballotbox-gateway keys new`"
    )


@pytest.mark.parametrize(
    ("line", "text", "what"),
    [
        (2, "seed 12", "has no seed of 64 hexadecimal digits in line 3"),
        (2, "seed xy", "has no seed of 64 hexadecimal digits in line 3"),
        (1, "public 00", "names another public key in its second line"),
    ],
)
def test_a_damaged_unprotected_key_is_told(tmp_path, line, text, what):
    path = tmp_path / "k"
    write_key(path, new_key(), None)
    lines = path.read_text().splitlines()
    lines[line] = text
    path.write_text("\n".join(lines))
    remedy = "Copy the key file again from where it was made"
    assert told(read_key, path, None, Mode.TEST) == f"{path}: {what}. {remedy}"


def test_what_is_no_key_file_is_told(tmp_path):
    path = tmp_path / "k"
    assert told(read_key, path, None, None) == (
        f"{path}: there is no such key file. Correct the path"
    )
    path.write_bytes(b"\xff\xfe")
    assert told(public_part, path) == f"{path}: is not a key file. Correct the path"
    for text in ("", "one line", "ballotbox key v1\nprivate\n"):
        path.write_text(text)
        for action in (lambda: read_key(path, None, None), lambda: is_unprotected(path)):
            assert told(action) == f"{path}: is not a key file. Correct the path"
    write_key(tmp_path / "open", new_key(), None)
    path.write_text((tmp_path / "open").read_text().replace("public ", "public key "))
    assert "names no public key in its second line" in told(public_part, path)
    assert "is a directory" in told(read_key, tmp_path, None, None)


def test_passphrases_come_from_a_file_or_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "p"
    path.write_text("first line\nsecond\n")
    assert passphrase_from_file(path).text == "first line"
    path.write_text("\n")
    assert told(passphrase_from_file, path) == (
        f"{path}: holds no passphrase. Write it into the first line"
    )
    monkeypatch.setenv("BALLOTBOX_TEST_PASS", "from the environment")
    assert passphrase_from_variable("BALLOTBOX_TEST_PASS").text == "from the environment"
    monkeypatch.delenv("BALLOTBOX_TEST_PASS")
    assert told(passphrase_from_variable, "BALLOTBOX_TEST_PASS") == (
        "environment variable BALLOTBOX_TEST_PASS: is not set. Set it to the passphrase"
    )
