"""One leaf against the evidence beside it: who signed, what was decided, whether both fit."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.election.register import BoxEntry, Role, origin_id
from ballotbox_protocol.election.tally import Row
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import CheckpointFault, parse_note, verify_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.merkle import Tree
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.report import (
    WITH_VOTES,
    HeldCheckpoint,
    Report,
    ReportKind,
    decode_report,
)
from ballotbox_protocol.wire.statements import Ruling, RulingKind, decode_ruling
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.attachment import Attachment, decode_attachment
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.objections import Objections

_RULING_KINDS = {Reason.RELEASED: RulingKind.RELEASE, Reason.NAMED: RulingKind.NAME}
#: The reasons that may stand with each verdict on a report.
_REASONS = {
    Verdict.ACCEPTED: {Reason.IN_ORDER, Reason.GAP_CLOSED, Reason.RELEASED, Reason.NAMED},
    Verdict.HELD: {Reason.GAP_BEFORE, Reason.BOX_DISPUTED, Reason.HELD_BELOW},
    Verdict.QUARANTINED: {reason for reason in Reason if reason >= Reason.PRECINCT},
    Verdict.EVIDENCE: {Reason.SAME_SEQUENCE, Reason.EVIDENCE_BELOW},
}


#: One object for all reports whose counters nobody adds up.
NO_COUNTERS: Final = Counters()


@dataclass(frozen=True, slots=True)
class FiledReport:
    """What the fold needs of one authentic report; `objection` is the tabulation's own opinion.

    first: the index of its first leaf, which decides whether its entry was closed by then.
    votes, counters: of a final or a correction; empty for the other kinds, which are not kept.
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

    @property
    def box(self) -> BoxId:
        """The box that signed the report."""
        return self.entry.box


@dataclass(frozen=True, slots=True)
class VerifiedLeaf:
    """A leaf whose evidence fits it, with the tabulation's own objection to an accepted report."""

    index: int
    leaf: Leaf
    report: FiledReport
    objection: Reason | None = None


class Evidence:
    """Checks leaves in log order; knows the reports seen so far, for leaves that repeat them."""

    def __init__(self, trusted: Trusted, origin: str, tree: Tree) -> None:
        """Prepare for the log of `origin`; `tree` must hold each leaf before it is checked."""
        self._trusted = trusted
        self._origin = origin_id(origin)
        self._tree = tree
        self._objections = Objections(trusted.election, trusted.register)
        self._entries = {
            cose.protected_header(entry.key, MessageType.REPORT): entry
            for entry in trusted.register.boxes
        }
        self._reports: dict[ReportId, FiledReport] = {}
        self._held: dict[ReportId, HeldCheckpoint] = {}
        self._lower_roots: dict[tuple[str, int], bytes] = {}
        self._lower_note: bytes | None = None

    def check(self, index: int, leaf_bytes: bytes, attachment: bytes) -> VerifiedLeaf | Fault:
        """Return leaf `index` with its report, or what does not fit."""
        try:
            leaf = decode_leaf(leaf_bytes)
        except ValueError as error:
            return Fault(LogFault.LEAF_FORM, index, str(error))
        if not _reason_fits(leaf):
            return Fault(
                LogFault.VERDICT_REASON, index, f"{leaf.verdict.name} with {leaf.reason.name}"
            )
        try:
            beside = decode_attachment(attachment)
        except ValueError as error:
            return Fault(LogFault.ATTACHMENT_FORM, index, str(error))
        return self._check_parts(index, leaf, beside)

    def _check_parts(self, index: int, leaf: Leaf, beside: Attachment) -> VerifiedLeaf | Fault:
        if beside.lower_note is not None and beside.lower_note != self._lower_note:
            fault = self._lower_fault(index, beside.lower_note)
            if fault is not None:
                return fault
        report = self._report(index, leaf, beside.report)
        if isinstance(report, Fault):
            return report
        if leaf.type is LeafType.RULING:
            fault = self._ruling_fault(index, leaf, beside.ruling, report)
            return fault or VerifiedLeaf(index, leaf, report, _never_countable(report))
        if beside.ruling is not None:
            return Fault(LogFault.RULING_UNASKED, index)
        if leaf.verdict is not Verdict.ACCEPTED:
            return VerifiedLeaf(index, leaf, report)
        if self._contradicts_held(index, report):
            return Fault(LogFault.HELD_CHECKPOINT, index)
        return VerifiedLeaf(index, leaf, report, self._objection(report))

    def _objection(self, report: FiledReport) -> Reason | None:
        closed = report.entry.closed if report.kind in WITH_VOTES else None
        if closed is not None and closed.covers(self._origin, report.first):
            return Reason.CLOSED_ENTRY
        return report.objection

    def _report(self, index: int, leaf: Leaf, data: bytes | None) -> FiledReport | Fault:
        if data is None:
            known = self._reports.get(leaf.report)
            return known or Fault(LogFault.REPORT_MISSING, index, leaf.report.hex())
        try:
            envelope = cose.parse(data)
        except cose.EnvelopeError as error:
            return Fault(LogFault.REPORT_FORM, index, str(error))
        statement = envelope.statement
        if cose.statement_id(statement) != leaf.report:
            return Fault(LogFault.REPORT_ID, index, leaf.report.hex())
        entry = self._entries.get(envelope.protected)
        if entry is None:
            return Fault(LogFault.REPORT_SIGNER, index, leaf.report.hex())
        if not cose.verify(statement, envelope.signature, entry.key):
            return Fault(LogFault.REPORT_SIGNATURE, index, f"box {entry.box.hex()}")
        # The same statement again is the same report: it was read and judged the first time.
        return self._reports.get(leaf.report) or self._file(index, leaf, envelope.payload, entry)

    def _file(self, index: int, leaf: Leaf, body: bytes, entry: BoxEntry) -> FiledReport | Fault:
        try:
            report = decode_report(body)
        except ValueError as error:
            return Fault(LogFault.REPORT_FORM, index, str(error))
        if report.box != entry.box:
            return Fault(LogFault.REPORT_BOX, index, f"box {report.box.hex()}")
        if report.election != self._trusted.digest:
            return Fault(LogFault.REPORT_ELECTION, index, f"election {report.election.hex()}")
        filed = self._filed(index, leaf.report, report, body, entry)
        self._reports[leaf.report] = filed
        if report.held is not None and report.held.origin == self._origin:
            self._held[leaf.report] = report.held
        return filed

    def _filed(
        self, index: int, report_id: ReportId, report: Report, body: bytes, entry: BoxEntry
    ) -> FiledReport:
        if report.votes is None:
            return FiledReport(report_id, entry, index, report.kind, report.sequence)
        return FiledReport(
            report_id,
            entry,
            index,
            report.kind,
            report.sequence,
            self._objections.objection(report, body, entry),
            report.votes,
            report.counters,
            report.corrects,
        )

    def _contradicts_held(self, index: int, report: FiledReport) -> bool:
        """Tell whether the box held a checkpoint of ours that is not one of this very log."""
        held = self._held.pop(report.id, None)
        if held is None:
            return False
        return held.size > index or self._tree.root(held.size) != held.root

    def _lower_fault(self, index: int, note: bytes) -> Fault | None:
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

    def _ruling_fault(
        self, index: int, leaf: Leaf, data: bytes | None, report: FiledReport
    ) -> Fault | None:
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
            Role.RELEASE,
            report.entry.precinct,
        )
        return None if signed else Fault(LogFault.RULING_OFFICERS, index)

    def _in_scope(self, ruling: Ruling, leaf: Leaf) -> bool:
        return (
            ruling.election == self._trusted.digest
            and ruling.report == leaf.report
            and ruling.kind is _RULING_KINDS[leaf.reason]
        )


def _reason_fits(leaf: Leaf) -> bool:
    if leaf.type is LeafType.RULING:
        return leaf.verdict is Verdict.ACCEPTED and leaf.reason in _RULING_KINDS
    return leaf.reason in _REASONS[leaf.verdict]


def _never_countable(report: FiledReport) -> Reason | None:
    """Return the objection that no ruling can lift: votes that fit no contest fit no total."""
    return report.objection if report.objection is Reason.VOTES_LENGTH else None
