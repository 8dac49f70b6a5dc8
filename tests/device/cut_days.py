"""A short scripted poll day that goes on to its end after a power cut: what exports are made of."""

from dataclasses import dataclass

from ballotbox_device.core.events import ReprintRequested
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_simulator.disk import PowerCut, PowerPlan
from tests.device.poll_day import Act, Ask
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
