"""Interim reports by the clock: every so many minutes, as a profile says."""

import asyncio
from collections.abc import Callable
from typing import Final

_SECONDS: Final = 60


class Interim:
    """Calls `due` every `minutes`, never when they are 0, until it is stopped."""

    def __init__(self, minutes: int, due: Callable[[], None]) -> None:
        self._every_s = minutes * _SECONDS
        self._due = due
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to count from now on."""
        if self._every_s:
            self._timer = loop.call_later(self._every_s, self._come, loop)

    def stop(self) -> None:
        """Call no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _come(self, loop: asyncio.AbstractEventLoop) -> None:
        self.start(loop)
        self._due()
