"""A box in memory with reports to send, and gateways that a test can wait for without sleeping."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.host.road import Road
from ballotbox_protocol.wire.message import Message
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_simulator.authority import Authority, Plan, make_authority
from ballotbox_simulator.crew import OPENING, Crew, new_crew

#: How long a test waits for what must happen before it calls it a failure.
PATIENCE_S = 60
#: Soon enough for a test, late enough that an answer comes first.
PACE = Pace(first_ms=400, longest_ms=800)


@cache
def authority() -> Authority:
    return make_authority(Plan(5, 1))


def instant(second: int = 0) -> Instant:
    return Instant(1_800_000_000 + second, ClockQuality.FREE_RUNNING, second * 1_000)


def opened_crew() -> Crew:
    """A box with its boot, zero and open reports, none of them sent."""
    vested = authority()
    crew = new_crew(vested, ElectionRules.of(vested.trusted), vested.boxes[0], seed=1)
    crew.switch_on(instant())
    crew.act(instant(), *OPENING)
    return crew


def run(test: Callable[[], Awaitable[None]], patience_s: float = PATIENCE_S) -> None:
    """Run one test on a loop of its own; what goes wrong in a callback fails the test."""

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def failed(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
            error = context.get("exception") or RuntimeError(str(context["message"]))
            if not over.done():
                over.set_exception(error)

        loop.set_exception_handler(failed)
        task = asyncio.ensure_future(test())
        try:
            async with asyncio.timeout(patience_s):
                await asyncio.wait({task, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
        if over.done():
            over.result()
        await task

    asyncio.run(watched())


class Heard:
    """What a road hears from its gateway, and a way to wait until something is so."""

    def __init__(self, road: Road) -> None:
        self.messages: list[Message] = []
        self._moved = asyncio.Event()
        road.overheard = self._hear

    def _hear(self, message: Message) -> None:
        self.messages.append(message)
        # The road takes the message in right after this; a waiter looks only when it has.
        asyncio.get_running_loop().call_soon(self.moved)

    def moved(self) -> None:
        """Let the waiter look again."""
        self._moved.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds; looked at again whenever something was heard."""
        while not condition():
            self._moved.clear()
            await self._moved.wait()
