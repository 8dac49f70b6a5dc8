"""The people around one box: they feed sheets, look into the box, and sign as officers.

They drive the box through its events alone, as a host would, and keep the truth beside it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import (
    Consented,
    CorrectionRequested,
    DropSensed,
    Event,
    Requested,
    SheetInserted,
    TurnoutDue,
)
from ballotbox_device.core.identity import Firmware, Identity
from ballotbox_device.core.outputs import (
    ConsentNeeded,
    DropSheet,
    Output,
    Refused,
    ReportMade,
    SheetReturned,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_simulator.authority import FIRMWARE, FIRMWARE_SEQUENCE, Authority
from ballotbox_simulator.disk import BoxDisk
from ballotbox_simulator.workload import Truth, concern


class BoxRefused(RuntimeError):
    """The box did not do what an honest crew asked at the right time: a defect of ours."""


class SeededEntropy:
    """The entropy port of a simulated box."""

    __slots__ = ("_chance",)

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound` - 1."""
        return int(self._chance.random() * bound)


#: From a new box to an open poll, and from an open poll to its final.
OPENING: Final = (Action.PRINT_ZERO, Action.OPEN)
FINISHING: Final = (Action.FINISH, Action.SEAL)


@dataclass(slots=True)
class Crew:
    """One box and its people; `made` collects the reports in the order they were signed."""

    device: Device
    authority: Authority
    truth: Truth = field(default_factory=Truth)
    made: list[ReportMade] = field(default_factory=list)
    disk: BoxDisk = field(default_factory=BoxDisk)

    @property
    def memory_size(self) -> int:
        """Bytes in all files of the box's memory."""
        return sum(len(file.read()) for file in self.disk.files)

    def switch_on(self, now: Instant) -> None:
        """Give the box power: it reports its boot."""
        for output in self.device.start(now):
            if isinstance(output, ReportMade):
                self.made.append(output)

    def act(self, now: Instant, *actions: Action) -> None:
        """Take steps of the poll, signing as officers where the box asks for it."""
        for action in actions:
            self._settle(Requested(action), now)

    def feed(self, sheet: Sheet, now: Instant) -> bool:
        """Feed one sheet that drops as it should; tell whether the box took it."""
        outputs = self._settle(SheetInserted(sheet), now)
        if any(isinstance(output, SheetReturned) for output in outputs):
            self.truth.give_back()
            return False
        self.truth.take(self.authority.trusted.election, sheet)
        return True

    def turnout(self, now: Instant) -> None:
        """Let the box make an interim turnout report."""
        self._settle(TurnoutDue(), now)

    def correct(self, votes: tuple[int, ...], now: Instant) -> None:
        """Have two officers sign other votes than the final's."""
        self._settle(CorrectionRequested(votes), now)

    def _settle(self, event: Event, now: Instant) -> list[Output]:
        seen: list[Output] = []
        waiting: list[Event] = [event]
        while waiting:
            outputs = self.device.on(waiting.pop(), now)
            seen += outputs
            for output in outputs:
                waiting += self._answer(output)
        return seen

    def _answer(self, output: Output) -> Iterator[Event]:
        match output:
            case DropSheet():
                yield DropSensed()
            case ConsentNeeded(message_type, payload, _):
                yield Consented(self.authority.consent(payload, message_type))
            case ReportMade():
                self.made.append(output)
            case Refused(why, state, allowed, detail):
                names = ", ".join(action.name for action in allowed)
                raise BoxRefused(f"{why.name} in {state.name} (allowed: {names}) {detail}")
            case _:
                return


def new_crew(authority: Authority, rules: ElectionRules, box: BoxId, seed: int) -> Crew:
    """Return a new box of the authority's election with its people, not switched on yet."""
    identity = Identity(box, authority.box_keys[box], Firmware(FIRMWARE, FIRMWARE_SEQUENCE))
    entropy = SeededEntropy(concern(seed, "slots", box.hex()))
    disk = BoxDisk()
    return Crew(Device(identity, rules, disk.memory, entropy), authority, disk=disk)
