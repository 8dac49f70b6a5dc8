"""What has happened to a box: the fold of its journal. Nothing of it is stored anywhere else.

A restart and a running box come to the same history, because both apply the same records in the
same order.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
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
from ballotbox_device.core.transport import SHEET_STEPS, STEP_RECORDS, SheetState, SheetStep
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

    __slots__ = ("_about_delivery", "_frontier", "accepted", "boots", "cleared", "copies",
                 "delivery", "emptied_at", "final", "genesis", "held", "owed", "portable",
                 "prepared", "presented", "reports", "returned", "rotation", "served", "sheet",
                 "state")  # fmt: skip

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
        self.sheet = SheetState.NONE
        self.emptied_at = 0
        self.owed: Incident | None = None
        self.reports: list[KeptReport] = []
        self.copies: Counter[int] = Counter()
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
    def pending(self) -> int:
        """1 while a sheet is under way, else 0."""
        return int(self.sheet is not SheetState.NONE)

    @property
    def slots(self) -> int:
        """How many slots were allocated; more may have come to them."""
        return self.genesis.slots if self.genesis else 0

    @property
    def slots_given(self) -> int:
        """How many slots sheets have now: those in the box, and the one released, if there is."""
        return self.accepted + (self.sheet in _WITH_SLOT)

    @property
    def in_container(self) -> int:
        """Sheets that fell in since the container was last changed."""
        return self.accepted - self.emptied_at

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
            leaf, way = _EMPTY[kind]
            self._frontier.append(leaf)
            if way is None:
                self._count(kind)
            else:
                self._move(way)
        else:
            self._frontier.append(leaf_hash(record.to_bytes()))
            self._about_delivery += kind in _ABOUT_DELIVERY
            self._note(record, offset)

    def apply_passages(self, count: int) -> None:
        """Take in `count` sheets that went straight into the box: PASSAGE for each, in its order.

        Raises MemoryFault where the first of them cannot follow.
        """
        for kind in PASSAGE:
            self.apply(Record(kind), 0)
        more = count - 1
        self._frontier.extend([_EMPTY[kind].leaf for kind in PASSAGE] * more)
        self.presented += more
        self.accepted += more
        self.portable += more * (self.state is PollState.PORTABLE)

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
            case RecordType.PREPARED:
                self.prepared = True
            case RecordType.CONTAINER:
                self.emptied_at = self.accepted
            case RecordType.CLEARED:
                self.cleared = True
                self.reports = []
                self.delivery = Delivery()
            case _:
                raise MemoryFault(f"a {kind.name} record of the journal is empty")

    def _move(self, way: "_Way") -> None:
        target = way.leads.get(self.sheet)
        if target is None:
            raise MemoryFault(
                "the journal contradicts itself: "
                f"{way.step.name} cannot follow where a sheet is {self.sheet.name}"
            )
        self.sheet = target
        if way.into_the_box:
            self.accepted += 1
            self.portable += self.state is PollState.PORTABLE
        else:
            self.presented += way.taken_in
            self.returned += way.out

    def _note(self, record: Record, offset: int) -> None:
        body = record.body
        match record.type:
            case RecordType.STATE:
                self.state = PollState(body[0])
            case RecordType.ANSWER:
                self._move(_WAYS[SheetStep.TOLD_IN if body[0] else SheetStep.TOLD_OUT])
                self.owed = Incident(IncidentCode.DROP_SETTLED, body[0])
            case RecordType.REPORT:
                self._keep(body, offset)
            case RecordType.RECEIPTED:
                receipted = Receipted.read(body)
                self.delivery.answer(receipted.origin, receipted.sequence, receipted.answer)
            case RecordType.HELD:
                self.held, signature = read_held(body)
                self.delivery.hold(self.held, offset if signature else None)
            case RecordType.RESEND:
                again = SendAgain.read(body)
                self.delivery.forget(again.origin, again.sequence)
            case RecordType.REPRINT:
                self.copies[int.from_bytes(body)] += 1
            case RecordType.GENESIS:
                pass
            case _:
                raise MemoryFault(f"a {record.type.name} record of the journal has a body")

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
            self.owed = None if report.incident == self.owed else self.owed


#: Key 8 of a report's body, a string of 32 bytes: the id of the report before.
_PREVIOUS: Final = b"\x08\x58\x20"
#: What their bodies tell decides what the box does later; of the other kinds, that they exist.
_WITH_CONSEQUENCES: Final = frozenset(
    {ReportKind.FINAL, ReportKind.KEY_ROTATION, ReportKind.INCIDENT}
)
#: The steps of a sheet whose record has no body.
_STEPS: Final[Mapping[RecordType, SheetStep]] = {
    kind: step for step, kind in STEP_RECORDS.items() if kind is not RecordType.ANSWER
}


class _Way(NamedTuple):
    """Where one step leads from where, and what it counts."""

    step: SheetStep
    leads: Mapping[SheetState, SheetState]
    taken_in: bool
    into_the_box: bool
    out: bool


def _way(step: SheetStep) -> _Way:
    leads = {state: target for (state, by), target in SHEET_STEPS.items() if by is step}
    settled = SheetState.NONE in leads.values()
    fell = step in (SheetStep.DROP, SheetStep.TOLD_IN)
    return _Way(step, leads, step is SheetStep.TAKE, fell, settled and not fell)


#: The table of the sheets by its steps.
_WAYS: Final = {step: _way(step) for step in SheetStep}
#: The records of a sheet that goes straight in, which leave the box as it was but for its counts.
PASSAGE: Final = (RecordType.FED, RecordType.RELEASE, RecordType.DROPPED)
_WITH_SLOT: Final = frozenset({SheetState.RELEASED, SheetState.IN_DOUBT})
_ABOUT_DELIVERY: Final = frozenset({RecordType.RECEIPTED, RecordType.HELD, RecordType.RESEND})


class _Empty(NamedTuple):
    """What a record without a body is in the tree, and the way it tells of, if it is a sheet's."""

    leaf: bytes
    way: _Way | None


_EMPTY: Final = {
    kind: _Empty(
        leaf_hash(Record(kind).to_bytes()), _WAYS[_STEPS[kind]] if kind in _STEPS else None
    )
    for kind in RecordType
}


def _require(condition: bool, problem: str) -> None:  # noqa: FBT001
    if not condition:
        raise MemoryFault(f"the journal contradicts itself: {problem}")
