"""Does a box hold its serial port for itself, say what is wrong with it, and get it back?"""

import asyncio
import os
import tty
from contextlib import suppress

import pytest
import serial

from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.host import serial_road
from ballotbox_device.host.serial_road import SerialRoad
from tests.device.host.box_on_a_road import PACE, Heard, authority, instant, opened_crew, run
from tests.device.host.small_gateway import LineEnd, SmallGateway

REPORTS = 3


class Cable:
    """A pseudo-terminal: the gateway holds the master, the box opens the slave by its path."""

    def __init__(self, port):
        self._port = port
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        port.unlink(missing_ok=True)
        port.symlink_to(os.ttyname(self._slave))
        # From here on the box alone holds the slave, so that it can be pulled out.
        os.close(self._slave)

    def pull_out(self):
        self._port.unlink()
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)


class Place:
    """A box that may open a port, and a gateway at the other end of whatever is plugged in."""

    def __init__(self, port):
        self.port = port
        self.crew = opened_crew()
        self.gateway = SmallGateway(authority())
        self.road = SerialRoad(self.crew.device.outgoing, str(port), PACE)
        self.heard = Heard(self.road)
        self.troubles = []
        self.road.in_the_way = self._trouble
        self._cables = []
        self._connecting = None

    def _trouble(self, problem):
        self.troubles.append(str(problem))
        self.heard.moved()

    def plug_in(self):
        cable = Cable(self.port)
        self._cables.append(cable)
        self.listen(cable.master)
        return cable

    def listen(self, descriptor):
        end = LineEnd(self.gateway, descriptor)

        def readable():
            # Before the box has opened the other end, and after it has closed it, there is none.
            with suppress(OSError):
                end.readable()
            self.heard.moved()

        asyncio.get_running_loop().add_reader(descriptor, readable)

    def connect(self):
        self._connecting = asyncio.ensure_future(self.road.connect())

    async def close(self):
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError):
                await self._connecting
        self.road.close()
        for cable in self._cables:
            with suppress(OSError):
                asyncio.get_running_loop().remove_reader(cable.master)
                os.close(cable.master)


def at(port, test):
    async def placed():
        place = Place(port)
        try:
            await test(place)
        finally:
            await place.close()

    run(placed)


@pytest.fixture
def port(tmp_path, monkeypatch):
    monkeypatch.setattr(serial_road, "_RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(serial_road, "_RETRY_LONGEST_S", 0.05)
    return tmp_path / "ttyBOX"


async def all_answered(place):
    await place.heard.until(lambda: place.road.unanswered == 0)


def test_every_report_arrives_and_is_answered(port):
    async def test(place):
        place.plug_in()
        place.connect()
        await all_answered(place)
        assert list(place.gateway.reports.values()) == [made.data for made in place.crew.made]
        place.crew.turnout(instant(9))
        place.road.pump()
        assert place.road.unanswered == 1
        await all_answered(place)
        assert place.troubles == []

    at(port, test)


def test_the_port_is_held_for_this_box_alone(port):
    async def test(place):
        place.plug_in()
        place.connect()
        await all_answered(place)
        with pytest.raises(serial.SerialException, match="lock"):
            serial.Serial(str(port), exclusive=True)

    at(port, test)


def test_a_busy_port_is_named_and_taken_when_it_is_free(port):
    async def test(place):
        place.plug_in()
        other = serial.Serial(str(port), exclusive=True)
        place.connect()
        await place.heard.until(lambda: len(place.troubles) >= 2)
        assert f"serial port {port}" in place.troubles[0]
        assert "is held by another program" in place.troubles[0]
        assert place.road.unanswered == REPORTS
        other.close()
        await all_answered(place)

    at(port, test)


def test_a_missing_port_is_named_and_taken_when_it_comes(port):
    async def test(place):
        place.connect()
        await place.heard.until(lambda: len(place.troubles) >= 2)
        assert f"serial port {port}" in place.troubles[0]
        assert "does not exist. Plug the adapter in" in place.troubles[0]
        place.crew.turnout(instant(9))
        place.road.pump()
        assert place.road.unanswered == REPORTS + 1
        place.plug_in()
        await all_answered(place)
        assert len(place.gateway.reports) == REPORTS + 1

    at(port, test)


def test_an_unplugged_port_that_comes_back_goes_on(port):
    async def test(place):
        cable = place.plug_in()
        place.connect()
        await all_answered(place)
        cable.pull_out()
        await place.heard.until(lambda: bool(place.troubles))
        assert "is gone. Check the cable" in place.troubles[0]
        place.crew.turnout(instant(9))
        place.road.pump()
        assert place.road.unanswered == 1
        place.plug_in()
        await all_answered(place)
        assert set(place.gateway.copies[REPORTS:]) == {place.gateway.copies[-1]}

    at(port, test)


def test_what_is_no_serial_port_is_named(port):
    port.write_bytes(b"")

    async def test(place):
        place.connect()
        await place.heard.until(lambda: bool(place.troubles))
        assert f"serial port {port}" in place.troubles[0]
        assert "is no serial port" in place.troubles[0]

    at(port, test)


def test_a_directory_in_place_of_a_port_is_named(port):
    port.mkdir()

    async def test(place):
        place.connect()
        await place.heard.until(lambda: bool(place.troubles))
        assert f"serial port {port}: is no serial port" in place.troubles[0]

    at(port, test)


def test_a_speed_that_the_adapter_refuses_is_named(port, monkeypatch):
    def refusing(*_, **__):
        raise ValueError("Failed to set custom baud rate (12345): [Errno 22] Invalid argument")

    monkeypatch.setattr("serial.Serial", refusing)

    async def test(place):
        place.connect()
        await place.heard.until(lambda: bool(place.troubles))
        assert f"serial port {port}: does not take this speed. Correct --baud" in place.troubles[0]

    at(port, test)


def test_a_memory_that_fails_ends_the_box_and_is_no_fault_of_the_port(port, monkeypatch):
    async def test(place):
        def broken(*_):
            raise MemoryFault("the disk is full")

        monkeypatch.setattr(type(place.crew.device.outgoing), "receipted", broken)
        place.plug_in()
        place.connect()
        await all_answered(place)

    with pytest.raises(MemoryFault, match="the disk is full"):
        at(port, test)
