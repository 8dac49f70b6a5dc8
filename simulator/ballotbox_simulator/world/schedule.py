"""Virtual time: a heap of things to do, each at its millisecond; what was planned first goes first.

Nothing else in the world has a clock. Equal calls lead to an equal order, whatever the process.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

_Entry = tuple[int, int, Callable[..., Any], tuple[Any, ...]]


class Schedule:
    """The world's time in milliseconds since the midnight that begins election day."""

    __slots__ = ("_entries", "_planned", "now")

    def __init__(self, now: int = 0) -> None:
        self.now = now
        self._planned = 0
        self._entries: list[_Entry] = []

    def at(self, time: int, do: Callable[..., Any], *arguments: Any) -> None:  # noqa: ANN401
        """Plan `do(*arguments)` for `time`, or for now when that has passed."""
        self._planned += 1
        heappush(self._entries, (max(time, self.now), self._planned, do, arguments))

    def after(self, delay: int, do: Callable[..., Any], *arguments: Any) -> None:  # noqa: ANN401
        """Plan `do(*arguments)` for `delay` milliseconds from now."""
        self.at(self.now + delay, do, *arguments)

    def run_until(self, time: int) -> None:
        """Do everything that is planned up to and including `time`, which is now afterwards."""
        entries = self._entries
        while entries and entries[0][0] <= time:
            self.now, _, do, arguments = heappop(entries)
            do(*arguments)
        self.now = max(self.now, time)


class Alarm:
    """Does one thing at the earliest of the times it was set to, then waits to be set again."""

    __slots__ = ("_do", "_schedule", "_time")

    def __init__(self, schedule: Schedule, do: Callable[[], Any]) -> None:
        self._schedule = schedule
        self._do = do
        self._time: int | None = None

    def set(self, time: int) -> None:
        """Go off at `time`, or earlier if it was set so before."""
        if self._time is None or time < self._time:
            self._time = time
            self._schedule.at(time, self._go_off, time)

    def move(self, time: int) -> None:
        """Go off at `time`, whatever it was set to before."""
        if time != self._time:
            self._time = time
            self._schedule.at(time, self._go_off, time)

    def clear(self) -> None:
        """Not go off."""
        self._time = None

    def _go_off(self, time: int) -> None:
        if self._time == time:
            self._time = None
            self._do()
