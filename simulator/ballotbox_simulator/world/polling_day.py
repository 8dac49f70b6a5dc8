"""The people at one box through the day: poll workers who keep the hours, voters who come and feed.

They know the clock on the wall, which is right, and what the box shows; nothing of its memory.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ballotbox_device.core.events import Requested, TurnoutDue
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.identifiers import PollState, require
from ballotbox_simulator.workload import Ballot
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.mouth import Fed
from ballotbox_simulator.world.schedule import Alarm, Schedule

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
_PATIENCE: Final = MINUTE
_PORTABLE_MS: Final = 3_000


#: The step that leads on from a state, and the hour from which it is due; None: at once.
_STEPS: Final[Mapping[PollState, tuple[str | None, Action]]] = {
    PollState.SETUP: ("zero", Action.PRINT_ZERO),
    PollState.ZERO: ("opening", Action.OPEN),
    PollState.PAUSED: (None, Action.RESUME),
    PollState.PORTABLE: (None, Action.END_PORTABLE),
    PollState.FINAL: (None, Action.SEAL),
}


@dataclass(frozen=True, slots=True)
class Hours:
    """The day's hours, in milliseconds since midnight; turnout: the interval of its reports."""

    switch_on: int = 7 * HOUR
    zero: int = 7 * HOUR + 30 * MINUTE
    opening: int = 8 * HOUR
    closing: int = 20 * HOUR
    end: int = 21 * HOUR
    turnout: int = 30 * MINUTE

    def __post_init__(self) -> None:
        times = (0, self.switch_on, self.zero, self.opening, self.closing, self.end)
        require(list(times) == sorted(times), "hours", "must follow each other")
        require(self.turnout >= MINUTE, "hours.turnout", "must be a minute or more")


def arrivals(count: int, hours: Hours, curve: Sequence[float], chance: random.Random) -> list[int]:
    """Return when `count` voters come, spread over the opening hours as `curve` weighs them."""
    open_ms = hours.closing - hours.opening
    part = open_ms / len(curve)
    places = chance.choices(range(len(curve)), weights=curve, k=count)
    # Nobody comes in the last two minutes: they would still stand in line at the closing.
    last = open_ms - 2 * MINUTE
    times = (min(int((place + chance.random()) * part), last) for place in places)
    return sorted(hours.opening + time for time in times)


def services(count: int, seconds: Sequence[float], chance: random.Random) -> list[int]:
    """Return how long each of `count` voters is served, in milliseconds, as `seconds` spread."""
    steps = len(seconds) - 1
    # One number alone is everybody's, and has no neighbour above.
    stairs = [*seconds, seconds[-1]]
    served = []
    for _ in range(count):
        place, part = divmod(chance.random() * steps, 1.0)
        low, high = stairs[int(place)], stairs[int(place) + 1]
        served.append(int(1_000 * (low + (high - low) * part)))
    return served


class PollWorkers:
    """Take each step of the poll when its hour has come, and try again until it is taken."""

    def __init__(
        self,
        schedule: Schedule,
        box: BoxNode,
        hours: Hours,
        portable: Sequence[Sheet],
        late: Sheet,
    ) -> None:
        """`late`: the sheet of somebody who finds the poll closed and tries all the same."""
        self._schedule = schedule
        self._box = box
        self._hours = hours
        self._portable = list(portable)
        self._portable_next = 0
        self._portable_admitted = not portable
        self._late = late
        self._alarm = Alarm(schedule, self.tend)
        #: The next button is pressed twice.
        self.impatient = False
        box.changed = self.tend
        schedule.at(hours.switch_on, box.power_on)
        schedule.at(hours.zero, self.tend)
        schedule.at(hours.opening, self.tend)
        schedule.at(hours.closing, self.tend)
        for time in range(hours.opening + hours.turnout, hours.closing, hours.turnout):
            schedule.at(time, self._turnout)

    def _turnout(self) -> None:
        self._box.tell(TurnoutDue())

    def tend(self) -> None:
        """Do what is due now."""
        device = self._box.device
        if device is None:
            return
        if device.state is PollState.CLOSED:
            self._box.feed(self._late)
        if device.state is PollState.PORTABLE and self._portable_next < len(self._portable):
            self._feed_portable()
            return
        action = self._due(device.state)
        if action is not None:
            self._alarm.set(self._schedule.now + _PATIENCE)
            self._box.tell(Requested(action))
            if self.impatient:
                self.impatient = False
                self._box.tell(Requested(action))

    def _due(self, state: PollState) -> Action | None:
        now, hours = self._schedule.now, self._hours
        if state is PollState.CLOSED:
            return self._after_closing() if now >= hours.closing else Action.REOPEN
        if state in (PollState.OPEN, PollState.PAUSED) and now >= hours.closing:
            return Action.CLOSE
        hour, action = _STEPS.get(state, (None, None))
        return action if hour is None or now >= getattr(hours, hour) else None

    def _after_closing(self) -> Action:
        if self._portable_admitted:
            return Action.FINISH
        self._portable_admitted = True
        return Action.ADMIT_PORTABLE

    def _feed_portable(self) -> None:
        fed = self._box.feed(self._portable[self._portable_next])
        self._portable_next += fed is not Fed.NOT_NOW
        delay = _PATIENCE if fed is Fed.NOT_NOW else _PORTABLE_MS
        self._alarm.set(self._schedule.now + delay)


class Voters:
    """Come when they come, feed their sheets, wait when they must, and go home at the closing."""

    def __init__(
        self,
        schedule: Schedule,
        box: BoxNode,
        ballots: Sequence[Ballot],
        times: Sequence[int],
        served: Sequence[int],
        smudged: frozenset[int],
        closing: int,
    ) -> None:
        """`served`: how long each voter keeps the box, in milliseconds.

        smudged: which ballots' first sheets are fed once so that they cannot be read.
        """
        self._schedule = schedule
        self._box = box
        self._ballots = ballots
        self._times = times
        self._served = served
        self._smudged = smudged
        self._closing = closing
        self._next = 0
        self._sheet = 0
        self.fed = 0
        if ballots:
            schedule.at(times[0], self._serve)

    def _serve(self) -> None:
        now = self._schedule.now
        if now >= self._closing:
            return
        box = self._box
        device = box.device
        if device is None or device.state is not PollState.OPEN:
            self._schedule.after(_PATIENCE, self._serve)
            return
        sheets = self._ballots[self._next].sheets
        while self._sheet < len(sheets):
            fed = self._feed(sheets[self._sheet])
            if fed is Fed.NOT_NOW:
                self._schedule.after(_PATIENCE, self._serve)
                return
            self._sheet += 1
        self._leave(now)

    def _feed(self, sheet: Sheet) -> Fed:
        if self._sheet == 0 and self._next in self._smudged:
            spoilt = Sheet(sheet.style, sheet.number, sheet.marks, readable=False)
            if self._box.feed(spoilt) is Fed.NOT_NOW:
                return Fed.NOT_NOW
        return self._box.feed(sheet)

    def _leave(self, now: int) -> None:
        leaves = now + self._served[self._next]
        self._next += 1
        self._sheet = 0
        if self._next < len(self._ballots):
            self._schedule.at(max(self._times[self._next], leaves), self._serve)
