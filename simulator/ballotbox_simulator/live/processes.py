"""Gateways as real child processes: configured, created, started, asked, killed."""

import asyncio
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from ballotbox_gateway.adapters.control_socket import ControlClient, is_answering
from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_simulator.authority import Authority

_COMMAND: Final = (sys.executable, "-c", "from ballotbox_gateway.cli import main; main()")
_START_TIMEOUT_S: Final = 20.0
_POLL_S: Final = 0.02


class GatewayFailed(RuntimeError):
    """A gateway did not do what it was started for; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Roads:
    """Which of the optional tables a gateway's configuration has."""

    serial: tuple[str, ...] = ()
    mqtt: tuple[str, int, str] | None = None
    http_port: int | None = None
    upstream: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SharedLedger:
    """A ledger in a database: its table of the settings, and whether another process made it."""

    table: str
    joins: bool = False


class GatewayProcess:
    """One gateway of `authority` in a directory of its own; with `shared`, one of its processes."""

    #: What its commands begin with.
    program: tuple[str, ...] = _COMMAND

    def __init__(
        self,
        directory: Path,
        authority: Authority,
        origin: str,
        roads: Roads,
        shared: SharedLedger | None = None,
    ) -> None:
        self.origin = origin
        self._shared = shared
        self.directory = directory
        self._config = directory / "gateway.toml"
        # Unix sockets have short names; the directory may be deep.
        self._socket_home = tempfile.TemporaryDirectory(prefix="bbx-")
        self._socket = Path(self._socket_home.name) / "control"
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True)
        authority.write(directory)
        write_key(directory / "gateway.key", authority.gateway_keys[origin], None)
        self._config.write_text(self._settings(authority, roads))
        if shared is None or not shared.joins:
            self.command("init")

    def _settings(self, authority: Authority, roads: Roads) -> str:
        lines = [
            f'root = "{authority.root}"',
            'election_file = "election.cose"',
            'register_file = "register.cose"',
            f'origin = "{self.origin}"',
            'key_file = "gateway.key"',
            *([] if self._shared else ['ledger_file = "ledger.sqlite"']),
            f'control_socket = "{self._socket}"',
        ]
        for port in roads.serial:
            lines += ["[[serial]]", f'port = "{port}"']
        if roads.mqtt is not None:
            host, number, protocol = roads.mqtt
            lines += ["[mqtt]", f'host = "{host}"', f"port = {number}", f'protocol = "{protocol}"']
        if roads.http_port is not None:
            lines += ["[http]", f"port = {roads.http_port}"]
        if roads.upstream is not None:
            url, origin = roads.upstream
            lines += ["[upstream]", f'url = "{url}"', f'origin = "{origin}"']
        if self._shared is not None:
            lines.append(self._shared.table)
        return "\n".join(lines) + "\n"

    def command(self, *arguments: str) -> str:
        """Run a sub-command of the gateway and return what it printed; raises GatewayFailed."""
        done = subprocess.run(
            [*self.program, *arguments, "--config", str(self._config)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise GatewayFailed(f"{' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout

    async def start(self, patience_s: float = _START_TIMEOUT_S) -> None:
        """Start the service and return when it answers; raises GatewayFailed."""
        if self._process is not None and self._process.poll() is None:
            raise GatewayFailed(f"{self.origin} runs already")
        process = self._process = self._spawn()
        deadline = monotonic() + patience_s
        while not is_answering(self._socket):
            if process.poll() is not None or monotonic() > deadline:
                raise GatewayFailed(f"{self.origin} did not start: {self._log_tail()}")
            await asyncio.sleep(_POLL_S)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.directory / "gateway.log").open("ab") as log:
            return subprocess.Popen(
                [*self.program, "run", "--config", str(self._config)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _log_tail(self) -> str:
        return (self.directory / "gateway.log").read_text(errors="replace")[-1_000:]

    @property
    def is_running(self) -> bool:
        """Whether the service was started and not ended."""
        return self._process is not None

    @property
    def has_ended(self) -> bool:
        """Whether the service was started and has ended though nobody ended it."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int:
        """The process id of the running service."""
        if self._process is None:
            raise GatewayFailed(f"{self.origin} is not running")
        return self._process.pid

    def status(self) -> dict[str, Any]:
        """Return what the running gateway says of itself."""
        with ControlClient(self._socket) as client:
            return client.ask({"ask": "status"})

    def log_size(self) -> int:
        """Return how many leaves its log has: a question that costs it next to nothing."""
        with ControlClient(self._socket) as client:
            return int(client.ask({"ask": "checkpoint"})["size"])

    def kill(self) -> None:
        """End the service as a power cut would, at whatever it is doing."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the service in order."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        """Stop and remove the control socket's home; the ledger stays."""
        self.stop()
        self._socket_home.cleanup()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
