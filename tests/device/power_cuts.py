"""A scripted poll day that is cut at every operation, in every way the simulated disk knows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ballotbox_device.core.events import ReprintRequested
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_simulator.disk import KEPT, LOST, Outcome, PowerCut, PowerPlan, Torn
from tests.device.polling_place import (
    AWAY,
    BLANK,
    HOME_1,
    HOME_2,
    OVERVOTED,
    UNREADABLE,
    PollingPlace,
    portable,
)


@dataclass(frozen=True)
class Feed:
    """A voter's sheet, or one from a portable box."""

    sheet: Sheet

    def is_done(self, place: PollingPlace) -> bool:
        return len(place.facts.in_box) > place.facts.in_box_before

    def do(self, place: PollingPlace) -> None:
        place.feed(self.sheet)


@dataclass(frozen=True)
class Act:
    """A step of the poll and the state in which it is over."""

    action: Action
    target: PollState

    def is_done(self, place: PollingPlace) -> bool:
        return place.device.state is self.target

    def do(self, place: PollingPlace) -> None:
        place.act(self.action)


@dataclass(frozen=True)
class Ask:
    """Something that may be done twice."""

    what: Callable[[PollingPlace], object]

    def is_done(self, place: PollingPlace) -> bool:
        return False

    def do(self, place: PollingPlace) -> None:
        self.what(place)


DAY = (
    Act(Action.PRINT_ZERO, PollState.ZERO),
    Act(Action.OPEN, PollState.OPEN),
    Feed(HOME_1),
    Feed(HOME_2),
    Feed(UNREADABLE),
    Ask(PollingPlace.turnout),
    Ask(PollingPlace.receipt),
    Act(Action.PAUSE, PollState.PAUSED),
    Act(Action.RESUME, PollState.OPEN),
    Feed(OVERVOTED),
    Act(Action.CLOSE, PollState.CLOSED),
    Act(Action.REOPEN, PollState.OPEN),
    Feed(BLANK),
    Act(Action.CLOSE, PollState.CLOSED),
    Act(Action.ADMIT_PORTABLE, PollState.PORTABLE),
    Feed(portable(AWAY)),
    Act(Action.END_PORTABLE, PollState.CLOSED),
    Act(Action.FINISH, PollState.FINAL),
    Ask(lambda place: place.on(ReprintRequested(0))),
    Ask(PollingPlace.send_again),
    Act(Action.SEAL, PollState.SEALED),
)


def run(place: PollingPlace, steps=DAY) -> int | None:
    """Boot and go through the steps; return the step in which power failed, or None."""
    begun = -1
    try:
        place.boot()
        for step, each in enumerate(steps):
            begun = step
            place.facts.in_box_before = len(place.facts.in_box)
            each.do(place)
    except PowerCut:
        return begun
    return None


def operations_of(steps=DAY) -> int:
    place = PollingPlace()
    assert run(place, steps) is None
    return place.disk.operations


def cut_at(operation: int, steps=DAY) -> tuple[PollingPlace, int]:
    """Return the place as it is when power fails at an operation, and the step then."""
    place = PollingPlace()
    place.disk.power_on(PowerPlan(operation))
    step = run(place, steps)
    assert step is not None
    return place, step


#: How much of both ends of a write is torn at every byte; between them, every so many bytes.
EDGE = 20
STRIDE = 29


def outcomes(unsynced: list, bits: tuple[int, ...], stride: int) -> Iterator[Outcome]:
    """Yield what may become of a file's unsynced writes; with stride 1, all of it."""
    yield LOST
    if not unsynced:
        return
    yield KEPT
    _, _, new = unsynced[-1]
    size = len(new)
    for kept in range(size):
        if EDGE <= kept < size - EDGE and kept % stride:
            continue
        # Which bits of a byte survive matters in a slot's state, its first byte; elsewhere the
        # check sum sees any of them.
        for mask in bits if kept == 0 else (0,):
            yield Torn(kept, mask)
        yield Torn(kept, from_end=True)


def pairs(
    place: PollingPlace, bits: tuple[int, ...] = (0,), stride: int = STRIDE
) -> Iterator[tuple[Outcome, Outcome]]:
    """Yield the outcomes of both files: one torn in every way, the other lost or kept."""
    journal = list(outcomes(place.disk.journal._unsynced, bits, stride))
    slots = list(outcomes(place.disk.slots._unsynced, bits, stride))
    seen = set()
    for left in journal:
        for right in slots:
            plain = isinstance(left, Torn) + isinstance(right, Torn) <= 1
            if plain and (left, right) not in seen:
                seen.add((left, right))
                yield left, right


def each_cut(
    operations: Iterable[int], steps=DAY, bits: tuple[int, ...] = (0,)
) -> Iterator[tuple[PollingPlace, int]]:
    """Yield the place after each cut and outcome, power off, and the step that was cut."""
    for operation in operations:
        place, step = cut_at(operation, steps)
        for journal, slots in pairs(place, bits):
            found = place.copy()
            found.disk.power_off(journal, slots)
            yield found, step


def resume(place: PollingPlace, step: int, steps=DAY, *, to_the_end: bool = False) -> None:
    """Boot after a cut, repeat the step unless it is done, finish the poll, check everything."""
    asked = place.facts.asked
    place.boot()
    assert place.facts.asked - asked <= 1, "asked twice about one cut"
    if step >= 0 and not steps[step].is_done(place):
        steps[step].do(place)
    if to_the_end:
        for each in steps[step + 1 :]:
            each.do(place)
    place.check()
