"""What reports cost at a centre: two gateway processes, one ledger in PostgreSQL, one broker."""

import asyncio
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from gateway_costs import OPENING_KINDS, closed_crews
from night import ORIGIN, PATIENCE_S, Night, close_and_finish, made
from units import Row, Stopwatch, running_seconds, verification

from ballotbox_protocol.wire.message import sharded_topic_of
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.crew import Crew
from ballotbox_simulator.live.postgresql import PostgresqlUnavailable, TemporaryCluster
from ballotbox_simulator.live.processes import GatewayProcess, Roads, SharedLedger

_BOXES: Final = 2_000
_PASSES: Final = 4
_PROCESSES: Final = 2
#: Longer than the processes stand still while a backlog is published.
_LEASE_S: Final = 30


class Centre(Night):
    """A night whose gateway is several processes; boxes say their shard."""

    def __init__(self, directory: Path, authority: Authority, cluster: TemporaryCluster) -> None:
        self._table = f"{cluster.table('bench')}lease_s = {_LEASE_S}\n"
        self._gateways: list[GatewayProcess] = []
        super().__init__(directory, authority)

    def _open(self, directory: Path, roads: Roads, _prepare: Callable[[Path], None]) -> None:
        for number in range(_PROCESSES):
            shared = SharedLedger(self._table, joins=number > 0)
            folder = directory / f"process-{number}"
            made = GatewayProcess(folder, self.authority, ORIGIN, roads, shared)
            self._stack.callback(made.close)
            self._gateways.append(made)
            asyncio.run(made.start(PATIENCE_S))
        self.gateway = self._gateways[0]
        self.until(self._shared_out, "both processes have their share", 0.1)

    def _shared_out(self) -> bool:
        told = [each.status()["shards"] for each in self._gateways]
        return all(each["held"] == each["of"] // _PROCESSES for each in told)

    @property
    def pids(self) -> Sequence[int]:
        """The processes of the gateway."""
        return [each.pid for each in self._gateways]

    def _topic(self, crew: Crew) -> str:
        return sharded_topic_of(crew.device.outgoing.election, crew.device.outgoing.box)

    def sizes(self) -> list[int]:
        """What each process says the log holds."""
        return [each.status()["log"]["size"] for each in self._gateways]


def server_seconds(postmaster: int) -> float:
    """Return the CPU time of the processes that a PostgreSQL server has now."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return sum(running_seconds(int(each)) for each in children)


def centre_costs(directory: Path) -> Iterator[Row]:
    """Rate and cost of finals through two processes over one database."""
    watches = {name: Stopwatch(f"centre.{name}") for name in ("reports_per_s", "report_cost")}
    try:
        cluster = TemporaryCluster()
    except PostgresqlUnavailable as error:
        print(f"{error}: not measured", file=sys.stderr)
        return
    authority, crews = closed_crews(_BOXES)
    with cluster:
        night = Centre(directory, authority, cluster)
        try:
            yield from _measured(night, crews, cluster, watches)
        finally:
            night.close()


def _measured(
    night: Centre, crews: list[Crew], cluster: TemporaryCluster, watches: dict[str, Stopwatch]
) -> Iterator[Row]:
    unit = verification()
    night.admit([report for crew in crews for report in made(crew, OPENING_KINDS)])
    close_and_finish(crews)
    night.admit([report for crew in crews for report in made(crew, (ReportKind.CLOSE,))])
    costs, walls, served = [], [], 0.0
    for first in range(_PASSES):
        finals = [
            report for crew in crews[first::_PASSES] for report in made(crew, (ReportKind.FINAL,))
        ]
        before, server = unit.now(), server_seconds(cluster.pid)
        cost = night.admit(finals)
        served += server_seconds(cluster.pid) - server
        costs.append(2 * cost.cpu_s / (before + unit.now()))
        walls.append(cost.wall_s)
    sizes = night.sizes()
    if len(set(sizes)) != 1 or sizes[0] != len(crews) * (len(OPENING_KINDS) + 2):
        raise RuntimeError(f"the processes hold logs of {sizes} leaves")
    database = served / len(crews) / unit.seconds
    yield watches["report_cost"].row(
        statistics.median(costs),
        "Ed25519 verifications",
        f"CPU of both gateway processes, {min(costs):.2f} to {max(costs):.2f}; beside it "
        f"{database:.2f} of the database, which writes each report into three tables",
    )
    yield watches["reports_per_s"].row(
        1 / min(walls),
        "finals/s, wall",
        f"{_PROCESSES} processes, database, broker and publisher on {os.cpu_count()} cores",
    )
