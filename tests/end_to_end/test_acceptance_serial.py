"""Acceptance 13: what can a serial line do to a box's reports? Real terminals, real processes."""

import asyncio
import json
import os
import random
import resource
import sys
import threading
import tty
from pathlib import Path
from types import SimpleNamespace

import pytest

from ballotbox_device.core.poll import Action
from ballotbox_protocol.wire import frame
from ballotbox_protocol.wire.link import Link
from ballotbox_simulator.crew import FINISHING, OPENING
from tests.end_to_end.bad_line import BadLine, flipped, inside, noisy, repeated, truncated
from tests.end_to_end.serial_day import (
    assert_once,
    assert_plain,
    at,
    configured,
    day,
    plugged,
    status,
    switched_on,
)
from tests.patience import soon
from tests.scale import at_scale

pytestmark = pytest.mark.accept

NO_CRC = (
    "import types\n"
    "from ballotbox_protocol.wire import frame\n"
    "frame.zlib = types.SimpleNamespace(crc32=lambda data: 0)\n"
)


def lived_through(gateway, election, name, damage, **start):
    """The box, after a whole day on a damaged line that ended with every receipt."""
    crew = switched_on(election)

    async def scenario():
        line = BadLine(crew, damage, seed=13)
        await line.connect(name)
        await asyncio.to_thread(lambda: gateway.start(**start))
        await day(crew, line.road)
        line.unplug()
        assert line.struck > 3

    configured(gateway, name)
    asyncio.run(scenario())
    return crew


DAMAGE = {
    "bit flips": flipped,
    "truncation and merging": truncated,
    "repetition": repeated,
    "another order": None,
    "noise and terminal escapes": noisy,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_of_every_kind_delays_a_day_and_changes_nothing(gateway, election, tmp_path, damage):
    """Acceptance 13: bit flips, truncation, duplicated and reordered frames."""
    crew = lived_through(gateway, election, tmp_path / "line", damage)
    assert_once(gateway, crew)
    assert_plain(gateway)
    assert gateway.stop() == 0


def test_without_the_checksum_flipped_bits_reach_the_admission(
    gateway, election, tmp_path, monkeypatch
):
    """Acceptance 13, the control: it is the CRC that keeps damage away from the admission."""
    monkeypatch.setattr(frame, "zlib", SimpleNamespace(crc32=lambda data: 0))
    crew = lived_through(gateway, election, tmp_path / "line", inside, before=NO_CRC)
    reached = status(gateway)["counts"]["unauthentic"]
    assert reached
    assert set(reached) <= {"ENVELOPE", "HEADER", "UNKNOWN_KEY", "SIGNATURE"}
    with pytest.raises(AssertionError):
        assert_once(gateway, crew)


def test_a_cable_pulled_in_the_middle_of_frames_loses_and_doubles_nothing(
    gateway, election, tmp_path
):
    """Acceptance 13: cable pull in the middle of a frame, at seeded places."""
    crew, name = switched_on(election), tmp_path / "line"
    chance = random.Random(13)

    async def scenario():
        crew.act(at(10), *OPENING)
        for pull in range(at_scale(3, 60)):
            crew.turnout(at(100 + pull))
            line = HalfLine(crew, chance)
            await line.connect(name)
            if pull == 0:
                await asyncio.to_thread(gateway.start)
            await soon(lambda line=line: line.cut, "the cut in a frame")
            line.unplug()
        crew.act(at(1_000), Action.CLOSE, *FINISHING)
        async with plugged(crew, name) as road:
            await soon(lambda: road.unanswered == 0, "all receipts")

    configured(gateway, name)
    asyncio.run(scenario())
    assert_once(gateway, crew)
    assert gateway.stop() == 0


#: Frames of at least so many bytes carry a report: a hello is shorter.
REPORT_SIZE_MIN = 280


class HalfLine(BadLine):
    """A line that breaks somewhere in the first frame with a report in it."""

    def __init__(self, crew, chance):
        super().__init__(crew, noisy, chance.randrange(2**32))
        self._at = chance.random()
        self.cut = False

    def _write(self, sink, data):
        if len(data) >= REPORT_SIZE_MIN and not self.cut:
            super()._write(sink, data[: 1 + int(self._at * (len(data) - 1))])
            self.cut = True
        elif not self.cut:
            super()._write(sink, data)


FLOOD_BYTES = 8 * 2**20


async def beside_a_stranger(gateway, name):
    """Start the gateway on the box's line and on one whose other end is ours; return its ends."""
    master, slave = os.openpty()
    tty.setraw(slave)
    ports = (name, os.ttyname(slave))
    gateway.configure("".join(f'[[serial]]\nport = "{port}"\n' for port in ports))
    gateway.init()
    await asyncio.to_thread(gateway.start)
    return master, slave


def test_a_flood_of_noise_on_one_line_neither_fills_memory_and_disk_nor_delays_another(
    gateway, election, tmp_path
):
    """Acceptance 13: flood at full speed, beside a box that has its day on another line."""
    crew, name = switched_on(election), tmp_path / "line"
    noise = random.Random(13).randbytes(2**16) + b"\x1b]0;owned\x07\x1b[31m\r\nERROR forged\n"

    def flood(master):
        sent = 0
        while sent < FLOOD_BYTES:
            sent += os.write(master, noise)

    async def scenario():
        async with plugged(crew, name) as road:
            master, slave = await beside_a_stranger(gateway, name)
            before = memory_kib(gateway.pid)
            flooding = threading.Thread(target=flood, args=(master,))
            flooding.start()
            await day(crew, road)
            await asyncio.to_thread(flooding.join)
            assert memory_kib(gateway.pid) - before < 32 * 1_024
            os.close(master)
            os.close(slave)

    asyncio.run(scenario())
    assert_once(gateway, crew)
    assert_plain(gateway)
    assert len(gateway.lines) < 20, gateway.lines
    assert gateway.stop() == 0
    assert gateway.ledger.stat().st_size < 2**20


def memory_kib(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1_024


def test_who_speaks_the_link_but_signs_nothing_leaves_a_bounded_trace(gateway, election, tmp_path):
    """Acceptance 13: frames in good order whose messages nobody vouches for."""
    unsigned = 2_000
    crew, name = switched_on(election), tmp_path / "line"

    async def scenario():
        async with plugged(crew, name) as road:
            master, slave = await beside_a_stranger(gateway, name)
            forging = asyncio.to_thread(forge, master, unsigned)
            await asyncio.gather(forging, day(crew, road))
            os.close(master)
            os.close(slave)

    asyncio.run(scenario())
    shown = status(gateway)
    assert shown["counts"]["leaves"] == {"IN_ORDER": crew.device.outgoing.count}
    assert shown["counts"]["unauthentic"] == {"ENVELOPE": unsigned}
    assert gateway.stop() == 0
    assert_plain(gateway)
    assert gateway.ledger.stat().st_size < 2**21
    checked = json.dumps(gateway.command("check").stdout)
    assert "\\u001b" not in checked


def forge(master, count):
    """Speak the link as fast as it goes, on a thread of its own."""
    link, now = Link(b"forger!!"), 0
    os.set_blocking(master, True)
    while count or link.queued:
        while count and link.room:
            link.send(b"\x01\x1b]0;owned\x07" + count.to_bytes(4, "big") * 200)
            count -= 1
        now += 1_000
        os.write(master, link.bytes_to_send(now) or b"\x00")
        link.receive(os.read(master, 65_536), now)


if sys.platform != "linux":
    pytest.skip("pseudo-terminals and /proc as Linux has them", allow_module_level=True)
