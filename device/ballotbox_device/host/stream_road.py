"""The road over a byte stream: a serial port, or the master of a pseudo-terminal."""

import asyncio
import os
from typing import Final

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.host.road import Road, now_ms
from ballotbox_protocol.wire.link import Link
from ballotbox_protocol.wire.link_frames import Session
from ballotbox_protocol.wire.message import Message

_CHUNK: Final = 65_536


class StreamRoad(Road):
    """One box on an open, non-blocking file descriptor in raw mode, which it does not own."""

    def __init__(self, outgoing: Outgoing, descriptor: int, session: bytes, pace: Pace) -> None:
        super().__init__(outgoing, pace)
        self._descriptor = descriptor
        self._link = Link(session)
        self._peer: Session | None = None
        self._unsent = b""
        self._closed = False
        self._wakeup: asyncio.TimerHandle | None = None
        #: Set when the other end of the line has gone for good.
        self.hung_up: asyncio.Event = asyncio.Event()

    async def connect(self) -> None:
        """Begin to listen; the link comes up when a gateway speaks at the other end."""
        asyncio.get_running_loop().add_reader(self._descriptor, self._readable)
        self._flush()

    def close(self) -> None:
        """Stop listening; the descriptor stays open."""
        self._closed = True
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._descriptor)
        loop.remove_writer(self._descriptor)
        self._disarm()
        self._lost()

    def pump(self) -> None:
        """Send what is due, and come back when something is due again."""
        super().pump()
        if not self._closed:
            self._flush()

    def _carry(self, message: Message) -> None:
        if self._link.room:
            self._link.send(message.to_bytes())

    def _is_carrying(self, message: Message) -> bool:
        # On a line that loses much, repetitions would be queued faster than it clears them.
        return self._link.carries(message.to_bytes())

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._hang_up()
            return
        messages = self._link.receive(data, now_ms())
        if self._link.peer != self._peer:
            self._peer = self._link.peer
            self.courier.connected(now_ms())
        for each in messages:
            self._take_in(each)
        self.pump()

    def _hang_up(self) -> None:
        self.close()
        self.hung_up.set()

    def _flush(self) -> None:
        # While the line takes nothing, the link is not asked: it would repeat itself without end.
        was_clogged = bool(self._unsent)
        if not was_clogged:
            self._unsent = self._link.bytes_to_send(now_ms())
        try:
            self._unsent = self._unsent[os.write(self._descriptor, self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._hang_up()
            return
        loop = asyncio.get_running_loop()
        if self._unsent:
            loop.add_writer(self._descriptor, self._flush)
            self._disarm()
            return
        loop.remove_writer(self._descriptor)
        if was_clogged:
            self._flush()
        else:
            self._rearm()

    def _disarm(self) -> None:
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None

    def _rearm(self) -> None:
        self._disarm()
        wake_at = self._link.wake_at
        if wake_at is not None:
            delay_s = max(wake_at - now_ms(), 1) / 1_000
            self._wakeup = asyncio.get_running_loop().call_later(delay_s, self._flush)
