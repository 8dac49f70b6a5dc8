"""A set-up of our own over PostgreSQL: one ledger, as many gateway processes as a plan asks for."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, Final

from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.opening_database import require_library
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.live.postgresql import PostgresqlUnavailable, TemporaryCluster
from ballotbox_simulator.live.processes import GatewayProcess, Roads, SharedLedger
from ballotbox_simulator.rehearse.core.timeline import PartKey
from ballotbox_simulator.rehearse.fleet import GATEWAY
from ballotbox_simulator.rehearse.plan_embedded import EmbeddedTable
from ballotbox_simulator.rehearse.plan_events import OF_DATABASE, EventKind
from ballotbox_simulator.rehearse.target import (
    START_S,
    Embedded,
    TargetFailed,
    failing,
    to_the_end,
)

DATABASE: Final = PartKey("database", "database", "postgres")
_SCHEMA: Final = "rehearsal"
_LOOK_S: Final = 0.1


class OverDatabase(Embedded):
    """mosquitto, a temporary PostgreSQL, and gateway processes that share its ledger."""

    def __init__(self, out: Path, authority: Authority, table: EmbeddedTable) -> None:
        """Raises BrokerUnavailable, or Problem when broker or PostgreSQL cannot do what is asked.

        What it makes is gone after `stop` alone.
        """
        super().__init__(out, authority, table)
        self._count = table.gateways
        self._lease_s = table.lease
        #: Held while the database is away, and while a gateway starts, which needs it.
        self._database = asyncio.Lock()
        self._require_shared_subscriptions()
        self._cluster = _cluster()
        self._stack.callback(self._cluster.close)
        self.broker = replace(self.broker, sharded=True)

    def _require_shared_subscriptions(self) -> None:
        program = self._daemon.program
        if not program.mqtt5:
            what = f"needs a broker with MQTT 5, and {program.name} has none"
            raise Problem("embedded.ledger", what, "Install the Debian package mosquitto")

    async def _start_gateways(self) -> None:
        await self._start_database()
        table = f"{self._cluster.table(_SCHEMA)}lease_s = {self._lease_s}\n"
        for number in range(1, self._count + 1):
            name = "gateway" if self._count == 1 else f"gateway {number}"
            shared = SharedLedger(table, joins=number > 1)
            await self._add(name, GATEWAY, Roads(mqtt=self._mqtt), shared)
        await self._share_out()

    async def _start_database(self) -> None:
        with failing():
            await to_the_end(self._cluster.start)

    async def _share_out(self) -> None:
        """Return when every process hears its part of the boxes; raises TargetFailed."""
        deadline = monotonic() + START_S
        while not are_shared_out(told := await self._told(), self._count):
            if monotonic() > deadline:
                held = ", ".join(f"{each['held']} of {each['of']}" for each in told)
                what = f"the gateways did not share the boxes out within {START_S:.0f} s"
                raise TargetFailed(f"{what}: {held or 'none answers'}")
            await asyncio.sleep(_LOOK_S)

    async def _told(self) -> list[dict[str, Any]]:
        every = self._gateways.values()
        try:
            said = await asyncio.gather(*(asyncio.to_thread(each.status) for each in every))
        except (Problem, OSError, ValueError) as error:
            what = f"a gateway ended while the boxes were shared out: {error}"
            raise TargetFailed(what) from error
        return [each["shards"] for each in said if "shards" in each]

    def parts(self) -> Iterator[tuple[PartKey, int]]:
        """Yield broker, gateways and the whole server, those of them that run."""
        yield from super().parts()
        if self._cluster.is_running:
            yield DATABASE, self._cluster.pid

    def gone(self) -> Iterator[str]:
        """Yield broker, gateways and database, those of them that ended by themselves."""
        yield from super().gone()
        if self._cluster.has_ended:
            yield DATABASE.name

    async def hurt(self, kind: EventKind) -> None:
        """Let a bad event begin; raises TargetFailed when a database cannot be ended."""
        if kind not in OF_DATABASE:
            await super().hurt(kind)
            return
        await self._database.acquire()
        end = self._cluster.cut if kind is EventKind.DATABASE_KILLED else self._cluster.stop
        with failing():
            await to_the_end(end)

    async def heal(self, kind: EventKind) -> None:
        """Let it be over; raises TargetFailed when what was broken does not come back."""
        if kind in OF_DATABASE:
            await self._start_database()
            self._database.release()
        elif kind is EventKind.GATEWAY_KILLED:
            async with self._database:
                await super().heal(kind)
        else:
            await super().heal(kind)

    @property
    def _highest(self) -> GatewayProcess:
        """Any that runs; where none does, the first one's settings lead to the ledger as well."""
        return next(iter(self._serving()), None) or next(iter(self._gateways.values()))


def are_shared_out(told: list[dict[str, Any]], count: int) -> bool:
    """Tell whether `count` processes that know of each other hold all shards, each its part."""
    if not told:
        return False
    every = told[0]["of"]
    known = all(each["processes"] == count for each in told)
    fair = all(each["held"] <= -(-every // count) for each in told)
    return known and fair and sum(each["held"] for each in told) == every


def _cluster() -> TemporaryCluster:
    require_library()
    try:
        return TemporaryCluster()
    except PostgresqlUnavailable as error:
        remedy = 'Or rehearse with ledger = "sqlite"'
        raise Problem("embedded.ledger", str(error), remedy) from error
