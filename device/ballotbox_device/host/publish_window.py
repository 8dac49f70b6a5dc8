"""How many publications may be under way to a broker at a time: a window above the MQTT library.

The library's own window is not kept across reconnects, and it never reads the Receive Maximum of
the broker, which ends the connection of a client that goes beyond. Nothing here outlives a
connection: what was not answered the courier says again.
"""

from typing import Final

#: What a broker may be sent without its answer, however much it would take.
OWN_LIMIT: Final = 16


class PublishWindow:
    """Messages of one connection: `limit` of them under way, the others wait in order."""

    __slots__ = ("_limit", "_under_way", "_waiting")

    def __init__(self) -> None:
        self._limit = OWN_LIMIT
        # A courier has a handful under way; thousands of boxes share a process.
        self._waiting: list[bytes] = []
        self._under_way: dict[int, bytes] = {}

    def open(self, receive_maximum: int) -> None:
        """Begin a connection whose broker takes so many without answering."""
        self._limit = min(OWN_LIMIT, receive_maximum)
        self._waiting.clear()
        self._under_way.clear()

    def offer(self, data: bytes) -> None:
        """Put a message behind those that wait, unless it waits already."""
        if data not in self._waiting:
            self._waiting.append(data)

    def next(self) -> bytes | None:
        """Take out the message that may go now; None when none may. Tell `went` of it."""
        if not self._waiting or len(self._under_way) >= self._limit:
            return None
        return self._waiting.pop(0)

    def went(self, number: int, data: bytes) -> None:
        """Note that the message is under way under the library's number."""
        self._under_way[number] = data

    def answered(self, number: int) -> None:
        """Note the broker's answer, whatever it was."""
        self._under_way.pop(number, None)
