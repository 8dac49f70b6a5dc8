"""A line between a box and a gateway's terminal that damages what it carries, from a seed."""

import asyncio
import os
import random
import tty
from collections.abc import Callable
from pathlib import Path

from ballotbox_device.host.stream_road import StreamRoad
from ballotbox_simulator.crew import Crew
from tests.end_to_end.serial_day import QUICK

Frames = list[bytes]


def flipped(frame: bytes, chance: random.Random) -> Frames:
    """One bit is another."""
    at = chance.randrange(len(frame) * 8)
    changed = bytearray(frame)
    changed[at // 8] ^= 1 << at % 8
    return [bytes(changed)]


def inside(frame: bytes, chance: random.Random) -> Frames:
    """As `flipped`, but in the message of a long frame: not in its head nor in its checksum."""
    long = len(frame) > 200
    return [frame[:100], *flipped(frame[100:-10], chance), frame[-10:]] if long else [frame]


def truncated(frame: bytes, chance: random.Random) -> Frames:
    """The end is missing, often with the delimiter, so that the next frame is merged into it."""
    return [frame[: chance.randrange(len(frame))]]


def repeated(frame: bytes, chance: random.Random) -> Frames:
    """It comes more than once."""
    return [frame] * chance.randint(2, 4)


def noisy(frame: bytes, chance: random.Random) -> Frames:
    """Bytes of any kind come before it, escapes of terminals among them."""
    escape = b"\x1b]0;owned\x07\x1b[2J\r\n"
    return [chance.randbytes(chance.randrange(1, 300)) + escape, frame]


class BadLine:
    """Carries bytes frame by frame; each is struck by `damage` with a chance of one in three.

    With `damage` None two frames may change places instead.
    """

    def __init__(
        self, crew: Crew, damage: Callable[[bytes, random.Random], Frames] | None, seed: int
    ) -> None:
        self.struck = 0
        self._damage = damage
        self._chance = random.Random(seed)
        self._kept: dict[int, bytes] = {}
        self._waiting: dict[int, bytes] = {}
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        near, self._box_side = os.openpty()
        tty.setraw(self._box_side)
        self._near = near
        for each in (self.master, near, self._box_side):
            os.set_blocking(each, False)
        self.road = StreamRoad(crew.device.outgoing, self._box_side, self._session(), QUICK)

    def _session(self) -> bytes:
        return self._chance.randbytes(8)

    async def connect(self, name: Path) -> None:
        """Plug in: the gateway finds the line under `name`."""
        self._plug(name)
        loop = asyncio.get_running_loop()
        loop.add_reader(self.master, self._carry, self.master, self._near)
        loop.add_reader(self._near, self._carry, self._near, self.master)
        await self.road.connect()

    def _plug(self, name: Path) -> None:
        self._name = name
        name.symlink_to(self.device)

    def _carry(self, source: int, sink: int) -> None:
        try:
            data = os.read(source, 4096)
        except OSError:
            return
        *frames, rest = (self._kept.pop(source, b"") + data).split(b"\x00")
        self._kept[source] = rest
        for frame in frames:
            for each in self._on_the_way(source, frame + b"\x00"):
                self._write(sink, each)

    def _on_the_way(self, source: int, frame: bytes) -> Frames:
        before = self._waiting.pop(source, None)
        struck = len(frame) > 1 and self._chance.random() < 1 / 3
        self.struck += struck
        if struck and self._damage is None:
            self._waiting[source] = frame
            return [] if before is None else [before]
        carried = self._damage(frame, self._chance) if struck and self._damage else [frame]
        return carried if before is None else [*carried, before]

    def _write(self, sink: int, data: bytes) -> None:
        # What a full line does not take is lost, as on any line.
        try:
            os.write(sink, data)
        except OSError:
            return

    def unplug(self) -> None:
        """Pull the cable out of the gateway."""
        # First the name: the system gives a terminal's number to the next one that is opened.
        self._name.unlink()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.master)
        loop.remove_reader(self._near)
        self.road.close()
        for each in (self.master, self._slave, self._near, self._box_side):
            os.close(each)
