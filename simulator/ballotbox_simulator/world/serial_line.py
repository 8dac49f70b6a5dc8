"""A serial line between a box and a gateway, byte by byte at the line's speed, with its faults.

Both ends run the production link. The line may lose, repeat, hold back and change what it carries,
be pulled out, or go deaf in one direction.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Final

from ballotbox_protocol.wire.link import Link
from ballotbox_protocol.wire.link_frames import Session
from ballotbox_simulator.world.corruption import changed
from ballotbox_simulator.world.faults import FaultKind, Weather
from ballotbox_simulator.world.schedule import Alarm, Schedule
from ballotbox_simulator.world.sky import Sky

BYTES_PER_SECOND: Final = 11_520
_HELD_BACK_MS: Final = 3_000
_HEARD_MAX: Final = 64

Strikes = Callable[[FaultKind], None]


class LineEnd:
    """One end: a link, whose messages go to `took`; `paired` is called when the peer is new."""

    def __init__(
        self,
        schedule: Schedule,
        session: bytes,
        took: Callable[[bytes], None],
        paired: Callable[[], None],
    ) -> None:
        self._schedule = schedule
        self._link = Link(session)
        self._took = took
        self._paired = paired
        self._peer: Session | None = None
        self._line: SerialLine | None = None
        self._side = 0
        self._alarm = Alarm(schedule, self.flush)

    def attach(self, line: "SerialLine", side: int) -> None:
        """Be the end of `line` at `side`, 0 or 1."""
        self._line, self._side = line, side
        line.ends[side] = self
        self.flush()

    def detach(self) -> None:
        """Let go of the line for good."""
        line, self._line = self._line, None
        if line is not None and line.ends[self._side] is self:
            line.ends[self._side] = None

    def send(self, message: bytes) -> None:
        """Queue a message; one that finds no room is dropped, its owner sends it again."""
        if self._link.room:
            self._link.send(message)

    def repeat(self, message: bytes) -> None:
        """Queue a message unless the link still carries it."""
        if not self._link.carries(message):
            self.send(message)

    def received(self, data: bytes) -> None:
        """Take in bytes from the line."""
        messages = self._link.receive(data, self._schedule.now)
        if self._link.peer != self._peer:
            self._peer = self._link.peer
            self._paired()
        for message in messages:
            self._took(message)
        self.flush()

    def flush(self) -> None:
        """Put onto the line what is due, once it has carried what it was given before."""
        line = self._line
        if line is None:
            return
        busy_until = line.busy_until[self._side]
        if busy_until > self._schedule.now:
            self._alarm.move(busy_until)
            return
        data = self._link.bytes_to_send(self._schedule.now)
        if data:
            line.carry(self._side, data)
        wake_at = self._link.wake_at
        if wake_at is None:
            self._alarm.clear()
        else:
            self._alarm.move(max(wake_at, line.busy_until[self._side], self._schedule.now + 1))


class SerialLine:
    """The cable; `struck` is told of each fault of the weather when it happens."""

    def __init__(
        self, schedule: Schedule, chance: random.Random, weather: Weather, struck: Strikes
    ) -> None:
        self._schedule = schedule
        self._chance = chance
        self._sky = Sky(weather, chance, struck)
        self._plugged = 0
        self.ends: list[LineEnd | None] = [None, None]
        self.busy_until = [0, 0]
        self.plugged = True
        self.deaf: int | None = None
        #: What was put onto the line last, with the side it came from, for those who listen in.
        self.heard: deque[tuple[int, bytes]] = deque(maxlen=_HEARD_MAX)
        #: Told of everything that is put onto the line.
        self.tap: Callable[[bytes], None] | None = None

    def calm(self, weather: Weather) -> None:
        """Change the weather, and mend the line."""
        self._sky.become(weather)
        self.deaf = None
        self.plug()

    def unplug(self) -> None:
        """Pull the cable: what is on its way is gone."""
        self.plugged = False
        self._plugged += 1

    def plug(self) -> None:
        """Plug the cable in."""
        self.plugged = True
        for end in self.ends:
            if end is not None:
                end.flush()

    def carry(self, side: int, data: bytes) -> None:
        """Take bytes at one side; they reach the other when the line has carried them."""
        self.heard.append((side, data))
        if self.tap is not None:
            self.tap(data)
        now = self._schedule.now
        arrives = max(now, self.busy_until[side]) + 1 + len(data) * 1_000 // BYTES_PER_SECOND
        self.busy_until[side] = arrives
        if not self.plugged or self.deaf == side:
            return
        for delay, found in self._weathered(data):
            self._schedule.at(arrives + delay, self._arrive, 1 - side, found, self._plugged)

    def _weathered(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return what arrives of one chunk: how much later than it should, and which bytes."""
        if self._sky.is_clear:
            return [(0, data)]
        if self._sky.falls(FaultKind.LINE_LOSS):
            return []
        delay = 0
        if self._sky.falls(FaultKind.LINE_CORRUPTION):
            data = changed(data, self._chance)
        if self._sky.falls(FaultKind.LINE_DELAY):
            delay = self._chance.randrange(_HELD_BACK_MS)
        if self._sky.falls(FaultKind.LINE_REORDERING):
            delay += _HELD_BACK_MS // 4
        arriving = [(delay, data)]
        if self._sky.falls(FaultKind.LINE_DUPLICATION):
            arriving.append((delay + self._chance.randrange(_HELD_BACK_MS), data))
        return arriving

    def inject(self, side: int, data: bytes) -> None:
        """Let whoever holds the cable put bytes before one side."""
        self._schedule.after(1, self._arrive, side, data, self._plugged)

    def _arrive(self, side: int, data: bytes, plugged: int) -> None:
        end = self.ends[side]
        if end is not None and plugged == self._plugged:
            end.received(data)
