"""What happens at the mouth of the box: a sheet in, a word to the voter, a sheet in the container.

Each move asks the table of core.transport first and is journalled by core.sheet_path. What a sheet
says is known here alone, until it stands in a slot, and is forgotten by a power cut.
"""

from typing import assert_never

from ballotbox_device.core.events import (
    DropAnswered,
    DropFailed,
    DropJoined,
    DropSensed,
    DropUncertain,
    SheetInserted,
    VoterDecided,
)
from ballotbox_device.core.habits import Habits
from ballotbox_device.core.interpret import CHOSEN, Judgement, judge
from ballotbox_device.core.outputs import (
    AskDropped,
    AskVoter,
    CallOfficer,
    DropSheet,
    EjectSheet,
    Output,
    Refusal,
    SheetAccepted,
    SheetReturned,
)
from ballotbox_device.core.poll import Intake
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.profile import DropTimeout, SecondChance
from ballotbox_device.core.records import DOUBT
from ballotbox_device.core.reporting import Clerk
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.scan import Scan, read_scan
from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_device.core.sheet_path import SheetPath
from ballotbox_device.core.transport import SHEET_STEPS, SheetState, SheetStep
from ballotbox_protocol.election.definition import Precinct
from ballotbox_protocol.wire.report import IncidentCode

DropEvent = DropSensed | DropFailed | DropUncertain | DropJoined | DropAnswered
_Outputs = list[Output]


class Feeding:
    """Takes the events of one sheet at a time; answers with outputs, or with why not."""

    __slots__ = (
        "_clerk",
        "_ejecting",
        "_habits",
        "_held",
        "_in_a_row",
        "_path",
        "_precinct",
        "_rules",
    )

    def __init__(
        self,
        rules: ElectionRules,
        precinct: Precinct,
        habits: Habits,
        path: SheetPath,
        clerk: Clerk,
    ) -> None:
        self._rules = rules
        self._precinct = precinct
        self._habits = habits
        self._path = path
        self._clerk = clerk
        self._held: Sheet | None = None
        self._ejecting = False
        self._in_a_row = 0

    def insert(self, event: SheetInserted, intake: Intake, now: Instant) -> _Outputs | Refusal:
        """Take in a sheet and judge it."""
        if not self._may(SheetStep.TAKE):
            return Refusal.SHEET_PENDING
        self._path.take()
        sheet = event.sheet
        if isinstance(sheet, Scan):
            read = read_scan(sheet, self._rules.trusted.election)
            if isinstance(read, ReturnReason):
                return self._unread(read, now)
            sheet = read
        judged = judge(sheet, self._rules.trusted.election, self._precinct, intake)
        return self._act_on(judged, sheet, confirmed=event.confirmed)

    def _unread(self, reason: ReturnReason, now: Instant) -> _Outputs:
        made = self._return(reason)
        if reason is ReturnReason.JAMMED:
            made += self._clerk.tell(IncidentCode.SHEET_JAMMED, 0, now)
        return made

    def _act_on(self, judged: Judgement | None, sheet: Sheet, *, confirmed: bool) -> _Outputs:
        chance, back = self._habits.second_chance, self._habits.returned
        if judged is None or (judged.reason in CHOSEN and judged.reason not in back):
            return self._release(sheet)
        if judged.may_insist and (confirmed or chance is SecondChance.ACCEPT):
            return self._release(sheet)
        if judged.may_insist and chance is SecondChance.ASK_VOTER:
            self._held = sheet
            return [AskVoter(judged.reason)]
        return self._return(judged.reason)

    def _return(self, reason: ReturnReason) -> _Outputs:
        self._path.hand_back()
        self._in_a_row += 1
        if self._in_a_row == self._habits.feeds_max:
            return [SheetReturned(reason), CallOfficer()]
        return [SheetReturned(reason)]

    def _release(self, sheet: Sheet) -> _Outputs:
        self._ejecting = False
        self._in_a_row = 0
        self._path.release(sheet)
        return [DropSheet()]

    def decide(self, event: VoterDecided) -> _Outputs | Refusal:
        """Do with the held sheet as its voter says."""
        held, self._held = self._held, None
        if held is None:
            return Refusal.NO_VOTER_ASKED
        return (
            self._release(held) if event.insists else self._return(ReturnReason.VOTER_WANTS_IT_BACK)
        )

    def settle(self, event: DropEvent, now: Instant) -> _Outputs | Refusal:
        """Settle the released sheet as sensor or person say."""
        match event:
            case DropSensed():
                return self._fell() if self._may(SheetStep.DROP) else Refusal.NO_SHEET_PENDING
            case DropFailed():
                return self._failed(now)
            case DropUncertain():
                return self._uncertain(IncidentCode.DROP_UNCERTAIN, now)
            case DropJoined():
                return self._doubt(IncidentCode.SHEETS_JOINED, now)
            case DropAnswered(dropped):
                return self._told(now, dropped=dropped)
            case _:
                assert_never(event)

    def _may(self, step: SheetStep) -> bool:
        return (self._path.state, step) in SHEET_STEPS

    def _fell(self) -> _Outputs:
        self._path.drop()
        return [SheetAccepted(self._path.accepted)]

    def _failed(self, now: Instant) -> _Outputs | Refusal:
        if not self._may(SheetStep.GIVE_BACK):
            return Refusal.NO_SHEET_PENDING
        self._path.give_back()
        jammed = self._clerk.tell(IncidentCode.SHEET_JAMMED, 1, now)
        return [SheetReturned(ReturnReason.NOT_DROPPED), *jammed]

    def _uncertain(self, code: IncidentCode, now: Instant) -> _Outputs | Refusal:
        timeout = self._habits.drop_timeout
        if self._path.state is SheetState.RELEASED and timeout is not DropTimeout.ASK:
            if timeout is DropTimeout.ACCEPT:
                return [*self._fell(), *self._clerk.tell(code, 2, now)]
            if not self._ejecting:
                self._ejecting = True
                return [EjectSheet()]
        return self._doubt(code, now)

    def _doubt(self, code: IncidentCode, now: Instant) -> _Outputs | Refusal:
        """Ask a person; it is reported once for each sheet, however often the question is put."""
        if self._path.state is SheetState.IN_DOUBT:
            return [AskDropped()]
        if not self._may(SheetStep.DOUBT):
            return Refusal.NO_SHEET_PENDING
        return [*self._clerk.tell(code, 1, now, DOUBT), AskDropped()]

    def ask_again(self, now: Instant) -> _Outputs:
        """Ask about the sheet that a power cut left in doubt."""
        asked = self._doubt(IncidentCode.DROP_UNCERTAIN, now)
        return asked if isinstance(asked, list) else []

    def _told(self, now: Instant, *, dropped: bool) -> _Outputs | Refusal:
        if not self._may(SheetStep.TOLD_IN if dropped else SheetStep.TOLD_OUT):
            return Refusal.NO_SHEET_PENDING
        self._path.answer(dropped=dropped)
        told: Output = SheetReturned(ReturnReason.NOT_DROPPED)
        if dropped:
            told = SheetAccepted(self._path.accepted)
        return [told, *self.incident_owed(now)]

    def incident_owed(self, now: Instant) -> _Outputs:
        """Report what a person said, unless that was done."""
        owed = self._path.owed
        return self._clerk.tell(owed.code, owed.detail, now) if owed else []
