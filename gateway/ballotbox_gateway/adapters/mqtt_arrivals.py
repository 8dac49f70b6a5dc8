"""What a broker sent over one connection and has not been acknowledged, in order of arrival.

Acknowledgements leave in that order (MQTT-4.6.0-2), whatever order the letters are settled in, and
a window bounds them although brokers send more than Receive Maximum allows.
"""

from collections import deque
from collections.abc import Sequence


class Arrival:
    """One message; `settled` once nothing about it is left to do."""

    __slots__ = ("mid", "qos", "settled")

    def __init__(self, mid: int, qos: int) -> None:
        self.mid = mid
        self.qos = qos
        self.settled = False


class Arrivals:
    """The messages of the present connection. `limit` bounds those without acknowledgement."""

    __slots__ = ("_limit", "_owed")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._owed: deque[Arrival] = deque()

    def begin(self) -> None:
        """Forget what the last connection brought: it comes again, under other numbers."""
        self._owed = deque()

    def came(self, mid: int, qos: int) -> Arrival:
        """Note a message and return what `settle` knows it by."""
        arrival = Arrival(mid, qos)
        if qos > 0:
            self._owed.append(arrival)
        return arrival

    def settle(self, arrival: Arrival) -> Sequence[Arrival]:
        """Take note, and return what may be acknowledged now; nothing of an older connection."""
        arrival.settled = True
        owed = self._owed
        if not owed or not owed[0].settled:
            return ()
        first = owed.popleft()
        if not owed or not owed[0].settled:
            return (first,)
        due = [first]
        while owed and owed[0].settled:
            due.append(owed.popleft())
        return due

    @property
    def room(self) -> int:
        """How many more messages may be read before one is acknowledged."""
        return self._limit - len(self._owed)
