"""What a process says of itself while the database of its ledger cannot be asked."""

import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ballotbox_gateway.cli.status import _lines
from ballotbox_gateway.ledger.postgresql import PostgresqlLedger
from ballotbox_gateway.ledger.postgresql_opening import create, open_ledger
from ballotbox_gateway.marking import mark_of
from ballotbox_gateway.service import serving
from ballotbox_gateway.service.desk import Desk
from ballotbox_gateway.service.metrics import exposition, health
from tests.databases import NewSchema
from tests.gateway.scripted import ORIGIN, authority, binding

TRUSTED = authority().trusted
RUNNING = {"running": True, "origin": ORIGIN, "database_away": "", "forked_below": []}


@pytest.fixture
def cut(new_schema: NewSchema, tmp_path: Path) -> Iterator[PostgresqlLedger]:
    """A ledger whose server is gone: nobody listens where it was."""
    settings = new_schema()
    create(settings, binding(TRUSTED))
    ledger = open_ledger(settings)
    ledger._link.close()
    ledger._settings = settings.model_copy(update={"host": str(tmp_path)})
    yield ledger
    ledger.close()


def desk(ledger: PostgresqlLedger, **running: object) -> Desk:
    return Desk(ledger, TRUSTED, None, None, lambda: running)


def test_status_metric_and_alarm_tell_of_it_and_of_everything_else(cut: PostgresqlLedger) -> None:
    state = desk(cut, **RUNNING).answer({"ask": "status"})
    assert "problem" not in state
    numbers = exposition([state]).decode()
    assert f'ballotbox_database_away{{origin="{ORIGIN}"}} 1.0' in numbers
    assert "ballotbox_register_version{" in numbers
    assert "ballotbox_contradictions{" not in numbers, "nobody knows"
    able, told = health([state])
    assert not able
    assert "See that the database runs" in told["elections"][0]["troubles"][0]
    lines = "\n".join(_lines(state))
    assert f"gateway   {ORIGIN}, running" in lines
    assert "NOT TAKING IN postgresql" in lines


def test_what_is_known_to_be_away_is_not_asked_again() -> None:
    state = desk(None, **(RUNNING | {"database_away": "gone"})).answer({"ask": "status"})
    assert (state["database_away"], state["log"]) == ("gone", None)


def test_a_stopped_gateway_has_nothing_to_tell_without_its_ledger(cut: PostgresqlLedger) -> None:
    assert "postgresql" in desk(cut).answer({"ask": "status"})["problem"]


def test_a_process_whose_database_goes_while_it_starts_stays_and_waits_for_it(
    cut: PostgresqlLedger, caplog: pytest.LogCaptureFixture
) -> None:
    config, seven = SimpleNamespace(origin=ORIGIN), SimpleNamespace(size=7)
    mark = mark_of(TRUSTED.election.mode, "")
    opened = SimpleNamespace(config=config, trusted=TRUSTED, intake=seven, ledger=cut, mark=mark)

    with caplog.at_level(logging.INFO):
        serving._tell_ready([opened])

    assert f"ready: {ORIGIN}, register version 1, 7 leaves" in caplog.text
