"""The register, prepared for look-ups by what a message carries."""

from typing import NamedTuple

from ballotbox_gateway.core.outcome import Road
from ballotbox_protocol.election.identifiers import (
    BoxId,
    InvalidField,
    PrecinctId,
    ReportId,
)
from ballotbox_protocol.election.register import BoxEntry, Role
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import EnvelopeError, MessageType
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.report import OfficerSignature, Report, decode_report
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason


class Authentic(NamedTuple):
    """A report that a key of the register signed for this election and its own box."""

    id: ReportId
    report: Report
    entry: BoxEntry
    data: bytes
    body: bytes


class Signed(NamedTuple):
    """A message that a key of the register signed as a report; what it says is not read yet."""

    id: ReportId
    entry: BoxEntry
    data: bytes
    body: bytes


class Unproved(NamedTuple):
    """Bytes that no key of the register vouches for, or that came by a wrong road."""

    reason: Reason


class Misplaced(NamedTuple):
    """An authentic message that can never belong into this log."""

    id: ReportId
    reason: Reason
    box: BoxId
    data: bytes


class Roster:
    """Who may say what, by the exact protected header of a message."""

    def __init__(self, trusted: Trusted) -> None:
        self.trusted = trusted

    def authenticate(self, data: bytes, road: Road) -> Authentic | Unproved | Misplaced:
        """Return what `data` is, in the order size, envelope, key, signature, body, binding."""
        signed = self.verify(data)
        return signed if isinstance(signed, Unproved) else self.read(signed, road)

    def verify(self, data: bytes) -> Signed | Unproved:
        """Return the message when a key of the register signed it as a report; its body unread."""
        if len(data) > cbor.REPORT_LIMITS.size:
            return Unproved(Reason.SIZE)
        try:
            envelope = cose.parse(data)
        except EnvelopeError:
            return Unproved(Reason.ENVELOPE)
        entry = self.trusted.reporters.get(envelope.protected)
        if entry is None:
            known = _is_report_header(envelope.protected)
            return Unproved(Reason.UNKNOWN_KEY if known else Reason.HEADER)
        statement = envelope.statement
        if not cose.verify(statement, envelope.signature, entry.key):
            return Unproved(Reason.SIGNATURE)
        return Signed(ReportId(cose.statement_id(statement)), entry, data, envelope.payload)

    def read(self, signed: Signed, road: Road) -> Authentic | Unproved | Misplaced:
        """Return the report in a signed message, or why it does not belong on this road or here."""
        report_id, entry, data, body = signed
        try:
            report = decode_report(body)
        except ValueError:
            return Misplaced(report_id, Reason.BODY, entry.box, data)
        fault = road_fault(road, report.box)
        if fault is not None:
            return Unproved(fault)
        return self._bind(Authentic(report_id, report, entry, data, body))

    def _bind(self, given: Authentic) -> Authentic | Unproved | Misplaced:
        report_id, report, entry, data, _ = given
        if report.election != self.trusted.digest:
            return Misplaced(report_id, Reason.OTHER_ELECTION, entry.box, data)
        if report.box != entry.box:
            return Misplaced(report_id, Reason.OTHER_BOX, entry.box, data)
        if self._is_behind(report):
            return Unproved(Reason.OLD_REGISTER)
        return given

    def _is_behind(self, report: Report) -> bool:
        """Tell whether a report rests on keys that only a newer register can list.

        A box checks both against its own register before it signs. Judged now, its report would be
        set aside for ever because a register came later here than there.
        """
        new = report.new_key
        if new is not None and not self.lists_key(report.box, report.epoch + 1, new.key):
            return True
        return not self.knows_signers(report.signatures)

    def knows_signers(self, signatures: tuple[OfficerSignature, ...]) -> bool:
        """Tell whether the register lists an officer for each of these signatures."""
        known = self.trusted.register.officers_by_key_id
        return all(each.key_id in known for each in signatures)

    def reopen(self, report_id: ReportId, data: bytes) -> Authentic:
        """Return a stored report again; its signature was verified before it was stored.

        Raises InvalidField when the register in use no longer lists its key, which no
        register may do: entries are closed, never deleted.
        """
        envelope = cose.parse(data)
        entry = self.trusted.reporters.get(envelope.protected)
        if entry is None:
            raise InvalidField("register", "has lost the key of a box that has reported")
        report = decode_report(envelope.payload)
        return Authentic(report_id, report, entry, data, envelope.payload)

    def greeter(self, protected: bytes) -> BoxEntry | None:
        """Return the entry whose key a hello's header names."""
        return self.trusted.greeters.get(protected)

    def lists(self, box: BoxId) -> bool:
        """Tell whether the register has an entry for `box`, open or closed."""
        return box in self.trusted.register.entries_of

    def lists_key(self, box: BoxId, epoch: int, key: bytes) -> bool:
        """Tell whether the register gives `box` this key in this epoch."""
        entries = self.trusted.register.entries_of.get(box, ())
        return any((entry.epoch, entry.key) == (epoch, key) for entry in entries)

    def officers_signed(
        self,
        signatures: tuple[OfficerSignature, ...],
        message_type: MessageType,
        payload: bytes,
        role: Role,
        precinct: PrecinctId,
    ) -> bool:
        """Tell whether two officers of the register with `role` in `precinct` signed."""
        register = self.trusted.register
        return two_officers_signed(register, signatures, message_type, payload, role, precinct)


def road_fault(road: Road, box: BoxId) -> Reason | None:
    """Return the reason when the road claims another box than the message, else None."""
    if road.box is not None and road.box != box:
        return Reason.TOPIC
    if road.certified is not None and road.certified != box:
        return Reason.CERTIFICATE
    return None


def _is_report_header(protected: bytes) -> bool:
    try:
        header = cbor.decode(protected)
    except cbor.CborError:
        return False
    return (
        type(header) is dict
        and header.keys() == {1, 4, 16}
        and header[1] == cose.ALGORITHM
        and type(header[4]) is bytes
        and len(header[4]) == cose.KEY_ID_SIZE
        and header[16] == MessageType.REPORT
    )
