"""From an authority's text files to a gateway that checks out, by the commands alone."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_gateway.adapters.key_files import public_part
from ballotbox_gateway.cli import main
from tests.gateway.scripted import ORIGIN
from tests.small_disk import fill

SIGNER = "664fca72fe1220392081531ce12e456f0f48e1b2574ec69d091575dfce98d9d0"
GATEWAY = "11c7a8aa7af4a625cf54f35714c68407a458d05e5c4144b3230a2f2496019dee"


@pytest.fixture
def office(tmp_path, repository, monkeypatch):
    """The authority's folder: its two text files, and keys that are written into them."""
    monkeypatch.chdir(tmp_path)
    for name in ("election.toml", "register.toml"):
        shutil.copy(repository / "docs" / "examples" / name, tmp_path / name)
    for name in ("root.key", "signer.key", "gateway.key"):
        assert told("keys", "new", name, "--unprotected")[0] == 0
    replace("election.toml", SIGNER, public_part(tmp_path / "signer.key").hex())
    replace("register.toml", GATEWAY, public_part(tmp_path / "gateway.key").hex())
    return tmp_path


def replace(name, old, new):
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))


def told(*words, typed=None):
    done = CliRunner().invoke(main, words, input=typed)
    return done.exit_code, done.stdout + done.stderr


def sign_election(*more):
    return told(
        "election", "sign", "election.toml", "--key", "root.key", "-o", "election.cose", *more
    )


def sign_register(root, key="signer.key"):
    return told(
        *("register", "sign", "register.toml", "--election", "election.cose"),
        *("--root", root, "--key", key, "-o", "register.cose"),
    )


def root_in(shown):
    return next(line.split()[1] for line in shown.splitlines() if line.startswith("root"))


def test_from_two_text_files_to_a_gateway_that_checks_out(office):
    code, shown = sign_election()
    assert code == 0, shown
    root = root_in(shown)
    assert root == f"rehearsal:{public_part(office / 'root.key').hex()}"
    code, shown = sign_register(root)
    assert (code, shown) == (0, "register  version 4: 3 boxes, 2 gateways, 3 officers\n")
    (office / "gateway.toml").write_text(
        f'root = "{root}"\nelection_file = "election.cose"\nregister_file = "register.cose"\n'
        f'origin = "{ORIGIN}"\nkey_file = "gateway.key"\nledger_file = "ledger.sqlite"\n'
        '[[serial]]\nport = "/dev/no-such-port"\n'
    )
    assert told("init")[0] == 0
    code, shown = told("check")
    assert "ok    election: Parliament and local councils (rehearsal)\n" in shown
    assert "ok    register: version 4, 3 boxes\n" in shown
    assert shown.endswith("1 to mend\n")


def test_a_wrong_field_in_either_source_is_named(office):
    replace("election.toml", "votes_allowed = 3", "votes_alowed = 3")
    code, shown = sign_election()
    assert code == 1
    assert shown.startswith("Error: election.toml: contest[2]")
    assert shown.endswith("Correct that field and sign again\n")
    replace("election.toml", "votes_alowed = 3", "votes_allowed = 3")
    root = root_in(sign_election()[1])
    replace("register.toml", "version = 4 ", "version = 0 ")
    code, shown = sign_register(root)
    assert code == 1
    assert shown.startswith("Error: register.toml: version: ")
    assert not (office / "register.cose").exists()


def test_keys_that_may_not_sign_are_refused(office):
    _, shown = sign_election()
    root = root_in(shown)
    code, shown = sign_register(root, key="gateway.key")
    assert code == 1
    assert "no signer named by the definition signed it. Correct the source or --key" in shown
    code, shown = sign_register("rehearsal:12")
    assert (code, shown.split(": ")[1]) == (1, "--root")
    code, shown = sign_register("rehearsal:" + public_part(office / "signer.key").hex())
    assert code == 1
    assert "is --root the right key? Check --election and --root" in shown
    replace("election.toml", 'mode = "rehearsal" ', 'mode = "official" ')
    code, shown = sign_election()
    assert code == 1
    assert "is unprotected, which an official election does not take" in shown


def test_a_protected_key_asks_for_its_passphrase_and_shows_its_public_part(office):
    code, shown = told("keys", "new", "officer.key", typed="one\ntwo\nthree\nthree\n")
    assert code == 0, shown
    public = public_part(office / "officer.key").hex()
    assert f"public  {public}\n" in shown
    assert told("keys", "show", "officer.key")[1].startswith("file    officer.key\npublic  ")
    assert "(unprotected)" in told("keys", "show", "root.key")[1]
    code, shown = told("keys", "new", "officer.key", "--unprotected")
    exists = "officer.key: exists already. Choose another name: a key that is overwritten is lost"
    assert (code, shown) == (1, f"Error: {exists}\n")
    replace("election.toml", 'mode = "rehearsal" ', 'mode = "official" ')
    done = CliRunner().invoke(
        main,
        ["election", "sign", "election.toml", "--key", "officer.key", "-o", "e"],
        input="three\n",
    )
    assert done.exit_code == 0, done.stderr
    assert f"root      official:{public}\n" in done.stdout


def test_missing_sources_and_unwritable_places_are_told(office):
    code, shown = told("election", "sign", "absent.toml", "--key", "root.key", "-o", "x")
    assert (code, shown) == (1, "Error: absent.toml: no such file or directory. Correct the path\n")
    code, shown = told(
        "election", "sign", "election.toml", "--key", "root.key", "-o", "absent/election.cose"
    )
    assert code == 1
    assert "absent/election.cose: cannot be written: no such file or directory" in shown
    for key in ("-o", "--key"):
        words = ["election", "sign", "election.toml", "--key", "root.key", "-o", "x"]
        words[words.index(key) + 1] = "."
        code, shown = told(*words)
        assert code == 1
        assert shown.startswith("Error: .: is a directory. ")
    code, shown = told("election", "sign", "election.toml", "--key", "election.toml", "-o", "x")
    assert (code, shown) == (1, "Error: election.toml: is not a key file. Correct the path\n")
    (office / "election.toml").write_bytes(b"\xff")
    assert "is not UTF-8 text. Save it as UTF-8" in sign_election()[1]


def test_on_a_full_disk_nothing_is_signed_and_nothing_is_left(office, small_disk):
    fill(small_disk)
    before = list(small_disk.iterdir())
    code, shown = told(
        "election", "sign", "election.toml", "--key", "root.key", "-o", str(small_disk / "e")
    )
    assert code == 1
    assert "e: cannot be written: no space left on device" in shown
    assert list(small_disk.iterdir()) == before
