"""A box on a serial line: a port opened by pyserial, its descriptor on the service's own loop.

pyserial's read() calls select(), which ends at descriptor 1023; here bytes go straight to and from
the non-blocking descriptor, so many ports and sockets can live in one process. Pulling the cable is
no error: the port is opened again with a growing delay, and the box resends from its own memory.
Whatever comes is bytes: nothing of it is a command, and nothing of it is ever logged.
"""

import asyncio
import logging
import os
from typing import Final

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.roads import CarrierState, Letter, LetterBox
from ballotbox_gateway.adapters.serial_line import Line, open_line
from ballotbox_gateway.adapters.serial_words import port_trouble, shared_trouble
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.config_roads import SerialPort
from ballotbox_gateway.core.correspondence import PAIRED, Route
from ballotbox_gateway.core.outcome import Road, RoadKind
from ballotbox_protocol.wire.link import Link, LinkLimits
from ballotbox_protocol.wire.message import Message

_log: Final = logging.getLogger(__name__)

_CHUNK: Final = 4_096
#: A start bit, eight data bits and a stop bit.
_BITS_PER_BYTE: Final = 10
#: How long a person waits after plugging in; more would feel like a dead port.
REOPEN_CAP_S: Final = 5.0
#: How often an open line is looked at: is it stuck, noisy, or read by somebody else as well?
WATCH_S: Final = 5.0
#: A line that takes no byte for so long is opened anew; the largest message takes 2 s at 115,200.
WRITE_PATIENCE_S: Final = 20.0
#: How often the system is asked who else has the port open.
_SEARCH_S: Final = 60.0
#: Frames damaged between two looks from which a person is told; one is torn at every plugging-in.
_NOISE: Final = 3
#: After one complaint about an open line, the pause before another, and before the same again.
_TOLD_NEXT_S: Final = 60.0
_TOLD_AGAIN_S: Final = 600.0
_TAKES_NOTHING: Final = "takes no bytes. Check the cable, the box and its flow control"
_NOISY: Final = "brings damaged frames. Check the cable, the ground and serial.baud"


class SerialIntake:
    """The road through one serial port; a `Carrier`."""

    def __init__(
        self, settings: SerialPort, session: bytes, inbox: LetterBox, backoff: Backoff
    ) -> None:
        """Prepare the link with `session`, 8 bytes that no link has used before."""
        self.name = f"serial port {settings.port}"
        self.state = CarrierState.DOWN
        self.trouble = ""
        #: Answers given up because the other end took none; the box asks for them again.
        self.unsent = 0
        self._settings = settings
        limits = LinkLimits(bytes_per_second=max(1, settings.baud // _BITS_PER_BYTE))
        self._link = Link(session, limits)
        self._peer = self._link.peer
        self._inbox = inbox
        self._backoff = backoff
        self._route = Route(Road(RoadKind.SERIAL, settings.port), self._send)
        self._loop = asyncio.get_running_loop()
        self._line: Line | None = None
        self._descriptor = -1
        self._stuck_since: float | None = None
        self._tallied = 0, 0
        self._searched_at = -_SEARCH_S
        self._shared_trouble = ""
        self._told = "", -_TOLD_AGAIN_S
        self._unwritten = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._held = False
        self._lost = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep the port open until `stop`, trying again with a growing, random delay."""
        while not self._stopping.is_set():
            if await self._open():
                began = self._loop.time()
                await self._watch()
                await self._close()
                self._backoff.lasted(self._loop.time() - began)
            if not self._stopping.is_set():
                await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), self._backoff.failed())
        except TimeoutError:
            return

    async def _open(self) -> bool:
        self._lost.clear()
        try:
            # A port may be at the other end of a network that takes its time.
            line = await in_thread(lambda: open_line(self._settings))
        except (OSError, ValueError) as error:
            self._down(port_trouble(self._settings.port, error))
            return False
        self._line = line
        self._descriptor = line.descriptor
        self._attach()
        return True

    def _attach(self) -> None:
        self._unwritten.clear()
        self._held = False
        self._stuck_since = None
        self.state, self.trouble = CarrierState.CONNECTING, ""
        _log.info("%s: open, waiting for a box", self.name)
        self._loop.add_reader(self._descriptor, self._readable)
        self._transmit()

    async def _watch(self) -> None:
        """Return when the line is lost; until then, look now and then how it does."""
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(WATCH_S):
                    await self._lost.wait()
            except TimeoutError:
                await self._look()

    async def _look(self) -> None:
        stuck_since = self._stuck_since
        if stuck_since is not None and self._loop.time() - stuck_since >= WRITE_PATIENCE_S:
            self._lose(_TAKES_NOTHING)
            return
        damaged, repeated = self._tallies()
        new_damage = damaged - self._tallied[0]
        suspicious = new_damage > 0 or repeated > self._tallied[1]
        self._tallied = damaged, repeated
        trouble = await self._shared(suspicious=suspicious)
        if not trouble and new_damage >= _NOISE:
            trouble = _NOISY
        if self._descriptor >= 0:
            self._tell(trouble)
            self.trouble = trouble

    def _tallies(self) -> tuple[int, int]:
        """Return how many frames came damaged, and how many went or came again."""
        counters = self._link.counters
        repeated = counters.retransmissions + counters.duplicates
        return sum(self._link.decoder.dropped.values()), repeated

    async def _shared(self, *, suspicious: bool) -> str:
        """Return that somebody else reads the line: looked for at times, and on suspicion."""
        now = self._loop.time()
        # Where no box has spoken yet the link repeats itself anyway.
        urgent = self._shared_trouble or (suspicious and self.state is CarrierState.UP)
        if urgent or now - self._searched_at >= _SEARCH_S:
            self._searched_at = now
            port = self._settings.port
            self._shared_trouble = await in_thread(lambda: shared_trouble(port))
        return self._shared_trouble

    async def _close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await in_thread(line.close)

    def _lose(self, trouble: str) -> None:
        """Let go of the descriptor; `run` closes the port and opens it anew."""
        if self._descriptor < 0:
            return
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._descriptor = -1
        if self._timer is not None:
            self._timer.cancel()
        self._down(trouble)
        self._lost.set()

    def _down(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            _log.warning("%s %s", self.name, trouble)
        self.state, self.trouble = CarrierState.DOWN, trouble

    def _tell(self, trouble: str) -> None:
        """Log what is wrong with an open line, but not each time: noise comes and goes."""
        words, since = self._told
        pause_s = self._loop.time() - since
        if trouble and pause_s >= (_TOLD_AGAIN_S if trouble == words else _TOLD_NEXT_S):
            self._told = trouble, self._loop.time()
            _log.warning("%s %s", self.name, trouble)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(port_trouble(self._settings.port, error))
            return
        if not data:
            # Readable and yet nothing to read: how the kernel shows that the line is gone.
            self._lose(self._why_gone())
            return
        self._take(data)

    def _why_gone(self) -> str:
        trouble = self._line.trouble if self._line is not None else None
        if trouble is not None:
            return port_trouble(self._settings.port, trouble)
        return "was unplugged or closed at its other end. Plug the cable in again"

    def _take(self, data: bytes) -> None:
        messages = self._link.receive(data, self._now_ms())
        if self._link.peer != self._peer:
            self._peer = self._link.peer
            self._route.challenge = None
            self._inbox.put(Letter(PAIRED, self._route, self))
        if messages and self.state is not CarrierState.UP:
            self.state = CarrierState.UP
            _log.info("%s: a box is there", self.name)
        for message in messages:
            self._inbox.put(Letter(message, self._route, self))
        self._transmit()
        if self._inbox.room <= 0:
            self.hold()

    def _send(self, message: Message) -> None:
        if self._link.room < 1:
            self.unsent += 1
            return
        self._link.send(message.to_bytes())

    def _transmit(self) -> None:
        if self._descriptor < 0:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # While the line takes nothing, the link is not asked: it would repeat itself without end.
        if not self._unwritten:
            self._unwritten += self._link.bytes_to_send(self._now_ms())
        self._write()

    def _write(self) -> None:
        try:
            written = os.write(self._descriptor, self._unwritten) if self._unwritten else 0
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._lose(port_trouble(self._settings.port, error))
            return
        del self._unwritten[:written]
        if not self._unwritten or written:
            self._stuck_since = None
        if self._unwritten:
            self._stuck_since = self._stuck_since or self._loop.time()
            self._loop.add_writer(self._descriptor, self._write)
            return
        self._loop.remove_writer(self._descriptor)
        if self._link.wake_at is not None:
            delay_s = max(0, self._link.wake_at - self._now_ms()) / 1000
            self._timer = self._loop.call_later(delay_s, self._transmit)

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    def hold(self) -> None:
        """Stop reading; the box sends again what the line then loses."""
        if self._descriptor >= 0 and not self._held:
            self._held = True
            self._loop.remove_reader(self._descriptor)

    def resume(self) -> None:
        """Read again."""
        if self._descriptor >= 0 and self._held:
            self._held = False
            self._loop.add_reader(self._descriptor, self._readable)

    def settle(self, token: object) -> None:
        """Nothing to do: on this road the receipt alone says that a report is stored."""

    def flush(self) -> None:
        """Start sending what was handed over."""
        self._transmit()

    async def stop(self, patience_s: float) -> None:  # noqa: ARG002
        """End `run` and close the port."""
        self._stopping.set()
        self._lose("")
        self._lost.set()
        await self._close()
