"""Reports: put together from what the box knows, checked against every law, signed, kept.

A broken law is a fault of this box: it stops rather than sign it.
"""

from dataclasses import replace
from typing import TypedDict, Unpack

from ballotbox_device.core.identity import Identity
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outputs import Output, ReportMade, StateChanged
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.records import Record, report_record, state_record
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet_path import SheetPath
from ballotbox_protocol.election.conservation import (
    Breach,
    counter_breach,
    frozen_breach,
    lifetime_breach,
    settled_breach,
    zero_breach,
)
from ballotbox_protocol.election.identifiers import (
    COUNT_MAX,
    PollState,
    PrecinctId,
    ReportId,
)
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import (
    Incident,
    IncidentCode,
    JournalHead,
    NewKey,
    Report,
    ReportKind,
    encode_report,
    key_proof_statement,
)


class LawBroken(Exception):
    """The box's own numbers break a law: it signs nothing and stops. `breach` says which."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(str(breach))
        self.breach = breach


class Particulars(TypedDict, total=False):
    """The fields that only some kinds of report have."""

    votes: tuple[int, ...] | None
    incident: Incident
    corrects: ReportId
    new_key: NewKey


class Clerk:
    """Writes, signs and keeps the reports of one box; `epoch` is that of the key it signs with."""

    __slots__ = ("_book", "_identity", "_path", "_precinct", "_rules", "epoch")

    def __init__(
        self,
        rules: ElectionRules,
        identity: Identity,
        precinct: PrecinctId,
        epoch: int,
        book: RecordBook,
        path: SheetPath,
    ) -> None:
        self._rules = rules
        self._identity = identity
        self._precinct = precinct
        self.epoch = epoch
        self._book = book
        self._path = path

    @property
    def key(self) -> PrivateKey:
        """The key that signs."""
        return self._identity.key

    def draft(
        self,
        kind: ReportKind,
        now: Instant,
        state: PollState | None = None,
        **particulars: Unpack[Particulars],
    ) -> Report:
        """Return the next report, unsigned and unchecked.

        `state` is that after the event (None: it stays); `particulars` are the fields that only
        reports of this kind have.
        """
        history, identity = self._book.history, self._identity
        return Report(
            kind=kind,
            election=self._rules.trusted.digest,
            precinct=self._precinct,
            box=identity.box,
            epoch=self.epoch,
            boot=history.boots + (kind is ReportKind.BOOT),
            sequence=len(history.reports),
            previous=history.last_report,
            journal=JournalHead(history.size, history.root()),
            counters=self._path.counters(),
            firmware=identity.firmware.digest,
            firmware_sequence=identity.firmware.sequence,
            state=history.state if state is None else state,
            debug=identity.debug,
            clock=now,
            held=history.held,
            **particulars,
        )

    def draft_rotation(self, key: PrivateKey, now: Instant) -> Report:
        """Return the draft of a change to `key`, with the key's own proof that it is held here."""
        unproved = NewKey(key.public, bytes(cose.SIGNATURE_SIZE))
        draft = self.draft(ReportKind.KEY_ROTATION, now, new_key=unproved)
        proof = key.sign(key_proof_statement(draft))
        return replace(draft, new_key=NewKey(key.public, proof))

    def keep(
        self, report: Report, target: PollState | None = None, *others: Record
    ) -> list[Output]:
        """Sign and store a report, and with it the transition to `target` and other records.

        All or nothing. Raises LawBroken.
        """
        data = self._sign(report)
        records = [report_record(report.kind, data), *others]
        made: list[Output] = [ReportMade(report.kind, report.sequence, data)]
        if target is not None:
            records.append(state_record(target))
            made.append(StateChanged(target))
        # Commit point: from here on the report exists, and its sequence number is used up.
        self._book.commit(*records)
        return made

    def make(self, kind: ReportKind, now: Instant) -> list[Output]:
        """Draft and keep a report that changes no state and has no particulars."""
        return self.keep(self.draft(kind, now))

    def tell(self, code: IncidentCode, detail: int, now: Instant, *others: Record) -> list[Output]:
        """Draft and keep an incident report, and other records with it."""
        incident = Incident(code, min(detail, COUNT_MAX))
        return self.keep(self.draft(ReportKind.INCIDENT, now, incident=incident), None, *others)

    def take_over(self, key: PrivateKey) -> None:
        """Sign with `key` from now on, one epoch later."""
        self._identity = replace(self._identity, key=key)
        self.epoch += 1

    def _sign(self, report: Report) -> bytes:
        breach = self.breach(report)
        if breach is not None:
            raise LawBroken(breach)
        key = self._identity.key
        return cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(report))

    def breach(self, report: Report) -> Breach | None:
        """Return the first law that a report breaks, by itself or against the past, or None."""
        counters, history = report.counters, self._book.history
        base = history.lifetime - history.accepted
        breach = counter_breach(counters) or lifetime_breach(base, counters)
        if breach is None and report.kind is ReportKind.ZERO:
            breach = zero_breach(counters)
        if breach is None and history.final is not None:
            breach = frozen_breach(history.final.counters, counters)
        if breach is None and report.votes is not None:
            breach = settled_breach(counters) or self._rules.laws.breach(report.votes, counters)
        return breach
