"""One leaf against the evidence beside it: who signed, what was decided, whether both fit."""

from collections.abc import Container
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import BoxId, PrecinctId, ReportId
from ballotbox_protocol.election.register import BoxEntry, Role, origin_id
from ballotbox_protocol.election.tally import Row
from ballotbox_protocol.wire.checkpoint import CheckpointFault, parse_note, verify_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.hand_count_naming import naming_of
from ballotbox_protocol.wire.leaf import Leaf, LeafType, PlainLeaf
from ballotbox_protocol.wire.merkle import Tree
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.replacement import Replacement, decode_replacement
from ballotbox_protocol.wire.report import (
    WITH_VOTES,
    HeldCheckpoint,
    Report,
    ReportKind,
    decode_report,
)
from ballotbox_protocol.wire.report_final import PlainFinal, plain_final
from ballotbox_protocol.wire.report_plain import PlainReport, plain_report
from ballotbox_protocol.wire.statements import Ruling, RulingKind, decode_ruling
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.authenticity import OpenedLeaf, SignedBody
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.hand_counts import CountedByHand, NamedCount, check_count
from ballotbox_tabulation.core.objections import Objections
from ballotbox_tabulation.core.published import Publications, PublishedLeaf

#: What officers must have ruled for a leaf with this reason.
_RULING_KINDS = {Reason.RELEASED: RulingKind.RELEASE, Reason.NAMED: RulingKind.NAME}
_REPORT, _ACCEPTED = LeafType.REPORT, Verdict.ACCEPTED
#: One object for all reports whose counters nobody adds up.
NO_COUNTERS: Final = Counters()


class Interim(NamedTuple):
    """What a box said of its turnout during the day: its clock in Unix seconds, and the ballots."""

    time: int
    ballots: int


class FiledReport(NamedTuple):
    """What the fold needs of one authentic report; `objection` is the tabulation's own opinion.

    first: the index of its first leaf, which decides whether its entry was closed by then.
    votes, counters: of a final or a correction; empty for the other kinds, which are not kept.
    interim: of a report of turnout whose box knew the time.
    """

    id: ReportId
    entry: BoxEntry
    first: int
    kind: ReportKind
    sequence: int
    objection: Reason | None = None
    votes: Row = ()
    counters: Counters = NO_COUNTERS
    corrects: ReportId | None = None
    interim: Interim | None = None

    @property
    def box(self) -> BoxId:
        """The box that signed the report."""
        return self.entry.box


class VerifiedLeaf(NamedTuple):
    """A leaf whose evidence fits it, with the tabulation's own objection to an accepted report."""

    index: int  # type: ignore[assignment] # nobody searches a leaf as a tuple
    leaf: Leaf | PlainLeaf
    report: FiledReport
    objection: Reason | None = None


@dataclass(frozen=True, slots=True)
class ReplacedLog:
    """A leaf by which two officers opened a log in the place of another, whose end is lost."""

    index: int
    leaf: Leaf | PlainLeaf
    replacement: Replacement


#: What one leaf of a log is, once what stands beside it fits.
LogEntry = VerifiedLeaf | ReplacedLog | CountedByHand | NamedCount | PublishedLeaf


class Evidence:
    """Checks opened leaves in log order; knows the reports that more than one leaf is about."""

    def __init__(
        self, trusted: Trusted, origin: str, tree: Tree, repeated: Container[bytes]
    ) -> None:
        """Prepare for the log of `origin`; `tree` must hold each leaf before it is checked.

        repeated: the ids of which the log has more than one leaf; others may be among them.
        """
        self._trusted = trusted
        self._origin = origin_id(origin)
        self._tree = tree
        self._publications = Publications(trusted, origin, tree)
        self._objections = Objections(trusted.election, trusted.register)
        self._repeated = repeated
        self._reports: dict[ReportId, FiledReport] = {}
        self._counts: dict[ReportId, HandCount] = {}
        self._held: dict[ReportId, HeldCheckpoint] = {}
        self._lower_roots: dict[tuple[str, int], bytes] = {}
        self._lower_note: bytes | None = None

    def check(self, opened: OpenedLeaf) -> LogEntry | Fault:
        """Return the leaf with its report, or what does not fit."""
        index, leaf, note = opened.index, opened.leaf, opened.lower_note
        fault = None if note is None else self._lower_fault(index, note)
        if fault is not None:
            return fault
        if leaf.type is _REPORT:
            return self._decision(opened)
        if leaf.type is LeafType.REPLACEMENT:
            return self._replaced(opened)
        if leaf.type is LeafType.HAND_COUNT:
            return self._counted(opened)
        if leaf.type is LeafType.PUBLICATION:
            return self._publications.check(opened)
        if leaf.type is LeafType.RULING and leaf.report in self._counts:
            return self._named(opened, self._counts[leaf.report])
        return self._decision(opened)

    def _counted(self, opened: OpenedLeaf) -> CountedByHand | Fault:
        checked = check_count(opened, self._trusted)
        if isinstance(checked, CountedByHand):
            self._counts[checked.count.id] = checked.count
        return checked

    def _named(self, opened: OpenedLeaf, count: HandCount) -> NamedCount | Fault:
        index, leaf = opened.index, opened.leaf
        ruling = self._ruling(index, leaf, opened.ruling, Role.ELEVATED, count.precinct)
        if isinstance(ruling, Fault):
            return ruling
        if leaf.reason is not Reason.NAMED:
            return Fault(LogFault.RULING_SCOPE, index)
        return NamedCount(index, leaf, count, naming_of(ruling))

    def _decision(self, opened: OpenedLeaf) -> VerifiedLeaf | Fault:
        index, leaf, signed, ruling, _ = opened
        report = self._report(index, leaf.report, signed)
        if isinstance(report, Fault):
            return report
        if leaf.type is not _REPORT:
            return self._ruled(opened, report)
        if ruling is not None:
            return Fault(LogFault.RULING_UNASKED, index)
        if leaf.verdict is not _ACCEPTED:
            return VerifiedLeaf(index, leaf, report)
        if self._contradicts_held(index, report):
            return Fault(LogFault.HELD_CHECKPOINT, index)
        return VerifiedLeaf(index, leaf, report, self._objection(report))

    def _ruled(self, opened: OpenedLeaf, report: FiledReport) -> VerifiedLeaf | Fault:
        index, leaf, precinct = opened.index, opened.leaf, report.entry.precinct
        ruling = self._ruling(index, leaf, opened.ruling, Role.RELEASE, precinct)
        if isinstance(ruling, Fault):
            return ruling
        if ruling.overrules:
            return Fault(LogFault.RULING_SCOPE, index)
        return VerifiedLeaf(index, leaf, report, _never_countable(report))

    def _replaced(self, opened: OpenedLeaf) -> ReplacedLog | Fault:
        index, leaf, data = opened.index, opened.leaf, opened.ruling
        if data is None:
            return Fault(LogFault.RULING_MISSING, index)
        try:
            replacement = decode_replacement(data)
        except ValueError as error:
            return Fault(LogFault.RULING_FORM, index, str(error))
        if replacement.digest != leaf.statement:
            return Fault(LogFault.RULING_DIGEST, index)
        own = origin_id(replacement.origin) == self._origin
        in_scope = replacement.election == self._trusted.digest and replacement.id == leaf.report
        if not in_scope or (own and index):
            return Fault(LogFault.RULING_SCOPE, index)
        if not replacement.is_signed(self._trusted.register):
            return Fault(LogFault.RULING_OFFICERS, index)
        return ReplacedLog(index, leaf, replacement)

    def _objection(self, report: FiledReport) -> Reason | None:
        closed = report.entry.closed
        if closed is None or report.kind not in WITH_VOTES:
            return report.objection
        is_late = closed.covers(self._origin, report.first)
        return Reason.CLOSED_ENTRY if is_late else report.objection

    def _report(
        self, index: int, report_id: ReportId, signed: SignedBody | None
    ) -> FiledReport | Fault:
        # The same statement again is the same report: it was read and judged the first time.
        known = self._reports.get(report_id)
        if known is not None:
            return known
        if signed is None:
            return Fault(LogFault.REPORT_MISSING, index, report_id.hex())
        return self._file(index, report_id, signed)

    def _file(self, index: int, report_id: ReportId, signed: SignedBody) -> FiledReport | Fault:
        body, entry = signed
        try:
            report = plain_report(body) or plain_final(body) or decode_report(body)
        except ValueError as error:
            return Fault(LogFault.REPORT_FORM, index, str(error))
        if report.box != entry.box:
            return Fault(LogFault.REPORT_BOX, index, f"box {report.box.hex()}")
        if report.election != self._trusted.digest:
            return Fault(LogFault.REPORT_ELECTION, index, f"election {report.election.hex()}")
        filed = self._filed(index, report_id, report, signed)
        if report_id in self._repeated:
            self._reports[report_id] = filed
        if report.held is not None and report.held.origin == self._origin:
            self._held[report_id] = report.held
        return filed

    def _filed(
        self,
        index: int,
        report_id: ReportId,
        report: Report | PlainReport | PlainFinal,
        signed: SignedBody,
    ) -> FiledReport:
        if isinstance(report, PlainReport) or report.votes is None:
            said = report.turnout if isinstance(report, PlainReport) else None
            interim = None if said is None else Interim(*said)
            kind, sequence = report.kind, report.sequence
            # Every field by its place: nine of ten reports come by here.
            return FiledReport(
                report_id, signed.entry, index, kind, sequence, None, (), NO_COUNTERS, None, interim
            )
        return FiledReport(
            report_id,
            signed.entry,
            index,
            report.kind,
            report.sequence,
            self._objections.objection(report, signed.body, signed.entry),
            report.votes,
            report.counters,
            report.corrects,
        )

    def _contradicts_held(self, index: int, report: FiledReport) -> bool:
        """Tell whether the box held a checkpoint of ours that is not one of this very log."""
        held = self._held.pop(report.id, None) if self._held else None
        if held is None:
            return False
        return held.size > index or self._tree.root(held.size) != held.root

    def _lower_fault(self, index: int, note: bytes | None) -> Fault | None:
        if note is None or note == self._lower_note:
            return None
        signed = parse_note(note)
        if isinstance(signed, CheckpointFault):
            return Fault(LogFault.LOWER_CHECKPOINT, index, signed.name)
        origin = signed.checkpoint.origin
        key = self._trusted.register.gateway_keys.get(origin)
        if key is None:
            return Fault(LogFault.LOWER_CHECKPOINT, index, f"unknown origin {origin}")
        checkpoint = verify_checkpoint(note, origin, key)
        if isinstance(checkpoint, CheckpointFault):
            return Fault(LogFault.LOWER_CHECKPOINT, index, f"{checkpoint.name} of {origin}")
        place = (origin, checkpoint.size)
        if self._lower_roots.setdefault(place, checkpoint.root) != checkpoint.root:
            return Fault(LogFault.LOWER_FORK, index, f"{origin} at size {checkpoint.size}")
        self._lower_note = note
        return None

    def _ruling(
        self,
        index: int,
        leaf: Leaf | PlainLeaf,
        data: bytes | None,
        role: Role,
        precinct: PrecinctId,
    ) -> Ruling | Fault:
        if data is None:
            return Fault(LogFault.RULING_MISSING, index)
        try:
            ruling = decode_ruling(data)
        except ValueError as error:
            return Fault(LogFault.RULING_FORM, index, str(error))
        if sha256(data).digest() != leaf.statement:
            return Fault(LogFault.RULING_DIGEST, index)
        if not self._in_scope(ruling, leaf):
            return Fault(LogFault.RULING_SCOPE, index)
        signed = two_officers_signed(
            self._trusted.register,
            ruling.signatures,
            MessageType.RULING,
            ruling.payload(),
            role,
            precinct,
        )
        return ruling if signed else Fault(LogFault.RULING_OFFICERS, index)

    def _in_scope(self, ruling: Ruling, leaf: Leaf | PlainLeaf) -> bool:
        return (
            ruling.election == self._trusted.digest
            and ruling.report == leaf.report
            and ruling.kind is _RULING_KINDS[leaf.reason]
        )


def _never_countable(report: FiledReport) -> Reason | None:
    """Return the objection that no ruling can lift: votes that fit no contest fit no total."""
    return report.objection if report.objection is Reason.VOTES_LENGTH else None
