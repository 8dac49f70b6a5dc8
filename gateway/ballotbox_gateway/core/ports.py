"""The one port of the gateway's core: a ledger that commits a batch whole or not at all.

A ledger holds the log (leaves, checkpoints), the reports beside it, one head per box, what was
refused, and how far the log has travelled upward. `commit` is the only way to change it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from ballotbox_gateway.core.head import BoxHead
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest, ReportId
from ballotbox_protocol.wire.verdict import Reason, Verdict

#: Rows kept of bytes that could not be authenticated; older ones give way, their counts stay.
UNAUTHENTIC_ROWS_MAX: Final = 1_024
#: How much of such bytes is kept: enough to recognise what sent them.
SAMPLE_SIZE: Final = 1_024


class LedgerFailure(Exception):
    """The ledger cannot be relied on now: whether the last commit was applied is unknown."""


class Damaged(LedgerFailure):
    """What is stored is not what was committed: bytes have rotten, are lost or were changed."""


class DiskFull(LedgerFailure):
    """There is no room; nothing of the batch was applied and a later commit may succeed."""

    #: What people and machines are told apart by: a status, a screen and a metric have it.
    kind = "disk_full"
    remedy = "Free some space"
    #: Until when nothing is acknowledged, and what is told then.
    until = "until there is room"
    over = "there is room on the disk again"


class ReadOnly(DiskFull):
    """Nothing may be written for now; else as for a full disk."""

    kind = "read_only"
    remedy = "Mount it for writing again"
    until = "until it can be written"
    over = "the disk can be written again"


class SignerAway(DiskFull):
    """The key cannot sign for now, so that nothing may be stored; else as for a full disk."""

    kind = "signer_away"
    remedy = "Plug the security module in, and see that it is unlocked"
    until = "until the key signs again"
    over = "the key signs again"


class DatabaseAway(DiskFull):
    """The database cannot be asked for now; what it knows is read again before anything is said.

    Whether the last commit was applied may be unknown.
    """

    kind = "database_away"
    remedy = "See that the database runs and can be reached"
    until = "until the database answers again"
    over = "the database answers again"


class RegisterBehind(DiskFull):
    """Another process of this gateway judges by a newer register; nothing is judged by this one."""

    kind = "register_behind"
    remedy = "Give this process the newest register file, and send it SIGHUP"
    until = "until its register is the newest"
    over = "the register is the newest again"


#: Everything for which nothing is taken in until it is over.
HOLDS: Final = (DiskFull, ReadOnly, SignerAway, DatabaseAway, RegisterBehind)
#: Those that no disk is to blame for.
ELSEWHERE: Final = (SignerAway, DatabaseAway, RegisterBehind)


class Conflict(Exception):
    """The ledger has moved on since the batch was judged: read it again and judge again."""


class Place(IntEnum):
    """Where a stored report stands in its box's chain."""

    CHAIN = 1
    WAITING = 2
    ASIDE = 3


class Tally(IntEnum):
    """What the ledger counts, per reason code."""

    LEAVES = 1
    REFUSED = 2
    UNAUTHENTIC = 3


@dataclass(frozen=True, slots=True)
class Binding:
    """What a ledger belongs to; `register_version` is the highest ever used with it."""

    origin: str
    election: ElectionDigest
    register_version: int


class LogHead(NamedTuple):
    """Size and root of the log: what a commit compares before it swaps."""

    size: int
    root: bytes


class Standing(NamedTuple):
    """Where a ledger stands when somebody's turn begins: its log, and the highest register used."""

    head: LogHead
    register_version: int


class StoredReport(NamedTuple):
    """A report and the gateway's present mind about it.

    first, newest: indexes of its first and newest leaf. own_verdict, own_reason: what this
    gateway's admission alone says. below: packed verdicts of lower gateways, see `core/below.py`.
    ruled: two officers released or named it.
    """

    id: ReportId
    box: BoxId
    sequence: int
    place: Place
    first: int
    newest: int
    verdict: Verdict
    reason: Reason
    own_verdict: Verdict
    own_reason: Reason
    ruled: bool
    below: bytes
    data: bytes


class NewLeaf(NamedTuple):
    """A leaf to append: its bytes, its report's first leaf, what stands beside it.

    note: the lower gateway's checkpoint the report came with, by its number, or None.
    """

    position: int
    data: bytes
    report_first: int
    ruling: bytes | None
    note: int | None


class Entry(NamedTuple):
    """A leaf as stored, with what stands beside it: report, ruling, lower checkpoint."""

    position: int
    leaf: bytes
    report: bytes | None
    ruling: bytes | None
    note: bytes | None


class StoredCheckpoint(NamedTuple):
    """A signed checkpoint of this log."""

    size: int
    root: bytes
    note: bytes


class StoredRefusal(NamedTuple):
    """An authentic report that can never belong here, and the signed answer given for ever."""

    id: ReportId
    reason: Reason
    box: BoxId
    data: bytes
    answer: bytes


class Unauthentic(NamedTuple):
    """A sample of bytes that nobody vouches for; `times` counts how often they came."""

    digest: bytes
    reason: Reason
    road: str
    sample: bytes
    times: int
    time: int


class LowerLog(NamedTuple):
    """How far a lower gateway's log has been taken in: size, subtree hashes, newest checkpoint."""

    origin: str
    size: int
    hashes: tuple[bytes, ...]
    note: bytes


class LowerStep(NamedTuple):
    """A stretch of a lower log taken in: from which size, to which state.

    number: of its checkpoint among all that were stored; leaves refer to it.
    """

    first: int
    log: LowerLog
    number: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """Progress upward from `first` to `next`: all leaves below it are receipted by `upper`."""

    upper: str
    first: int
    next: int
    receipts: Sequence[tuple[int, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one commit changes.

    `heads` carry their new version; the ledger must hold the one before it. `moved` replaces rows
    of reports that are stored already. A batch with leaves has their checkpoint. `contradictions`
    are notes that this log's key signed and this log is not.
    """

    leaves: Sequence[NewLeaf] = ()
    reports: Sequence[StoredReport] = ()
    moved: Sequence[StoredReport] = ()
    heads: Sequence[BoxHead] = ()
    refusals: Sequence[StoredRefusal] = ()
    unauthentic: Sequence[Unauthentic] = ()
    counts: Mapping[tuple[Tally, Reason], int] = field(default_factory=dict)
    checkpoint: StoredCheckpoint | None = None
    lower: LowerStep | None = None
    delivery: Delivery | None = None
    register_version: int | None = None
    contradictions: Sequence[bytes] = ()


class Ledger(Protocol):
    """Durable memory of one gateway. Every read raises LedgerFailure when the medium is sick.

    Several processes may share one: then each judges in a turn of its own.
    """

    def turn(self) -> AbstractContextManager[Standing]:
        """Keep everybody else from moving the log until the end, and tell where it stands.

        What is read during a turn is what a commit in it is compared with. A commit, as an end
        without one, lets the next process have its turn. Raises LedgerFailure.
        """
        ...

    def commit(self, batch: Batch, expected: LogHead) -> None:
        """Apply the whole batch durably, if all it was judged on still holds.

        That is: the log is at `expected`, every box head is one version behind the batch's, lower
        log and delivery cursor stand where their steps begin, and no report, refusal or lower
        checkpoint of the batch is stored yet. All is compared inside the transaction.

        On return everything is on the medium. Raises Conflict (nothing applied), DiskFull
        (nothing applied) or LedgerFailure (unknown whether applied).
        """
        ...

    def binding(self) -> Binding:
        """Return what the ledger belongs to."""
        ...

    def log_head(self) -> LogHead:
        """Return size and root of the log, as of its last checkpoint."""
        ...

    def leaves(self, first: int) -> Iterator[bytes]:
        """Yield the bytes of all leaves from index `first` on."""
        ...

    def boxes_from(self, first: int) -> set[BoxId]:
        """Return the boxes of the reports that the leaves from index `first` on are about."""
        ...

    def entries(self, first: int, stop: int) -> list[Entry]:
        """Return the leaves first..stop-1 with what stands beside them."""
        ...

    def box_head(self, box: BoxId) -> BoxHead:
        """Return the head of a box; one of version 0 when it has never reported."""
        ...

    def box_heads(self) -> list[BoxHead]:
        """Return the heads of all boxes that have reported."""
        ...

    def report(self, report: ReportId) -> StoredReport | None:
        """Return a stored report by its id."""
        ...

    def reports_of(self, box: BoxId, first: int, stop: int | None) -> list[StoredReport]:
        """Return a box's stored reports of the sequences first..stop-1 (None: all from `first`).

        In order of sequence, then of arrival.
        """
        ...

    def set_aside(self, first: BoxId, last: BoxId) -> list[StoredReport]:
        """Return what is not accepted of all boxes from `first` to `last`, box by box.

        In order of sequence, then of arrival.
        """
        ...

    def refusal(self, report: ReportId) -> StoredRefusal | None:
        """Return the durable refusal of a report."""
        ...

    def refusals(self) -> list[StoredRefusal]:
        """Return all durable refusals."""
        ...

    def unauthentic(self) -> list[Unauthentic]:
        """Return the kept samples of unauthentic bytes, newest last."""
        ...

    def counts(self) -> dict[tuple[Tally, Reason], int]:
        """Return what has been counted since the ledger was created."""
        ...

    def checkpoint_of_leaf(self, index: int) -> StoredCheckpoint | None:
        """Return the first checkpoint that covers leaf `index`: that of its batch."""
        ...

    def checkpoint_at(self, size: int) -> StoredCheckpoint | None:
        """Return the checkpoint of exactly this size, if one was ever signed."""
        ...

    def checkpoint_up_to(self, size: int) -> StoredCheckpoint | None:
        """Return the largest checkpoint of at most this size."""
        ...

    def lower_log(self, origin: str) -> LowerLog | None:
        """Return how far the log of a lower gateway has been taken in."""
        ...

    def next_note(self) -> int:
        """Return the number that the next stored lower checkpoint will have."""
        ...

    def contradictions(self) -> list[bytes]:
        """Return the notes that convict this log of being another than the one signed."""
        ...

    def delivered(self, upper: str) -> int:
        """Return the first leaf without a stored receipt of `upper`."""
        ...

    def upper_receipt(self, upper: str, index: int) -> bytes | None:
        """Return the receipt that `upper` gave for leaf `index`."""
        ...

    def close(self) -> None:
        """Let go of the medium; the ledger cannot be used afterwards."""
        ...
