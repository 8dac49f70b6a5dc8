"""What every road into the gateway has in common: letters and the inbox they meet in.

A road reads bytes and puts letters into the inbox; the service takes them out in batches, decides,
commits, answers by the letter's route, and only then settles the letter with its carrier.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from ballotbox_gateway.core.correspondence import Route

#: Letters that may wait for a decision; a road stops reading when so many do.
INBOX_MAX: Final = 1_024


class CarrierState(StrEnum):
    """Whether a road is passable."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"


class Carrier(Protocol):
    """A road as the service sees it. All calls come from the loop's own thread."""

    @property
    def name(self) -> str:
        """What a person calls it, such as the port or the broker's address."""
        ...

    @property
    def state(self) -> CarrierState:
        """Whether it is passable now."""
        ...

    @property
    def trouble(self) -> str:
        """Why it is not passable and what to do, or an empty text."""
        ...

    async def run(self) -> None:
        """Keep the road open until `stop`; returns only then."""
        ...

    def hold(self) -> None:
        """Stop reading: the inbox is full or nothing can be stored."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...

    def settle(self, token: object) -> None:
        """Take note that the letter with this token is decided, durable and answered."""
        ...

    def flush(self) -> None:
        """Write what is waiting to be written, as far as that goes without blocking."""
        ...

    async def stop(self, patience_s: float) -> None:
        """Write what still waits, for at most `patience_s`, and let go of the road."""
        ...


class Letter(NamedTuple):
    """Bytes that came in, the way back, and the token by which the carrier knows them."""

    data: bytes
    route: Route
    carrier: Carrier
    token: object = None


class LetterBox(Protocol):
    """Where a road puts what it brings."""

    @property
    def room(self) -> int:
        """How many more letters should be read in."""
        ...

    def put(self, letter: Letter) -> None:
        """Take a letter; never refuses."""
        ...


@dataclass(slots=True)
class Inbox:
    """What has come in and is not decided yet; `arrived` is called when it stops being empty."""

    arrived: Callable[[], None]
    limit: int = INBOX_MAX
    _letters: deque[Letter] = field(default_factory=deque)

    def put(self, letter: Letter) -> None:
        """Append a letter. Look at `room` before reading on; this never refuses."""
        self._letters.append(letter)
        if len(self._letters) == 1:
            self.arrived()

    @property
    def room(self) -> int:
        """How many more letters should be read in."""
        return self.limit - len(self._letters)

    def __len__(self) -> int:
        return len(self._letters)

    def peek(self, count: int) -> list[Letter]:
        """Return up to `count` letters in order of arrival, and keep them."""
        return [self._letters[at] for at in range(min(count, len(self._letters)))]

    def drop(self, count: int) -> None:
        """Forget the first `count` letters: they are decided and settled."""
        for _ in range(count):
            self._letters.popleft()
