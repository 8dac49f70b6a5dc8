"""What is rehearsed against, and a set-up of our own on this machine."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.live.broker import Broker, BrokerUnavailable, find_broker, free_port
from ballotbox_simulator.live.postgresql import PostgresqlUnavailable
from ballotbox_simulator.live.processes import GatewayFailed, GatewayProcess, Roads, SharedLedger
from ballotbox_simulator.rehearse import job
from ballotbox_simulator.rehearse.core.limits import LOOPBACK_SOURCES
from ballotbox_simulator.rehearse.core.timeline import PartKey
from ballotbox_simulator.rehearse.fleet import CENTRE, GATEWAY
from ballotbox_simulator.rehearse.plan_embedded import EmbeddedTable
from ballotbox_simulator.rehearse.plan_events import EventKind
from ballotbox_simulator.rehearse.secured import Certificates, SecuredBroker

#: A large register takes its time to be read.
START_S: Final = 120.0


class TargetFailed(RuntimeError):
    """What is rehearsed did not do what it must; the message says what."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gateway says of itself: leaves in its log, and how many wait to go up."""

    log_size: int | None
    waiting: int | None


UNKNOWN: Final = Standing(None, None)


@contextmanager
def failing() -> Iterator[None]:
    """Tell that a part of the target failed."""
    try:
        yield
    except (GatewayFailed, BrokerUnavailable, PostgresqlUnavailable) as error:
        raise TargetFailed(str(error)) from error


async def to_the_end(start: Callable[[], None]) -> None:
    """Do it in a thread, and wait for its end even when cancelled: it may start a process."""
    work = asyncio.create_task(asyncio.to_thread(start))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


class Target(Protocol):
    """Where reports go, and from where the log comes in the end."""

    broker: job.Broker

    async def start(self) -> None:
        """Bring everything up; raises TargetFailed, BrokerUnavailable or Problem."""
        ...

    def parts(self) -> Iterator[tuple[PartKey, int]]:
        """Yield the parts that run on this machine now, with their process ids."""
        ...

    def gone(self) -> Iterator[str]:
        """Yield the names of parts that ended though nobody ended them."""
        ...

    async def standing(self) -> Standing:
        """Return what the gateway says of itself."""
        ...

    async def hurt(self, kind: EventKind) -> None:
        """Let a bad event begin."""
        ...

    async def heal(self, kind: EventKind) -> None:
        """Let it be over."""
        ...

    async def export(self, log: Path) -> str:
        """Export the log into a folder; return why nobody sees it there, or nothing."""
        ...

    async def stop(self) -> None:
        """End what was started."""
        ...


class Embedded:
    """mosquitto, a gateway and perhaps a centre, as processes of this machine."""

    def __init__(self, out: Path, authority: Authority, table: EmbeddedTable) -> None:
        """Raises BrokerUnavailable, or Problem when TLS is asked of a broker without it."""
        self.authority = authority
        self._out = out
        self._stack = ExitStack()
        self._gateways: dict[str, GatewayProcess] = {}
        self._has_centre = table.centre
        self._certificates = Certificates(out / "certificates") if table.tls else None
        program = find_broker()
        if self._certificates is None:
            self._daemon = Broker(program, out / "broker")
            sources = tuple(f"127.0.1.{number}" for number in range(1, LOOPBACK_SOURCES + 1))
            self.broker = job.Broker(self._daemon.host, self._daemon.port, sources)
        else:
            files = self._certificates
            self._daemon = secured = SecuredBroker(program, out / "broker", files)
            tls = (str(files.ca), str(files.boxes), str(files.boxes_key))
            self.broker = job.Broker(secured.host, secured.tls_port, (), tls=tls)

    async def start(self) -> None:
        """Bring everything up; raises TargetFailed or BrokerUnavailable."""
        # Before the start: whoever interrupts it leaves nothing running.
        self._stack.callback(self._daemon.stop)
        await to_the_end(self._daemon.start)
        await self._start_gateways()

    async def _start_gateways(self) -> None:
        port = free_port()
        if self._has_centre:
            await self._add("centre", CENTRE, Roads(http_port=port))
        upstream = (f"http://127.0.0.1:{port}", CENTRE) if self._has_centre else None
        await self._add("gateway", GATEWAY, Roads(mqtt=self._mqtt, upstream=upstream))

    @property
    def _mqtt(self) -> tuple[str, int, str]:
        """Where gateways meet the boxes, and in which version of MQTT."""
        protocol = "5" if self._daemon.program.mqtt5 else "3.1.1"
        return self._daemon.host, self._daemon.port, protocol

    async def _add(
        self, name: str, origin: str, roads: Roads, shared: SharedLedger | None = None
    ) -> None:
        given = (self._out / name.replace(" ", "-"), self.authority, origin, roads, shared)
        with failing():
            gateway = await asyncio.to_thread(GatewayProcess, *given)
            self._stack.callback(gateway.close)
            self._gateways[name] = gateway
            await gateway.start(START_S)

    def parts(self) -> Iterator[tuple[PartKey, int]]:
        """Yield broker, gateways and centre, those of them that run."""
        if self._daemon.pid is not None:
            yield PartKey("broker", "broker", self._daemon.program.name), self._daemon.pid
        for name, gateway in self._gateways.items():
            if gateway.is_running:
                kind = "centre" if name == "centre" else "gateway"
                yield PartKey(name, kind, "ballotbox-gateway"), gateway.pid

    def gone(self) -> Iterator[str]:
        """Yield broker, gateways and centre, those of them that ended by themselves."""
        if self._daemon.has_ended:
            yield "broker"
        for name, gateway in self._gateways.items():
            if gateway.has_ended:
                yield name

    async def standing(self) -> Standing:
        """Return what the gateway says of itself; nothing while it is down."""
        for gateway in self._serving():
            try:
                return await asyncio.to_thread(self._standing_of, gateway)
            except (Problem, OSError, ValueError, KeyError):
                # It may be killed while it is asked, or its database may be away.
                continue
        return UNKNOWN

    def _standing_of(self, gateway: GatewayProcess) -> Standing:
        if not self._has_centre:
            # Its whole status goes through every box: asked each second, it would be a load.
            return Standing(gateway.log_size(), None)
        status: dict[str, Any] = gateway.status()
        # Of a log in a database it knows nothing while that is away.
        log, upstream = status.get("log"), status.get("upstream")
        return Standing(log["size"] if log else None, upstream["waiting"] if upstream else None)

    def _serving(self) -> list[GatewayProcess]:
        """Return the processes that run of the gateway whose receipts count."""
        every = (each for name, each in self._gateways.items() if name != "centre")
        return [gateway for gateway in every if gateway.is_running]

    async def hurt(self, kind: EventKind) -> None:
        """Let a bad event begin."""
        match kind:
            case EventKind.BROKER_KILLED:
                await asyncio.to_thread(self._daemon.kill)
            case EventKind.BROKER_RESTARTED:
                await asyncio.to_thread(self._daemon.stop)
            case EventKind.GATEWAY_KILLED:
                await asyncio.to_thread(self._victim.kill)
            case EventKind.UPSTREAM_OUT:
                await asyncio.to_thread(self._gateways["centre"].stop)
            case _:
                self._certify(good=False)

    async def heal(self, kind: EventKind) -> None:
        """Let it be over; raises TargetFailed when what was broken does not come back."""
        with failing():
            match kind:
                case EventKind.BROKER_KILLED | EventKind.BROKER_RESTARTED:
                    await to_the_end(self._daemon.start)
                case EventKind.GATEWAY_KILLED:
                    await self._victim.start(START_S)
                case EventKind.UPSTREAM_OUT:
                    await self._gateways["centre"].start(START_S)
                case _:
                    self._certify(good=True)

    @property
    def _victim(self) -> GatewayProcess:
        """The gateway that is killed: the last one, so that of several the others go on."""
        return self._gateways[next(reversed(self._gateways))]

    def _certify(self, *, good: bool) -> None:
        if self._certificates is not None and isinstance(self._daemon, SecuredBroker):
            if good:
                self._certificates.renew()
            else:
                self._certificates.expire()
            self._daemon.reload()

    async def export(self, log: Path) -> str:
        """Export the log of the highest gateway; return why that could not be done, or nothing."""
        try:
            await asyncio.to_thread(self._highest.command, "log", "export", str(log))
        except GatewayFailed as error:
            return f"nobody saw the log: {error}"
        return ""

    @property
    def _highest(self) -> GatewayProcess:
        """The gateway whose log has everything."""
        return self._gateways["centre" if self._has_centre else "gateway"]

    async def stop(self) -> None:
        """End everything."""
        await asyncio.to_thread(self._stack.close)
