"""The leaves of one bundle with what stands beside them: read, and the boxes' signatures verified.

The bundle is worked through stage by stage, not leaf by leaf: libsodium and the decoders need the
same cache, and turn about they take a quarter longer.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.attachment import Attachment, decode_attachment
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
#: The reasons with which officers' rulings accept a report.
RULED = frozenset({Reason.RELEASED, Reason.NAMED})


class SignedBody(NamedTuple):
    """The body of a report, and the box whose signature on it verifies."""

    body: bytes
    entry: BoxEntry


class OpenedLeaf(NamedTuple):
    """A leaf and what stands beside it; `report` is authentic, the rest is not checked yet."""

    index: int  # type: ignore[assignment] # nobody searches a leaf as a tuple
    leaf: Leaf
    report: SignedBody | None
    ruling: bytes | None
    lower_note: bytes | None


class _Unverified(NamedTuple):
    """A leaf whose report names a key of the register; whether that key signed is still open."""

    opened: OpenedLeaf
    statement: bytes
    signature: bytes
    entry: BoxEntry


class Authenticity:
    """Knows which box of a register a report's header names."""

    def __init__(self, trusted: Trusted) -> None:
        self._entries = trusted.reporters

    def open(
        self, first: int, leaves: Iterable[bytes], attachments: Iterable[bytes]
    ) -> list[OpenedLeaf | Fault]:
        """Return the leaves from index `first` on, each opened or with what is wrong with it."""
        pairs = enumerate(zip(leaves, attachments, strict=True), first)
        read = [self._read(index, leaf, attachment) for index, (leaf, attachment) in pairs]
        return [_verified(each) if isinstance(each, _Unverified) else each for each in read]

    def _read(
        self, index: int, leaf_bytes: bytes, attachment: bytes
    ) -> _Unverified | OpenedLeaf | Fault:
        try:
            leaf = decode_leaf(leaf_bytes)
        except ValueError as error:
            return Fault(LogFault.LEAF_FORM, index, str(error))
        if not _reason_fits(leaf):
            words = f"{leaf.verdict.name} with {leaf.reason.name}"
            return Fault(LogFault.VERDICT_REASON, index, words)
        try:
            beside = decode_attachment(attachment)
        except ValueError as error:
            return Fault(LogFault.ATTACHMENT_FORM, index, str(error))
        if beside.report is None:
            return OpenedLeaf(index, leaf, None, beside.ruling, beside.lower_note)
        return self._recognised(index, leaf, beside, beside.report)

    def _recognised(
        self, index: int, leaf: Leaf, beside: Attachment, report: bytes
    ) -> _Unverified | Fault:
        try:
            protected, payload, signature, statement = cose.take_apart(report)
        except cose.EnvelopeError as error:
            return Fault(LogFault.REPORT_FORM, index, str(error))
        if cose.statement_id(statement) != leaf.report:
            return Fault(LogFault.REPORT_ID, index, leaf.report.hex())
        entry = self._entries.get(protected)
        if entry is None:
            return Fault(LogFault.REPORT_SIGNER, index, leaf.report.hex())
        signed = SignedBody(payload, entry)
        opened = OpenedLeaf(index, leaf, signed, beside.ruling, beside.lower_note)
        return _Unverified(opened, statement, signature, entry)


def _verified(read: _Unverified) -> OpenedLeaf | Fault:
    opened, statement, signature, entry = read
    if not cose.verify(statement, signature, entry.key):
        return Fault(LogFault.REPORT_SIGNATURE, opened.index, f"box {entry.box.hex()}")
    return opened


def _reason_fits(leaf: Leaf) -> bool:
    if leaf.type is LeafType.REPORT:
        return leaf.reason in _REASONS[leaf.verdict]
    if leaf.type is LeafType.REPLACEMENT:
        return leaf.verdict is Verdict.ACCEPTED and leaf.reason is Reason.REPLACES
    if leaf.type is LeafType.PUBLICATION:
        return leaf.reason in _REASONS_OF_PUBLICATIONS.get(leaf.verdict, ())
    if leaf.type is LeafType.RULING:
        return leaf.verdict is Verdict.ACCEPTED and leaf.reason in RULED
    return leaf.reason in _REASONS_OF_COUNTS[leaf.verdict]
