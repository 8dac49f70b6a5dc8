"""A gateway without wires: the production intake over its SQLite ledger, in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from ballotbox_gateway.adapters.log_directory import LoggedEntry, write_log
from ballotbox_gateway.core.intake import Arrival, Identity, Intake, Outcome, Road, RoadKind
from ballotbox_gateway.core.ports import Binding
from ballotbox_gateway.core.publications import PublicationOutcome
from ballotbox_gateway.core.upward import ENTRIES_MAX, UpwardBatch, UpwardReply
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt, ReceiptFault, verify_receipt
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.authority import Authority

#: The file of the ledger in its directory.
LEDGER: Final = "ledger.sqlite"
_BATCH: Final = 256
_CHUNK: Final = 4_096
_ROAD: Final = Road(RoadKind.IMPORT, "simulator")
#: Gateway time, a constant, so that equal input gives equal bytes.
_NOW: Final = 1_796_000_000


class NotDelivered(RuntimeError):
    """One gateway did not take what another handed up to it: a defect of ours."""


class InnerGateway:
    """One gateway over the ledger in `directory`, made when missing; use it as a context."""

    def __init__(self, directory: Path, authority: Authority, origin: str, now: int = _NOW) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        trusted = authority.trusted
        path = directory / LEDGER
        if not path.exists():
            create(path, Binding(origin, trusted.digest, trusted.register.version))
        self.origin = origin
        self.now = now
        self._keys = trusted.register.gateway_keys
        self._ledger = open_ledger(path)
        identity = Identity(origin, authority.gateway_keys[origin])
        self._intake = Intake(trusted, identity, self._ledger)
        self._waiting: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.close()

    @property
    def size(self) -> int:
        """The number of leaves in the log."""
        return self._ledger.log_head().size

    def admit(self, reports: Sequence[bytes]) -> int:
        """Take in reports, a batch at a time; return how many good receipts came back now."""
        self._waiting += reports
        return self.flush() if len(self._waiting) >= _BATCH else 0

    def flush(self) -> int:
        """Commit what waits and return how many good receipts of acceptance came back."""
        if not self._waiting:
            return 0
        arrivals = [Arrival(data, _ROAD) for data in self._waiting]
        self._waiting = []
        admission = self._intake.admit(arrivals, self.now)
        accepted = [each for each in admission.answers if each.outcome is Outcome.ACCEPTED]
        return sum(self._is_good(answer.message) for answer in accepted)

    def _is_good(self, message: Message | None) -> bool:
        if message is None or message.kind is not MessageKind.RECEIPT:
            return False
        receipt = Receipt.from_bytes(message.payload)
        if isinstance(receipt, ReceiptFault):
            return False
        proved = verify_receipt(receipt, self._keys)
        if isinstance(proved, ReceiptFault):
            return False
        return decode_leaf(proved.leaf).verdict is Verdict.ACCEPTED

    def upward(self, upper: str) -> UpwardBatch | None:
        """Return what `upper` has not receipted yet, as much as one request holds, or None."""
        return self._intake.next_upward(upper, ENTRIES_MAX)

    def take(self, batch: UpwardBatch) -> UpwardReply:
        """Take in what a lower gateway hands up; raises NotDelivered."""
        reply = self._intake.admit_from_below(batch, self.now)
        if not isinstance(reply, UpwardReply):
            raise NotDelivered(f"{self.origin} did not take the log of {batch.origin}: {reply}")
        return reply

    def receipted(self, batch: UpwardBatch, reply: UpwardReply, upper: str) -> None:
        """Note what `upper` has receipted; raises NotDelivered when its receipts do not verify."""
        fault = self._intake.upward_receipted(batch, reply, upper, self.now)
        if fault is not None:
            raise NotDelivered(f"{self.origin} does not believe {upper}: {fault.problem}")

    def publish(self, statement: bytes) -> PublicationOutcome:
        """Take in the statement of a released result of this log."""
        return self._intake.publish(statement, self.now)

    def export(self, directory: Path) -> None:
        """Write the log as static files; raises ValueError when it is empty."""
        checkpoint = self._ledger.checkpoint_at(self.size)
        if checkpoint is None:
            raise ValueError("the log is empty")
        entries = (
            LoggedEntry(entry.leaf, entry.report, entry.ruling, entry.note)
            for first in range(0, self.size, _CHUNK)
            for entry in self._ledger.entries(first, min(first + _CHUNK, self.size))
        )
        write_log(directory, checkpoint.note, entries)
