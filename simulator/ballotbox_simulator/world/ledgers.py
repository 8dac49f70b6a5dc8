"""A gateway's ledger in the simulated world: the contract in memory, and every way a commit fails.

Each failure comes as "not applied" and as "failed but applied"; a gateway may be killed on either
side of its commit. What is committed survives; snapshots are what a restored backup holds.
"""

from collections.abc import Callable
from copy import copy
from enum import IntEnum

from ballotbox_gateway.core.ports import Batch, Binding, DiskFull, LedgerFailure, LogHead
from ballotbox_gateway.ledger.memory import MemoryLedger


class Killed(Exception):
    """The gateway's process was killed at this step."""


class Injected(LedgerFailure):
    """A failure of the simulated disk; any other one is the product's own."""


class CommitTrouble(IntEnum):
    """What happens to a commit."""

    ERROR = 1
    ERROR_APPLIED = 2
    KILLED_UNCOMMITTED = 3
    KILLED_COMMITTED = 4


class SimulatedLedger(MemoryLedger):
    """`trouble` strikes the next commit of leaves; while `full`, no commit is applied."""

    def __init__(self, binding: Binding) -> None:
        super().__init__(binding)
        self.trouble: CommitTrouble | None = None
        #: Told of where leaves begin that were committed, when people's statements are among them.
        self.appended: Callable[[int], None] = lambda _first: None
        self.full = False

    def commit(self, batch: Batch, expected: LogHead) -> None:
        """See the port; raises Killed besides."""
        if self.full:
            raise DiskFull("the ledger's disk is full")
        trouble = self.trouble if batch.leaves else None
        if trouble is None:
            self._apply(batch, expected)
            return
        self.trouble = None
        if trouble is CommitTrouble.KILLED_UNCOMMITTED:
            raise Killed
        if trouble is CommitTrouble.ERROR:
            raise Injected("an error of the disk; not applied")
        self._apply(batch, expected)
        if trouble is CommitTrouble.KILLED_COMMITTED:
            raise Killed
        raise Injected("an error of the disk; applied all the same")

    def _apply(self, batch: Batch, expected: LogHead) -> None:
        super().commit(batch, expected)
        if any(each.ruling is not None for each in batch.leaves):
            self.appended(expected.size)

    def snapshot(self) -> "SimulatedLedger":
        """Return a copy of everything, as a backup has it; the rows themselves never change."""
        twin = SimulatedLedger(self.binding())
        for name, value in vars(self).items():
            setattr(twin, name, copy(value))
        twin._by_box = {box: list(reports) for box, reports in self._by_box.items()}
        return twin
