"""Whether something is there, for those who wait for it.

As `asyncio.Event`, which keeps a queue of most of a kibibyte for waiters that a road has once;
thousands of boxes share a process.
"""

import asyncio


class Presence:
    """Is there, or is not; `wait` returns as soon as it is."""

    __slots__ = ("_coming", "_here")

    def __init__(self) -> None:
        self._here = False
        self._coming: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        """Tell whether it is there."""
        return self._here

    def set(self) -> None:
        """It is there: whoever waits goes on."""
        self._here = True
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.set_result(None)

    def clear(self) -> None:
        """It is gone."""
        self._here = False

    async def wait(self) -> None:
        """Return when it is there, or was since this was asked."""
        if self._here:
            return
        if self._coming is None:
            self._coming = asyncio.get_running_loop().create_future()
        # Who gives up waiting must not end it for the others.
        await asyncio.shield(self._coming)
