"""The box: boots from its memory, takes events, returns outputs.

    device = Device(identity, rules, memory, entropy)    # replays the memory, writes nothing
    outputs = device.start(now)                          # repairs, reports the boot
    outputs = device.on(event, now)

No thread, clock or socket. When a port raises, the object is done for: drop it, boot a new one.
"""

from dataclasses import replace
from typing import assert_never

from ballotbox_device.core.boot import begin_election, check_memory, key_epoch
from ballotbox_device.core.consent import (
    Draft,
    draft_of_clearance,
    draft_of_report,
    draft_of_reprint,
)
from ballotbox_device.core.events import (
    ClearingRequested,
    Consented,
    ContainerChanged,
    CorrectionRequested,
    DropAnswered,
    DropFailed,
    DropJoined,
    DropSensed,
    DropUncertain,
    Event,
    ReprintRequested,
    Requested,
    RotationRequested,
    Sensed,
    SheetInserted,
    TurnoutDue,
    VoterDecided,
)
from ballotbox_device.core.feeding import Feeding
from ballotbox_device.core.habits import PLAIN, Habits
from ballotbox_device.core.identity import Identity, precinct_of
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.core.outputs import (
    Cleared,
    Output,
    PrintCopy,
    Refusal,
    Refused,
    SheetAccepted,
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
from ballotbox_device.core.sheet_path import SheetPath
from ballotbox_device.core.signals import Part
from ballotbox_device.core.slot_bank import SlotBank
from ballotbox_device.core.slot_copies import SlotCopies
from ballotbox_device.core.transport import SheetState
from ballotbox_device.core.watch import Watch
from ballotbox_protocol.election.conservation import zero_breach
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import COUNT_MAX, PollState
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from ballotbox_protocol.wire.statements import Clearance, Reprint

_Outputs = list[Output]


class Device:
    """One box. Raises MemoryFault or LawBroken when it must not go on."""

    __slots__ = ("_bank", "_book", "_clerk", "_draft", "_feeding", "_habits", "_identity",
                 "_mended", "_path", "_precinct", "_rules", "_usable", "_watch",
                 "outgoing")  # fmt: skip

    def __init__(
        self,
        identity: Identity,
        rules: ElectionRules,
        memory: Memory,
        entropy: Entropy,
        habits: Habits = PLAIN,
    ) -> None:
        """Replay the memory; raises MemoryFault, or InvalidField for a box not in the register."""
        self._identity = identity
        self._rules = rules
        self._habits = habits
        self._precinct = precinct_of(rules.trusted, identity.box)
        self._book = RecordBook(memory)
        history = self._book.history
        check_memory(history, identity, rules)
        epoch = key_epoch(history, identity, rules)
        self._bank = SlotBank(SlotCopies(memory, rules.slots), rules.slots, entropy)
        self._path = SheetPath(rules, self._book, self._bank)
        place = self._precinct.number
        self._clerk = Clerk(rules, identity, place, epoch, self._book, self._path)
        self._feeding = Feeding(rules, self._precinct, habits, self._path, self._clerk)
        self._watch = Watch(habits, self._book, self._clerk)
        self.outgoing = Outgoing(rules.trusted, identity.box, self._book, self._clerk)
        self._draft: Draft | None = None
        self._mended = 0
        self._usable = False

    @property
    def state(self) -> PollState:
        """The state of the poll."""
        return self._book.history.state

    @property
    def allowed(self) -> tuple[Action, ...]:
        """The steps of the poll that lead on from here and that this box knows."""
        return tuple(action for action in allowed(self.state) if action in self._habits.actions)

    @property
    def counters(self) -> Counters:
        """The counters now."""
        return self._path.counters()

    @property
    def boot(self) -> int:
        """How many times the box has booted in its life."""
        return self._book.history.boots

    @property
    def sheet(self) -> SheetState:
        """Where the sheet is, if there is one."""
        return self._path.state

    @property
    def out_of_order(self) -> frozenset[Part]:
        """The parts that are not in order, as far as they were heard of since the boot."""
        return frozenset(self._watch.out_of_order)

    def start(self, now: Instant) -> list[Output]:
        """Repair what a power cut left, report the boot, and ask about a sheet left in doubt."""
        tail_was_torn = self._book.torn > 0
        self._book.mend()
        begin_election(self._book, self._bank, self._identity, self._rules, self._precinct)
        repair = self._path.recover()
        made = self._clerk.make(ReportKind.BOOT, now)
        repairs = [Repair.CUT_TAIL] * tail_was_torn + [repair]
        for each in repairs:
            if each not in (Repair.NOTHING, Repair.ASK):
                made += self._clerk.tell(IncidentCode.MEMORY_REPAIRED, each, now)
        made += self._copy_mended(now) + self._feeding.incident_owed(now)
        made += self._watch.start(now)
        if repair is Repair.ASK:
            made += self._feeding.ask_again(now)
        self._usable = True
        return made

    def _copy_mended(self, now: Instant) -> _Outputs:
        """Report that one of the two copies was damaged, and no longer is."""
        mended = self._book.mended + self._bank.mended
        if mended == self._mended:
            return []
        self._mended = mended
        return self._clerk.tell(IncidentCode.MEMORY_REPAIRED, Repair.SECOND_COPY, now)

    def on(self, event: Event, now: Instant) -> list[Output]:
        """Take an event. What must be durable is, when this returns."""
        if not self._usable:
            raise MemoryFault("the device was not started, was cleared or has failed: boot it anew")
        # Stays so when anything below raises: the object may then differ from its memory.
        self._usable = False
        made = self._dispatch(event, now)
        self._usable = not self._book.history.cleared
        if self._usable and self._book.mended + self._bank.mended != self._mended:
            made += self._copy_mended(now)
        return made

    def _dispatch(self, event: Event, now: Instant) -> _Outputs:
        match event:
            case SheetInserted():
                return self._insert(event, now)
            case DropSensed() | DropFailed() | DropUncertain() | DropJoined() | DropAnswered():
                return self._settled(self._feeding.settle(event, now), now)
            case VoterDecided():
                return self._or_refused(self._feeding.decide(event))
            case _:
                # A sheet takes no time from the clock, and no clock tells of a sheet.
                return self._watch.clock(now) + self._by_people(event, now)

    def _by_people(self, event: Event, now: Instant) -> _Outputs:
        match event:
            case Requested(action):
                return self._request(action, event, now)
            case TurnoutDue():
                return self._turnout(now)
            case Sensed(signal):
                return self._watch.sensed(signal, now)
            case ContainerChanged():
                return self._container_changed(now)
            case CorrectionRequested() | RotationRequested() | ClearingRequested():
                return self._ask(event, now)
            case Consented():
                return self._consent(event, now)
            case ReprintRequested(sequence):
                return self._ask_reprint(sequence, event)
            case _:
                raise AssertionError(f"no event: {event!r}")

    # Sheets

    def _insert(self, event: SheetInserted, now: Instant) -> _Outputs:
        intake = INTAKE.get(self.state, Intake.NONE)
        if intake is Intake.NONE:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        hindrance = self._watch.hindrance()
        if hindrance is not None:
            return self._refuse(hindrance) + self._watch.counters_full(now)
        return self._settled(self._feeding.insert(event, intake, now), now)

    def _settled(self, made: _Outputs | Refusal, now: Instant) -> _Outputs:
        if isinstance(made, Refusal):
            return self._refuse(made)
        if isinstance(made[0], SheetAccepted):
            made += self._watch.sheet_fell(now)
        return made

    def _or_refused(self, made: _Outputs | Refusal) -> _Outputs:
        return self._refuse(made) if isinstance(made, Refusal) else made

    def _container_changed(self, now: Instant) -> _Outputs:
        if self.state not in REPORTABLE[ReportKind.TURNOUT]:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        if self._book.history.pending:
            return self._refuse(Refusal.SHEET_PENDING)
        return self._watch.container_changed(now)

    # The poll

    def _request(self, action: Action, event: Event, now: Instant) -> _Outputs:
        transition = TRANSITIONS.get((self.state, action))
        if transition is None or action not in self._habits.actions:
            return self._refuse(Refusal.NOT_IN_THIS_STATE)
        if self._book.history.pending:
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

    def _ask_reprint(self, sequence: int, event: Event) -> _Outputs:
        history = self._book.history
        if not 0 <= sequence < len(history.reports):
            return self._refuse(Refusal.NO_SUCH_REPORT)
        report, copy = history.reports[sequence].id, history.copies[sequence] + 2
        reprint = Reprint(self.outgoing.election, self._identity.box, report, copy)
        return self._propose(draft_of_reprint(event, reprint, history.moment, sequence))

    def _print(self, sequence: int) -> _Outputs:
        data = self.outgoing.report(sequence)
        copy = self._book.history.copies[sequence] + 2
        self._book.commit(reprint_record(sequence))
        return [PrintCopy(sequence, data, copy)]

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
        if draft.reprint is not None:
            return self._print(draft.reprint)
        if draft.report is None:
            self._book.commit(CLEARED)
            self._bank.prepare(0)
            return [Cleared()]
        made = self._clerk.keep(replace(draft.report, signatures=event.signatures), draft.target)
        if draft.key is not None:
            self._clerk.take_over(draft.key)
        return made

    def _refuse(self, why: Refusal, detail: str = "") -> _Outputs:
        return [Refused(why, self.state, self.allowed, detail)]
