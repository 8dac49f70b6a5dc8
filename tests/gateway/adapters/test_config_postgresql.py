"""Are settings of a database either right, or refused with the field and the way out?"""

import subprocess
import sys
from pathlib import Path

import pytest

from ballotbox_gateway.core.ports import Binding
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.opening_database import create_in_database, open_in_database
from tests.databases import NewSchema
from tests.gateway.scripted import authority, binding

ROOT = authority().root
COMMON = f"""
root = "{ROOT}"
election_file = "e"
register_file = "r"
origin = "example.org/centre"
key_file = "k"
"""
MQTT = '[mqtt]\nhost = "b"\n'
DATABASE = '[postgresql]\ndbname = "d"\n'
UPSTREAM = '[upstream]\nurl = "http://127.0.0.1:1"\norigin = "a.example/b"\n'
SOCKET = 'control_socket = "c"\n'

BAD = {
    "neither": (SOCKET + MQTT, "name the ledger: ledger_file or [postgresql], one of the two"),
    "both": (SOCKET + 'ledger_file = "l"\n' + MQTT + DATABASE, "name the ledger"),
    "no socket of its own": (MQTT + DATABASE, "control_socket is missing"),
    "a second copy": (SOCKET + 'second_copy = "s"\n' + MQTT + DATABASE, "second_copy needs"),
    "a gateway above": (
        SOCKET
        + MQTT
        + DATABASE
        + '[upstream]\nurl = "http://127.0.0.1:1"\norigin = "a.example/b"\n',
        "upstream needs ledger_file",
    ),
    "gateways below over MQTT": (
        SOCKET + MQTT + DATABASE + '[below]\nhost = "b"\n',
        "below needs ledger_file: with [postgresql] use [http]",
    ),
    "an older MQTT": (
        SOCKET + MQTT + 'protocol = "3.1.1"\n' + DATABASE,
        'mqtt.protocol must be "5"',
    ),
    "a certificate without a name": (
        SOCKET + MQTT + DATABASE + '[mqtt.tls]\ncertificate_file = "c"\nkey_file = "k"\n',
        "mqtt.client_id is missing",
    ),
    "a network without TLS": (
        SOCKET + MQTT + DATABASE + 'host = "db.example"\n',
        "postgresql: beyond this machine only TLS: give ca_file",
    ),
    "a schema that is no name": (
        SOCKET + MQTT + DATABASE + 'schema = "a; b"\n',
        "postgresql.schema",
    ),
    "an unknown field": (SOCKET + MQTT + DATABASE + 'passwort_file = "p"\n', "password_file"),
}


def settings(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(COMMON + text)
    return path


@pytest.mark.parametrize("case", BAD)
def test_bad_settings_are_refused_in_words(tmp_path: Path, case: str) -> None:
    text, says = BAD[case]
    with pytest.raises(Problem) as problem:
        load_installation(settings(tmp_path, text))
    assert says in str(problem.value)


def test_good_settings_say_where_the_ledger_is(tmp_path: Path) -> None:
    path = settings(tmp_path, SOCKET + MQTT + DATABASE + 'host = "db"\nca_file = "ca.pem"\n')
    (config,) = load_installation(path).elections
    assert config.ledger == "postgresql db:5432/d, schema ballotbox"
    assert config.folder == tmp_path


def test_two_elections_have_schemas_of_their_own(tmp_path: Path) -> None:
    others = zip(("one", "two"), (ROOT, authority(seed=2).root), strict=True)
    each = [
        f'[[election]]\nname = "{name}"\nroot = "{root}"\n'
        f'origin = "{name}.example/l"\ncontrol_socket = "{name}"\n'
        for name, root in others
    ]
    text = COMMON + "[http]\nport = 1\n" + DATABASE + "".join(each)
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(Problem, match=r"postgresql\.schema: is the same for one and two"):
        load_installation(path)


def test_a_database_that_cannot_be_used_is_told_with_what_to_look_at(
    new_schema: NewSchema, tmp_path: Path
) -> None:
    good = new_schema()
    ours = binding(authority().trusted)
    cases = {
        "See that the server runs": {"host": str(tmp_path)},
        'database "nowhere" does not exist': {"dbname": "nowhere"},
        "password_file cannot be read": {"password_file": tmp_path / "none"},
    }
    for says, changes in cases.items():
        with pytest.raises(Problem, match=says):
            open_in_database(good.model_copy(update=changes))
    with pytest.raises(Problem, match=r"there is no ledger\. Make it once"):
        open_in_database(good)
    create_in_database(good, ours)
    with pytest.raises(Problem, match="there is a ledger already"):
        create_in_database(good, Binding("other.example/log", ours.election, 1))
    ledger = open_in_database(good)
    assert ledger.binding() == ours
    ledger.close()


def test_a_missing_library_is_told_with_the_way_to_it() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from ballotbox_gateway.config_postgresql import Postgresql\n"
        "from ballotbox_gateway.service.opening_database import open_in_database\n"
        "open_in_database(Postgresql(dbname='d'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'ballotbox-kit[postgresql]'" in done.stderr
