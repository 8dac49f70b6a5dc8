"""Is a PIN taken only from where its owner alone reads, and never shown?"""

import pytest

from ballotbox_gateway.adapters.pin import Pin, pin_from_file, pin_of
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.problem import Problem

SETTINGS = """
root = "rehearsal:3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
election_file = "election.cose"
register_file = "register.cose"
origin = "rehearsal.example/precinct"
ledger_file = "ledger.sqlite"
{key}
[mqtt]
host = "127.0.0.1"
{table}
"""
MODULE = '[pkcs11]\nmodule = "lib.so"\ntoken = "ballotbox"\nkey = "gateway"\n{}'


def written(path, mode, text="1234\nmore\n"):
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_first_line_of_a_file_of_its_owner_is_the_pin(tmp_path, mode):
    pin = pin_of(written(tmp_path / "pin", mode), None)
    assert pin.text == "1234"
    assert "1234" not in repr(pin)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path, mode):
    path = written(tmp_path / "pin", mode)
    with pytest.raises(Problem, match=f"can be read or written by others. chmod 600 {path}"):
        pin_from_file(path)


def test_no_pin_and_no_file_are_told(tmp_path, monkeypatch):
    with pytest.raises(Problem, match=r"holds no PIN\. Write it into the first line"):
        pin_from_file(written(tmp_path / "pin", 0o600, "\n1234"))
    with pytest.raises(Problem, match=r"no such file or directory. Correct pkcs11\.pin_file"):
        pin_from_file(tmp_path / "absent")
    with pytest.raises(Problem, match=r"BALLOTBOX_TEST_PIN: is not set\. Set it to the PIN"):
        pin_of(None, "BALLOTBOX_TEST_PIN")
    monkeypatch.setenv("BALLOTBOX_TEST_PIN", "77")
    pin = pin_of(None, "BALLOTBOX_TEST_PIN")
    assert pin == Pin("77", "environment variable BALLOTBOX_TEST_PIN")


@pytest.mark.parametrize(
    ("key", "table", "told"),
    [
        ("", "", "name the gateway's key: key_file or [pkcs11], one of the two"),
        ('key_file = "k"', MODULE.format('pin_file = "p"'), "key_file or [pkcs11], one of the two"),
        ("", MODULE.format(""), "pkcs11: give pin_file or pin_variable, one of the two"),
        ("", MODULE.format('pin_file = "p"\npin_variable = "P"'), "one of the two"),
        ("", MODULE.format('pin = "1234"'), "pkcs11.pin: there is no such setting"),
    ],
)
def test_settings_name_one_key_and_one_place_of_its_pin(tmp_path, key, table, told):
    (tmp_path / "gateway.toml").write_text(SETTINGS.format(key=key, table=table))
    with pytest.raises(Problem) as caught:
        load_installation(tmp_path / "gateway.toml")
    assert told in str(caught.value)


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    from ballotbox_gateway.adapters import trust_files

    monkeypatch.setattr(trust_files, "find_spec", lambda _: None)
    with pytest.raises(Problem, match=r"pip install 'ballotbox-kit\[gateway,hsm\]'"):
        trust_files.module_key(tmp_path / "lib.so", "t", "k", Pin("1", "a test"), make=False)
