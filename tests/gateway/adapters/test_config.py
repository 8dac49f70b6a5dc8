"""Does the settings file say what is wrong, where, and what to do?"""

import re
from pathlib import Path

import pytest

from ballotbox_gateway.config import Config, settings_table
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.problem import Problem
from tests.gateway.scripted import authority

ROOT = str(authority().root)
LIST = "`ballotbox-gateway settings` lists every field"

FIELDS = {
    "root": f'"{ROOT}"',
    "election_file": '"election.cose"',
    "register_file": '"register.cose"',
    "origin": '"rehearsal.example/precinct"',
    "key_file": '"gateway.key"',
    "ledger_file": '"state/ledger.sqlite"',
}
MQTT = '[mqtt]\nhost = "127.0.0.1"\n'
SERIAL = '[[serial]]\nport = "/dev/ttyUSB0"\n'
HTTP = "[http]\nport = 8080\n"
PAIR = 'certificate_file = "c.pem"\nkey_file = "c.key"\n'
UPSTREAM = '[upstream]\nurl = "https://centre.example"\norigin = "rehearsal.example/centre"\n'


def load_config(path: Path) -> Config:
    return load_installation(path).one(None)


def written(folder: Path, tables: str, **fields: str | None) -> Path:
    lines = [f"{name} = {value}" for name, value in (FIELDS | fields).items() if value]
    path = folder / "gateway.toml"
    path.write_text("\n".join([*lines, tables]))
    return path


def fault(folder: Path, tables: str, **fields: str | None) -> str:
    path = written(folder, tables, **fields)
    with pytest.raises(Problem) as caught:
        load_config(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def test_a_valid_file_is_read_with_its_defaults_and_paths_from_its_own_folder(tmp_path):
    config = load_config(written(tmp_path, SERIAL + MQTT + HTTP + UPSTREAM))
    assert config.election_file == tmp_path / "election.cose"
    assert config.control == tmp_path / "state" / "control.socket"
    assert (config.mqtt.port, config.mqtt.protocol, config.serial[0].baud) == (1883, "5", 115_200)


@pytest.mark.parametrize(
    ("tables", "fields", "told"),
    [
        (
            f'[mqtt]\nhost = "{"b" * 64}.example"\n',
            {},
            f"mqtt.host: is no name or address of a machine. {LIST}",
        ),
        (
            MQTT + f'[screen]\nhost = "{"b" * 64}.example"\nport = 8090\n',
            {},
            f"screen.host: is no name or address of a machine. {LIST}",
        ),
        (
            MQTT + '[metrics]\nhost = "0.0.0.0"\nport = 9464\n',
            {},
            f"metrics: host must be of this machine alone, or say plain = true. {LIST}",
        ),
        (
            HTTP + "[metrics]\nport = 8080\n",
            {},
            f"metrics.port is http.port: give the metrics another one. {LIST}",
        ),
        (MQTT, {"root": '"official:12"'}, "root: must end with the key as 64 hexadecimal digits"),
        (MQTT, {"root": None}, "root: is missing (Root key of the election"),
        (MQTT, {"election_file": "7"}, "election_file: must be a path in quotes"),
        (MQTT, {"register_file": "[]"}, "register_file: must be a path in quotes"),
        (
            MQTT,
            {"origin": '"two words"'},
            "origin: must be 1 to 128 printable ASCII characters, no space, no +",
        ),
        (MQTT, {"key_file": None}, "name the gateway's key: key_file or [pkcs11], one of the two"),
        (MQTT, {"passphrase_file": "1"}, "passphrase_file: must be a path in quotes"),
        (MQTT, {"passphrase_variable": '""'}, "passphrase_variable: must have at least"),
        (MQTT, {"ledger_file": "true"}, "ledger_file: must be a path in quotes"),
        (MQTT, {"control_socket": "1"}, "control_socket: must be a path in quotes"),
        (MQTT, {"legder": '"x"'}, "legder: there is no such setting; did you mean `ledger_file`?"),
        ('serial = "COM1"', {}, "serial: must be a repeated table, written [[serial]]"),
        ('[[serial]]\nport = ""', {}, "serial[0].port: must have at least 1 character"),
        (
            SERIAL + "baud = 9600.5",
            {},
            "serial[0].baud: must be a whole number without quotes (Speed in bits per second)",
        ),
        (
            SERIAL.replace("/dev/ttyUSB0", "spy://x"),
            {},
            "serial[0].port: must be a device file, socket://host:port or rfc2217://host:port",
        ),
        (
            SERIAL.replace("/dev/ttyUSB0", "socket://h:99999"),
            {},
            "serial[0].port: must be a device",
        ),
        (SERIAL + SERIAL, {}, "two [[serial]] tables name the same port: remove one"),
        ("[mqtt]", {}, "mqtt.host: is missing (Name or address of the broker)"),
        (MQTT + 'port = "1883"', {}, "mqtt.port: must be a whole number without quotes"),
        (
            MQTT + 'protocol = "4"',
            {},
            "mqtt.protocol: must be '5' or '3.1.1', not '4' (Version of MQTT to speak)",
        ),
        (MQTT + "client_id = 3", {}, "mqtt.client_id: must be text in quotes"),
        (MQTT + "keepalive_s = 1", {}, "mqtt.keepalive_s: must be greater than or equal to 5"),
        (MQTT + "session_expiry_s = 0", {}, "mqtt.session_expiry_s: must be greater than"),
        (MQTT + "receive_maximum = 0", {}, "mqtt.receive_maximum: must be greater than or equal"),
        (MQTT + "username = 3", {}, "mqtt.username: must be text in quotes"),
        (MQTT + "password_file = 3", {}, "mqtt.password_file: must be a path in quotes"),
        (MQTT + "tls = true", {}, "mqtt.tls: must be a table, written [mqtt.tls]"),
        (MQTT + '[mqtt.tls]\nca = "x"', {}, "mqtt.tls.ca: there is no such setting; did you"),
        (MQTT + '[mqtt.tls]\nkey_file = "x"', {}, "mqtt.tls: certificate_file and key_file go"),
        ("[http]", {}, "http.port: is missing (TCP port to listen on)"),
        (HTTP + "host = 0", {}, "http.host: must be text in quotes"),
        (HTTP + "body_max_bytes = 1", {}, "http.body_max_bytes: must be greater than or equal"),
        (
            HTTP + 'host = "0.0.0.0"',
            {},
            "http: beyond this machine only TLS: give certificate_file",
        ),
        (HTTP + 'host = "::"', {}, "http: beyond this machine only TLS: give certificate_file"),
        (HTTP + 'key_file = "x"', {}, "http: certificate_file, key_file and client_ca_file go"),
        (HTTP + 'client_ca_file = "x"', {}, "http: certificate_file, key_file and client_ca_file"),
        (
            HTTP + PAIR + 'client_ca_file = "x"\nplain = true',
            {},
            "http: plain and certificate_file",
        ),
        (HTTP + "plain = 1", {}, "http.plain: must be true or false (Listen without TLS"),
        (
            HTTP + UPSTREAM.replace("https:", "http:"),
            {},
            "upstream: beyond this machine only https:// or mqtts://, or say plain = true",
        ),
        (HTTP + UPSTREAM + 'key_file = "x"', {}, "upstream: certificate_file and key_file go"),
        (
            HTTP + UPSTREAM.replace("https://centre.example", "http://127.0.0.1") + PAIR,
            {},
            "upstream: certificates need a url that begins with https://",
        ),
        (
            HTTP + "[upstream]",
            {},
            "upstream.url: is missing (Where its HTTP intake listens; or a broker, mqtts://host:port)",
        ),
        (
            HTTP + UPSTREAM.replace("https:", "ftp:"),
            {},
            "upstream.url: must look like https://centre.example:8443",
        ),
        (
            HTTP + UPSTREAM.replace("https://", "https://joe:secret@"),
            {},
            "upstream.url: must hold no name and no password",
        ),
        (
            HTTP + UPSTREAM.replace("centre.example", "centre..example"),
            {},
            "upstream.url: is no name or address of a machine",
        ),
        (
            HTTP + UPSTREAM.replace("centre.example", "[centre"),
            {},
            "upstream.url: must look like https://centre.example:8443",
        ),
        (
            HTTP + UPSTREAM.replace('"https://centre.example', '"https://centre.example:99999'),
            {},
            "upstream.url: has a port that is no number from 1 to 65535",
        ),
        (HTTP + UPSTREAM + "batch_leaves = 0", {}, "upstream.batch_leaves: must be greater than"),
        (HTTP + UPSTREAM + "timeout_s = 0", {}, "upstream.timeout_s: must be greater than"),
        (HTTP + UPSTREAM + "ca_file = 0", {}, "upstream.ca_file: must be a path in quotes"),
        (
            HTTP + UPSTREAM.replace('/centre"', '/precinct"'),
            {},
            "upstream.origin is this gateway's own origin",
        ),
        (
            MQTT + '[page]\nport = 8080\nhost = "192.0.2.1"',
            {},
            "page: host must be of this machine alone: 127.0.0.1, ::1 or localhost",
        ),
        (MQTT + "[page]\n", {}, "page.port: is missing (TCP port to listen on, another one than"),
        (
            HTTP + "[page]\nport = 8080",
            {},
            "page.port is http.port: give the page another one",
        ),
        ("", {}, "nothing can arrive: add [[serial]], [mqtt], [http] or [below]"),
        (
            MQTT,
            {"passphrase_file": '"a"', "passphrase_variable": '"b"'},
            "passphrase_file and passphrase_variable exclude each other",
        ),
        (
            MQTT,
            {"control_socket": f'"/{"x" * 120}"'},
            "control_socket is longer than 107 bytes: set a shorter path, such as /run/bbx",
        ),
    ],
)
def test_one_wrong_field_is_named_with_what_it_should_be(tmp_path, tables, fields, told):
    text = fault(tmp_path, tables, **fields)
    assert text.startswith(told)
    assert text.endswith(LIST)


@pytest.mark.parametrize(
    "tables",
    [
        HTTP + 'host = "::1"',
        HTTP + 'host = "127.1.2.3"',
        HTTP + 'host = "localhost"',
        HTTP + 'host = "0.0.0.0"\nplain = true',
        HTTP + 'host = "0.0.0.0"\nclient_ca_file = "ca.pem"\n' + PAIR,
        HTTP + UPSTREAM.replace("https:", "http:") + "plain = true",
        HTTP + UPSTREAM + PAIR,
        SERIAL.replace("/dev/ttyUSB0", "rfc2217://terminals.example:2217"),
    ],
)
def test_without_tls_only_on_this_machine_or_where_it_is_said_expressly(tmp_path, tables):
    load_config(written(tmp_path, tables))


def test_every_wrong_field_is_named_and_all_fit_on_one_screen(tmp_path):
    tables = MQTT + "".join(f"wrong_{n} = 1\n" for n in range(30))
    lines = fault(tmp_path, tables).splitlines()
    assert lines[0] == "mqtt.wrong_0: there is no such setting"
    assert lines[-1] == f"  and 20 more. {LIST}"
    assert len(lines) == 11


def test_a_file_that_is_no_toml_is_told_by_its_line(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text('root = "x"\norigin =\n')
    with pytest.raises(Problem) as caught:
        load_config(path)
    assert str(caught.value) == (
        f"{path}: is not TOML: Invalid value (at line 2, column 9). Correct that line"
    )


def test_a_missing_or_unreadable_file_is_told(tmp_path):
    with pytest.raises(Problem) as caught:
        load_config(tmp_path / "absent.toml")
    assert "there is no such file. Name it with --config" in str(caught.value)
    with pytest.raises(Problem) as caught:
        load_config(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a directory. Make the file readable"
    (tmp_path / "latin").write_bytes(b"origin = '\xe9'")
    with pytest.raises(Problem) as caught:
        load_config(tmp_path / "latin")
    assert str(caught.value) == f"{tmp_path / 'latin'}: is not UTF-8 text. Save it as UTF-8"


def test_the_operating_manual_lists_the_settings_as_the_fields_describe_them(repository):
    manual = (repository / "gateway" / "OPERATING.md").read_text()
    assert settings_table() in manual


def test_the_operating_manual_shows_settings_that_are_valid(repository, tmp_path):
    manual = (repository / "gateway" / "OPERATING.md").read_text()
    shown, of_several, of_a_centre = re.findall(r"```toml\n(.*?)```", manual, re.DOTALL)
    written(tmp_path, of_a_centre)
    assert load_config(tmp_path / "gateway.toml").http.mutual
    (tmp_path / "gateway.toml").write_text(of_several)
    dress, day = load_installation(tmp_path / "gateway.toml").elections
    assert (dress.name, day.name, dress.serial) == ("dress", "official", day.serial)
    (tmp_path / "gateway.toml").write_text(shown)
    config = load_config(tmp_path / "gateway.toml")
    assert config.mqtt.host == "127.0.0.1"
    assert config.upstream.origin != config.origin


def test_the_operating_manual_shows_a_table_below_that_is_valid(repository, tmp_path):
    manual = (repository / "gateway" / "OPERATING.md").read_text()
    (shown,) = re.findall(r"```text\n(\[below\]\n.*?)```", manual, re.DOTALL)
    written(tmp_path, shown)
    assert load_config(tmp_path / "gateway.toml").below.port == 8883
    written(tmp_path, shown.replace("port = 8883", 'protocol = "3.1.1"'))
    with pytest.raises(Problem, match=r"below\.protocol must be"):
        load_config(tmp_path / "gateway.toml")


def test_every_field_of_every_table_is_documented():
    seen = set()

    def visit(table):
        for name, field in table.model_fields.items():
            assert field.description, name
            seen.add(name)

    visit(Config)
    rows = settings_table().splitlines()[2:]
    assert len(rows) == len({row.split("`")[1] for row in rows}) > len(seen)
    assert all(row.rstrip(" |").split("|")[-1].strip() not in ("", "None") for row in rows)
