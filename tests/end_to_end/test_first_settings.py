"""Does `init` at a terminal make settings that work, and nothing that nobody confirmed?"""

import os
import pty
import subprocess
import tomllib

import pytest
from click.testing import CliRunner

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.cli import first_settings, main
from tests.end_to_end.field_gateway import COMMAND
from tests.patience import PATIENCE_S

TRUST = ("", "", "")
KEY = ("",)
LEDGER = ("", "none")
BROKER = ("none", "127.0.0.1", "", "none", "none")


@pytest.fixture
def place(gateway, election, monkeypatch):
    """A gateway's folder as the authority has filled it, with somebody at the terminal."""
    (gateway.folder / "root.txt").write_text(f"{election.root}\n")
    monkeypatch.setattr(first_settings, "at_terminal", lambda: True)
    monkeypatch.chdir(gateway.folder)
    return gateway


def answered(*answers):
    return CliRunner().invoke(main, ["init"], input="".join(f"{each}\n" for each in answers))


def test_what_most_would_answer_makes_settings_and_a_ledger(place):
    done = answered(*TRUST, *KEY, *LEDGER, *BROKER, "y")
    assert done.exit_code == 0, done.output
    assert "The authority publishes it, and everything else is checked by it." in done.output
    settings = tomllib.loads(place.config.read_text())
    assert settings["origin"] == place.origin
    assert settings["mqtt"] == {"host": "127.0.0.1", "port": 1883}
    assert place.ledger.exists()
    assert place.command("init").exit_code == 1, "a ledger is made once"


def test_an_upper_gateway_and_tls_are_written_as_tables(place, centre):
    roads = ("/dev/ttyUSB0, /dev/ttyUSB1", "broker.example", "8883", "ca.pem")
    above = ("https://centre.example:8443", centre.origin)
    done = answered(*TRUST, *KEY, *LEDGER, *roads, *above, "y")
    assert done.exit_code == 0, done.output
    settings = tomllib.loads(place.config.read_text())
    assert settings["serial"] == [{"port": "/dev/ttyUSB0"}, {"port": "/dev/ttyUSB1"}]
    assert settings["mqtt"]["tls"] == {"ca_file": "ca.pem"}
    assert settings["upstream"] == {"url": above[0], "origin": centre.origin}


def test_wrong_answers_are_told_and_asked_again(place):
    wrong = ("rehearsal:12", "", "elsewhere.cose", "", "", "")
    done = answered(*wrong, *KEY, *LEDGER, *BROKER, "y")
    assert done.exit_code == 0, done.output
    assert "Copy the whole line from the authority's notice" in done.output
    assert "elsewhere.cose: there is no such file. Correct `election_file`" in done.output


def test_nothing_is_written_without_a_yes_or_a_road(place):
    done = answered(*TRUST, *KEY, *LEDGER, *BROKER, "n")
    assert (done.exit_code, place.config.exists(), place.ledger.exists()) == (1, False, False)
    done = answered(*TRUST, *KEY, *LEDGER, "none", "none", "none")
    assert "nothing can arrive: add [[serial]], [mqtt], [http] or [below]" in done.output
    assert not place.config.exists()


def test_a_key_that_nobody_entered_is_made_and_shown(place):
    done = answered(*TRUST, "own.key", "y", "words", "words", "y")
    assert done.exit_code == 1
    assert "Have the authority enter it with an origin" in done.output
    assert (place.folder / "own.key").stat().st_mode & 0o777 == 0o600
    assert (place.folder / "gateway.passphrase").read_text() == "words\n"
    assert not place.config.exists()


def test_a_protected_key_is_opened_by_its_file(place, election):
    write_key(place.folder / "own.key", election.gateway_keys[place.origin], "words")
    (place.folder / "words").write_text("words\n")
    done = answered(*TRUST, "own.key", "words", *LEDGER, *BROKER, "y")
    assert done.exit_code == 0, done.output
    assert tomllib.loads(place.config.read_text())["passphrase_file"] == "words"


def test_whoever_is_no_terminal_is_told_as_ever(gateway):
    done = gateway.process("init")
    assert done.returncode == 1
    assert "there is no such file. Name it with --config" in done.stderr


@pytest.mark.accept
def test_a_real_terminal_is_asked(gateway, election):
    (gateway.folder / "root.txt").write_text(f"{election.root}\n")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "init"], cwd=gateway.folder, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    for answer in (*TRUST, *KEY, *LEDGER, *BROKER, "y"):
        said = b""
        while not said.endswith(b"]: "):
            said += os.read(ours, 4_096)
        os.write(ours, f"{answer}\n".encode())
    assert process.wait(PATIENCE_S) == 0, os.read(ours, 65_536).decode()
    os.close(ours)
    assert gateway.ledger.exists()
