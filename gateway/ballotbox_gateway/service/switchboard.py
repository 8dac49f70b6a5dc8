"""Roads that several elections share: each letter goes to the inbox of the election it names.

An election whose disk is full must not stop the others. Its letters wait in its own inbox and are
dropped when that is full: on a shared road a box hears of nothing but receipts, and sends again.
"""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from ballotbox_gateway.adapters.roads import Carrier, CarrierState
from ballotbox_gateway.core.addressing import Addresses, Served
from ballotbox_gateway.core.correspondence import Letter
from ballotbox_protocol.wire.message import MessageKind

_ANY_BYTES = bytes((MessageKind.HELLO_WANTED,))

#: The letters of whoever has the roads: a service's, or a simulated one's.
L = TypeVar("L", bound=Letter)
_L_contra = TypeVar("_L_contra", bound=Letter, contravariant=True)


class Waiting(Protocol[_L_contra]):
    """The inbox of one election."""

    @property
    def room(self) -> int:
        """How many more letters should be read in."""
        ...

    def put(self, letter: _L_contra, /) -> None:
        """Take a letter; never refuses."""
        ...


class Receives(Protocol[_L_contra]):
    """Where the letters of one election are decided."""

    @property
    def inbox(self) -> Waiting[_L_contra]:
        """What waits there."""
        ...

    @property
    def disk_full(self) -> str:
        """The disk's fault while it is full, else an empty text."""
        ...


class Receiving(Served, Protocol[_L_contra]):
    """One election as the switchboard sees it."""

    @property
    def reception(self) -> Receives[_L_contra]:
        """Where its letters are decided."""
        ...


class Switchboard(Generic[L]):
    """The `LetterBox` of a shared road."""

    def __init__(self, elections: Sequence[Receiving[L]]) -> None:
        self._receptions = [each.reception for each in elections]
        self._addresses = Addresses(elections)

    @property
    def room(self) -> int:
        """How many more letters may come, to whatever election that can store any."""
        every = [each.inbox.room for each in self._receptions]
        able = [each.inbox.room for each in self._receptions if not each.disk_full]
        return min(able or every)

    def put(self, letter: L) -> None:
        """Hand a letter to its election."""
        reception = self._reception_for(letter.data)
        if not reception.disk_full or reception.inbox.room > 0:
            reception.inbox.put(letter)

    def _reception_for(self, message: bytes) -> Receives[L]:
        if message[:1] != _ANY_BYTES:
            return self._addresses.of_message(message).reception
        # A box asks for a challenge before it says who it is: whoever can answer does.
        able = (each for each in self._receptions if not each.disk_full)
        return next(able, self._receptions[0])


class SharedRoad(Generic[L]):
    """A shared road as one of its elections sees it: it is not held while another can go on."""

    def __init__(self, road: Carrier, board: Switchboard[L]) -> None:
        self._road = road
        self._board = board

    @property
    def name(self) -> str:
        """The road's own."""
        return self._road.name

    @property
    def state(self) -> CarrierState:
        """The road's own."""
        return self._road.state

    @property
    def trouble(self) -> str:
        """The road's own."""
        return self._road.trouble

    async def run(self) -> None:
        """Keep the road open; whoever made the road does that, once."""
        await self._road.run()

    def hold(self) -> None:
        """Let the road bring what it may."""
        if self._board.room > 0:
            self._road.resume()
        else:
            self._road.hold()

    def resume(self) -> None:
        """Let the road bring what it may."""
        self.hold()

    def settle(self, token: object) -> None:
        """Pass it on."""
        self._road.settle(token)

    def flush(self) -> None:
        """Pass it on."""
        self._road.flush()

    async def stop(self, patience_s: float) -> None:
        """Let go of the road."""
        await self._road.stop(patience_s)
