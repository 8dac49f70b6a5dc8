"""The boxes of one process of the tester on one event loop: day, burst and mishaps."""

import asyncio
import gc
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Final

from ballotbox_device.core.habits import habits_of
from ballotbox_device.core.poll import Action
from ballotbox_device.core.profile import Connects
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.profile_file import load_profile
from ballotbox_protocol.election.register import origin_id
from ballotbox_simulator.crew import FINISHING, OPENING
from ballotbox_simulator.rehearse.core.curve import moments, shares
from ballotbox_simulator.rehearse.crews import Crews, instant
from ballotbox_simulator.rehearse.fleet import Fleet, fleet_in, grown_fleet
from ballotbox_simulator.rehearse.fleet_box import FleetBox
from ballotbox_simulator.rehearse.job import Group, Job
from ballotbox_simulator.rehearse.tally import TICK_S, Tally
from ballotbox_simulator.workload import concern

#: Connections of one process that are under way at a time while the boxes first connect.
_DIALLING: Final = 200
#: How long the loop's sockets may wait for the day's steps.
_TURN_S: Final = 0.005


@dataclass(slots=True)
class Seat:
    """A box in its place: how many sheets each part of the day brings, and when it reports them.

    late: it connects after its close alone. seals: it knows that step.
    turnout_s: day seconds between interim reports, or 0. ahead: sheets that came too early, since
    nobody leaves with half a ballot.
    """

    box: FleetBox
    sheets: Sequence[int]
    turnout_s: int
    late: bool
    seals: bool
    ahead: int = 0
    broken: bool = False


class Shard:
    """All boxes of a job; the clock is told by whoever starts it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.tally = Tally()
        self.fleet = fleet_of(job)
        profiles = {group.profile: load_profile(group.profile) for group in job.groups}
        self._habits = {name: habits_of(profile) for name, profile in profiles.items()}
        self._profiles = profiles
        self.crews = Crews(self.fleet, job.seed, self._habits)
        self.seats: list[Seat] = []
        self._clones: list[FleetBox] = []
        self._dials: set[asyncio.Task[None]] = set()
        self._turn_ends = 0.0
        self._chance = concern(job.seed, "reconnects", job.first)

    def make(self) -> None:
        """Make the boxes, not switched on yet."""
        for number, group in self.job.own():
            self.seats.append(self._seat(number, group))
        # They live to the end: no collection need look at them again.
        gc.collect()
        gc.freeze()

    def _seat(self, number: int, group: Group) -> Seat:
        profile = self._profiles[group.profile]
        turnout_s = 60 * profile.turnout_minutes if group.turnout_s is None else group.turnout_s
        late = profile.connects is Connects.AFTER_CLOSE
        sheets = shares_of(self.job.curve, group.sheets)
        seals = Action.SEAL in profile.actions
        box = self._box(number, group.profile)
        box.on_road = not late
        return Seat(box, sheets, turnout_s, late, seals)

    def _box(self, number: int, profile: str) -> FleetBox:
        origin = origin_id(self.job.origins[0])
        crew = self.crews.crew(number, profile)
        box = FleetBox(crew, number, self.job.broker, origin, self.tally, self._chance)
        box.in_the_way = self._complain
        return box

    def _complain(self, problem: Problem) -> None:
        self.tally.troubles[f"{problem.where}: {problem.what}"] += 1

    # Connecting

    async def connect(self) -> None:
        """Connect the boxes that connect before their close, at the job's rate."""
        room = asyncio.Semaphore(_DIALLING)
        began = monotonic()
        for number, seat in enumerate(seat for seat in self.seats if not seat.late):
            await asyncio.sleep(max(0.0, began + number / self.job.connect_per_s - monotonic()))
            await room.acquire()
            self._dial(seat.box, room.release)
        await asyncio.gather(*self._dials)

    def _dial(self, box: FleetBox, done: Callable[[], None] = lambda: None) -> None:
        task = asyncio.get_running_loop().create_task(box.connect())
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)
        task.add_done_callback(lambda _task: done())

    # The day

    async def hold_day(self, start: float) -> None:
        """Let the boxes open and voters come, from the moment `start` of the monotonic clock."""
        clock = self.job.clock
        parts = len(self.job.curve)
        width = (clock.closing_s - clock.opening_s) / parts
        await self._walk(start, clock.begin_s, clock.opening_s, self._open)
        for part in range(parts):
            first = clock.opening_s + part * width
            await self._walk(start, first, first + width, self._visit, part)

    async def _walk(
        self,
        start: float,
        first_s: float,
        stop_s: float,
        step: Callable[..., None],
        *more: int,
    ) -> None:
        """Have each box take a step at a moment of its own between two seconds of the day."""
        chance = concern(self.job.seed, "steps", self.job.first, int(first_s))
        width = stop_s - first_s
        times = sorted((first_s + chance.random() * width, at) for at in range(len(self.seats)))
        for day_s, at in times:
            await self._turn(self._due(start, day_s))
            step(self.seats[at], day_s, *more)

    def _due(self, start: float, day_s: float) -> float:
        clock = self.job.clock
        at_once = clock.compression is None and day_s > clock.opening_s
        return 0.0 if at_once else start + clock.real_s(day_s)

    async def _turn(self, due: float) -> None:
        """Return when something is due, and let sockets and timers have their turn now and then."""
        now = monotonic()
        if due > now:
            await asyncio.sleep(due - now)
            now = monotonic()
        elif now > self._turn_ends:
            await asyncio.sleep(0)
            now = monotonic()
        else:
            return
        self._turn_ends = now + _TURN_S
        if due:
            self.tally.late(now - due)

    def _open(self, seat: Seat, day_s: float) -> None:
        now = instant(day_s, self.job.clock.begin_s)
        crew = seat.box.crew
        crew.switch_on(now)
        crew.act(now, *OPENING)
        seat.box.settle()

    def _visit(self, seat: Seat, day_s: float, part: int) -> None:
        crew, clock = seat.box.crew, self.job.clock
        now = instant(day_s, clock.begin_s)
        wanted = seat.sheets[part] - seat.ahead
        seat.ahead = -wanted
        for sheet in self.crews.sheets(seat.box.outgoing.box, part, wanted):
            crew.feed(sheet, now)
            seat.ahead += 1
        self.tally.sheets += wanted + seat.ahead
        if self._reports_turnout(seat, part):
            crew.turnout(now)
        seat.box.settle()

    def _reports_turnout(self, seat: Seat, part: int) -> bool:
        if not seat.turnout_s:
            return False
        clock = self.job.clock
        width = (clock.closing_s - clock.opening_s) / len(self.job.curve)
        before, after = (int(edge * width) // seat.turnout_s for edge in (part, part + 1))
        return after > before and part + 1 < len(self.job.curve)

    # The burst

    async def close_polls(self, closing: float) -> None:
        """Close every box at its moment of the burst, which begins at `closing`."""
        self.tally.closing = closing
        count = self.job.count
        order = list(range(count))
        concern(self.job.seed, "closing").shuffle(order)
        all_times = moments(count, self.job.shape, self.job.spread_s)
        times = sorted(
            (all_times[order[seat.box.number]], at) for at, seat in enumerate(self.seats)
        )
        for after_s, at in times:
            await self._turn(closing + after_s)
            self._close(self.seats[at], self.job.clock.closing_s + after_s)

    def _close(self, seat: Seat, day_s: float) -> None:
        box = seat.box
        finishing = FINISHING if seat.seals else (Action.FINISH,)
        box.crew.act(instant(day_s, self.job.clock.begin_s), Action.CLOSE, *finishing)
        box.settle()
        if seat.late:
            box.take_road()
            if not seat.broken:
                self._dial(box)

    # Mishaps

    def cut_area(self, area: int) -> None:
        """Take the network from all boxes of an area."""
        for seat in self._in_area(area):
            seat.box.cut()

    def mend_area(self, area: int) -> None:
        """Give it back."""
        for seat in self._in_area(area):
            seat.box.mend()

    def _in_area(self, area: int) -> Iterator[Seat]:
        return (seat for seat in self.seats if self.job.area_of(seat.box.number) == area)

    def storm(self, share: float) -> None:
        """Drop the connections of a share of the boxes at once."""
        chance = random.Random(self.job.seed)
        for seat in self.seats:
            if chance.random() < share:
                seat.box.drop_line()

    def clone(self, boxes: int) -> None:
        """Let a second client with their card and id connect beside the first `boxes` boxes."""
        for seat in self.seats:
            if seat.box.number < boxes:
                clone = FleetBox(
                    seat.box.crew,
                    seat.box.number,
                    self.job.broker,
                    origin_id(self.job.origins[0]),
                    Tally(),
                    self._chance,
                )
                self._clones.append(clone)
                self._dial(clone)

    def end_clones(self) -> None:
        """Take the second clients away."""
        for clone in self._clones:
            clone.close()
        self._clones.clear()

    def silence(self, boxes: int) -> None:
        """Take the network from the last `boxes` boxes for good; they go on counting."""
        for seat in self.seats:
            if seat.box.number >= self.job.count - boxes:
                seat.broken = True
                seat.box.close()

    # Its own pulse, and its end

    async def feel_pulse(self) -> None:
        """Measure for ever how late the loop is."""
        due = monotonic() + TICK_S
        while True:
            await asyncio.sleep(max(0.0, due - monotonic()))
            now = monotonic()
            self.tally.late(now - due, TICK_S)
            due = now + TICK_S

    def disconnect(self) -> None:
        """Let all boxes go."""
        for task in list(self._dials):
            task.cancel()
        self.end_clones()
        for seat in self.seats:
            seat.box.close()


def fleet_of(job: Job) -> Fleet:
    """Return the fleet of a job; raises Problem."""
    if job.folder is None:
        sheets = max(group.sheets for group in job.groups)
        return grown_fleet(job.seed, job.ballots, job.count, sheets, job.origins)
    return fleet_in(Path(job.folder), job.count)


@cache
def shares_of(curve: tuple[float, ...], sheets: int) -> tuple[int, ...]:
    """Return the sheets of each part of the day; boxes of one make share the tuple."""
    return tuple(shares(curve, sheets))
