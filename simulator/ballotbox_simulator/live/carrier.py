"""What every simulated box on a real transport shares: its crew, its courier, its timer.

A carrier brings the courier's messages onto a transport and the transport's messages to the
courier. Everything happens on one asyncio loop; no box has a thread.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic_ns
from typing import Final

from ballotbox_device.core.courier import Courier, Pace
from ballotbox_protocol.wire.message import Message, parse_message
from ballotbox_simulator.crew import Crew

#: A rehearsal is over in a minute: boxes ask again sooner than in the field.
REHEARSAL_PACE: Final = Pace(first_ms=1_500, longest_ms=8_000)


def now_ms() -> int:
    """Return milliseconds of a clock that never steps."""
    return monotonic_ns() // 1_000_000


class Carrier(ABC):
    """One box on one transport."""

    def __init__(self, crew: Crew, pace: Pace = REHEARSAL_PACE) -> None:
        self.crew = crew
        self.courier = Courier(crew.device.outgoing, pace)
        #: Called with every message before it is taken in; tests and the demo listen here.
        self.overheard: Callable[[Message], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    async def connect(self) -> None:
        """Bring the transport up and keep it up until `close`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the transport."""

    @abstractmethod
    def _carry(self, message: Message) -> bool:
        """Hand one message to the transport; tell whether it was taken."""

    @property
    def unanswered(self) -> int:
        """How many reports still wait for the answer of this link's log."""
        outgoing = self.crew.device.outgoing
        return len(outgoing.waiting(self.courier.origin, outgoing.count))

    def pump(self) -> None:
        """Send what is due, and come back when something is due again."""
        for message in self.courier.messages(now_ms()):
            self._carry(message)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = self.courier.wake_at
        if wake_at is not None:
            delay_s = max(wake_at - now_ms(), 1) / 1_000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.pump)

    def _take_in(self, data: bytes) -> None:
        message = parse_message(data)
        if message is None:
            return
        if self.overheard is not None:
            self.overheard(message)
        self.courier.receive(message, now_ms())

    def _lost(self) -> None:
        self.courier.disconnected()
        self._arm()
