"""One process's part of the boxes: its leases renewed in time, and the broker told of them.

A process that takes nothing in renews no lease, so that the others take its boxes over.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_gateway.core.sharding import SHARDS

_log: Final = logging.getLogger(__name__)

#: Renewed so often within a lease: one that is late twice has not lost it yet.
_TIMES: Final = 3


class Held(Protocol):
    """What a process holds now, and how many processes are alive."""

    @property
    def shards(self) -> frozenset[int]:
        """The shards."""
        ...

    @property
    def processes(self) -> int:
        """The processes, this one among them."""
        ...


class Leases(Protocol):
    """Where leases are kept; calls block."""

    def renew(self) -> Held:
        """Prolong, let go, take; raises LedgerFailure."""
        ...

    def leave(self) -> None:
        """Let go of everything."""
        ...


class Sharing:
    """Keeps this process's leases. `able`: whether it takes reports in at this time.

    `deaf`: whether the broker refuses it any shard; then it has none until it connects anew.
    """

    def __init__(
        self,
        leases: Leases,
        listen_to: Callable[[Collection[int]], None],
        able: Callable[[], bool],
        lease_s: int,
        deaf: Callable[[], bool] = lambda: False,
    ) -> None:
        self._leases = leases
        self._listen_to = listen_to
        self._able = able
        self._deaf = deaf
        self._pause_s = lease_s / _TIMES
        self._shards: frozenset[int] = frozenset()
        self._processes = 0
        self._trouble = ""

    def status(self) -> dict[str, Any]:
        """Return what is held, as JSON-able values."""
        return {"held": len(self._shards), "of": SHARDS, "processes": self._processes}

    async def run(self) -> None:
        """Keep the leases until cancelled."""
        while True:
            await self.renew()
            await asyncio.sleep(self._pause_s)

    async def renew(self) -> None:
        """Renew the leases once, unless nothing may be taken in."""
        if not self._able():
            return
        if self._deaf():
            await self._let_go()
            return
        try:
            held = await in_thread(self._leases.renew)
        except LedgerFailure as error:
            self._tell(str(error))
            return
        self._tell("")
        if held.shards != self._shards or held.processes != self._processes:
            _log.info(
                "%d of %d shards are ours, %d processes", len(held.shards), SHARDS, held.processes
            )
        self._shards, self._processes = held.shards, held.processes
        self._listen_to(held.shards)

    async def _let_go(self) -> None:
        if self._shards:
            _log.error("no shard is ours: the broker refuses what we ask of it")
            await in_thread(self._leases.leave)
            self._shards = frozenset()
            self._listen_to(self._shards)

    def _tell(self, trouble: str) -> None:
        if trouble and not self._trouble:
            _log.error("the leases of boxes are not renewed: %s", trouble)
        self._trouble = trouble

    def leave(self) -> None:
        """Let go of everything: the boxes need not wait for the leases to run out."""
        self._leases.leave()
