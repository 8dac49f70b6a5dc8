"""Is a set-up over PostgreSQL broken where a plan says, while the rest of it goes on?"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.live import postgresql
from ballotbox_simulator.live.broker import BrokerProgram
from ballotbox_simulator.live.postgresql import PostgresqlUnavailable
from ballotbox_simulator.rehearse import shared_target, target
from ballotbox_simulator.rehearse.plan_embedded import EmbeddedTable
from ballotbox_simulator.rehearse.plan_events import EventKind
from ballotbox_simulator.rehearse.shared_target import OverDatabase, are_shared_out
from ballotbox_simulator.rehearse.target import Standing, TargetFailed

MOSQUITTO = BrokerProgram("mosquitto", Path("/none"), mqtt5=True, demonstration_only=False)


class Part:
    """A gateway or a database that does nothing but note what is done to it."""

    pid = 4
    has_ended = False

    def __init__(self, name: str, done: list[str]) -> None:
        self.name = name
        self.is_running = True
        self._done = done

    def _note(self, what: str, *, runs: bool) -> None:
        self._done.append(f"{what} {self.name}")
        self.is_running = runs

    def kill(self) -> None:
        self._note("kill", runs=False)

    def cut(self) -> None:
        self._note("cut", runs=False)

    def stop(self) -> None:
        self._note("stop", runs=False)

    def command(self, *words: str) -> str:
        self._done.append(f"{' '.join(words[:2])} of {self.name}")
        return ""


class Gateway(Part):
    def status(self) -> dict[str, Any]:
        return {"log": {"size": len(self.name)}, "upstream": None}

    def log_size(self) -> int:
        return len(self.name)

    async def start(self, _patience_s: float) -> None:
        self._note("start", runs=True)


class Server(Part):
    def close(self) -> None:
        self._note("close", runs=False)

    def start(self) -> None:
        self._note("start", runs=True)


class Silent:
    pid = None
    has_ended = False


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def over(done: list[str]) -> Iterator[Any]:
    made: Any = OverDatabase.__new__(OverDatabase)
    made._daemon, made._has_centre = Silent(), False
    made._gateways = {name: Gateway(name, done) for name in ("gateway 1", "gateway 2")}
    made._cluster = Server("database", done)
    made._database = asyncio.Lock()
    return made


def through(over: Any, *steps: tuple[str, EventKind]) -> None:
    async def every() -> None:
        for what, kind in steps:
            await getattr(over, what)(kind)

    asyncio.run(every())


@pytest.mark.parametrize(
    ("kind", "how"), [(EventKind.DATABASE_KILLED, "cut"), (EventKind.DATABASE_RESTARTED, "stop")]
)
def test_a_database_is_ended_as_the_plan_says_and_comes_back(over, done, kind, how) -> None:
    through(over, ("hurt", kind))
    assert [part.name for part, _ in over.parts()] == ["gateway 1", "gateway 2"]
    through(over, ("heal", kind))

    assert done == [f"{how} database", "start database"]
    assert [part.name for part, _ in over.parts()][-1] == "database"


def test_one_of_two_is_killed_and_the_other_one_speaks(over, done) -> None:
    through(over, ("hurt", EventKind.GATEWAY_KILLED))

    assert [(part.name, part.kind) for part, _ in over.parts()] == [
        ("gateway 1", "gateway"),
        ("database", "database"),
    ]
    assert asyncio.run(over.standing()) == Standing(len("gateway 1"), None)
    through(over, ("heal", EventKind.GATEWAY_KILLED))
    assert done == ["kill gateway 2", "start gateway 2"]


def test_the_log_is_that_of_a_gateway_which_runs(over, done) -> None:
    over._gateways["gateway 1"].kill()

    assert asyncio.run(over.standing()) == Standing(len("gateway 2"), None)
    assert asyncio.run(over.export(Path("log"))) == ""
    over._gateways["gateway 2"].kill()
    assert asyncio.run(over.export(Path("log"))) == ""
    assert [each for each in done if "export" in each] == [
        "log export of gateway 2",
        "log export of gateway 1",
    ]


def test_a_gateway_comes_back_when_its_database_is_there(over, done) -> None:
    async def both() -> None:
        await over.hurt(EventKind.DATABASE_RESTARTED)
        await over.hurt(EventKind.GATEWAY_KILLED)
        back = asyncio.create_task(over.heal(EventKind.GATEWAY_KILLED))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not back.done()
        await over.heal(EventKind.DATABASE_RESTARTED)
        await back

    asyncio.run(both())

    assert done[-2:] == ["start database", "start gateway 2"]


def test_a_database_that_does_not_come_back_fails_the_target(over) -> None:
    def never() -> None:
        raise PostgresqlUnavailable("PostgreSQL did not start: no room")

    over._cluster.start = never

    with pytest.raises(TargetFailed, match="no room"):
        through(over, ("hurt", EventKind.DATABASE_KILLED), ("heal", EventKind.DATABASE_KILLED))


def test_a_database_that_ends_by_itself_is_seen(over) -> None:
    assert list(over.gone()) == []
    over._cluster.has_ended = True
    assert list(over.gone()) == ["database"]


def shards(*held: int, processes: int | None = None) -> list[dict[str, Any]]:
    known = len(held) if processes is None else processes
    return [{"held": each, "of": 64, "processes": known} for each in held]


@pytest.mark.parametrize(
    ("told", "count", "shared"),
    [
        (shards(64), 1, True),
        (shards(32, 32), 2, True),
        (shards(22, 20, 22), 3, True),
        ([], 2, False),
        (shards(64), 2, False),
        (shards(32, 0), 2, False),
        (shards(64, 0), 2, False),
        (shards(40, 24), 2, False),
        (shards(32, 32, processes=1), 2, False),
    ],
)
def test_boxes_are_shared_out_when_each_shard_has_its_process(told, count, shared) -> None:
    assert are_shared_out(told, count) is shared


def test_gateways_that_never_share_are_told_with_what_they_hold(over, monkeypatch) -> None:
    monkeypatch.setattr(shared_target, "START_S", 0.0)
    over._count = 2
    for gateway in over._gateways.values():
        gateway.status = lambda: {"shards": shards(64, 0)[0]}

    with pytest.raises(TargetFailed, match=r"within 0 s: 64 of 64, 64 of 64"):
        asyncio.run(over._share_out())


def test_a_gateway_that_ends_meanwhile_fails_the_target(over) -> None:
    def ended() -> dict[str, Any]:
        raise ConnectionRefusedError("nobody listens")

    over._gateways["gateway 1"].status = ended
    over._count = 2

    with pytest.raises(TargetFailed, match="ended while the boxes were shared out: nobody listens"):
        asyncio.run(over._share_out())


# What is missing is said before anything starts.


def made(folder: Path, monkeypatch, program: BrokerProgram = MOSQUITTO) -> OverDatabase:
    monkeypatch.setattr(target, "find_broker", lambda: program)
    authority: Any = None
    table = EmbeddedTable.model_validate({"ledger": "postgresql", "gateways": 2})
    return OverDatabase(folder, authority, table)


def test_without_postgresql_the_package_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(postgresql, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Problem, match="install the Debian package postgresql") as problem:
        made(tmp_path / "out", monkeypatch)

    assert str(problem.value).startswith("embedded.ledger: no PostgreSQL found")
    assert 'ledger = "sqlite"' in str(problem.value)


def test_boxes_are_told_to_say_their_shard(tmp_path: Path, monkeypatch, done) -> None:
    monkeypatch.setattr(shared_target, "TemporaryCluster", lambda: Server("database", done))

    assert made(tmp_path / "over", monkeypatch).broker.sharded
    authority: Any = None
    plain = target.Embedded(tmp_path, authority, EmbeddedTable.model_validate({}))
    assert not plain.broker.sharded


def test_a_broker_that_shares_nothing_out_is_refused(tmp_path: Path, monkeypatch) -> None:
    old = BrokerProgram("nats-server", Path("/none"), mqtt5=False, demonstration_only=True)

    with pytest.raises(Problem, match="needs a broker with MQTT 5, and nats-server has none"):
        made(tmp_path / "out", monkeypatch, old)
