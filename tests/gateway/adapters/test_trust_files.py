"""Is a corrupted, foreign or outdated election refused with words that help?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.problem import Problem
from ballotbox_simulator.authority import with_register
from tests.gateway.scripted import CENTRE, ORIGIN, OTHER, authority

SETTINGS = """
root = "{root}"
election_file = "election.cose"
register_file = "register.cose"
origin = "{origin}"
key_file = "gateway.key"
ledger_file = "ledger.sqlite"
{more}
[mqtt]
host = "127.0.0.1"
"""


@pytest.fixture
def election(tmp_path):
    given = authority()
    given.write(tmp_path)
    write_key(tmp_path / "gateway.key", given.gateway_keys[ORIGIN], None)

    def configured(root=given.root, origin=ORIGIN, more=""):
        path = tmp_path / "gateway.toml"
        path.write_text(SETTINGS.format(root=root, origin=origin, more=more))
        return load_installation(path).one(None)

    return configured


def told(action, *args):
    with pytest.raises(Problem) as caught:
        action(*args)
    return str(caught.value)


def damaged(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_the_right_files_are_believed(election):
    config = election()
    trusted = load_trusted(config)
    assert trusted == authority().trusted
    assert load_identity(config, trusted).key == authority().gateway_keys[ORIGIN]


def test_a_corrupted_definition_is_told(election, tmp_path):
    damaged(tmp_path / "election.cose")
    assert told(load_trusted, election()) == (
        f"{tmp_path}/election.cose: election definition: the signature does not verify; "
        "is --root the right key? Get the file again from the authority, and compare the root "
        "key with its notice"
    )


def test_a_corrupted_register_is_told(election, tmp_path):
    damaged(tmp_path / "register.cose")
    assert told(load_trusted, election()) == (
        f"{tmp_path}/register.cose: register: the signature does not verify; no signer named by "
        "the definition signed it. Get the newest register of this election from the authority"
    )


def test_another_root_and_another_election_s_register_are_told(election, tmp_path):
    other = authority(seed=2)
    assert "is --root the right key?" in told(load_trusted, election(root=other.root))
    (tmp_path / "register.cose").write_bytes(other.register)
    assert "register" in told(load_trusted, election())


def test_a_lower_register_is_told(election, tmp_path):
    assert told(load_trusted, election(), 2) == (
        f"{tmp_path}/register.cose: register: version 1 is older than version 2, already in use. "
        "Get the newest register of this election from the authority"
    )


def test_missing_and_unreadable_files_are_told_with_their_setting(election, tmp_path):
    config = election()
    (tmp_path / "register.cose").unlink()
    assert told(load_trusted, config) == (
        f"{tmp_path}/register.cose: there is no such file. Correct `register_file`"
    )
    (tmp_path / "election.cose").unlink()
    (tmp_path / "election.cose").mkdir()
    assert told(load_trusted, config) == (
        f"{tmp_path}/election.cose: is a directory. Make the file of `election_file` readable"
    )


def test_an_origin_or_key_that_the_register_does_not_know_is_told(election, tmp_path):
    trusted = authority().trusted
    assert told(load_identity, election(origin="somewhere.else"), trusted) == (
        f"{tmp_path}/register.cose: origin 'somewhere.else' is not in register version 1. "
        "Correct `origin`, or have it entered"
    )
    listed = authority().gateway_keys[OTHER].public.hex()[:16]
    assert told(load_identity, election(origin=OTHER), trusted) == (
        f"{tmp_path}/gateway.key: holds another key than register version 1 lists for {OTHER!r}. "
        f"Use the key file of {listed}…, or have the new key entered"
    )


def test_a_protected_key_takes_its_passphrase_from_where_the_settings_say(
    election, tmp_path, monkeypatch
):
    trusted = authority().trusted
    (tmp_path / "gateway.key").unlink()
    write_key(tmp_path / "gateway.key", authority().gateway_keys[ORIGIN], "open sesame")
    (tmp_path / "passphrase").write_text("open sesame\n")
    from_file = election(more='passphrase_file = "passphrase"')
    assert load_identity(from_file, trusted).origin == ORIGIN
    monkeypatch.setenv("BALLOTBOX_TEST_PASS", "open sesame")
    from_variable = election(more='passphrase_variable = "BALLOTBOX_TEST_PASS"')
    assert load_identity(from_variable, trusted).origin == ORIGIN
    assert "is protected by a passphrase" in told(load_identity, election(), trusted)


def test_a_newer_register_is_taken(election, tmp_path):
    newer = with_register(authority(), replace(authority().trusted.register, version=7))
    newer.write(tmp_path)
    assert load_trusted(election(), at_least=7).register.version == 7
    assert CENTRE in load_trusted(election()).register.gateway_keys
