"""Is every night of the campaign held to its promise, and left out with a word where it must be?"""

import importlib
from types import SimpleNamespace

import pytest

from ballotbox_simulator.live.postgresql import PostgresqlUnavailable
from ballotbox_simulator.rehearse.plan_file import load_plan
from tests.conftest import REPOSITORY

OVER_A_DATABASE = ["one-of-two-killed", "database-restarted"]


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of `bench/` are imported as its scripts do."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "bench"))


def test_every_night_must_lose_and_double_nothing() -> None:
    plans = importlib.import_module("rehearsals").PLANS
    zero = importlib.import_module("soak")._MUST_BE_ZERO

    assert [plan for plan in plans if load_plan(plan).target.has_database] == OVER_A_DATABASE
    assert {
        f"nights.{plan}.{what}" for plan in plans for what in ("missing", "doubled", "failed")
    } <= set(zero)


def test_nights_over_a_database_that_is_not_there_are_left_out_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nights = importlib.import_module("rehearsals")
    run: list[str] = []

    def none() -> None:
        raise PostgresqlUnavailable("install the Debian package postgresql")

    monkeypatch.setattr(nights, "find_postgresql", none)
    started = SimpleNamespace(run=lambda words, **_: run.append(words[-3]))
    monkeypatch.setattr(nights, "subprocess", started)

    rows = [row.name for row in nights.run_nights()]

    assert run == ["broker-killed", "gateway-killed", "upstream-out"]
    assert rows == [f"nights.{plan}.failed" for plan in run]
    told = capsys.readouterr().err
    for plan in OVER_A_DATABASE:
        assert f"nights.{plan}: install the Debian package postgresql: not rehearsed" in told
