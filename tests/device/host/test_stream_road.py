"""Does a box on a byte stream get its reports to the gateway, whatever the line does?"""

import asyncio
import os
import tty
from contextlib import contextmanager, suppress

import pytest

from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.host import road, stream_road
from ballotbox_device.host.road import now_ms
from ballotbox_device.host.stream_road import StreamRoad
from ballotbox_protocol.wire.message import Message, MessageKind
from tests.device.host.box_on_a_road import PACE, Heard, authority, instant, opened_crew, run
from tests.device.host.small_gateway import LineEnd, SmallGateway

REPORTS = 3


@contextmanager
def terminal():
    """A real pseudo-terminal: the box's master end and the gateway's slave end."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    try:
        yield master, slave
    finally:
        for descriptor in (master, slave):
            with suppress(OSError):
                os.close(descriptor)


class Line:
    """One box at one end, one gateway at the other."""

    def __init__(self, master: int, slave: int) -> None:
        self.crew = opened_crew()
        self.gateway = SmallGateway(authority())
        self.road = StreamRoad(self.crew.device.outgoing, master, bytes(8), PACE)
        self.heard = Heard(self.road)
        self.slave = slave
        self.end: LineEnd | None = None

    def plug_in(self, *, speaks_first: bool = True) -> None:
        """A gateway program starts at the far end, with a new half of the link."""
        end = self.end = LineEnd(self.gateway, self.slave)
        loop = asyncio.get_running_loop()

        def readable() -> None:
            end.readable()
            self.heard.moved()

        loop.add_reader(self.slave, readable)
        if speaks_first:
            end.flush()

    def pull_out(self) -> None:
        asyncio.get_running_loop().remove_reader(self.slave)

    async def all_answered(self) -> None:
        await self.heard.until(lambda: self.road.unanswered == 0)

    def close(self) -> None:
        self.pull_out()
        self.road.close()


def on_a_line(test):
    """Run `test(line)` on a connected line."""

    async def connected() -> None:
        with terminal() as (master, slave):
            line = Line(master, slave)
            await line.road.connect()
            try:
                await test(line)
            finally:
                line.close()

    run(connected)


def test_every_report_arrives_once_and_is_answered():
    async def test(line):
        line.plug_in()
        await line.all_answered()
        sent = [made.data for made in line.crew.made]
        assert list(line.gateway.reports.values()) == sent
        assert len(line.gateway.copies) == REPORTS
        await line.heard.until(lambda: len(line.gateway.hellos) == 1)

    on_a_line(test)


def test_a_new_report_goes_out_when_the_road_is_pumped():
    async def test(line):
        line.plug_in()
        await line.all_answered()
        line.crew.turnout(instant(9))
        line.road.pump()
        await line.all_answered()
        assert len(line.gateway.reports) == REPORTS + 1

    on_a_line(test)


def test_without_a_receipt_a_report_is_sent_again():
    async def test(line):
        line.gateway.answers = False
        line.plug_in()
        await line.heard.until(lambda: len(line.gateway.copies) >= 2 * REPORTS)
        assert len(line.gateway.reports) == REPORTS
        assert line.road.unanswered == REPORTS
        line.gateway.answers = True
        await line.all_answered()

    on_a_line(test)


def test_a_gateway_that_began_anew_is_greeted_anew_and_hears_only_what_waits():
    async def test(line):
        line.plug_in()
        await line.all_answered()
        line.pull_out()
        line.crew.turnout(instant(9))
        line.road.pump()
        line.plug_in()
        await line.all_answered()
        await line.heard.until(lambda: len(line.gateway.hellos) == 2)
        assert line.gateway.hellos[1].next_sequence == REPORTS + 1
        assert len(set(line.gateway.copies[:REPORTS])) == REPORTS
        assert set(line.gateway.copies[REPORTS:]) == {line.gateway.copies[-1]}

    on_a_line(test)


def test_what_the_link_still_carries_is_not_queued_again(monkeypatch):
    async def test(line):
        line.plug_in()
        await line.all_answered()
        line.pull_out()
        line.crew.turnout(instant(9))
        with monkeypatch.context() as patch:
            for days in range(5):
                patch.setattr(road, "now_ms", lambda days=days: now_ms() + days * 86_400_000)
                line.road.pump()
        line.plug_in()
        await line.all_answered()
        await line.heard.until(lambda: len(line.gateway.hellos) == 2)
        assert len(line.gateway.copies) == REPORTS + 1

    on_a_line(test)


def test_a_signed_request_makes_the_box_send_again():
    async def test(line):
        line.plug_in()
        await line.all_answered()
        line.end.send(line.gateway.send_again(1))
        await line.heard.until(lambda: len(line.gateway.copies) == 2 * REPORTS - 1)
        await line.all_answered()
        assert line.gateway.copies[REPORTS:] == line.gateway.copies[1:REPORTS]

    on_a_line(test)


def test_noise_before_and_messages_of_no_kind_do_no_harm():
    async def test(line):
        os.write(line.slave, os.urandom(300))
        line.plug_in()
        line.end.send(_Garbage())
        line.end.send(Message(MessageKind.RECEIPT, b"no receipt"))
        await line.all_answered()

    on_a_line(test)


class _Garbage:
    """Bytes that the link carries and no box understands."""

    def to_bytes(self) -> bytes:
        return b"\xeeno message"


def test_a_line_that_takes_nothing_for_a_while_loses_nothing():
    async def clogged() -> None:
        with terminal() as (master, slave):
            with suppress(BlockingIOError):
                while True:
                    os.write(master, b"\xaa" * 4_096)
            line = Line(master, slave)
            await line.road.connect()
            line.crew.turnout(instant(9))
            line.road.pump()
            # What brings the line to life is what the box could not get rid of before.
            line.plug_in(speaks_first=False)
            await line.all_answered()
            assert len(line.gateway.reports) == REPORTS + 1
            line.close()

    run(clogged)


def test_a_hang_up_is_noticed_and_nothing_is_written_to_the_dead_line():
    async def hung_up() -> None:
        with terminal() as (master, slave):
            line = Line(master, slave)
            await line.road.connect()
            line.plug_in()
            await line.all_answered()
            line.pull_out()
            os.close(slave)
            await line.road.hung_up.wait()
            os.close(master)
            line.crew.turnout(instant(9))
            line.road.pump()
            assert line.road.unanswered == 1
            assert line.road.courier.wake_at is None

    run(hung_up)


def test_a_dead_line_is_never_written_to_whoever_has_its_number_now(monkeypatch):
    """The system gives the number of a closed descriptor away: to the slots, perhaps."""

    async def hung_up() -> None:
        with terminal() as (master, slave):
            line = Line(master, slave)
            await line.road.connect()
            os.close(slave)
            await line.road.hung_up.wait()
            here, there = os.pipe()
            os.dup2(there, master)
            os.close(there)
            # Late enough for the link to want to say its opening again.
            monkeypatch.setattr(stream_road, "now_ms", lambda: now_ms() + 60_000)
            line.road.pump()
            os.close(master)
            assert os.read(here, 100) == b""
            os.close(here)

    run(hung_up)


def test_a_line_that_dies_while_the_box_writes_is_a_hang_up():
    async def dies() -> None:
        # The other way round, as a real port is held: here the box has the slave end.
        with terminal() as (master, slave):
            os.set_blocking(slave, False)
            line = Line(slave, master)
            os.close(master)
            await line.road.connect()
            await line.road.hung_up.wait()

    run(dies)


def test_a_memory_that_fails_is_not_swallowed_by_the_loop(monkeypatch):
    async def test(line):
        def broken(*_):
            raise MemoryFault("the disk is full")

        monkeypatch.setattr(type(line.road.outgoing), "receipted", broken)
        line.plug_in()
        await line.all_answered()

    with pytest.raises(MemoryFault, match="the disk is full"):
        on_a_line(test)
