"""What has happened to a box: the fold of its journal. Nothing of it is stored anywhere else.

A restart and a running box come to the same history, because both apply the same records in the
same order.
"""

from dataclasses import dataclass
from typing import Final, assert_never
from zlib import crc32

from ballotbox_device.core.delivery import Delivery
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import (
    Genesis,
    Receipted,
    Record,
    RecordType,
    SendAgain,
    read_held,
    read_report,
)
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import (
    NO_REPORT,
    ElectionDigest,
    PollState,
    PublicKey,
    ReportId,
)
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash
from ballotbox_protocol.wire.report import (
    HeldCheckpoint,
    Incident,
    IncidentCode,
    Report,
    ReportKind,
    decode_report,
)


@dataclass(frozen=True, slots=True)
class KeptReport:
    """Where a signed report stands in the journal; its sequence is its place among the kept.

    check: the CRC-32 of all its bytes. Its id says nothing of its signature.
    """

    id: ReportId
    kind: ReportKind
    offset: int
    size: int
    check: int


@dataclass(frozen=True, slots=True)
class FinalKept:
    """What was frozen: the final's id and its counters."""

    id: ReportId
    counters: Counters


@dataclass(frozen=True, slots=True)
class Rotation:
    """The key that the last key rotation named, and its epoch."""

    key: PublicKey
    epoch: int


class History:
    """The fold; see `apply`. `served` are the elections that this memory was cleared of."""

    __slots__ = ("_about_delivery", "_frontier", "accepted", "boots", "cleared", "delivery",
                 "final", "genesis", "held", "owed", "portable", "prepared", "presented",
                 "released", "reports", "returned", "rotation", "served", "state",
                 "uncertain")  # fmt: skip

    def __init__(self) -> None:
        self.served: frozenset[ElectionDigest] = frozenset()
        self.genesis: Genesis | None = None
        self.boots = 0
        self._begin()

    def _begin(self) -> None:
        self._frontier = Frontier()
        self._about_delivery = 0
        self.prepared = False
        self.cleared = False
        self.state = PollState.SETUP
        self.presented = 0
        self.accepted = 0
        self.portable = 0
        self.returned = 0
        self.released = False
        self.uncertain = False
        self.owed: Incident | None = None
        self.reports: list[KeptReport] = []
        self.final: FinalKept | None = None
        self.rotation: Rotation | None = None
        self.held: HeldCheckpoint | None = None
        self.delivery = Delivery()

    @property
    def size(self) -> int:
        """The number of records since the genesis, which is the size of their Merkle tree."""
        return self._frontier.size

    @property
    def moment(self) -> int:
        """The number of records that tell what the box did, those of its mail left out."""
        return self.size - self._about_delivery

    def root(self) -> bytes:
        """Return the RFC 6962 root over the records since the genesis."""
        return self._frontier.root()

    @property
    def last_report(self) -> ReportId:
        """The id of the last report, NO_REPORT before the first."""
        return self.reports[-1].id if self.reports else NO_REPORT

    @property
    def lifetime(self) -> int:
        """Sheets accepted since the box was made."""
        brought = self.genesis.lifetime if self.genesis else 0
        return brought + self.accepted

    def apply(self, record: Record, offset: int) -> None:
        """Take in a record whose body stands at `offset` of the journal.

        Raises MemoryFault when it cannot follow what happened before.
        """
        kind = record.type
        if kind is RecordType.GENESIS:
            self._start(Genesis.read(record.body))
        elif self.genesis is None or self.cleared:
            raise MemoryFault(f"{kind.name} stands outside an election in the journal")
        if not record.body:
            self._frontier.append(_EMPTY_LEAVES[kind])
            self._count(kind)
        else:
            self._frontier.append(leaf_hash(record.to_bytes()))
            self._about_delivery += kind in _ABOUT_DELIVERY
            self._note(record, offset)

    def _start(self, genesis: Genesis) -> None:
        if self.genesis is not None:
            if not self.cleared:
                raise MemoryFault("a second election begins before the first was cleared")
            self.served |= {self.genesis.election}
        self._begin()
        self.genesis = genesis
        self.boots = genesis.boots

    def _count(self, kind: RecordType) -> None:
        match kind:
            case RecordType.RELEASE:
                _require(not self.released, "a second sheet is released before the first settled")
                self.presented += 1
                self.released = True
            case RecordType.DROPPED:
                self._settle(dropped=True)
            case RecordType.VOID:
                self._settle(dropped=False)
            case RecordType.RETURNED:
                self.presented += 1
                self.returned += 1
            case RecordType.PREPARED:
                self.prepared = True
            case RecordType.CLEARED:
                self.cleared = True
                self.reports = []
                self.delivery = Delivery()
            case (
                RecordType.GENESIS
                | RecordType.STATE
                | RecordType.ANSWER
                | RecordType.REPORT
                | RecordType.RECEIPTED
                | RecordType.HELD
                | RecordType.RESEND
                | RecordType.REPRINT
            ):
                raise MemoryFault(f"a {kind.name} record of the journal is empty")
            case _:
                assert_never(kind)

    def _settle(self, *, dropped: bool) -> None:
        _require(self.released, "a drop is recorded that no release precedes")
        self.released = False
        self.uncertain = False
        if dropped:
            self.accepted += 1
            self.portable += self.state is PollState.PORTABLE
        else:
            self.returned += 1

    def _note(self, record: Record, offset: int) -> None:
        body = record.body
        match record.type:
            case RecordType.STATE:
                self.state = PollState(body[0])
            case RecordType.ANSWER:
                self._settle(dropped=bool(body[0]))
                self.owed = Incident(IncidentCode.DROP_SETTLED, body[0])
            case RecordType.REPORT:
                self._keep(body, offset)
            case RecordType.RECEIPTED:
                receipted = Receipted.read(body)
                self.delivery.answer(receipted.origin, receipted.sequence, receipted.answer)
            case RecordType.HELD:
                self.held = read_held(body)
                self.delivery.hold(self.held)
            case RecordType.RESEND:
                again = SendAgain.read(body)
                self.delivery.forget(again.origin, again.sequence)
            case RecordType.GENESIS | RecordType.REPRINT:
                pass
            case (
                RecordType.RELEASE
                | RecordType.DROPPED
                | RecordType.VOID
                | RecordType.RETURNED
                | RecordType.PREPARED
                | RecordType.CLEARED
            ):
                raise MemoryFault(f"a {record.type.name} record of the journal has a body")
            case _:
                assert_never(record.type)

    def _keep(self, body: bytes, offset: int) -> None:
        kind, data = read_report(body)
        envelope = cose.parse(data)
        # Decoding whole reports would be most of a boot; the link to the last one is looked for.
        follows = _PREVIOUS + self.last_report in envelope.payload
        _require(follows, "a report breaks the chain")
        identity = ReportId(cose.statement_id(envelope.statement))
        self.reports.append(KeptReport(identity, kind, offset + 1, len(data), crc32(data)))
        if kind is ReportKind.BOOT:
            self.boots += 1
        elif kind in _WITH_CONSEQUENCES:
            self._follow(decode_report(envelope.payload), identity)

    def _follow(self, report: Report, identity: ReportId) -> None:
        if report.kind is ReportKind.FINAL:
            self.final = FinalKept(identity, report.counters)
        if report.new_key is not None:
            self.rotation = Rotation(report.new_key.key, report.epoch + 1)
        if report.incident is not None:
            self.uncertain |= report.incident.code is IncidentCode.DROP_UNCERTAIN
            self.owed = None if report.incident == self.owed else self.owed


#: Key 8 of a report's body, a string of 32 bytes: the id of the report before.
_PREVIOUS: Final = b"\x08\x58\x20"
#: What their bodies tell decides what the box does later; of the other kinds, that they exist.
_WITH_CONSEQUENCES: Final = frozenset(
    {ReportKind.FINAL, ReportKind.KEY_ROTATION, ReportKind.INCIDENT}
)
_ABOUT_DELIVERY: Final = frozenset({RecordType.RECEIPTED, RecordType.HELD, RecordType.RESEND})
_EMPTY_LEAVES: Final = {kind: leaf_hash(Record(kind).to_bytes()) for kind in RecordType}


def _require(condition: bool, problem: str) -> None:  # noqa: FBT001
    if not condition:
        raise MemoryFault(f"the journal contradicts itself: {problem}")
