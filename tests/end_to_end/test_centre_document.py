"""Does docs/centre.md set up a centre that runs?"""

import re
import tomllib
from pathlib import Path

import psycopg
import pytest

from ballotbox_gateway.config import Config
from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.sharding import SHARDS
from ballotbox_simulator.rehearse.plan_file import load_plan
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import ORIGIN

pytestmark = pytest.mark.accept


@pytest.fixture(scope="module")
def document(repository: Path) -> str:
    return (repository / "docs" / "centre.md").read_text(encoding="utf-8")


def block(document: str, language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)
    return found


def test_it_names_settings_numbers_and_options_that_there_are(document, election):
    settings = tomllib.loads(block(document, "toml"))
    Config.model_validate(settings | {"root": str(election.root)})
    assert f"{SHARDS} shards" in document
    known = {field.alias or name for name, field in Postgresql.model_fields.items()}
    for name in ("host", "ca_file", "password_file", "lease_s"):
        assert name in known
        assert f"`{name}" in document


def test_the_plans_that_it_names_rehearse_several_processes(document):
    names = re.findall(r"ballotbox-sim rehearse ([a-z-]+)", document)
    tables = [load_plan(name).target for name in names]
    assert {(each.ledger, each.gateways) for each in tables} == {("postgresql", 2)}


def test_its_commands_make_a_centre_that_runs(document, cluster, broker, election, tmp_path):
    statements = block(document, "sql").replace("ballotbox", "documented")
    link = psycopg.connect(
        host=cluster.host, dbname=cluster.dbname, user=cluster.user, autocommit=True
    )
    with link:
        for statement in filter(str.strip, statements.split(";")):
            link.execute(statement)
    gateway = FieldGateway(tmp_path / "one", election, ORIGIN)
    text = block(document, "toml").replace('"ballotbox"', '"documented"')
    text = re.sub(r"^root = .*$", f'root = "{election.root}"', text, flags=re.MULTILINE)
    text = re.sub(r"^origin = .*$", f'origin = "{ORIGIN}"', text, flags=re.MULTILINE)
    text = text.replace("/var/lib/ballotbox/one.socket", "one.socket")
    text = text.replace('host = "broker.example"', f'host = "{broker.host}"\nport = {broker.port}')
    text = text.replace("[postgresql]\n", f'[postgresql]\nhost = "{cluster.host}"\n')
    (gateway.folder / "one.toml").write_text(text)
    for command in block(document, "sh").splitlines():
        program, *words = command.split()
        assert program == "ballotbox-gateway"
        done = gateway.command(*words)
        assert done.exit_code == 0, done.output
    assert "schema ballotbox holds 0 leaves" in done.output
    gateway.start("--config", "one.toml")
    gateway.await_line(f"{SHARDS} of {SHARDS} shards are ours, 1 processes")
    assert gateway.stop() == 0
