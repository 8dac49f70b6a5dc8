"""Do several elections in one settings file stay apart, and is what they may not share named?"""

from pathlib import Path

import pytest

from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.problem import Problem
from tests.gateway.scripted import authority
from tests.gateway.two_elections import official

DRESS_ROOT, DAY_ROOT = str(authority().root), str(official().root)
COMMON = """
register_file = "register.cose"
[[serial]]
port = "/dev/ttyUSB0"
[mqtt]
host = "127.0.0.1"
[mqtt.tls]
ca_file = "ca.pem"
[upstream]
url = "https://centre.example"
batch_leaves = 7
"""
OWN = {
    "dress": {
        "root": DRESS_ROOT,
        "election_file": "dress.cose",
        "origin": "rehearsal.example/precinct",
        "key_file": "dress.key",
        "ledger_file": "dress/ledger.sqlite",
        "upstream.origin": "rehearsal.example/centre",
    },
    "official": {
        "root": DAY_ROOT,
        "election_file": "official.cose",
        "origin": "official.example/precinct",
        "key_file": "official.key",
        "ledger_file": "official/ledger.sqlite",
        "upstream.origin": "official.example/centre",
    },
}


def written(folder: Path, common: str = COMMON, names: tuple = ("dress", "official"), **changes):
    """A settings file; `changes` are fields of the table of the official election."""
    lines = [common]
    for name in names:
        fields = {"name": name} | OWN[name] | (changes if name == "official" else {})
        lines.append("[[election]]")
        lines += [f'{field} = "{value}"' for field, value in fields.items() if value is not None]
    path = folder / "gateway.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def fault(path: Path) -> str:
    with pytest.raises(Problem) as caught:
        load_installation(path)
    return str(caught.value).removeprefix(str(path))


def test_each_election_is_its_table_over_what_stands_above(tmp_path):
    dress, day = load_installation(written(tmp_path)).elections
    assert (dress.name, day.name) == ("dress", "official")
    assert dress.register_file == day.register_file == tmp_path / "register.cose"
    assert dress.serial == day.serial != ()
    assert dress.mqtt == day.mqtt is not None
    assert {each.upstream.url for each in (dress, day)} == {"https://centre.example"}
    assert {each.upstream.batch_leaves for each in (dress, day)} == {7}
    assert day.upstream.origin == "official.example/centre"
    assert dress.control == tmp_path / "dress" / "dress.socket"
    assert day.control == tmp_path / "official" / "official.socket"


def test_a_table_overrides_single_fields_of_the_tables_above(tmp_path):
    path = written(tmp_path, **{"mqtt.tls.certificate_file": "o.pem", "mqtt.tls.key_file": "o.key"})
    dress, day = load_installation(path).elections
    assert day.mqtt.tls.ca_file == dress.mqtt.tls.ca_file == tmp_path / "ca.pem"
    assert (day.mqtt.tls.key_file, dress.mqtt.tls.key_file) == (tmp_path / "o.key", None)


def test_one_is_chosen_by_its_name_and_an_error_names_the_choices(tmp_path):
    path = written(tmp_path)
    several = load_installation(path)
    assert several.one("official") is several.elections[1]
    assert several.chosen(None) == several.elections
    assert several.chosen("dress") == several.elections[:1]
    for name, told in (
        (None, f"{path}: serves 2 elections. Name one with --election: dress, official"),
        (
            "offical",
            (
                f"--election: there is no 'offical' in {path}. "
                "Name one with --election: dress, official"
            ),
        ),
    ):
        with pytest.raises(Problem) as caught:
            several.one(name)
        assert str(caught.value) == told


def test_a_sole_election_needs_no_name(tmp_path):
    sole = load_installation(written(tmp_path, names=("official",)))
    assert sole.one(None) is sole.one("official") is sole.elections[0]
    path = tmp_path / "plain.toml"
    plain = [f'{name} = "{value}"' for name, value in OWN["dress"].items() if "." not in name]
    path.write_text("\n".join([*plain, 'register_file = "r"', "[http]\nport = 1\n"]))
    alone = load_installation(path)
    assert alone.one(None).control == tmp_path / "dress" / "control.socket"
    with pytest.raises(Problem, match=r"there is no 'dress' in .*plain.toml. Leave it out"):
        alone.one("dress")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "dress"}, "name: is the same for dress and dress"),
        (
            # Another mode does not make another key of it.
            {"root": DRESS_ROOT.replace("rehearsal:", "official:")},
            "root: is the same for dress and official",
        ),
        (
            {"origin": OWN["dress"]["origin"]},
            "origin: is the same for dress and official",
        ),
        ({"ledger_file": "dress/../dress/ledger.sqlite"}, "ledger_file: is the same for"),
        ({"control_socket": "dress/dress.socket"}, "control_socket: is the same for"),
        ({"upstream.origin": OWN["dress"]["upstream.origin"]}, "upstream.origin: is the same for"),
    ],
)
def test_what_two_elections_may_not_share_is_named(tmp_path, changes, told):
    text = fault(written(tmp_path, **changes))
    assert text.startswith(f": {told}")
    assert text.endswith(". Give each [[election]] its own")


@pytest.mark.parametrize(
    ("above", "field"),
    [
        ('second_copy = "copy"\n' + COMMON, "second_copy"),
        (COMMON.replace('host = "127.0.0.1"', 'host = "h"\nclient_id = "g"'), "mqtt.client_id"),
        (
            COMMON.replace("[upstream]", 'certificate_file = "a"\nkey_file = "b"\n[upstream]'),
            "mqtt.tls.certificate_file",
        ),
        (COMMON + '[below]\nhost = "h"\nclient_id = "g"\n', "below.client_id"),
        (
            COMMON + '[below]\nhost = "h"\ntls = {certificate_file = "a", key_file = "b"}\n',
            "below.tls.certificate_file",
        ),
    ],
)
def test_what_stands_above_all_tables_is_not_shared_unnoticed(tmp_path, above, field):
    told = f": {field}: is the same for dress and official. Give each [[election]] its own"
    assert fault(written(tmp_path, above)) == told


def test_roads_that_cannot_be_had_twice_belong_to_all(tmp_path):
    for table in ("http.port", "serial.port", "page.port"):
        path = written(tmp_path, **{table: "x"})
        name = table.partition(".")[0]
        told = f"{name}: belongs to all elections. Move the table {name} above the first"
        assert fault(path).startswith(f", election[1]: {told}")


def test_a_wrong_field_is_named_with_its_table(tmp_path):
    assert fault(written(tmp_path, legder="x")).startswith(
        ", election[1]: legder: there is no such setting; did you mean `ledger_file`?"
    )
    assert fault(written(tmp_path, root=None)).startswith(", election[1]: root: is missing")
    assert fault(written(tmp_path, name=None)).startswith(", election[1]: name: is missing")
    assert fault(written(tmp_path, name="Big Day")).startswith(", election[1]: name: ")
    path = tmp_path / "gateway.toml"
    for text in ("election = 1", "election = []", "election = [1]", "[election]\nname = 'x'"):
        path.write_text(text)
        told = ": election: must be a repeated table. Write it [[election]]"
        assert fault(path) == told
