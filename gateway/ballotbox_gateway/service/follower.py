"""Keeps the second copy at the log's end: in the background, after the commits, never before them.

A copy that cannot be written stops nothing: the gateway goes on, and `status` says how many leaves
are behind, since when, and why.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.core.intake import Intake
from ballotbox_gateway.core.ports import SignerAway
from ballotbox_gateway.core.publishing import Stretch
from ballotbox_gateway.problem import Problem

_log: Final = logging.getLogger(__name__)

#: Bundles of 256 leaves written at a time: the loop reads so many reports in one go.
BUNDLES_AT_ONCE: Final = 4
#: Each step rewrites the last, partial bundle: the pause bounds what that costs.
PAUSE_S: Final = 1.0
#: A medium that hangs may not keep a gateway from ending.
FINISH_S: Final = 60.0


class Follower:
    """Writes what the log has and the copy has not. Lives on the loop's thread."""

    def __init__(
        self,
        copy: SecondCopy,
        intake: Intake,
        backoff: Backoff,
        now: Callable[[], int],
    ) -> None:
        """Copy the log of `intake`; `now` returns Unix seconds."""
        self.trouble = ""
        self.pause_s: float = PAUSE_S
        self._copy = copy
        self._intake = intake
        self._backoff = backoff
        self._now = now
        self._begun = False
        # The first walk goes from the start: what has rotten in the copy is written anew.
        self._written = 0
        self._behind_since: int | None = None
        self._more = asyncio.Event()

    def wake(self) -> None:
        """Look again: the log may have grown."""
        if self._behind_since is None and self._written < self._intake.size:
            self._behind_since = self._now()
        self._more.set()

    def status(self) -> dict[str, Any]:
        """Return how far the copy is behind, as JSON-able values."""
        since = self._behind_since
        return {
            "directory": str(self._copy.directory),
            "behind": self._intake.size - self._written,
            "behind_s": 0 if since is None else max(0, self._now() - since),
            "trouble": self.trouble,
        }

    async def run(self) -> None:
        """Follow until cancelled. Raises LedgerFailure."""
        self.wake()
        while True:
            self._more.clear()
            try:
                await self._catch_up()
            except (Problem, SignerAway) as trouble:
                self._troubled(_told(trouble))
                await asyncio.sleep(self._backoff.failed())
                continue
            await self._more.wait()
            await asyncio.sleep(self.pause_s)

    async def _catch_up(self) -> None:
        if not self._begun:
            empty = self._intake.empty_note()
            await in_thread(lambda: self._copy.begin(empty))
            self._begun = True
        while (stretch := self._intake.next_stretch(self._written, BUNDLES_AT_ONCE)) is not None:
            await self._write(stretch)
        self._behind_since = None
        if self.trouble:
            _log.info("second copy %s is written again", self._copy.directory)
        self.trouble = ""
        self._backoff.succeeded()

    async def _write(self, stretch: Stretch) -> None:
        await in_thread(lambda: self._copy.write(stretch))
        self._written = stretch.size

    def _troubled(self, problem: Problem) -> None:
        if str(problem) != self.trouble:
            _log.error("second copy: %s. The intake goes on without it", problem)
        self.trouble = str(problem)

    async def finish(self) -> None:
        """Bring the copy to the log's end and say that it is; once the log grows no more.

        A copy that cannot be written is told of, and left as it is. Raises LedgerFailure.
        """
        try:
            async with asyncio.timeout(FINISH_S):
                await self._catch_up()
                await in_thread(self._copy.finish)
        except (Problem, SignerAway) as trouble:
            self._troubled(_told(trouble))
        except TimeoutError:
            remedy = "The next start completes it"
            what = f"was not complete after {FINISH_S:.0f} s"
            self._troubled(Problem(str(self._copy.directory), what, remedy))


def _told(trouble: Problem | SignerAway) -> Problem:
    if isinstance(trouble, Problem):
        return trouble
    return Problem("ledger", str(trouble), trouble.remedy)
