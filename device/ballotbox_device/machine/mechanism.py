"""The mechanism of one box around its firmware, with the people before it.

A person acts; that becomes events, and what the firmware says is done until nothing is left to do.
Every action takes the true time in milliseconds. What the people want and cannot have now raises
InvalidField and changes nothing.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import (
    ClearingRequested,
    Consented,
    ContainerChanged,
    DropAnswered,
    Event,
    ReprintRequested,
    Requested,
    Sensed,
    SheetInserted,
    TurnoutDue,
    VoterDecided,
)
from ballotbox_device.core.outputs import (
    Cleared,
    DropSheet,
    EjectSheet,
    Output,
    PrintCopy,
    Refusal,
    Refused,
    ReportMade,
    SheetAccepted,
    SheetReturned,
)
from ballotbox_device.core.poll import Action, allowed
from ballotbox_device.core.signals import MEANINGS, Part, Signal
from ballotbox_device.machine import words
from ballotbox_device.machine.box_clock import BoxClock
from ballotbox_device.machine.paper import Paper
from ballotbox_device.machine.printer import ON_PAPER, ROLL_LINES, Compose, Printer
from ballotbox_device.machine.scanner import Scanner
from ballotbox_device.machine.screen import Front, Question, Screen
from ballotbox_device.machine.supply import Supply
from ballotbox_device.machine.switches import Switches
from ballotbox_device.machine.tokens import Tokens
from ballotbox_device.machine.transport import Transport
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.wire.report import ReportKind

#: What the buttons beside those of the poll ask for.
_OTHER_BUTTONS: Final[dict[str, Event]] = {
    "turnout": TurnoutDue(),
    "clear": ClearingRequested(),
}
BUTTONS: Final = (*(action.name.lower() for action in Action), *_OTHER_BUTTONS)


class Mechanism:
    """See the module. `boot` gives the firmware power: it makes a Device from the box's memory.

    actions: the steps of the poll for which this box has a button. originals: how often a report
    of a kind is printed when it is made, once where nothing is said.
    `device` is None while there is no power. Parts may be looked at and set between actions:
    `scanner.fault`, `transport.next_drop` and `printer.jams_next` are of the next operation.
    """

    def __init__(
        self,
        boot: Callable[[], Device],
        compose: Compose,
        tokens: Tokens,
        actions: frozenset[Action] = frozenset(Action),
        originals: Mapping[ReportKind, int] = MappingProxyType({}),
    ) -> None:
        self.device: Device | None = None
        self.scanner = Scanner()
        self.transport = Transport()
        self.printer = Printer()
        self.supply = Supply()
        self.switches = Switches()
        self.clock = BoxClock()
        self.tokens = tokens
        self.is_cleared = False
        #: Told of each output after it was carried out.
        self.heard: Callable[[Output], None] = lambda _output: None
        self._screen = Screen()
        self._boot = boot
        self._compose = compose
        self._actions = actions
        self._originals = originals

    # Power

    def power_on(self, at_ms: int) -> None:
        """Give the firmware power: the transport runs back, the firmware boots and is told all."""
        require(self.device is None, "power", "is on already")
        require(not self.is_cleared, "power", "this box was cleared: its memory is empty")
        require(self.supply.is_enough, "power", "no mains, and the battery is empty: give mains")
        self.clock.power_on(at_ms)
        device = self._boot()
        self._carry_out(device, device.start(self.clock.instant(at_ms)), at_ms)
        if self.device is not None and self._screen.question is not Question.DROPPED:
            # What was never let fall comes out at the mouth; what fell was settled by the boot.
            self.transport.give_back()
        for signal in self.switches.out_of_order:
            self._tell(Sensed(signal), at_ms)

    def cut_power(self) -> None:
        """Take power away, whatever is going on."""
        self.device = None
        self._screen.clear()
        self.printer.forget()

    def set_mains(self, at_ms: int, *, on: bool) -> None:
        """Plug the box in or out."""
        said = self.supply.set_mains(on=on)
        self._need_power()
        self.sense(said, at_ms)

    def set_battery(self, percent: int, at_ms: int) -> None:
        """Let the battery have this charge; raises InvalidField for a box that has none."""
        for signal in self.supply.set_battery(percent):
            self.sense(signal, at_ms)
        self._need_power()

    def _need_power(self) -> None:
        if not self.supply.is_enough:
            self.cut_power()

    # Sheets

    def feed(self, paper: Paper, at_ms: int, *, confirmed: bool = False) -> None:
        """Put a sheet to the mouth; one that is not let in stays in the voter's hand."""
        device = self._running()
        scan = self.scanner.look(paper)
        made = self._ask(device, SheetInserted(scan, confirmed=confirmed), at_ms)
        if not isinstance(made[0], Refused):
            self.scanner.spend()
            self.transport.take_in(paper)
        self._carry_out(device, made, at_ms)
        if self.scanner.is_dirty:
            self.sense(Signal.SCANNER_DIRTY, at_ms)

    def answer_voter(self, at_ms: int, *, insists: bool) -> None:
        """Let the voter, who was asked, insist or take the sheet back."""
        self._running()
        self._tell(VoterDecided(insists), at_ms)

    def answer_dropped(self, at_ms: int, *, dropped: bool) -> None:
        """Let a person say whether the sheet is in the container."""
        self._running()
        self._tell(DropAnswered(dropped), at_ms)

    def look(self) -> bool:
        """Return whether the sheet that is asked about lies in the container: what a look shows."""
        require(self.transport.under_way is not None, "sheet", "none is on its way")
        return self.transport.has_fallen

    def change_container(self, at_ms: int) -> None:
        """Seal the container, put it away, and tell the firmware of the empty one."""
        self._running()
        made = self._tell(ContainerChanged(), at_ms)
        if not any(isinstance(each, Refused) for each in made):
            self.transport.change_container()

    # People

    def press(self, button: str, at_ms: int) -> None:
        """Press a button of the front."""
        self._running()
        require(button in BUTTONS, "button", f"must be one of {', '.join(BUTTONS)}")
        other = _OTHER_BUTTONS.get(button)
        self._tell(other or Requested(Action[button.upper()]), at_ms)

    def reprint(self, sequence: int, at_ms: int) -> None:
        """Ask for one more copy of a report on paper."""
        self._running()
        self._tell(ReprintRequested(sequence), at_ms)

    def present(self, names: Sequence[str], at_ms: int) -> None:
        """Let these officers present their tokens to what the screen asks for."""
        self._running()
        needed = self._screen.needed
        if needed is None:
            headline, what = words.OF_REFUSAL[Refusal.NOTHING_TO_CONSENT_TO]
            raise InvalidField("officers", f"{headline.lower()}: {what.lower()}")
        self._tell(Consented(self.tokens.sign(needed, names)), at_ms)

    # Parts

    def sense(self, signal: Signal, at_ms: int) -> None:
        """Let a part say something of itself; without power the firmware hears it at its boot."""
        self.switches.note(signal)
        if self.device is not None:
            self._tell(Sensed(signal), at_ms)

    def clean_scanner(self, at_ms: int) -> None:
        """Clean the glass."""
        self.scanner.is_dirty = False
        self.sense(Signal.SCANNER_CLEANED, at_ms)

    def take_printer_paper(self, at_ms: int) -> None:
        """Let the roll be empty."""
        self.sense(self.printer.take_paper(), at_ms)

    def refill_printer(self, at_ms: int, lines: int = ROLL_LINES) -> None:
        """Put a new roll in and clear the head."""
        self.sense(self.printer.refill(lines), at_ms)

    # The front

    def front(self) -> Front:
        """Return what the front shows."""
        device = self.device
        counted = Counters() if device is None else device.counters
        bad = self.switches.out_of_order if device else ()
        dark = {MEANINGS[signal].part for signal in bad}
        screen, needed = self._screen, self._screen.needed
        return Front(
            power=device is not None,
            state=device.state.name.lower() if device else "",
            screen=self._words(),
            lights={words.OF_PART[part]: part not in dark for part in Part} if device else {},
            warnings=tuple(words.OF_SIGNAL[signal] for signal in bad),
            buttons=self._lit(),
            question=screen.question,
            role=(needed.role.name or "").lower() if needed else "",
            battery=self.supply.battery,
            accepted=counted.accepted,
            lifetime=counted.lifetime,
        )

    def _lit(self) -> tuple[str, ...]:
        possible = allowed(self.device.state) if self.device is not None else ()
        return tuple(each.name.lower() for each in possible if each in self._actions)

    def _words(self) -> words.Words:
        if self.device is not None:
            return self._screen.words_for(self.device.state, self._actions)
        return words.CLEARED if self.is_cleared else words.OFF

    # The firmware

    def _running(self) -> Device:
        if self.device is None:
            raise InvalidField("power", "the box is off: give it power first")
        return self.device

    def _ask(self, device: Device, event: Event, at_ms: int) -> list[Output]:
        try:
            return device.on(event, self.clock.instant(at_ms))
        except BaseException:
            # Such a device is done for: what it had not made durable is gone with it.
            self.cut_power()
            raise

    def _tell(self, event: Event, at_ms: int) -> list[Output]:
        device = self._running()
        made = self._ask(device, event, at_ms)
        self._carry_out(device, made, at_ms)
        return made

    def _carry_out(self, device: Device, made: list[Output], at_ms: int) -> None:
        self.device = device
        waiting = deque(made)
        while waiting:
            output = waiting.popleft()
            self._screen.show(output)
            followed = self._do(output)
            self.heard(output)
            if self.device is None:
                return
            if followed is not None:
                waiting += self._ask(device, followed, at_ms)

    def _do(self, output: Output) -> Event | None:
        """Carry out one output; return what the firmware is told of that."""
        match output:
            case DropSheet():
                told = self.transport.let_fall()
                if told is None:
                    self.cut_power()
                return told
            case EjectSheet():
                return self.transport.run_back()
            case SheetAccepted():
                self.transport.settle()
            case SheetReturned():
                self.transport.give_back()
            case ReportMade(kind, _, data) if kind in ON_PAPER:
                return self._print(data, 1, self._originals.get(kind, 1))
            case PrintCopy(_, data, copy):
                return self._print(data, copy)
            case Cleared():
                self.is_cleared = True
                self.cut_power()
            case _:
                pass
        return None

    def _print(self, data: bytes, copy: int, times: int = 1) -> Event | None:
        tape = self._compose(data, copy)
        said = [self.printer.put(tape) for _ in range(times)]
        signal = next(filter(None, said), None)
        if signal is None:
            return None
        self.switches.note(signal)
        return Sensed(signal)
