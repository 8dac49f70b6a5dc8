"""The processes of the tester: where each is, whether its machine holds it, and what it uses."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ballotbox_simulator.rehearse.core.document import LimitPart, RehearsalMachine
from ballotbox_simulator.rehearse.core.limits import Load
from ballotbox_simulator.rehearse.core.shares import (
    Place,
    names_of,
    share_refusals,
    shared_out,
    tightest,
)
from ballotbox_simulator.rehearse.core.timeline import PartKey, Timeline

#: Everything that runs on the machine that conducts, ours and others'.
MACHINE: Final = PartKey("machine", "machine", "")


class SeatedTesters:
    """Every process with its place; `boxes`: how many each of them holds."""

    def __init__(self, timeline: Timeline, own: Place, boxes: Sequence[int]) -> None:
        self.boxes = tuple(boxes)
        self.machines: tuple[RehearsalMachine, ...] = ()
        self._timeline = timeline
        self._own = own
        self._places: list[Place] = []

    def hear(self, number: int, told: dict[str, Any]) -> None:
        """Note what a process says of a second."""
        second, part = told.pop("second"), self.part(number)
        late_s = told["late_s"]
        self._timeline.tell(second, number, told)
        self._timeline.use(second, part.name, told["cpu_s"], told["memory_mib"], late_s)
        if part.machine:
            self._timeline.use(second, _whole(part.machine).name, told["busy_s"], 0.0, late_s)

    def seat(self, places: Sequence[Place]) -> None:
        """Note where they are."""
        self._places = list(places)

    def refusals(self, load: Load) -> list[str]:
        """Note what each machine's share of a load takes; return why one does not hold it."""
        self.machines = shared_out(load, self._own, self._places, self.boxes)
        return share_refusals(self.machines)

    @property
    def limits(self) -> tuple[LimitPart, ...]:
        """Of the machines, each limit where a share takes most of it."""
        return tightest(self.machines)

    @property
    def cores(self) -> int:
        """The cores of all machines that hold boxes."""
        if not self._places:
            return self._own.machine.cores
        return sum({place.key: place.machine.cores for place in self._places}.values())

    def cores_of(self, number: int) -> int:
        """Return the cores of the machine that a process is on."""
        return (self._places[number] if self._places else self._own).machine.cores

    def parts(self) -> Iterator[PartKey]:
        """Yield every machine, the conductor's first, and every process."""
        yield MACHINE
        processes = [self.part(number) for number in range(len(self._places))]
        machines = dict.fromkeys(part.machine for part in processes)
        yield from (_whole(name) for name in machines if name)
        yield from processes

    def part(self, number: int) -> PartKey:
        """Return a process, by its number from 0."""
        machine = ""
        if self._places and self._places[number].key != self._own.key:
            machine = names_of([*self._places, self._own])[self._places[number].key]
        return PartKey(f"tester {number + 1}", "tester", "ballotbox-sim", machine)


def _whole(machine: str) -> PartKey:
    return PartKey(f"machine {machine}", "machine", "", machine)
