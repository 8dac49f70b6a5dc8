"""Does a serial road notice and explain what other programs, terminals and nets do to it?"""

import asyncio
import errno
import fcntl
import os
import socket
import subprocess
import termios
import threading
import tty
from contextlib import contextmanager

import pytest
import serial
from serial import rfc2217

from ballotbox_gateway.adapters import serial_intake, serial_line
from ballotbox_gateway.adapters.roads import CarrierState
from ballotbox_gateway.adapters.serial_line import lasting_name, open_line
from ballotbox_gateway.adapters.serial_words import port_trouble
from ballotbox_gateway.config_roads import SerialPort
from tests.gateway.adapters.test_serial_intake import (
    ANSWER,
    Cable,
    FarEnd,
    road,
    taken,
    waiting,
)
from tests.patience import PATIENCE_S, soon

#: pyserial names its threads in a way that Python no longer likes.
OLD_THREADS = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


@pytest.fixture
def cable(tmp_path):
    return Cable(tmp_path / "box")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(serial_intake, "WATCH_S", 0.05)
    return monkeypatch


@contextmanager
def opener(path, *, user=None):
    """A process that has opened `path` and does nothing with it; it says "open" or why not."""
    code = (
        "import os, sys\n"
        "try:\n"
        "    os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)\n"
        "    print('open', flush=True)\n"
        "except OSError as error:\n"
        "    print(error.strerror, flush=True)\n"
        "sys.stdin.read()"
    )
    process = subprocess.Popen(
        ["/usr/bin/env", "python3", "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user=user,
    )
    with process:
        yield process, process.stdout.readline().strip()
        process.stdin.close()


def test_whoever_asks_for_no_lock_is_kept_out_as_well(cable):
    if os.geteuid() != 0:
        pytest.skip("only root may ask as another user, and root itself is never kept out")

    async def scenario():
        cable.plug()
        device = cable.device
        os.chmod(device, 0o666)  # noqa: PTH101 - a device, not a path of ours
        async with road(cable.name) as intake:
            await soon(lambda: intake.state is CarrierState.CONNECTING, "the port")
            with opener(device, user=65534) as (_, said):
                assert said == "Device or resource busy"
        with opener(device, user=65534) as (_, said):
            assert said == "open"
        cable.pull()

    asyncio.run(scenario())


def test_a_second_reader_is_named_once_frames_are_damaged_and_forgotten_when_it_is_gone(
    cable, quick
):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            with opener(cable.device) as (other, _):
                os.write(cable.master, b"half of a frame\x00")
                told = f"is also open in python3 (process {other.pid}): each reader gets only a "
                await soon(lambda: intake.trouble == f"{told}part. Close that program", "the words")
                assert intake.state is CarrierState.UP
            os.write(cable.master, b"another half\x00")
            await soon(lambda: intake.trouble == "", "no trouble any more")
        cable.pull()

    asyncio.run(scenario())


def test_noise_is_told_and_told_no_more_when_it_ends(cable, quick, caplog):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            for _ in range(3):
                os.write(cable.master, b"\x1b]0;no title\x07\x1b[2Jnoise\x00" * 50)
                await soon(lambda: intake.trouble.startswith("brings damaged frames"), "noise")
                await soon(lambda: intake.trouble == "", "quiet")
        cable.pull()

    asyncio.run(scenario())
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert len(warnings) == 1, warnings
    assert warnings[0].isprintable()


def test_a_line_that_takes_no_byte_is_told_and_opened_anew(cable, quick):
    quick.setattr(serial_intake, "WRITE_PATIENCE_S", 0.1)

    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            route = taken(intake)[0].route
            far.close()
            for _ in range(intake._link.room):
                route.send(type(ANSWER)(ANSWER.kind, b"c" * 16_000))
            intake.flush()
            told = "takes no bytes. Check the cable, the box and its flow control"
            await soon(lambda: intake.trouble == told, "the words")
            await soon(lambda: intake.trouble == "", "another opening")
            assert intake.state is CarrierState.CONNECTING
        cable.pull()

    asyncio.run(scenario())


def test_a_port_below_by_id_is_advised_where_there_is_one(tmp_path, monkeypatch):
    by_id, device = tmp_path / "by-id", tmp_path / "ttyUSB0"
    monkeypatch.setattr(serial_line, "BY_ID", by_id)
    device.touch()
    assert lasting_name(str(device)) is None
    by_id.mkdir()
    (by_id / "usb-gone").symlink_to(tmp_path / "nothing")
    assert lasting_name(str(device)) is None
    (by_id / "usb-gone").unlink()
    (by_id / "usb-box-7").symlink_to(device)
    assert lasting_name(str(device)) == str(by_id / "usb-box-7")
    assert lasting_name(str(by_id / "usb-box-7")) is None
    assert lasting_name("socket://127.0.0.1:7000") is None


@pytest.mark.parametrize("port", ["socket://127.0.0.1:{}", "rfc2217://127.0.0.1:{}"])
def test_a_terminal_server_that_is_away_is_told(port, unused_port):
    async def scenario():
        async with road(port.format(unused_port)) as intake:
            told = "refuses the connection. Start the terminal server, or correct serial.port"
            await soon(lambda: intake.trouble == told, "the words")

    asyncio.run(scenario())


def test_silence_of_a_network_is_told_in_words():
    told = "does not answer. Check the network and the terminal server"
    assert port_trouble("socket://host:1", TimeoutError("timed out")) == told


class PtyPort(serial.Serial):
    """A pseudo-terminal, as if it had the lines of a modem."""

    cts = dsr = ri = cd = False

    def _update_dtr_state(self):
        pass

    _update_rts_state = _update_dtr_state


class TerminalServer:
    """pyserial's own RFC 2217 server for one client, between a socket and a pseudo-terminal."""

    def __init__(self):
        self.near, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._port = PtyPort(os.ttyname(self._slave), timeout=0.05)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        self._client, _ = self._listener.accept()
        out = threading.Lock()

        def write(data):
            with out:
                self._client.sendall(data)

        self.write = write
        manager = rfc2217.PortManager(self._port, self)
        back = threading.Thread(target=self._bring, args=(manager,))
        back.start()
        while data := self._received():
            self._port.write(b"".join(manager.filter(data)))
        self._port.close()
        back.join()

    def _received(self):
        try:
            return self._client.recv(4096)
        except OSError:
            return b""

    def _bring(self, manager):
        while self._port.is_open:
            try:
                self.write(b"".join(manager.escape(self._port.read(4096))))
            except (OSError, TypeError):
                return

    def hang_up(self):
        self._client.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._thread.join(PATIENCE_S)
        self._client.close()
        self._listener.close()
        os.close(self.near)
        os.close(self._slave)


@OLD_THREADS
def test_a_line_behind_an_rfc_2217_server_is_a_port_like_any_other():
    async def scenario():
        server = TerminalServer()
        async with road(server.url) as intake:
            far = FarEnd(server.near)
            far.say(bytes(range(256)) * 8)
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            letter = taken(intake)[0]
            assert letter.data == bytes(range(256)) * 8
            letter.route.send(ANSWER)
            intake.flush()
            await soon(lambda: far.heard, "the answer")
            assert far.heard == [ANSWER.to_bytes()]
            far.close()
            server.hang_up()
            await soon(lambda: intake.state is CarrierState.DOWN, "the loss")
        server.close()

    asyncio.run(scenario())


@OLD_THREADS
def test_an_rfc_2217_line_that_is_not_read_is_given_up_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(serial_line, "UNREAD_MAX", 4_096)
    server = TerminalServer()
    line = open_line(SerialPort(port=server.url))
    stop = threading.Event()

    def flood():
        while not stop.is_set():
            try:
                server.write(b"x" * 4096)
            except OSError:
                return

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        while line.trouble is None:
            assert flooding.is_alive()
        assert str(line.trouble) == "more came than was read"
    finally:
        stop.set()
        server.hang_up()
        flooding.join(PATIENCE_S)
        line.close()
        server.close()


@OLD_THREADS
@pytest.mark.parametrize("kind", ["socket", "rfc2217"])
def test_a_network_line_is_probed_while_it_is_idle(kind, monkeypatch):
    asked = []
    monkeypatch.setattr(serial_line, "_keep_alive", asked.append)
    if kind == "rfc2217":
        server = TerminalServer()
        line = open_line(SerialPort(port=server.url))
        (connection,) = asked
        real_keep_alive(connection)
        assert_probed(connection)
        line.close()
        server.close()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            line = open_line(SerialPort(port=f"socket://127.0.0.1:{listener.getsockname()[1]}"))
            (connection,) = asked
            real_keep_alive(connection)
            assert_probed(connection)
            line.close()


real_keep_alive = serial_line._keep_alive


def assert_probed(connection):
    def tcp(option):
        return connection.getsockopt(socket.IPPROTO_TCP, option)

    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    idle, every = tcp(socket.TCP_KEEPIDLE), tcp(socket.TCP_KEEPINTVL)
    assert idle + every * tcp(socket.TCP_KEEPCNT) <= 30
    assert tcp(socket.TCP_USER_TIMEOUT) <= 30_000


def test_the_lock_ends_with_the_port(cable):
    async def scenario():
        cable.plug()
        async with road(cable.name) as intake:
            await soon(lambda: intake.state is CarrierState.CONNECTING, "the port")
        again = open_line(SerialPort(port=str(cable.name)))
        fcntl.flock(again.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert termios.tcgetattr(again.descriptor)
        again.close()
        cable.pull()

    asyncio.run(scenario())


def test_the_manual_shows_these_words(repository):
    manual = (repository / "gateway" / "OPERATING.md").read_text()
    busy = port_trouble("/dev/null", OSError(errno.EBUSY, "")).partition(". ")[2]
    assert f"is in use by minicom (process 712). {busy}" in manual
    for words in (serial_intake._NOISY, serial_intake._TAKES_NOTHING):
        assert f"serial port /dev/ttyUSB0 {words}" in manual
