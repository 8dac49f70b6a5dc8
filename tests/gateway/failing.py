"""A ledger that fails at the commit, in pairs: not applied and said so, applied and not said so."""

from enum import Enum

from ballotbox_gateway.core.ports import Batch, DiskFull, Ledger, LedgerFailure, LogHead


class Fault(Enum):
    """What happens to the next commit."""

    NOT_APPLIED = 1
    APPLIED = 2
    DISK_FULL = 3


class FailingLedger:
    """Passes everything on to a real ledger, but for the commits it was told to fail."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.fault: Fault | None = None
        self.commits = 0

    def commit(self, batch: Batch, expected: LogHead) -> None:
        fault, self.fault = self.fault, None
        if fault is Fault.NOT_APPLIED:
            raise LedgerFailure("the disk did not answer")
        if fault is Fault.DISK_FULL:
            raise DiskFull("the disk is full")
        self._ledger.commit(batch, expected)
        self.commits += 1
        if fault is Fault.APPLIED:
            raise LedgerFailure("the disk answered too late")

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)
