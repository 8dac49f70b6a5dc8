"""Does a night over PostgreSQL with two gateways lose nothing, whichever of them is broken?"""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.live.broker import BrokerUnavailable, find_broker
from ballotbox_simulator.live.postgresql import (
    PostgresqlUnavailable,
    TemporaryCluster,
    find_postgresql,
)
from ballotbox_simulator.rehearse import shared_target
from ballotbox_simulator.rehearse.core.document import EventPart, RehearsalResult
from ballotbox_simulator.rehearse.result_file import read_result

pytestmark = pytest.mark.accept

NIGHT = """
title = "A small night over PostgreSQL"
[[boxes]]
count = 30
sheets = 12
turnout = "4h"
[embedded]
ledger = "postgresql"
gateways = 2
lease = "3s"
[day]
morning = "3s"
compression = "fastest"
[burst]
spread = "14s"
shape = [1]
[[event]]
kind = "gateway-killed"
at = "20:00"
lasts = "8s"
[[event]]
kind = "database-restarted"
at = "20:00:10"
lasts = "3s"
[[event]]
kind = "database-killed"
at = "20:00:15"
lasts = "3s"
[tester]
patience = "90s"
lag_p99_ms = 5_000
"""


@pytest.fixture(autouse=True)
def _programs() -> None:
    try:
        find_postgresql()
        program = find_broker()
    except (BrokerUnavailable, PostgresqlUnavailable) as error:
        pytest.skip(str(error))
    if program.name != "mosquitto":
        pytest.skip("mosquitto is not installed, and the broker from pip speaks no MQTT 5")


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> list[TemporaryCluster]:
    """The servers that a rehearsal makes."""
    made: list[TemporaryCluster] = []

    def noted() -> TemporaryCluster:
        made.append(TemporaryCluster())
        return made[-1]

    monkeypatch.setattr(shared_target, "TemporaryCluster", noted)
    return made


def test_a_night_in_which_database_and_gateway_break_is_a_go(
    tmp_path: Path, clusters: list[TemporaryCluster]
) -> None:
    (tmp_path / "night.toml").write_text(NIGHT)
    out = tmp_path / "out"

    done = CliRunner().invoke(
        main, ["rehearse", str(tmp_path / "night.toml"), "--out", str(out)], catch_exceptions=False
    )

    assert done.exit_code == 0, done.output
    result = read_result(out / "rehearsal.json")
    ledger = result.ledger
    assert ledger.holds
    assert ledger.sent == ledger.receipted == ledger.stored > 30 * 5
    assert ledger.finals == ledger.tabulated == 30
    require_parts(result)
    killed, restarted, cut = result.events
    assert all(each.drained_s is not None for each in result.events)
    # The database was away in earnest: who was asked knew of no log meanwhile.
    for event in (restarted, cut):
        assert None in said_of_the_log(result, event)
    # A report that overtook the one before it has a second leaf, when it no longer waits.
    assert (result.series.log_size[-1] or 0) >= ledger.stored
    assert None in use_of(result, "gateway 2", killed)
    assert None not in use_of(result, "gateway 1", killed)
    # The first heard all boxes while it was alone: at its start, and when the other one was dead.
    heard, *_ = (out / "gateway-1" / "gateway.log").read_text().split("nothing is acknowledged")
    assert heard.count("64 of 64 shards are ours, 1 processes") >= 2
    (cluster,) = clusters
    assert not Path(cluster.host).exists()


def require_parts(result: RehearsalResult) -> None:
    """Every gateway and the whole server were watched, and what they cost is told."""
    kinds = {part.name: part.kind for part in result.series.parts}
    assert {"gateway 1", "gateway 2"} == {name for name, kind in kinds.items() if kind == "gateway"}
    assert kinds["database"] == "database"
    costs = {each.part: each.value for each in result.costs if each.per == "report"}
    assert all(costs[kind] > 0 for kind in ("tester", "broker", "gateway", "database"))


def during(result: RehearsalResult, event: EventPart) -> list[int]:
    assert event.began_s is not None
    assert event.ended_s is not None
    seconds = enumerate(result.series.at_s)
    return [place for place, at in seconds if event.began_s + 1 < at < event.ended_s]


def said_of_the_log(result: RehearsalResult, event: EventPart) -> list[int | None]:
    return [result.series.log_size[place] for place in during(result, event)]


def use_of(result: RehearsalResult, name: str, event: EventPart) -> list[float | None]:
    (part,) = [each for each in result.series.parts if each.name == name]
    return [part.memory_mib[place] for place in during(result, event)]
