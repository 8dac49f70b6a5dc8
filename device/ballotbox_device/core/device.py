"""The box: boots from its memory, takes events, returns outputs.

    device = Device(identity, rules, memory, entropy)    # replays the memory, writes nothing
    outputs = device.start(now)                          # repairs, reports the boot
    outputs = device.on(event, now)

No thread, clock or socket. When a port raises, the object is done for: drop it, boot a new one.
"""

from dataclasses import replace
from typing import assert_never

from ballotbox_device.core.boot import begin_election, check_memory, key_epoch
from ballotbox_device.core.consent import Draft, draft_of_clearance, draft_of_report
from ballotbox_device.core.events import (
    ClearingRequested,
    Consented,
    CorrectionRequested,
    DropAnswered,
    DropFailed,
    DropSensed,
    DropUncertain,
    Event,
    ReprintRequested,
    Requested,
    RotationRequested,
    SheetInserted,
    TurnoutDue,
)
from ballotbox_device.core.identity import Identity, precinct_of
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.core.outputs import (
    AskDropped,
    Cleared,
    DropSheet,
    Output,
    PrintCopy,
    Refusal,
    Refused,
    SheetAccepted,
    SheetReturned,
    StateChanged,
)
from ballotbox_device.core.poll import (
    INTAKE,
    REPORTABLE,
    SIGNED_BY,
    TRANSITIONS,
    Action,
    Intake,
    Transition,
    allowed,
)
from ballotbox_device.core.ports import Entropy, Instant, Memory, MemoryFault
from ballotbox_device.core.records import CLEARED, reprint_record, state_record
from ballotbox_device.core.recovery import Repair
from ballotbox_device.core.reporting import Clerk
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.core.sheet_path import SheetPath
from ballotbox_device.core.slot_bank import SlotBank
from ballotbox_protocol.election.conservation import zero_breach
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import COUNT_MAX, PollState
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from ballotbox_protocol.wire.statements import Clearance

_Outputs = list[Output]


class Device:
    """One box. Raises MemoryFault or LawBroken when it must not go on."""

    __slots__ = ("_bank", "_book", "_clerk", "_draft", "_identity", "_path", "_precinct",
                 "_rules", "_usable", "outgoing")  # fmt: skip

    def __init__(
        self, identity: Identity, rules: ElectionRules, memory: Memory, entropy: Entropy
    ) -> None:
        """Replay the memory; raises MemoryFault, or InvalidField for a box not in the register."""
        self._identity = identity
        self._rules = rules
        self._precinct = precinct_of(rules.trusted, identity.box)
        self._book = RecordBook(memory.journal)
        history = self._book.history
        check_memory(history, identity, rules)
        epoch = key_epoch(history, identity, rules)
        self._bank = SlotBank(memory.slots, rules.slots, entropy)
        self._path = SheetPath(rules, self._precinct, self._book, self._bank)
        place = self._precinct.number
        self._clerk = Clerk(rules, identity, place, epoch, self._book, self._path)
        self.outgoing = Outgoing(rules.trusted, identity.box, self._book, self._clerk)
        self._draft: Draft | None = None
        self._usable = False

    @property
    def state(self) -> PollState:
        """The state of the poll."""
        return self._book.history.state

    @property
    def counters(self) -> Counters:
        """The counters now."""
        return self._path.counters()

    @property
    def boot(self) -> int:
        """How many times the box has booted in its life."""
        return self._book.history.boots

    def start(self, now: Instant) -> list[Output]:
        """Repair what a power cut left, report the boot, and ask about a sheet left in doubt."""
        tail_was_torn = self._book.torn > 0
        if tail_was_torn:
            self._book.cut_torn_tail()
        begin_election(self._book, self._bank, self._identity, self._rules, self._precinct)
        repair = self._path.recover()
        made = self._clerk.make(ReportKind.BOOT, now)
        repairs = [Repair.CUT_TAIL] * tail_was_torn + [repair]
        for each in repairs:
            if each not in (Repair.NOTHING, Repair.ASK):
                made += self._clerk.tell(IncidentCode.MEMORY_REPAIRED, each, now)
        made += self._incident_owed(now)
        if repair is Repair.ASK:
            made += self._uncertain(now)
        self._usable = True
        return made

    def on(self, event: Event, now: Instant) -> list[Output]:
        """Take an event. What must be durable is, when this returns."""
        if not self._usable:
            raise MemoryFault("the device was not started, was cleared or has failed: boot it anew")
        # Stays so when anything below raises: the object may then differ from its memory.
        self._usable = False
        made = self._dispatch(event, now)
        self._usable = not self._book.history.cleared
        return made

    def _dispatch(self, event: Event, now: Instant) -> _Outputs:
        match event:
            case SheetInserted():
                return self._insert(event)
            case DropSensed() | DropFailed() | DropUncertain() | DropAnswered():
                return self._settle(event, now)
            case Requested(action):
                return self._request(action, event, now)
            case TurnoutDue():
                return self._turnout(now)
            case CorrectionRequested() | RotationRequested() | ClearingRequested():
                return self._ask(event, now)
            case Consented():
                return self._consent(event, now)
            case ReprintRequested(sequence):
                return self._reprint(sequence)
            case _:
                assert_never(event)

    # Sheets

    def _insert(self, event: SheetInserted) -> _Outputs:
        intake = INTAKE.get(self.state, Intake.NONE)
        if intake is Intake.NONE:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        if self._book.history.released:
            return self._refuse(Refusal.SHEET_PENDING)
        reason = self._path.insert(event.sheet, intake, confirmed=event.confirmed)
        return [DropSheet()] if reason is None else [SheetReturned(reason)]

    def _settle(
        self, event: DropSensed | DropFailed | DropUncertain | DropAnswered, now: Instant
    ) -> _Outputs:
        if not self._book.history.released:
            return self._refuse(Refusal.NO_SHEET_PENDING)
        match event:
            case DropSensed():
                self._path.drop()
                return self._accepted()
            case DropFailed():
                self._path.give_back()
                jammed = self._clerk.tell(IncidentCode.SHEET_JAMMED, 1, now)
                return [SheetReturned(ReturnReason.NOT_DROPPED), *jammed]
            case DropUncertain():
                return self._uncertain(now)
            case DropAnswered(dropped):
                self._path.answer(dropped=dropped)
                told = self._accepted() if dropped else [SheetReturned(ReturnReason.NOT_DROPPED)]
                return told + self._incident_owed(now)
            case _:
                assert_never(event)

    def _accepted(self) -> _Outputs:
        return [SheetAccepted(self._book.history.accepted)]

    def _uncertain(self, now: Instant) -> _Outputs:
        """Ask a person; the incident is reported once for each sheet."""
        told: _Outputs = []
        if not self._book.history.uncertain:
            told = self._clerk.tell(IncidentCode.DROP_UNCERTAIN, 1, now)
        return [*told, AskDropped()]

    def _incident_owed(self, now: Instant) -> _Outputs:
        owed = self._book.history.owed
        return self._clerk.tell(owed.code, owed.detail, now) if owed else []

    # The poll

    def _request(self, action: Action, event: Event, now: Instant) -> _Outputs:
        transition = TRANSITIONS.get((self.state, action))
        if transition is None:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        if self._book.history.released:
            return self._refuse(Refusal.SHEET_PENDING)
        if transition.report is ReportKind.ZERO and not self._is_zero():
            return self._opening_refused(now)
        return self._go(transition, event, now)

    def _go(self, transition: Transition, event: Event, now: Instant) -> _Outputs:
        """The only way from state to state: journalled, and reported where the table says so."""
        target = transition.target
        if transition.report is None:
            self._book.commit(state_record(target))
            return [StateChanged(target)]
        votes = self._path.totals() if transition.report is ReportKind.FINAL else None
        report = self._clerk.draft(transition.report, now, target, votes=votes)
        if transition.officers is None:
            return self._clerk.keep(report, target)
        moment = self._book.history.moment
        return self._propose(
            draft_of_report(event, report, moment, transition.officers, target=target)
        )

    def _is_zero(self) -> bool:
        return zero_breach(self.counters) is None

    def _opening_refused(self, now: Instant) -> _Outputs:
        breach = zero_breach(self.counters)
        number = min(breach.left, COUNT_MAX) if breach else 0
        told = self._clerk.tell(IncidentCode.OPENING_REFUSED, number, now)
        return told + self._refuse(Refusal.COUNTERS_NOT_ZERO, str(breach))

    def _turnout(self, now: Instant) -> _Outputs:
        if self.state not in REPORTABLE[ReportKind.TURNOUT]:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        return self._clerk.make(ReportKind.TURNOUT, now)

    def _reprint(self, sequence: int) -> _Outputs:
        if not 0 <= sequence < self.outgoing.count:
            return self._refuse(Refusal.NO_SUCH_REPORT)
        data = self.outgoing.report(sequence)
        self._book.commit(reprint_record(sequence))
        return [PrintCopy(sequence, data)]

    # What two officers must agree to

    def _ask(
        self, event: CorrectionRequested | RotationRequested | ClearingRequested, now: Instant
    ) -> _Outputs:
        match event:
            case CorrectionRequested(votes):
                return self._ask_correction(votes, event, now)
            case RotationRequested(key):
                return self._ask_rotation(key, event, now)
            case ClearingRequested():
                return self._ask_clearing(event)
            case _:
                assert_never(event)

    def _ask_rotation(self, key: PrivateKey, event: Event, now: Instant) -> _Outputs:
        box, epoch = self._identity.box, self._clerk.epoch + 1
        entries = self._rules.trusted.register.entries_of[box]
        if not any((each.epoch, each.key) == (epoch, key.public) for each in entries):
            problem = f"key: the register must list it for this box in epoch {epoch}"
            return self._refuse(Refusal.KEY_NOT_NEXT, problem)
        report = self._clerk.draft_rotation(key, now)
        moment, role = self._book.history.moment, SIGNED_BY[report.kind]
        return self._propose(draft_of_report(event, report, moment, role, key=key))

    def _ask_correction(self, votes: tuple[int, ...], event: Event, now: Instant) -> _Outputs:
        final = self._book.history.final
        if final is None or self.state not in REPORTABLE[ReportKind.CORRECTION]:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        size = self._rules.layout.size
        if len(votes) != size:
            problem = f"votes: {len(votes)} numbers, this election has {size}"
            return self._refuse(Refusal.VOTES_BREAK_A_LAW, problem)
        if not all(type(count) is int and 0 <= count <= COUNT_MAX for count in votes):
            problem = f"votes: must be whole numbers from 0 to {COUNT_MAX}"
            return self._refuse(Refusal.VOTES_BREAK_A_LAW, problem)
        report = self._clerk.draft(ReportKind.CORRECTION, now, votes=votes, corrects=final.id)
        breach = self._clerk.breach(report)
        if breach is not None:
            return self._refuse(Refusal.VOTES_BREAK_A_LAW, str(breach))
        moment, role = self._book.history.moment, SIGNED_BY[report.kind]
        return self._propose(draft_of_report(event, report, moment, role))

    def _ask_clearing(self, event: Event) -> _Outputs:
        if self.state is not PollState.SEALED:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        history = self._book.history
        clearance = Clearance(self.outgoing.election, self._identity.box, history.last_report)
        return self._propose(draft_of_clearance(event, clearance, history.moment))

    def _propose(self, draft: Draft) -> _Outputs:
        self._draft = draft
        return [draft.needed]

    def _consent(self, event: Consented, now: Instant) -> _Outputs:
        draft = self._draft
        if draft is None:
            return self._refuse(Refusal.NOTHING_TO_CONSENT_TO)
        if draft.moment != self._book.history.moment:
            self._draft = None
            return self._dispatch(draft.event, now)
        if not draft.is_signed(
            self._rules.trusted.register, event.signatures, self._precinct.number
        ):
            return self._refuse(Refusal.NOT_TWO_OFFICERS)
        self._draft = None
        return self._carry_out(draft, event)

    def _carry_out(self, draft: Draft, event: Consented) -> _Outputs:
        if draft.report is None:
            self._book.commit(CLEARED)
            self._bank.prepare(0)
            return [Cleared()]
        made = self._clerk.keep(replace(draft.report, signatures=event.signatures), draft.target)
        if draft.key is not None:
            self._clerk.take_over(draft.key)
        return made

    def _refuse(self, why: Refusal, detail: str = "") -> _Outputs:
        return [Refused(why, self.state, allowed(self.state), detail)]
