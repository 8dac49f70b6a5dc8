"""The leaves of one bundle with what stands beside them: read, and the boxes' signatures verified.

The bundle is worked through stage by stage, not leaf by leaf: libsodium and the decoders need the
same cache, and turn about they take a quarter longer.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import Leaf, LeafType, PlainLeaf, decode_leaf, plain_leaf
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.attachment import decode_attachment, signed_beside
from ballotbox_tabulation.core.faults import Fault, LogFault

#: What only a count by hand is quarantined for.
_OF_COUNTS = {Reason.LAW_UNKNOWN, Reason.LINES, Reason.RELATION}
#: The reasons that may stand with each verdict on a report; a ruled one may be repeated.
_REASONS = {
    Verdict.ACCEPTED: {Reason.IN_ORDER, Reason.GAP_CLOSED, Reason.RELEASED, Reason.NAMED},
    Verdict.HELD: {Reason.GAP_BEFORE, Reason.BOX_DISPUTED},
    Verdict.QUARANTINED: {reason for reason in Reason if reason >= Reason.PRECINCT} - _OF_COUNTS,
    Verdict.EVIDENCE: {Reason.SAME_SEQUENCE, Reason.EVIDENCE_BELOW},
}
#: The same of a verdict on a count by hand.
_REASONS_OF_COUNTS = {
    Verdict.ACCEPTED: {Reason.IN_ORDER, Reason.GAP_CLOSED, Reason.NAMED},
    Verdict.HELD: _REASONS[Verdict.HELD],
    Verdict.QUARANTINED: _OF_COUNTS
    | {Reason.OFFICERS, Reason.PRECINCT, Reason.CORRECTS, Reason.QUARANTINED_BELOW},
    Verdict.EVIDENCE: _REASONS[Verdict.EVIDENCE],
}
#: The same of a released result; set aside are only those of lower logs.
_REASONS_OF_PUBLICATIONS = {
    Verdict.ACCEPTED: {Reason.PUBLISHED},
    Verdict.QUARANTINED: {
        Reason.OLD_REGISTER,
        Reason.RELEASERS,
        Reason.OTHER_LOG,
        Reason.VERSION,
    },
}
_REPORT, _ACCEPTED, _IN_ORDER = LeafType.REPORT, Verdict.ACCEPTED, Reason.IN_ORDER
#: The reasons with which officers' rulings accept a report.
RULED = frozenset({Reason.RELEASED, Reason.NAMED})


class SignedBody(NamedTuple):
    """The body of a report, and the box whose signature on it verifies."""

    body: bytes
    entry: BoxEntry


class OpenedLeaf(NamedTuple):
    """A leaf and what stands beside it; `report` is authentic, the rest is not checked yet."""

    index: int  # type: ignore[assignment] # nobody searches a leaf as a tuple
    leaf: Leaf | PlainLeaf
    report: SignedBody | None
    ruling: bytes | None
    lower_note: bytes | None


#: A leaf whose report names a key of the register, by its place; whether that key signed is open.
_Unverified = tuple[int, bytes, bytes, BoxEntry]
#: A leaf, its place, and the ruling and the lower note that stand beside it.
_Beside = tuple[int, Leaf | PlainLeaf, bytes | None, bytes | None]


class Authenticity:
    """Knows which box of a register a report's header names."""

    def __init__(self, trusted: Trusted) -> None:
        self._entries = trusted.reporters

    def open(
        self, first: int, leaves: Iterable[bytes], attachments: Iterable[bytes]
    ) -> list[OpenedLeaf | Fault]:
        """Return the leaves from index `first` on, each opened or with what is wrong with it."""
        signed: list[_Unverified] = []
        pairs = enumerate(zip(leaves, attachments, strict=True), first)
        opened = [self._read(index, leaf, beside, signed) for index, (leaf, beside) in pairs]
        for index, statement, signature, entry in signed:
            if not cose.verify(statement, signature, entry.key):
                words = f"box {entry.box.hex()}"
                opened[index - first] = Fault(LogFault.REPORT_SIGNATURE, index, words)
        return opened

    def _read(
        self, index: int, leaf_bytes: bytes, attachment: bytes, signed: list[_Unverified]
    ) -> OpenedLeaf | Fault:
        try:
            leaf = plain_leaf(leaf_bytes) or decode_leaf(leaf_bytes)
        except ValueError as error:
            return Fault(LogFault.LEAF_FORM, index, str(error))
        if not _reason_fits(leaf):
            words = f"{leaf.verdict.name} with {leaf.reason.name}"
            return Fault(LogFault.VERDICT_REASON, index, words)
        try:
            beside = signed_beside(attachment)
        except cose.EnvelopeError as error:
            return Fault(LogFault.REPORT_FORM, index, str(error))
        if beside is None:
            return self._read_any(index, leaf, attachment, signed)
        parts, note = beside
        return self._recognised((index, leaf, None, note), parts, signed)

    def _read_any(
        self, index: int, leaf: Leaf | PlainLeaf, attachment: bytes, signed: list[_Unverified]
    ) -> OpenedLeaf | Fault:
        try:
            report, ruling, note = decode_attachment(attachment)
        except ValueError as error:
            return Fault(LogFault.ATTACHMENT_FORM, index, str(error))
        if report is None:
            return OpenedLeaf(index, leaf, None, ruling, note)
        try:
            parts = cose.take_apart(report)
        except cose.EnvelopeError as error:
            return Fault(LogFault.REPORT_FORM, index, str(error))
        return self._recognised((index, leaf, ruling, note), parts, signed)

    def _recognised(
        self, beside: _Beside, parts: cose.Parts, signed: list[_Unverified]
    ) -> OpenedLeaf | Fault:
        index, leaf, ruling, note = beside
        protected, body, signature, statement = parts
        if cose.statement_id(statement) != leaf.report:
            return Fault(LogFault.REPORT_ID, index, leaf.report.hex())
        entry = self._entries.get(protected)
        if entry is None:
            return Fault(LogFault.REPORT_SIGNER, index, leaf.report.hex())
        signed.append((index, statement, signature, entry))
        return OpenedLeaf(index, leaf, SignedBody(body, entry), ruling, note)


def _reason_fits(leaf: Leaf | PlainLeaf) -> bool:
    # Asked by identity first: an enumeration's hash is a function of Python.
    if leaf.reason is _IN_ORDER and leaf.verdict is _ACCEPTED and leaf.type is _REPORT:
        return True
    if leaf.type is LeafType.REPORT:
        return leaf.reason in _REASONS[leaf.verdict]
    if leaf.type is LeafType.REPLACEMENT:
        return leaf.verdict is Verdict.ACCEPTED and leaf.reason is Reason.REPLACES
    if leaf.type is LeafType.PUBLICATION:
        return leaf.reason in _REASONS_OF_PUBLICATIONS.get(leaf.verdict, ())
    if leaf.type is LeafType.RULING:
        return leaf.verdict is Verdict.ACCEPTED and leaf.reason in RULED
    return leaf.reason in _REASONS_OF_COUNTS[leaf.verdict]
