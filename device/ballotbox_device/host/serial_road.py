"""The road over a serial port of this machine, which may be unplugged and come back."""

import asyncio
import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import serial

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.stream_road import StreamRoad
from ballotbox_protocol.wire.message import Message

BAUD_RATE: Final = 115_200
_RETRY_FIRST_S: Final = 0.2
_RETRY_LONGEST_S: Final = 5.0
_SESSION_SIZE: Final = 8

_BUSY: Final = ("is held by another program", "Find it with fuser and stop it")
#: What is wrong with a port, and what to do.
_FAULTS: Final = {
    errno.ENOENT: ("does not exist", "Plug the adapter in, or correct --serial"),
    errno.EACCES: ("may not be opened by this user", "Add the user to the group dialout"),
    errno.EWOULDBLOCK: _BUSY,
    errno.EBUSY: _BUSY,
    errno.ENOTTY: ("is no serial port", "Correct --serial"),
    errno.EISDIR: ("is no serial port", "Correct --serial"),
    errno.ERANGE: ("does not take this speed", "Correct --baud"),
    errno.EIO: ("is gone", "Check the cable and the adapter"),
}


class SerialRoad:
    """One box's way over the port at `path`, opened for this process alone."""

    def __init__(self, outgoing: Outgoing, path: str, pace: Pace, baud: int = BAUD_RATE) -> None:
        self._outgoing = outgoing
        self._path = path
        self._pace = pace
        self._baud = baud
        self._stream: StreamRoad | None = None
        #: Called with every message from the gateway before the courier takes it in.
        self.overheard: Callable[[Message], None] | None = None
        #: Called when the port cannot be used; it is tried again by itself.
        self.in_the_way: Callable[[Problem], None] | None = None

    @property
    def unanswered(self) -> int:
        """How many reports still wait for an answer of the log at this road's end."""
        if self._stream is not None:
            return self._stream.unanswered
        return len(self._outgoing.waiting(None, self._outgoing.count))

    def pump(self) -> None:
        """Send what is due, when the port is open."""
        if self._stream is not None:
            self._stream.pump()

    async def connect(self) -> None:
        """Bring the road up and keep it up, through every unplugging, until cancelled."""
        failures = 0
        while True:
            try:
                await self._serve()
                failures = 0
            except OSError as error:
                self._complain(_code_of(error), str(error))
            await asyncio.sleep(min(_RETRY_LONGEST_S, _RETRY_FIRST_S * 2**failures))
            failures = min(failures + 1, 10)

    def close(self) -> None:
        """Let go of the port for good; cancel `connect` first."""
        if self._stream is not None:
            self._stream.close()

    async def _serve(self) -> None:
        """Use the port until it is gone."""
        port = self._open()
        try:
            descriptor = port.fileno()
            os.set_blocking(descriptor, False)
            session = secrets.token_bytes(_SESSION_SIZE)
            stream = StreamRoad(self._outgoing, descriptor, session, self._pace)
            stream.overheard = self.overheard
            self._stream = stream
            await stream.connect()
            await stream.hung_up.wait()
            self._complain(errno.EIO, "")
        finally:
            self._let_go(port)

    def _open(self) -> serial.Serial:
        try:
            return serial.Serial(self._path, self._baud, timeout=0, exclusive=True)
        except ValueError as error:
            # pyserial's way to say that the adapter refused the speed.
            raise OSError(errno.ERANGE, str(error)) from error

    def _let_go(self, port: serial.Serial) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        # Closing a port that was pulled out may fail; there is nothing left to lose.
        with suppress(OSError):
            port.close()

    def _complain(self, code: int, said: str) -> None:
        what, remedy = _FAULTS.get(code, (f"cannot be used: {said}", "Check the cable"))
        if self.in_the_way is not None:
            self.in_the_way(Problem(f"serial port {self._path}", what, remedy))


def _code_of(error: OSError) -> int:
    """Return the error number; pyserial keeps some of them only in what it stumbled over."""
    first = next(iter(error.__context__.args), 0) if error.__context__ else 0
    return error.errno or (first if isinstance(first, int) else 0)
