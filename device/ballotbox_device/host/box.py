"""A running box: device, panel and road on one event loop, until it is switched off.

Nothing here is caught that comes from the memory or the core: any such exception ends the process,
and the next boot finds out where things stand.
"""

import asyncio
import signal
from collections.abc import Callable
from typing import Any, Protocol

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import TurnoutDue
from ballotbox_device.core.poll import REPORTABLE
from ballotbox_device.host.interim import Interim
from ballotbox_device.host.panel import Panel
from ballotbox_device.host.panel_output import Said
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.reader import LineReader
from ballotbox_device.host.system import SystemClock
from ballotbox_protocol.wire.message import Message
from ballotbox_protocol.wire.report import ReportKind


class GatewayRoad(Protocol):
    """What a box needs of its road; it comes and goes, and the box counts on without it."""

    overheard: Callable[[Message], None] | None
    in_the_way: Callable[[Problem], None] | None

    @property
    def unanswered(self) -> int:
        """How many reports wait for an answer."""
        ...

    async def connect(self) -> None:
        """Bring the road up."""
        ...

    def pump(self) -> None:
        """Send what is due."""
        ...

    def close(self) -> None:
        """Let go of the road."""
        ...


class PanelClosed(Exception):
    """Nobody listens at the panel any more."""


class RunningBox:
    """`speak` writes one line to the panel and raises PanelClosed when nobody reads it."""

    def __init__(
        self,
        device: Device,
        panel: Panel,
        road: GatewayRoad,
        clock: SystemClock,
        speak: Callable[[Said], None],
        turnout_minutes: int = 0,
    ) -> None:
        self._device = device
        self._panel = panel
        self._road = road
        self._clock = clock
        self._speak = speak
        self._reader: LineReader | None = None
        self._unanswered: int | None = None
        self._trouble = ""
        self._is_alone = False
        self._over: asyncio.Future[None] | None = None
        self._interim = Interim(turnout_minutes, self._turnout)

    async def run(self, panel_descriptor: int | None) -> None:
        """Run the box until it is switched off, cleared, or alone with nothing left to send.

        Without a panel nobody can leave it alone: it runs until the process is told to end.
        Raises whatever the memory or the core raises, in whichever callback that happened.
        """
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        loop.set_exception_handler(self._failed)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        self._road.overheard = lambda _message: self._soon(self._tell_delivery)
        self._road.in_the_way = self._tell_trouble
        self._say(self._panel.told(self._device.start(self._clock.now())))
        connecting = loop.create_task(self._road.connect())
        connecting.add_done_callback(self._connected)
        if panel_descriptor is not None and not self._is_alone:
            self._reader = LineReader(panel_descriptor, self._line, self._no_more_lines)
            self._reader.start()
        self._interim.start(loop)
        try:
            await self._over
        finally:
            self._interim.stop()
            connecting.cancel()
            self._hang_up()
            self._road.close()

    def _turnout(self) -> None:
        if self._device.state in REPORTABLE[ReportKind.TURNOUT]:
            self._say(self._panel.told(self._device.on(TurnoutDue(), self._clock.now())))
            self._road.pump()

    def _soon(self, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(call)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._end(context.get("exception") or RuntimeError(context["message"]))

    def _connected(self, connecting: asyncio.Task[None]) -> None:
        if not connecting.cancelled() and (error := connecting.exception()):
            self._end(error)

    def _end(self, error: BaseException | None = None) -> None:
        if self._over is None or self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)

    def _line(self, line: bytes) -> None:
        self._say(self._panel.line(line, self._clock.now()))
        if self._panel.is_over:
            self._end()
            self._hang_up()
        else:
            self._road.pump()
            self._tell_delivery()

    def _say(self, lines: list[Said]) -> None:
        try:
            for said in lines:
                self._speak(said)
        except PanelClosed:
            self._alone()

    def _hang_up(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _no_more_lines(self) -> None:
        """Nobody feeds this box any more: send what waits and say how far it is, then end."""
        self._hang_up()
        self._is_alone = True
        self._soon(self._tell_delivery)

    def _alone(self) -> None:
        """The panel is gone altogether: the same, with nobody to say it to."""
        self._speak = _to_nobody
        self._no_more_lines()

    def _tell_delivery(self) -> None:
        unanswered = self._road.unanswered
        if unanswered != self._unanswered:
            self._unanswered = unanswered
            self._say([{"says": "delivery", "unanswered": unanswered}])
        if self._is_alone and unanswered == 0:
            self._end()

    def _tell_trouble(self, problem: Problem) -> None:
        # Said once, not at every new try.
        if str(problem) != self._trouble:
            self._trouble = str(problem)
            self._say([{"says": "road", "problem": str(problem)}])


def _to_nobody(_said: Said) -> None:
    pass
