"""What is rehearsed against: a set-up of our own on this machine, or the office's."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.live.broker import Broker, BrokerUnavailable, find_broker, free_port
from ballotbox_simulator.live.processes import GatewayFailed, GatewayProcess, Roads
from ballotbox_simulator.rehearse import job
from ballotbox_simulator.rehearse.core.limits import LOOPBACK_SOURCES
from ballotbox_simulator.rehearse.core.timeline import PartKey
from ballotbox_simulator.rehearse.fleet import CENTRE, GATEWAY
from ballotbox_simulator.rehearse.plan_events import EventKind
from ballotbox_simulator.rehearse.plan_file import EmbeddedTable, OfficeTable
from ballotbox_simulator.rehearse.secured import Certificates, SecuredBroker

#: A large register takes its time to be read.
_START_S: Final = 120.0
_EXPORT_S: Final = 1_800.0


class TargetFailed(RuntimeError):
    """What is rehearsed did not do what it must; the message says what."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gateway says of itself: leaves in its log, and how many wait to go up."""

    log_size: int | None
    waiting: int | None


_UNKNOWN: Final = Standing(None, None)


@contextmanager
def _failing() -> Iterator[None]:
    """Tell that a part of the target failed."""
    try:
        yield
    except (GatewayFailed, BrokerUnavailable) as error:
        raise TargetFailed(str(error)) from error


class Target(Protocol):
    """Where reports go, and from where the log comes in the end."""

    broker: job.Broker

    async def start(self) -> None:
        """Bring everything up; raises TargetFailed, BrokerUnavailable or Problem."""
        ...

    def parts(self) -> Iterator[tuple[PartKey, int]]:
        """Yield the parts that run on this machine now, with their process ids."""
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

    async def export(self, log: Path) -> bool:
        """Export the log into a folder; tell whether that could be done."""
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
        await asyncio.to_thread(self._daemon.start)
        self._stack.callback(self._daemon.stop)
        port = free_port()
        if self._has_centre:
            await self._add("centre", CENTRE, Roads(http_port=port))
        upstream = (f"http://127.0.0.1:{port}", CENTRE) if self._has_centre else None
        protocol = "5" if self._daemon.program.mqtt5 else "3.1.1"
        mqtt = (self._daemon.host, self._daemon.port, protocol)
        await self._add("gateway", GATEWAY, Roads(mqtt=mqtt, upstream=upstream))

    async def _add(self, name: str, origin: str, roads: Roads) -> None:
        with _failing():
            gateway = await asyncio.to_thread(
                GatewayProcess, self._out / name, self.authority, origin, roads
            )
            self._stack.callback(gateway.close)
            self._gateways[name] = gateway
            await gateway.start(_START_S)

    def parts(self) -> Iterator[tuple[PartKey, int]]:
        """Yield broker, gateway and centre, those of them that run."""
        if self._daemon.pid is not None:
            yield PartKey("broker", "broker", self._daemon.program.name), self._daemon.pid
        for name, gateway in self._gateways.items():
            if gateway.is_running:
                yield PartKey(name, name, "ballotbox-gateway"), gateway.pid

    async def standing(self) -> Standing:
        """Return what the gateway says of itself; nothing while it is down."""
        gateway = self._gateways["gateway"]
        if not gateway.is_running:
            return _UNKNOWN
        try:
            status: dict[str, Any] = await asyncio.to_thread(gateway.status)
        except (Problem, OSError, ValueError):
            # It may be killed while it is asked.
            return _UNKNOWN
        upstream = status["upstream"]
        return Standing(status["log"]["size"], upstream["waiting"] if upstream else None)

    async def hurt(self, kind: EventKind) -> None:
        """Let a bad event begin."""
        match kind:
            case EventKind.BROKER_KILLED:
                await asyncio.to_thread(self._daemon.kill)
            case EventKind.BROKER_RESTARTED:
                await asyncio.to_thread(self._daemon.stop)
            case EventKind.GATEWAY_KILLED:
                await asyncio.to_thread(self._gateways["gateway"].kill)
            case EventKind.UPSTREAM_OUT:
                await asyncio.to_thread(self._gateways["centre"].stop)
            case _:
                self._certify(good=False)

    async def heal(self, kind: EventKind) -> None:
        """Let it be over; raises TargetFailed when what was broken does not come back."""
        with _failing():
            match kind:
                case EventKind.BROKER_KILLED | EventKind.BROKER_RESTARTED:
                    await asyncio.to_thread(self._daemon.start)
                case EventKind.GATEWAY_KILLED:
                    await self._gateways["gateway"].start(_START_S)
                case EventKind.UPSTREAM_OUT:
                    await self._gateways["centre"].start(_START_S)
                case _:
                    self._certify(good=True)

    def _certify(self, *, good: bool) -> None:
        if self._certificates is not None and isinstance(self._daemon, SecuredBroker):
            if good:
                self._certificates.renew()
            else:
                self._certificates.expire()
            self._daemon.reload()

    async def export(self, log: Path) -> bool:
        """Export the log of the highest gateway; raises TargetFailed."""
        highest = self._gateways["centre" if self._has_centre else "gateway"]
        with _failing():
            await asyncio.to_thread(highest.command, "log", "export", str(log))
        return True

    async def stop(self) -> None:
        """End everything."""
        await asyncio.to_thread(self._stack.close)


class Office:
    """The office's own broker and gateways, of which nothing is started, stopped or broken."""

    def __init__(self, table: OfficeTable) -> None:
        self._table = table
        tls = table.tls
        files = (str(tls.ca_file), str(tls.certificate_file), str(tls.key_file)) if tls else None
        self.broker = job.Broker(
            table.host, table.port, (), table.username, self._password(), files
        )

    def _password(self) -> str | None:
        path = self._table.password_file
        if path is None:
            return None
        try:
            return path.read_text(encoding="utf-8").splitlines()[0]
        except (OSError, UnicodeDecodeError, IndexError) as error:
            remedy = "Name a file whose first line is the password"
            raise Problem(f"office.password_file {path}", "cannot be read", remedy) from error

    async def start(self) -> None:
        """Nothing: the office has started it."""

    def parts(self) -> Iterator[tuple[PartKey, int]]:
        """Yield nothing: none of it is known to run here."""
        return iter(())

    async def standing(self) -> Standing:
        """Return nothing: a gateway tells its own people alone."""
        return _UNKNOWN

    async def hurt(self, kind: EventKind) -> None:
        """Break nothing: no plan that asks for it is taken."""

    async def heal(self, kind: EventKind) -> None:
        """Nothing was broken."""

    async def export(self, log: Path) -> bool:
        """Run the office's command; raises TargetFailed with what it said."""
        if not self._table.export:
            return False
        words = [word.replace("{log}", str(log)) for word in self._table.export]
        try:
            done = await asyncio.to_thread(
                subprocess.run,
                words,
                capture_output=True,
                text=True,
                check=False,
                timeout=_EXPORT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TargetFailed(f"office.export: {error}") from error
        if done.returncode != 0:
            raise TargetFailed(f"office.export: {done.stderr.strip()[-400:]}")
        return True

    async def stop(self) -> None:
        """Nothing was started."""
