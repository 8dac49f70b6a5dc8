"""One simulated box: the production firmware, its courier, its memory, its power, and its paper.

The container is the truth: a sheet that physically fell is in it, whatever the firmware believes.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ballotbox_device.core.courier import Courier, Pace, Reception
from ballotbox_device.core.device import Device
from ballotbox_device.core.events import Consented, Event, Sensed
from ballotbox_device.core.habits import PLAIN
from ballotbox_device.core.outputs import (
    AskDropped,
    ConsentNeeded,
    DropSheet,
    Output,
    PrintCopy,
    ReportMade,
    SheetAccepted,
    SheetReturned,
    StateChanged,
)
from ballotbox_device.core.ports import Entropy, MemoryFault
from ballotbox_device.core.reporting import LawBroken
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.signals import Signal
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.message import MessageKind, parse_message
from ballotbox_simulator.disk import (
    LOST,
    BoxDisk,
    MediumError,
    Outcome,
    PowerCut,
    PowerPlan,
)
from ballotbox_simulator.world.box_parts import BoxRoad, Kit, Witness, drawn
from ballotbox_simulator.world.clocks import NodeClock
from ballotbox_simulator.world.faults import CALM, FaultKind
from ballotbox_simulator.world.mouth import Fed, Mouth
from ballotbox_simulator.world.schedule import Alarm, Schedule
from ballotbox_simulator.world.sky import Sky

_BOOT_MS: Final = 40_000
#: Whoever finds a box down again and again looks more and more rarely, but at least this often.
_TRY_AGAIN_MS: Final = 10 * 60_000
_DOUBLINGS_MAX: Final = 4
_LOOK_MS: Final = 20_000
_SIGN_MS: Final = 8_000
_CHANGE_MS: Final = 4 * 60_000

#: Nearly all outputs: what they ask for is done by whoever feeds the sheet.
_OF_SHEETS: Final = (DropSheet, SheetAccepted, SheetReturned)
#: What takes a box down: its power, its memory, or its own refusal to sign what breaks a law.
_DOWN: Final = (PowerCut, MediumError, MemoryFault, LawBroken)


class BoxNode:
    """See the module."""

    def __init__(
        self,
        schedule: Schedule,
        kit: Kit,
        clock: NodeClock,
        chance: random.Random,
        witness: Witness,
    ) -> None:
        self.name = f"box {int.from_bytes(kit.identity.box):d}"
        self.kit = kit
        self.clock = clock
        self.disk = BoxDisk()
        #: Sheets that it counted in elections before this one.
        self.lifetime_before = 0
        self.device: Device | None = None
        self.road: BoxRoad | None = None
        #: Why the firmware stopped for good, in its own words.
        self.stopped = ""
        #: Told of each new state of the poll and of each boot.
        self.changed: Callable[[], None] = lambda: None
        #: What parts say that are out of order, and what they will say when they are mended.
        self.ailing: dict[Signal, Signal | None] = {}
        self.habits = PLAIN
        self._copy_signed = False
        self._sent_for = False
        #: Officers sign what they are asked; not when a button was pressed by mistake.
        self.officers_sign = True
        self.outcomes: tuple[Outcome, Outcome] = (LOST, LOST)
        self._schedule = schedule
        self._chance = chance
        self.sky = Sky(CALM, chance, lambda kind: witness.struck(kind, self.name))
        self.mouth = Mouth(self, self.sky, chance)
        self._witness = witness
        self._courier: Courier | None = None
        self._next_cut: PowerPlan | None = None
        self._life = 0
        self._alarm = Alarm(schedule, self.pump)
        self._no_power_before = 0
        self._failures = 0

    # Power

    @property
    def is_on(self) -> bool:
        """Tell whether the firmware runs."""
        return self.device is not None

    def power_on(self) -> None:
        """Give power, unless the box runs or its firmware has stopped for good."""
        if self.device is not None or self.stopped or self._schedule.now < self._no_power_before:
            return
        self._life += 1
        plan, self._next_cut = self._next_cut, None
        self.disk.power_on(plan)
        self.clock.power_on()
        kit = self.kit
        try:
            memory = self.disk.memory
            identity = kit.identity_for(memory)
            device = Device(identity, kit.rules, memory, kit.entropy, self.habits)
            outputs = device.start(self.clock.instant())
        except _DOWN as fault:
            self._failed(fault)
            return
        self.device = device
        self._courier = Courier(device.outgoing, Pace())
        self._witness.booted(self, device.boot)
        if self.road is not None:
            self.road.switched_on()
        self._carry_out(outputs)
        for signal in tuple(self.ailing):
            self.tell(Sensed(signal))
        self.changed()

    def lose_power(self) -> None:
        """Take power away for as long as a person needs to notice."""
        self.cut_power(_BOOT_MS)

    def cut_power(self, lasts: int) -> None:
        """Take power away for a while."""
        self._no_power_before = max(self._no_power_before, self._schedule.now + lasts)
        self._go_down()
        self._schedule.after(lasts, self.power_on)

    def cut_in_write(self, operation: int) -> None:
        """Let power fail in the `operation`-th write or sync from now on, or in the next boot."""
        if self.device is None:
            self._next_cut = PowerPlan(operation)
        else:
            self.disk.power_on(PowerPlan(operation))

    def _failed(self, fault: Exception) -> None:
        """Go down by a fault of power or memory; come back, unless the firmware says never."""
        self._witness.noted(self.name, "fails", type(fault).__name__)
        if isinstance(fault, MemoryFault | LawBroken):
            self.stopped = str(fault)
        self._go_down()
        delay = min(_BOOT_MS << min(self._failures, _DOUBLINGS_MAX), _TRY_AGAIN_MS)
        self._failures += 1
        self._schedule.after(delay, self.power_on)

    def _go_down(self) -> None:
        if self.device is not None and self.road is not None:
            self.road.switched_off()
        self.device = None
        self._courier = None
        self._alarm.clear()
        self.disk.power_off(*drawn(self.outcomes, self._chance))

    def heal(self) -> None:
        """Let power and memory be sound from now on."""
        self.sky.become(CALM)
        for signal in tuple(self.ailing):
            self.come_right(signal)
        self._next_cut = None
        self._no_power_before = 0
        self.disk.ail(None)
        if self.device is not None:
            self.disk.power_on()
        self.power_on()

    # The firmware

    def tell(self, event: Event) -> list[Output] | None:
        """Let something happen to the firmware; None when it is off or went down over it."""
        device = self.device
        if device is None:
            return None
        try:
            outputs = device.on(event, self.clock.instant())
        except _DOWN as fault:
            self._failed(fault)
            return None
        if outputs and not (len(outputs) == 1 and isinstance(outputs[0], _OF_SHEETS)):
            self._carry_out(outputs)
        return outputs

    def _carry_out(self, outputs: list[Output]) -> None:
        reported = False
        for output in outputs:
            match output:
                case ReportMade():
                    self._witness.report_made(self, output)
                    reported = True
                case PrintCopy():
                    self._witness.copied(self, output, by_officers=self._copy_signed)
                    self._copy_signed = False
                case AskDropped():
                    self._schedule.after(_LOOK_MS, self._look, self._life)
                case ConsentNeeded() if self.officers_sign:
                    self._schedule.after(_SIGN_MS, self._sign, self._life, output)
                case StateChanged(state):
                    self._witness.noted(self.name, "is", state.name)
                    self._schedule.after(1, self.changed)
                case _:
                    pass
        if reported:
            self.pump()

    def _look(self, life: int) -> None:
        if life != self._life or self.device is None:
            return
        self.mouth.look(
            lambda words: self._witness.objected(self, words),
            lambda: self._witness.struck(FaultKind.WRONG_ANSWER, self.name),
        )
        self._witness.noted(self.name, "is answered")

    def _sign(self, life: int, needed: ConsentNeeded) -> None:
        if life == self._life:
            signatures = self.kit.authority.consent(needed.payload, needed.message_type)
            self._copy_signed = needed.message_type is MessageType.REPRINT
            self.tell(Consented(signatures))

    def kept_report(self, sequence: int) -> bytes | None:
        """Return a kept report; None when the box is off or goes down over a damaged memory."""
        if self.device is None:
            return None
        try:
            return self.device.outgoing.report(sequence)
        except _DOWN as fault:
            self._failed(fault)
            return None

    # Paper

    @property
    def container(self) -> list[Sheet]:
        """The sheets that fell in, in all containers."""
        return self.mouth.container

    def feed(self, sheet: Sheet) -> Fed:
        """Feed one sheet as a voter does, and let the transport do its work."""
        return self.mouth.feed(sheet)

    def sheet_fell(self, sheet: Sheet, *, insisted: bool) -> None:
        """Tell the witness that a sheet is in the container."""
        self._witness.sheet_fell(self, sheet, insisted=insisted)

    def takes_no_more(self) -> None:
        """Tell the witness that a sheet is refused for full counters."""
        self._witness.refused_as_full(self)

    def have_container_changed(self) -> None:
        """Send for somebody who changes the container, unless somebody is on the way."""
        if not self._sent_for:
            self._sent_for = True
            self._schedule.after(_CHANGE_MS, self._change_container)

    def _change_container(self) -> None:
        self._sent_for = False
        self.mouth.change_container()

    # Switches and parts

    def go_wrong(self, signal: Signal, mended: Signal | None, lasts: int) -> bool:
        """Let a part say that it is out of order, until somebody mends it."""
        if signal in self.ailing:
            return False
        self.ailing[signal] = mended
        if self.device is not None:
            self.tell(Sensed(signal))
        self._schedule.after(lasts, self.come_right, signal)
        return True

    def come_right(self, signal: Signal) -> None:
        """Mend a part that said so."""
        if signal in self.ailing:
            mended = self.ailing.pop(signal)
            if mended is not None:
                self.tell(Sensed(mended))

    # Messages

    def linked(self) -> None:
        """The road reaches a gateway now."""
        if self._courier is not None:
            self._courier.connected(self.clock.uptime_ms())
            self.pump()

    def unlinked(self) -> None:
        """The road is interrupted."""
        if self._courier is not None:
            self._courier.disconnected()

    def take_in(self, data: bytes) -> None:
        """Take a message from the gateway's side, whoever sent it."""
        courier = self._courier
        message = parse_message(data)
        if courier is None or message is None:
            return
        try:
            reception = courier.receive(message, self.clock.uptime_ms())
        except _DOWN as fault:
            self._failed(fault)
            return
        if reception is Reception.RECEIPT and message.kind is MessageKind.RECEIPT:
            self._witness.receipt_taken(self, message.payload)
            self._failures = 0
            self._witness.healthy(self.name)
        self.pump()

    def pump(self) -> None:
        """Send what is due, and come back when something is due again."""
        courier, road = self._courier, self.road
        if courier is None or road is None:
            return
        now = self.clock.uptime_ms()
        try:
            messages = courier.messages(now)
        except _DOWN as fault:
            self._failed(fault)
            return
        for message in messages:
            road.send(message.to_bytes())
        if messages:
            road.flush()
        wake_at = courier.wake_at
        if wake_at is not None:
            self._alarm.set(self._schedule.now + max(wake_at - now, 1))

    # What others do to it

    def clone(self, entropy: Entropy, chance: random.Random, clock: NodeClock) -> "BoxNode":
        """Return a second box with this one's key and a copy of its memory."""
        kit = self.kit
        twin = BoxNode(
            self._schedule,
            replace(kit, entropy=entropy),
            clock,
            chance,
            self._witness,
        )
        twin.name = f"{self.name} clone"
        twin.disk = self.disk.copy()
        return twin

    def set_up_anew(self, kit: Kit, witness: Witness) -> None:
        """Make it a box of another election, before it is switched on for the first time."""
        self.kit, self._witness = kit, witness

    def break_for_good(self, why: str) -> None:
        """Let the box never work again."""
        self._go_down()
        self.stopped = why

    def switch_off(self) -> None:
        """Let the box be off until somebody switches it on."""
        self._life += 1
        self._go_down()

    def restore(self, disk: BoxDisk) -> None:
        """Let somebody put an older memory into the box, which is switched off for that."""
        self._go_down()
        self.disk = disk
        self._schedule.after(_BOOT_MS, self.power_on)
