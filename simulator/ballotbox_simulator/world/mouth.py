"""Where paper meets the firmware: transport, container, voters' and poll workers' answers.

The container is the truth: a sheet that physically fell is in it, whatever the firmware believes.
"""

import random
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from ballotbox_device.core.events import (
    ContainerChanged,
    DropAnswered,
    DropFailed,
    DropJoined,
    DropSensed,
    DropUncertain,
    SheetInserted,
    VoterDecided,
)
from ballotbox_device.core.outputs import (
    AskVoter,
    DropSheet,
    EjectSheet,
    Output,
    Refusal,
    Refused,
    SheetAccepted,
    SheetReturned,
)
from ballotbox_device.core.profile import DropTimeout
from ballotbox_device.core.scan import Scan
from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.scanning import mis_scanned, scan_of
from ballotbox_simulator.world.sky import Sky

if TYPE_CHECKING:
    from ballotbox_simulator.world.box_node import BoxNode

#: Of so many sheets one is handed over as the scanner measured it; the others as they were read.
_SCANNED: Final = 16
_MIS_SCANNED: Final = (
    FaultKind.SHEET_JAMMED,
    FaultKind.DOUBLE_FED,
    FaultKind.SHEET_SKEWED,
    FaultKind.WRONG_LENGTH,
)
#: For these the voter, told of them, may feed the same sheet again and insist.
_INSISTED: Final = frozenset({ReturnReason.OVERVOTED, ReturnReason.BLANK})

#: After these the voter smooths the sheet, or somebody the scanner, and it is fed again later.
_TRIED_AGAIN: Final = frozenset(
    {
        ReturnReason.JAMMED,
        ReturnReason.DOUBLE_FED,
        ReturnReason.SKEWED,
        ReturnReason.TOO_SHORT,
        ReturnReason.TOO_LONG,
        ReturnReason.SCANNER_DIRTY,
    }
)


class Fed(IntEnum):
    """What became of a sheet that a voter fed."""

    TAKEN = 1
    RETURNED = 2
    NOT_NOW = 3
    UNREADABLE = 4
    #: Its counters are full: the voter takes the sheet to another box.
    NO_MORE = 5


class Mouth:
    """The paper side of one box."""

    def __init__(self, box: "BoxNode", sky: Sky, chance: random.Random) -> None:
        self._box = box
        self.sky = sky
        self._chance = chance
        # How dark a cross is must not move anything else that is left to chance.
        self._grain = random.Random(chance.random())
        self.container: list[Sheet] = []
        #: Sheets in containers that were sealed and put away.
        self.put_away = 0
        #: Power fails in the drop of the next sheet, or while its voter is asked.
        self.cut_in_drop = False
        #: The next answer of a person is false, about a sheet that fell or one that did not.
        self.false_answers: frozenset[bool] = frozenset()
        self._transport: Sheet | None = None
        self._fell = False
        self._answered = False
        self._fed = 0
        self._insisted = False
        #: How many sheets lie upon each other in the transport.
        self._layers = 1
        #: Sheets in the container that no scanner has read.
        self.unread = 0

    @property
    def busy(self) -> bool:
        """Tell whether a sheet is under way, or was when power failed."""
        return self._transport is not None

    def feed(self, sheet: Sheet) -> Fed:
        """Feed one sheet as a voter does, and let the transport do its work."""
        if self._box.device is None or (self._transport is not None and self._blocked()):
            return Fed.NOT_NOW
        self._transport, self._fell, self._answered = sheet, False, False
        self._insisted, self._layers = False, 1
        self._fed += 1
        return self._follow(self._box.tell(SheetInserted(self._seen(sheet))), sheet)

    def _seen(self, sheet: Sheet) -> Sheet | Scan:
        """Return what the scanner hands over."""
        clear = self.sky.is_clear
        if not sheet.readable or (clear and self._fed % _SCANNED):
            return sheet
        election = self._box.kit.rules.trusted.election
        if not clear:
            for kind in _MIS_SCANNED:
                if self.sky.falls(kind):
                    self._layers += kind is FaultKind.DOUBLE_FED
                    return mis_scanned(scan_of(sheet, election, self._grain), kind, self._grain)
            if self.sky.falls(FaultKind.FAINT_MARK):
                scan = scan_of(sheet, election, self._grain)
                return mis_scanned(scan, FaultKind.FAINT_MARK, self._grain)
            if self._fed % _SCANNED:
                return sheet
        return scan_of(sheet, election, self._grain)

    def _follow(self, outputs: list[Output] | None, sheet: Sheet) -> Fed:
        if not outputs:
            return Fed.NOT_NOW
        match outputs[0]:
            case DropSheet():
                return self._drop()
            case AskVoter():
                return self._decide(sheet)
            case SheetReturned(reason):
                return self._returned(reason, sheet)
            case Refused(Refusal.CONTAINER_FULL):
                self._transport = None
                self._box.have_container_changed()
                return Fed.NOT_NOW
            case Refused(Refusal.COUNTERS_FULL):
                self._transport = None
                self._box.takes_no_more()
                return Fed.NO_MORE
            case _:
                self._transport = None
                return Fed.NOT_NOW

    def _returned(self, reason: ReturnReason, sheet: Sheet) -> Fed:
        self._transport = None
        if reason is ReturnReason.UNREADABLE:
            return Fed.UNREADABLE
        if reason not in _INSISTED:
            return Fed.NOT_NOW if reason in _TRIED_AGAIN else Fed.RETURNED
        if self._box.device is None:
            return Fed.NOT_NOW
        return self._insist(sheet)

    def _insist(self, sheet: Sheet) -> Fed:
        """Feed the sheet once more; the voter has pressed the button that says so."""
        self._transport, self._insisted = sheet, True
        return self._follow(self._box.tell(SheetInserted(sheet, confirmed=True)), sheet)

    def _decide(self, sheet: Sheet) -> Fed:
        """The voter is asked: insists, or wants the sheet back for another look."""
        if self.cut_in_drop:
            return self._drop_in_the_dark(may_fall=False)
        insists = self._insisted = self._chance.random() < 0.5
        outputs = self._box.tell(VoterDecided(insists))
        if insists or not outputs:
            return self._follow(outputs, sheet)
        return self._insist(sheet)

    def _blocked(self) -> bool:
        """Tell whether the sheet in the transport stays; one that is settled is taken away."""
        if self._box.device is not None and self._box.device.counters.pending:
            return True
        self._transport = None
        return False

    def _drop(self) -> Fed:
        if self.cut_in_drop:
            return self._drop_in_the_dark()
        if not self.sky.is_clear:
            if self.sky.falls(FaultKind.DROP_FAILED):
                self._box.tell(DropFailed())
                return self._settled()
            if self.sky.falls(FaultKind.DROP_UNCERTAIN):
                return self._unsure()
            if self.sky.falls(FaultKind.SHEETS_JOINED):
                self._note_fall(fell=True)
                self.unread += 1
                self._box.tell(DropJoined())
                return Fed.TAKEN
        self._note_fall(fell=True)
        self._box.tell(DropSensed())
        return self._settled()

    def _unsure(self) -> Fed:
        """The sensor cannot tell; what follows is the habit of this box."""
        # A box that takes it as fallen lets nothing back: whoever finds it stuck pushes it in.
        certain = self._box.habits.drop_timeout is DropTimeout.ACCEPT
        self._note_fall(fell=certain or self._chance.random() < 0.5)
        outputs = self._box.tell(DropUncertain())
        if outputs and isinstance(outputs[0], EjectSheet):
            self._box.tell(DropUncertain() if self._fell else DropFailed())
            if not self._fell:
                return self._settled()
        elif outputs and isinstance(outputs[0], SheetAccepted):
            return self._settled()
        return Fed.TAKEN if self._fell else Fed.NOT_NOW

    def _drop_in_the_dark(self, *, may_fall: bool = True) -> Fed:
        self.cut_in_drop = False
        self._note_fall(fell=may_fall and self._chance.random() < 0.5)
        self._box.lose_power()
        return Fed.TAKEN if self._fell else Fed.NOT_NOW

    def _note_fall(self, *, fell: bool) -> None:
        self._fell = fell
        if fell and self._transport is not None:
            self.container.append(self._transport)
            self.unread += self._layers - 1
            self._box.sheet_fell(self._transport, insisted=self._insisted)

    def _settled(self) -> Fed:
        """Return what became of the sheet; the firmware may have gone down meanwhile."""
        if self._box.device is not None:
            self._transport = None
        return Fed.TAKEN if self._fell else Fed.NOT_NOW

    def look(self, object_to: Callable[[str], None], lied: Callable[[], None]) -> None:
        """A person looks where the sheet is and answers, truthfully unless told otherwise."""
        if self._answered:
            object_to("a person is asked a second time about one sheet")
        there = self._fell
        if there in self.false_answers:
            self.false_answers = frozenset()
            lied()
            there = not there
        # Whoever looks takes out what lies there and was never read.
        self.unread = 0
        if self._box.tell(DropAnswered(there)) is not None:
            self._transport = None
            self._answered = True

    def change_container(self) -> None:
        """Seal the full container and put an empty one in its place."""
        # The container is changed, whatever the box takes note of.
        self.put_away = len(self.container)
        self._box.tell(ContainerChanged())
