"""Two gateway processes, one log: whichever dies, wherever, nothing is lost or doubled."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_gateway.ledger.postgresql_opening import open_ledger
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.authority import Plan, make_authority
from ballotbox_simulator.crew import FINISHING, OPENING, Crew, new_crew
from ballotbox_simulator.live.boxes import MqttBox
from ballotbox_simulator.live.postgresql import TemporaryCluster
from tests.databases import settings_in
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import ORIGIN
from tests.patience import PATIENCE_S, soon

pytestmark = pytest.mark.accept

BOXES = 16
TURNOUTS = 4
LEASE_S = 3

#: Where a process dies, as Python that it runs first; at its third time there.
_DIES = """
import os
from itertools import count
from ballotbox_gateway.core.correspondence import Correspondence
from ballotbox_gateway.ledger import postgresql
from ballotbox_gateway.ledger.postgresql import PostgresqlLedger
times = count(1)
def dying(place, name):
    real = getattr(place, name)
    def done(*given, **more):
        result = real(*given, **more)
        if {leaves} and next(times) == 3:
            os.kill(os.getpid(), 9)
        return result
    setattr(place, name, done)
dying({place})
"""
_STEPS = {
    "holds the log": ("PostgresqlLedger, '_begin'", "True"),
    "everything is written": ("postgresql, 'write'", "given[1].leaves"),
    "committed": ("PostgresqlLedger, '_commit'", "given[2].leaves"),
    "answered": ("Correspondence, 'settle'", "True"),
}


def at(hour: int) -> Instant:
    return Instant(1_795_939_200 + hour * 3_600, ClockQuality.FREE_RUNNING, hour * 3_600_000)


class Day:
    """A centre of two processes, and boxes that say a shard, every second one, or do not."""

    def __init__(self, folder: Path, cluster: TemporaryCluster, broker, schema: str) -> None:
        self.authority = make_authority(Plan(seed=3, boxes=BOXES, origins=(ORIGIN,)))
        self.settings = settings_in(cluster, schema, lease_s=LEASE_S)
        self.broker = broker
        table = f"{cluster.table(schema)}lease_s = {LEASE_S}\n"
        mqtt = f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\n'
        self.gateways = [
            FieldGateway(folder / name, self.authority, ORIGIN) for name in ("one", "other")
        ]
        for each in self.gateways:
            each.configure(table, mqtt, ledger_file=None, control_socket="control.socket")
        self.gateways[0].init()

    def start(self, before: str = "") -> None:
        one, other = self.gateways
        one.start(before=before)
        other.start()
        for each in self.gateways:
            each.await_line("32 of 64 shards are ours, 2 processes")

    async def connect(self) -> None:
        rules = ElectionRules.of(self.authority.trusted)
        self.crews = [new_crew(self.authority, rules, box, 1) for box in self.authority.boxes]
        self.boxes = [
            MqttBox(
                crew, self.broker.host, self.broker.port, random.Random(at), sharded=at % 2 == 0
            )
            for at, crew in enumerate(self.crews)
        ]
        await asyncio.gather(*(box.connect() for box in self.boxes))

    async def report(self, act: Callable[[Crew], None]) -> None:
        """Let every box do something, and wait until all is receipted."""
        for crew, box in zip(self.crews, self.boxes, strict=True):
            act(crew)
            box.pump()
        await soon(
            lambda: not any(box.unanswered for box in self.boxes), "receipts", PATIENCE_S * 2
        )

    async def whole(self) -> None:
        """A day from the first report to the last."""
        await self.connect()
        await self.report(lambda crew: crew.switch_on(at(0)))
        await self.report(lambda crew: crew.act(at(0), *OPENING))
        for hour in range(TURNOUTS):
            await self.report(lambda crew, hour=hour: crew.turnout(at(1 + hour)))
        await self.finish()

    async def finish(self) -> None:
        await self.report(lambda crew: crew.act(at(12), Action.CLOSE, *FINISHING))
        for box in self.boxes:
            box.close()

    def require_everything_once(self) -> None:
        """Each report is stored once, accepted; one that overtook another one waited for it."""
        made = sorted(each.data for crew in self.crews for each in crew.made)
        with closing(open_ledger(self.settings)) as ledger:
            ledger.require_whole()
            rows = [row for box in self.authority.boxes for row in ledger.reports_of(box, 0, None)]
            reported = {each.report for each in ledger.entries(0, ledger.log_head().size)}
        assert sorted(row.data for row in rows) == made
        assert reported == set(made)
        assert {row.verdict for row in rows} == {Verdict.ACCEPTED}


@pytest.fixture
def day(tmp_path, cluster, broker, new_schema) -> Iterator[Day]:
    with ExitStack() as ends:
        made = Day(tmp_path, cluster, broker, new_schema().schema_name)
        for each in made.gateways:
            ends.callback(each.kill)
        yield made


@pytest.mark.parametrize("step", _STEPS)
def test_a_process_that_is_killed_loses_nothing_and_the_other_one_takes_over(day, step):
    place, leaves = _STEPS[step]
    day.start(before=_DIES.format(place=place, leaves=leaves))
    asyncio.run(day.whole())
    one, other = day.gateways
    assert one.wait() == -9
    other.await_line("64 of 64 shards are ours, 1 processes")
    assert other.stop() == 0
    day.require_everything_once()


def test_a_database_that_is_killed_under_load_holds_everything_up_and_loses_nothing(
    tmp_path, broker
):
    with TemporaryCluster() as cluster, ExitStack() as ends:
        day = Day(tmp_path, cluster, broker, "night")
        for each in day.gateways:
            ends.callback(each.kill)
        day.start()
        asyncio.run(_under_load(day, cluster))
        for each in day.gateways:
            each.await_line("the database answers again")
            assert each.stop() == 0
        day.require_everything_once()


async def _under_load(day: Day, cluster: TemporaryCluster) -> None:
    await day.connect()
    await day.report(lambda crew: crew.switch_on(at(0)))
    cluster.kill()
    waiting = asyncio.create_task(day.report(lambda crew: crew.act(at(0), *OPENING)))
    for each in day.gateways:
        await asyncio.to_thread(each.await_line, "nothing is acknowledged until the database")
        told = await asyncio.to_thread(each.command, "status")
        assert "NOT TAKING IN postgresql" in told.stdout
    assert not waiting.done()
    cluster.start()
    await waiting
    again = asyncio.create_task(day.report(lambda crew: crew.turnout(at(1))))
    await asyncio.to_thread(cluster.restart)
    await again
    await day.finish()


def test_who_stops_in_order_hands_its_boxes_over_at_once(day):
    day.start()
    asyncio.run(day.whole())
    one, other = day.gateways
    assert one.stop() == 0
    other.await_line("64 of 64 shards are ours, 1 processes", patience_s=LEASE_S)
    status = other.command("status").stdout
    assert "sharing   64 of 64 shards are ours, 1 processes" in status
    day.require_everything_once()
