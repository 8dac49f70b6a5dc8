"""What the tabulation itself holds against an accepted final or correction.

The more severe of the gateway's and this opinion counts: a report with an objection is treated as
quarantined, listed with its reason, and counted only after two officers' release. Whatever needs
the history of the box (gaps, rising counters, poll states) is the gateway's word, which its log
signs; and a report without votes moves no total, so nothing is asked of it here.
"""

from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import BoxEntry, Register, Role
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.report import Report, ReportKind, consent_payload
from ballotbox_protocol.wire.report_final import PlainFinal
from ballotbox_protocol.wire.verdict import Reason


class Objections:
    """The checks of one election and register; `objection` asks them all."""

    def __init__(self, election: Election, register: Register) -> None:
        self._official = election.mode is Mode.OFFICIAL
        self._row_size = Layout.of(election).size
        self._register = register

    def objection(self, report: Report | PlainFinal, body: bytes, entry: BoxEntry) -> Reason | None:
        """Return the first reason to quarantine a report with votes, signed by `entry`'s key.

        None: no objection. `body` is the encoded report: the officers signed what is made of it.
        """
        # First, because no ruling lifts it: votes of another length fit no total.
        if report.votes is None or len(report.votes) != self._row_size:
            return Reason.VOTES_LENGTH
        if report.precinct != entry.precinct:
            return Reason.PRECINCT
        if report.epoch != entry.epoch:
            return Reason.EPOCH
        if report.firmware not in entry.firmware:
            return Reason.FIRMWARE
        if report.debug and self._official:
            return Reason.DEBUG
        if report.kind is ReportKind.CORRECTION and not self._consented(report, body, entry):
            return Reason.OFFICERS
        return None

    def _consented(self, report: Report | PlainFinal, body: bytes, entry: BoxEntry) -> bool:
        return two_officers_signed(
            self._register,
            report.signatures,
            MessageType.CONSENT,
            consent_payload(body, len(report.signatures)),
            Role.ELEVATED,
            entry.precinct,
        )
