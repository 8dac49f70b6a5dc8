"""A simulated box on a real pseudo-terminal, which the gateway opens as a serial port."""

import asyncio
import contextlib
import os
import tty
from typing import Final

from ballotbox_device.core.courier import Pace
from ballotbox_protocol.wire.link import Link
from ballotbox_protocol.wire.link_frames import Session
from ballotbox_protocol.wire.message import Message
from ballotbox_simulator.crew import Crew
from ballotbox_simulator.live.carrier import REHEARSAL_PACE, Carrier, now_ms

_CHUNK: Final = 65_536


class PtyBox(Carrier):
    """One box that holds the master side; `path` is the slave, the port to be opened."""

    def __init__(self, crew: Crew, pace: Pace = REHEARSAL_PACE) -> None:
        super().__init__(crew, pace)
        # The slave stays open here too, so that a gateway that is killed does not hang us up.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._link = Link(os.urandom(8))
        self._peer: Session | None = None
        self._unsent = b""
        self._wakeup: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        """Begin to listen on the line; the link comes up when a gateway opens the other end."""
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._flush()

    def close(self) -> None:
        """Pull the cable: the other end sees a hang-up."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        if self._wakeup is not None:
            self._wakeup.cancel()
        self.courier.disconnected()
        os.close(self._master)
        os.close(self._slave)

    def pump(self) -> None:
        """Send what is due, and come back when something is due again."""
        super().pump()
        self._flush()

    def _carry(self, message: Message) -> bool:
        if self._link.room == 0:
            return False
        self._link.send(message.to_bytes())
        return True

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _CHUNK)
        except (BlockingIOError, OSError):
            return
        messages = self._link.receive(data, now_ms())
        if self._link.peer != self._peer:
            self._peer = self._link.peer
            self.courier.connected(now_ms())
        for each in messages:
            self._take_in(each)
        self.pump()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        self._unsent += self._link.bytes_to_send(now_ms())
        with contextlib.suppress(BlockingIOError):
            self._unsent = self._unsent[os.write(self._master, self._unsent) :]
        if self._unsent:
            loop.add_writer(self._master, self._flush)
        else:
            loop.remove_writer(self._master)
        self._rearm()

    def _rearm(self) -> None:
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        wake_at = self._link.wake_at
        if wake_at is not None:
            delay_s = max(wake_at - now_ms(), 1) / 1_000
            self._wakeup = asyncio.get_running_loop().call_later(delay_s, self._flush)
