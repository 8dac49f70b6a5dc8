"""What an authentic report is judged by: its own content, and the facts known of its box.

Every check returns the reason why the report goes into quarantine, or None. The clock is never a
reason, and neither is an imbalance of paper: those are not the box's laws.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from ballotbox_gateway.core.head import NONE_YET, Facts
from ballotbox_gateway.core.roster import Authentic, Roster
from ballotbox_protocol.election.conservation import (
    Breach,
    Law,
    VoteLaws,
    closed_breach,
    counter_breach,
    frozen_breach,
    lifetime_breach,
    monotone_breach,
    settled_breach,
    zero_breach,
)
from ballotbox_protocol.election.identifiers import NO_REPORT, Mode, OriginId, PollState
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.report import (
    WITH_OFFICERS,
    WITH_VOTES,
    Report,
    ReportKind,
    consent_payload,
    key_proof_statement,
)
from ballotbox_protocol.wire.verdict import Reason, law_reason

_S = PollState
_K = ReportKind

_BEFORE: Final = frozenset({_S.SETUP, _S.ZERO})
_COUNTING: Final = frozenset({_S.OPEN, _S.PAUSED, _S.CLOSED, _S.PORTABLE})
_CLOSED: Final = frozenset({_S.CLOSED, _S.PORTABLE})
_COUNTED: Final = frozenset({_S.FINAL, _S.SEALED})
_ANY: Final = frozenset(_S)

#: The states a report of each kind may carry: the one it leads to, or any it can be made in.
STATES_OF: Final[dict[ReportKind, frozenset[PollState]]] = {
    _K.BOOT: _ANY,
    _K.ZERO: frozenset({_S.ZERO}),
    _K.OPEN: frozenset({_S.OPEN}),
    _K.TURNOUT: _COUNTING,
    _K.CLOSE: frozenset({_S.CLOSED}),
    _K.FINAL: frozenset({_S.FINAL}),
    _K.INCIDENT: _ANY,
    _K.KEY_ROTATION: _ANY,
    _K.CORRECTION: _COUNTED,
}

#: The states that the box may have reported last when it reports this transition. Pausing, portable
#: boxes and sealing make no report, so each state stands here with those it reaches silently.
BEFORE_TRANSITION: Final[dict[ReportKind, frozenset[PollState]]] = {
    _K.ZERO: frozenset({_S.SETUP}),
    _K.OPEN: frozenset({_S.ZERO, _S.CLOSED, _S.PORTABLE}),
    _K.CLOSE: frozenset({_S.OPEN, _S.PAUSED}),
    _K.FINAL: frozenset({_S.CLOSED, _S.PORTABLE}),
}

#: For reports of no transition: the states reached from the last reported one without a report.
SILENTLY: Final[dict[PollState, frozenset[PollState]]] = {
    _S.SETUP: frozenset({_S.SETUP}),
    _S.ZERO: frozenset({_S.ZERO}),
    _S.OPEN: frozenset({_S.OPEN, _S.PAUSED}),
    _S.PAUSED: frozenset({_S.OPEN, _S.PAUSED}),
    _S.CLOSED: frozenset({_S.CLOSED, _S.PORTABLE}),
    _S.PORTABLE: frozenset({_S.CLOSED, _S.PORTABLE}),
    _S.FINAL: frozenset({_S.FINAL, _S.SEALED}),
    _S.SEALED: frozenset({_S.SEALED}),
}


class Position(NamedTuple):
    """Where in this log a report is judged: its first leaf, and the log as it was signed last."""

    leaf: int
    log_size: int


class ContentRules:
    """The checks of one election under one register, for the log of one origin."""

    def __init__(
        self, roster: Roster, origin: OriginId, signed_root: Callable[[int], bytes | None]
    ) -> None:
        """`signed_root` gives the root of this log's signed checkpoint of a size, or None."""
        self._roster = roster
        self._origin = origin
        self._signed_root = signed_root
        self._official = roster.trusted.election.mode is Mode.OFFICIAL
        self._laws = VoteLaws(roster.trusted.election)
        self._row_size = self._laws.layout.size

    def fault(self, given: Authentic, facts: Facts, position: Position) -> Reason | None:
        """Return the first reason against the report, or None when its content is in order."""
        report = given.report
        return (
            self._enrolment(given, facts, position)
            or self._echo(report, position)
            or _ratchets(report, facts)
            or _poll(report, facts)
            or _counters(report, facts)
            or (self._votes(report, facts) if report.kind in WITH_VOTES else None)
            or (self._consent(given, facts) if report.kind in WITH_OFFICERS else None)
        )

    def _enrolment(self, given: Authentic, facts: Facts, position: Position) -> Reason | None:
        report, entry = given.report, given.entry
        if report.precinct != entry.precinct:
            return Reason.PRECINCT
        if report.epoch != entry.epoch or not self._is_current(report, facts, position):
            return Reason.EPOCH
        if entry.closed is not None and entry.closed.covers(self._origin, position.leaf):
            return Reason.CLOSED_ENTRY
        if report.firmware not in entry.firmware:
            return Reason.FIRMWARE
        return Reason.DEBUG if report.debug and self._official else None

    def _is_current(self, report: Report, facts: Facts, position: Position) -> bool:
        """Tell whether the box may sign in this epoch: by its own rotation, or by the register."""
        if facts.epoch in (NONE_YET, report.epoch):
            return True
        register = self._roster.trusted.register
        later = report.epoch > facts.epoch
        return later and register.ended_before(
            report.box, report.epoch, self._origin, position.leaf
        )

    def _echo(self, report: Report, position: Position) -> Reason | None:
        held = report.held
        if held is None or held.origin != self._origin:
            return None
        if held.size > position.log_size:
            return Reason.HELD_AHEAD
        return None if self._signed_root(held.size) == held.root else Reason.HELD_FORK

    def _votes(self, report: Report, facts: Facts) -> Reason | None:
        votes = report.votes or ()
        if len(votes) != self._row_size:
            return Reason.VOTES_LENGTH
        breach = self._laws.breach(votes, report.counters)
        if breach is not None:
            return law_reason(breach.law)
        if report.kind is not _K.CORRECTION:
            return None
        counted = {facts.final, facts.correction} - {NO_REPORT}
        return None if report.corrects in counted else Reason.CORRECTS

    def _consent(self, given: Authentic, facts: Facts) -> Reason | None:
        report = given.report
        reopening = report.kind is _K.OPEN and facts.state is not _S.ZERO
        elevated = reopening or report.kind is _K.CORRECTION
        signed = self._roster.officers_signed(
            report.signatures,
            MessageType.CONSENT,
            consent_payload(given.body, len(report.signatures)),
            Role.ELEVATED if elevated else Role.POLL,
            report.precinct,
        )
        if not signed:
            return Reason.OFFICERS
        return self._new_key(report) if report.new_key is not None else None

    def _new_key(self, report: Report) -> Reason | None:
        new = report.new_key
        listed = new and self._roster.lists_key(report.box, report.epoch + 1, new.key)
        proved = new and listed and cose.verify(key_proof_statement(report), new.proof, new.key)
        return None if proved else Reason.NEW_KEY


def _ratchets(report: Report, facts: Facts) -> Reason | None:
    if report.firmware_sequence < facts.firmware:
        return Reason.FIRMWARE_OLDER
    booted = report.kind is _K.BOOT
    if report.boot <= facts.boot if booted else report.boot != facts.boot:
        return Reason.BOOT
    # Every report stands in the journal itself, so the head of the next one is at least one longer.
    known = facts.sequence != NONE_YET
    return Reason.JOURNAL if known and report.journal.size <= facts.journal_size else None


def _poll(report: Report, facts: Facts) -> Reason | None:
    kind, state = report.kind, report.state
    if state not in STATES_OF[kind]:
        return Reason.STATE
    allowed = BEFORE_TRANSITION.get(kind)
    if allowed is not None:
        second_final = kind is _K.FINAL and facts.final != NO_REPORT
        return Reason.KIND_ORDER if second_final or facts.state not in allowed else None
    return None if state in SILENTLY[facts.state] else Reason.STATE


def _counters(report: Report, facts: Facts) -> Reason | None:
    counters, kind = report.counters, report.kind
    breach: Breach | None = counter_breach(counters)
    if breach is None and facts.state in _BEFORE:
        # Nothing is counted before the poll opens, and the report of its opening is still zero.
        breach = zero_breach(counters)
    if breach is None and facts.state in _COUNTED:
        law = Law.CORRECTION if kind is _K.CORRECTION else Law.FROZEN
        breach = frozen_breach(facts.counters, counters, law)
    if breach is None and facts.state in _CLOSED:
        breach = closed_breach(facts.counters, counters)
    if breach is None:
        breach = monotone_breach(facts.counters, counters)
    if breach is None and facts.sequence != NONE_YET:
        breach = lifetime_breach(_lifetime_before(facts), counters)
    if breach is None and kind is _K.FINAL:
        breach = settled_breach(counters)
    return None if breach is None else law_reason(breach.law)


def _lifetime_before(facts: Facts) -> int:
    """Return the lifetime counter before the first sheet: of the zero report, or of the first."""
    if facts.lifetime_at_zero != NONE_YET:
        return facts.lifetime_at_zero
    return facts.counters.lifetime - facts.counters.accepted
