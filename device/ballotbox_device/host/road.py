"""What the roads to a gateway share: a courier, and a timer that wakes it.

A road brings the courier's messages onto a carrier and the carrier's messages to the courier.
Everything happens on one asyncio loop; no box needs a thread, and many share one loop.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic_ns

from ballotbox_device.core.courier import Courier, Pace
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.host.problem import Problem
from ballotbox_protocol.wire.message import Message, parse_message


def now_ms() -> int:
    """Return milliseconds of a clock that never steps."""
    return monotonic_ns() // 1_000_000


class Road(ABC):
    """One box's way to a gateway."""

    def __init__(self, outgoing: Outgoing, pace: Pace) -> None:
        self.outgoing = outgoing
        self.courier = Courier(outgoing, pace)
        #: Called with every message from the gateway before the courier takes it in.
        self.overheard: Callable[[Message], None] | None = None
        #: Called when the carrier cannot be reached; the road tries again by itself.
        self.in_the_way: Callable[[Problem], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    async def connect(self) -> None:
        """Bring the road up, and keep it up until `close`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the carrier for good."""

    @abstractmethod
    def _carry(self, message: Message) -> None:
        """Hand one message to the carrier; what it cannot take now the courier sends again."""

    def _is_carrying(self, message: Message) -> bool:
        """Whether the carrier still has this very message, so that it needs no repetition."""
        del message
        return False

    def send(self, message: Message) -> None:
        """Send a message beside what the courier sends; tests and rehearsals make mischief so."""
        self._carry(message)
        self.pump()

    @property
    def unanswered(self) -> int:
        """How many reports still wait for an answer of the log at this road's end."""
        return len(self.outgoing.waiting(self.courier.origin, self.outgoing.count))

    def pump(self) -> None:
        """Send what is due, and come back when something is due again."""
        for message in self.courier.messages(now_ms()):
            if not self._is_carrying(message):
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
