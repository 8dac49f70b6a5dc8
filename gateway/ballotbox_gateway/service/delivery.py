"""Delivery to the gateway above: batch after batch, until each leaf has its stored receipt.

Nothing is forgotten when the upper gateway is away or refuses: the cursor in the ledger moves only
with its receipts. One batch travels at a time, so the upper log sees ours in order.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, assert_never

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.config_roads import Upstream
from ballotbox_gateway.core.backlog import DrainRate, backlog
from ballotbox_gateway.core.delivery import PROBE_EVERY_S
from ballotbox_gateway.core.intake import Intake
from ballotbox_gateway.core.ports import DiskFull, Ledger
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply

_log: Final = logging.getLogger(__name__)

_COMPARE: Final = "Compare with its operator; nothing is lost, and it is asked again"


class UpwardRoad(Protocol):
    """The way to one upper gateway. Called from any thread; one batch is under way at a time."""

    def deliver(self, batch: UpwardBatch) -> UpwardReply | UpwardConflict | UpwardFault:
        """Send a batch and return the answer; what prevents one is a fault like any other.

        May block for the patience of the settings. An answer is none before it is durable above.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


class UpwardDelivery:
    """Keeps one upper gateway at our log's end."""

    def __init__(
        self,
        settings: Upstream,
        intake: Intake,
        ledger: Ledger,
        backoff: Backoff,
        now: Callable[[], int],
        road: Callable[[], UpwardRoad],
    ) -> None:
        """Deliver what `intake` admits; `now` returns Unix seconds.

        `road` makes the way there, from the files that the settings name; it raises Problem.
        """
        self.trouble = ""
        self.probe_every_s: float = PROBE_EVERY_S
        self._settings = settings
        self._intake = intake
        self._ledger = ledger
        self._backoff = backoff
        self._now = now
        self._make_road = road
        self._road = road()
        self._more = asyncio.Event()
        self._receipted_at: int | None = None
        self._compared = False
        self._disputed = False
        self._rate = DrainRate()

    def reload(self) -> None:
        """Show and trust the certificates that the files hold now; raises Problem."""
        former, self._road = self._road, self._make_road()
        former.close()

    def wake(self) -> None:
        """Look again: the log has grown."""
        self._more.set()

    def status(self) -> dict[str, Any]:
        """Return how far the upper gateway is behind, as JSON-able values."""
        upper = self._settings.origin
        waiting = backlog(self._ledger, upper, self._now(), self._rate.per_s)
        return {
            "name": f"upper gateway {self._settings.url}",
            "origin": upper,
            **waiting.to_json(),
            "leaves_per_s": self._rate.per_s,
            "last_receipt": self._receipted_at,
            "trouble": self.trouble,
        }

    async def run(self) -> None:
        """Deliver until cancelled. Raises LedgerFailure."""
        while True:
            self._more.clear()
            try:
                fault = await self._step()
            except DiskFull as error:
                fault = UpwardFault("ledger", str(error), error.remedy, retry=True)
            if fault is not None:
                await self._wait_after(fault)

    async def _step(self) -> UpwardFault | None:
        batch = self._intake.next_upward(self._settings.origin, self._settings.batch_leaves)
        if batch is None:
            return await self._idle()
        road, began = self._road, time.monotonic()
        answer = await in_thread(lambda: road.deliver(batch))
        fault = self._taken(batch, answer)
        if fault is None and isinstance(answer, UpwardReply):
            self._succeeded()
            self._rate.receipted(len(batch.entries), time.monotonic() - began)
        return fault

    async def _idle(self) -> UpwardFault | None:
        """Wait for leaves; at the start, and after a while without any, compare the two logs."""
        if not self._compared:
            return await self._probe()
        try:
            async with asyncio.timeout(self.probe_every_s):
                await self._more.wait()
        except TimeoutError:
            return await self._probe()
        return None

    async def _probe(self) -> UpwardFault | None:
        probe = self._intake.probe_upward(self._settings.origin)
        if probe is None:
            self._compared = True
            return None
        road = self._road
        answer = await in_thread(lambda: road.deliver(probe))
        if isinstance(answer, UpwardConflict):
            return self._forgotten(answer, probe.stop)
        if isinstance(answer, UpwardFault):
            return answer
        self._relieved()
        return None

    def _forgotten(self, conflict: UpwardConflict, delivered: int) -> UpwardFault | None:
        if conflict.expected < delivered:
            _log.error(
                "upper gateway %s says it has forgotten what it receipted: it gets it again; "
                "was an old copy put in its place?",
                self._settings.url,
            )
        return self._conflict(conflict)

    def _conflict(self, conflict: UpwardConflict) -> UpwardFault | None:
        """Go on where it says that it stands; said again without receipts between, only later.

        Nobody signs a conflict, and whoever sends nothing else must not keep us busy.
        """
        fault = self._intake.upward_conflict(conflict, self._settings.origin)
        again, self._disputed = self._disputed, True
        if fault is not None or not again:
            return fault
        problem = f"the upper gateway says that it expects leaf {conflict.expected}, time and again"
        return UpwardFault("expected", problem, _COMPARE, retry=True)

    def _taken(
        self, batch: UpwardBatch, answer: UpwardReply | UpwardConflict | UpwardFault
    ) -> UpwardFault | None:
        upper = self._settings.origin
        match answer:
            case UpwardReply():
                return self._intake.upward_receipted(batch, answer, upper, self._now())
            case UpwardConflict():
                return self._conflict(answer)
            case UpwardFault():
                return answer
            case _:
                assert_never(answer)

    def _succeeded(self) -> None:
        self._receipted_at = self._now()
        self._relieved()

    def _relieved(self) -> None:
        self._compared = True
        self._disputed = False
        if self.trouble:
            _log.info("upper gateway %s takes our log again", self._settings.url)
        self.trouble = ""
        self._backoff.succeeded()

    async def _wait_after(self, fault: UpwardFault) -> None:
        trouble = f"{fault.field}: {fault.problem}. {fault.fix}"
        if trouble != self.trouble:
            _log.warning("delivery to %s waits: %s", self._settings.url, trouble)
        self.trouble = trouble
        # Waking would defeat the delay: a growing log is no reason to believe in the upper one.
        await asyncio.sleep(self._backoff.failed() if fault.retry else self._backoff.refused())

    def close(self) -> None:
        """Let go of the connections."""
        self._road.close()
