"""Does a process that had followed a log see, after a restart, an older copy of it?"""

import asyncio
from contextlib import closing

import pytest

from ballotbox_gateway.core.intake import Identity
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.kept_checkpoint import KeptCheckpoint, place_of_checkpoint
from ballotbox_gateway.service.opening import create_ledger, open_existing, open_intake
from ballotbox_protocol.wire.report import ReportKind
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import NOW, ORIGIN, ScriptedBox, arrivals, authority, intake

GIVEN = authority()
IDENTITY = Identity(ORIGIN, GIVEN.gateway_keys[ORIGIN])


@pytest.fixture
def settings(tmp_path, cluster, new_schema):
    gateway = FieldGateway(tmp_path / "g", GIVEN, ORIGIN)
    mqtt = '[mqtt]\nhost = "127.0.0.1"\nport = 1\n'
    table = cluster.table(new_schema().schema_name)
    gateway.configure(table, mqtt, ledger_file=None, control_socket="c.socket")
    made = load_installation(gateway.config).one(None)
    create_ledger(made, GIVEN.trusted)
    return made


def day(settings, box):
    """Let a box report, and keep what was followed; return the size of the log."""
    with closing(open_existing(settings)) as ledger:
        intake(GIVEN, ledger).admit(arrivals(ScriptedBox(GIVEN, box).report(ReportKind.BOOT)), NOW)
        size = ledger.log_head().size

        async def keep():
            await KeptCheckpoint(settings, lambda: ledger.checkpoint_at(size)).keep()

        asyncio.run(keep())
    return size


def start(settings):
    opened = open_intake(settings, GIVEN.trusted, IDENTITY)
    opened.ledger.close()
    return opened.intake.size


def newly(settings, schema):
    """The same process, before a database that is not the one it followed."""
    table = settings.postgresql.model_copy(update={"schema_name": schema})
    other = settings.model_copy(update={"postgresql": table})
    create_ledger(other, GIVEN.trusted)
    return other


def test_a_log_that_is_as_it_was_or_has_grown_is_used(settings):
    assert start(settings) == 0, "nothing was kept yet"
    assert day(settings, 1) == 1
    kept = place_of_checkpoint(settings).read_bytes()
    day(settings, 2)
    place_of_checkpoint(settings).write_bytes(kept)
    assert start(settings) == 2


def test_an_older_copy_and_another_log_are_not_used(settings, new_schema):
    day(settings, 1)
    older = newly(settings, new_schema().schema_name)
    told = r"it has 0 leaves, and this process has followed 1\. Stop every process"
    with pytest.raises(Problem, match=told):
        start(older)
    kept = place_of_checkpoint(settings).read_bytes()
    day(older, 2)
    place_of_checkpoint(settings).write_bytes(kept)
    with pytest.raises(Problem, match="first 1 leaves are not those followed here"):
        start(older)


def test_what_was_kept_and_is_none_is_told_with_the_file(settings):
    place_of_checkpoint(settings).write_bytes(b"nothing")
    with pytest.raises(Problem, match=r"c\.socket\.checkpoint: holds no checkpoint of"):
        start(settings)


def test_a_disk_that_does_not_take_it_stops_nothing_and_is_told(settings, caplog):
    place_of_checkpoint(settings).mkdir()
    day(settings, 1)
    assert "the newest checkpoint is not kept" in caplog.text
