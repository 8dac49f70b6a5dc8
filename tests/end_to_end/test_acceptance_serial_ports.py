"""Acceptance 13: what becomes of reports where two read one port, or ports are very many?"""

import asyncio
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ballotbox_device.core.poll import Action
from ballotbox_simulator.crew import FINISHING, OPENING
from tests.end_to_end.serial_day import (
    QUICK,
    assert_once,
    at,
    configured,
    day,
    plugged,
    status,
    switched_on,
)
from tests.patience import PATIENCE_S, soon

pytestmark = pytest.mark.accept


NO_LOCK = (
    "import fcntl, termios\nfcntl.flock = lambda *_: None\ntermios.TIOCEXCL = termios.TIOCNXCL"
)


def second(gateway, folder, name):
    """Another gateway of the same election on the same port."""
    other = type(gateway)(folder, gateway.authority, gateway.origin)
    return configured(other, name)


def two_gateways(gateway, election, tmp_path, **start):
    crew, name = switched_on(election), tmp_path / "line"
    other = second(gateway, tmp_path / "other", name)

    async def scenario():
        async with plugged(crew, name) as road:
            await asyncio.to_thread(gateway.start)
            await asyncio.to_thread(gateway.await_line, "open, waiting for a box")
            await asyncio.to_thread(lambda: other.start(**start))
            line = await asyncio.to_thread(other.await_line, "serial port")
            assert "is in use by" in line
            assert f"ballotbox-gatew (process {gateway.pid})" in line
            await day(crew, road)

    configured(gateway, name)
    try:
        asyncio.run(scenario())
        assert status(other)["log"]["size"] == 0
        assert_once(gateway, crew)
        assert gateway.stop() == 0
    finally:
        other.kill()


def test_a_second_gateway_on_the_port_is_told_whose_it_is_and_takes_nothing(
    gateway, election, tmp_path
):
    """Acceptance 13: two processes on one port."""
    two_gateways(gateway, election, tmp_path)


def test_without_the_lock_the_second_gateway_shares_the_port(gateway, election, tmp_path):
    """Acceptance 13, the control: it is the lock that keeps the second one out."""
    with pytest.raises(AssertionError, match=r"'is in use by' in '.*: open, waiting for a box'"):
        two_gateways(gateway, election, tmp_path, before=NO_LOCK)


def test_a_reader_that_came_first_and_asks_for_no_lock_is_named_and_the_day_ends_without_it(
    gateway, election, tmp_path
):
    """Acceptance 13: two readers on one port, each with a part of the bytes, are explained."""
    crew, name = switched_on(election), tmp_path / "line"

    async def scenario():
        async with plugged(crew, name) as road:
            with reader(name) as thief:
                try:
                    await soon(lambda: descriptors(thief.pid, name), "the reader")
                    await asyncio.to_thread(gateway.start)
                    crew.act(at(10), *OPENING)
                    road.pump()
                    told = f"is also open in python3 (process {thief.pid}): each reader gets only"
                    await asyncio.to_thread(gateway.await_line, told)
                    assert told in gateway.command("status").stdout
                finally:
                    thief.kill()
            crew.act(at(1_000), Action.CLOSE, *FINISHING)
            await soon(lambda: road.unanswered == 0, "all receipts", PATIENCE_S * 2)

    configured(gateway, name)
    asyncio.run(scenario())
    assert_once(gateway, crew)
    assert gateway.stop() == 0


def reader(name):
    """A program that takes whatever it can get of a port's bytes and gives nothing back."""
    code = "import os, sys\nport = os.open(sys.argv[1], os.O_RDWR)\nwhile True: os.read(port, 4096)"
    return subprocess.Popen(["/usr/bin/env", "python3", "-c", code, name])


MANY_FILES = (
    "import os, resource\n"
    "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))\n"
    "held = [os.open('/dev/null', os.O_RDONLY) for _ in range(1100)]\n"
)
BY_PYSERIAL = (
    "from ballotbox_gateway.adapters import serial_line\n"
    "class Pyserials:\n"
    "    trouble = None\n"
    "    def __init__(self, url):\n"
    "        import serial\n"
    "        self.close = serial.serial_for_url(url, timeout=0).close\n"
    "serial_line._TcpLine = Pyserials\n"
)


def beyond_1023(gateway, election, tmp_path, before):
    if 0 < resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1_300:
        pytest.skip("this machine allows too few open files")
    crews, name = [switched_on(election, number) for number in (0, 1)], tmp_path / "line"

    async def scenario():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"socket://127.0.0.1:{listener.getsockname()[1]}"
            ports = "".join(f'[[serial]]\nport = "{port}"\n' for port in (name, url))
            gateway.configure(ports)
            gateway.init()
            async with plugged(crews[0], name) as road:
                await asyncio.to_thread(lambda: gateway.start(before=before))
                listener.settimeout(PATIENCE_S)
                line, _ = await asyncio.to_thread(listener.accept)
                line.settimeout(0)
                async with spoken_over(crews[1], line) as far:
                    await asyncio.gather(day(crews[0], road), day(crews[1], far))
                    assert min(descriptors(gateway.pid, name)) >= 1_024
                line.close()

    asyncio.run(scenario())
    assert_once(gateway, *crews)


def spoken_over(crew, line):
    """The box on a TCP connection."""
    from contextlib import asynccontextmanager

    from ballotbox_device.host.stream_road import StreamRoad

    @asynccontextmanager
    async def speaking():
        road = StreamRoad(crew.device.outgoing, line.fileno(), os.urandom(8), QUICK)
        await road.connect()
        yield road
        road.close()

    return speaking()


def descriptors(pid, name):
    """The numbers under which a process has a terminal and its network connections open."""
    device = os.path.realpath(name)
    return [
        int(link.name)
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if os.path.realpath(link) == device
    ]


def test_lines_beyond_descriptor_1023_work(gateway, election, tmp_path):
    """Acceptance 13: file descriptors of 1,024 and above, where select() ends."""
    beyond_1023(gateway, election, tmp_path, MANY_FILES)
    assert gateway.stop() == 0


def test_with_pyserial_s_own_socket_a_line_beyond_descriptor_1023_does_not_open(
    gateway, election, tmp_path
):
    """Acceptance 13, the control: pyserial's way into a connection ends at select()'s limit."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        configured(gateway, f"socket://127.0.0.1:{listener.getsockname()[1]}")
        gateway.start(before=MANY_FILES + BY_PYSERIAL)
        gateway.await_line("filedescriptor out of range in select()")


if sys.platform != "linux":
    pytest.skip("pseudo-terminals and /proc as Linux has them", allow_module_level=True)
