"""One rehearsal from its plan to its findings: parts, connections, the day, the burst, the end.

Everything is started by `conduct` and ended by it, whatever happens in between.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import floor
from pathlib import Path
from time import monotonic
from typing import Any, Final

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.rehearse.core.curve import divided
from ballotbox_simulator.rehearse.core.document import LimitPart
from ballotbox_simulator.rehearse.core.limits import (
    Load,
    Machine,
    limits_of,
    refusals,
    sources_needed,
)
from ballotbox_simulator.rehearse.core.timeline import PartKey, Timeline
from ballotbox_simulator.rehearse.fleet import CENTRE, GATEWAY, Fleet, fleet_in, grown_fleet
from ballotbox_simulator.rehearse.job import Broker, Group, Job
from ballotbox_simulator.rehearse.machine import (
    allow_open_files,
    busy_seconds,
    read_place,
    use_of,
)
from ballotbox_simulator.rehearse.mishaps import Mishaps
from ballotbox_simulator.rehearse.office import Office
from ballotbox_simulator.rehearse.plan_embedded import parts_of
from ballotbox_simulator.rehearse.plan_file import Plan
from ballotbox_simulator.rehearse.shared_target import OverDatabase
from ballotbox_simulator.rehearse.target import Embedded, Target, TargetFailed
from ballotbox_simulator.rehearse.team import Heard, Team, TesterFailed, TooLate
from ballotbox_simulator.rehearse.testers import MACHINE, SeatedTesters

_CONNECT_S: Final = 60.0
_BARRIER_S: Final = 0.5
_LOOK_S: Final = 0.1
_LAST_LOOK_S: Final = 2.0
#: How long a process may take to write down what its boxes made.
_END_S: Final = 300.0
#: How long bad events may take beyond the plan: a part with a large register starts slowly.
_HEAL_S: Final = 300.0
_UNREAD: Final = "the log was not exported: no journals of boxes are there to hold against it"

#: Told what is going on: a stage in words, and the timeline so far.
Watcher = Callable[[str, Timeline], None]


@dataclass(slots=True)
class Findings:
    """What a rehearsal left behind, before anybody judges it; moments on the monotonic clock.

    broken: what of the target failed, in words. tester_failure, unseen: why the tester failed, and
    why nobody saw the log, or nothing.
    """

    plan: Plan
    fleet: Fleet
    machine: Machine
    limits: tuple[LimitPart, ...]
    workers: int
    testers: SeatedTesters
    timeline: Timeline
    parts: list[PartKey]
    mishaps: Mishaps
    began: datetime
    connecting: float = 0.0
    connected: float = 0.0
    start: float = 0.0
    closing: float = 0.0
    last_close: float = 0.0
    ended: float = 0.0
    all_receipted: bool = False
    drained: bool = True
    broken: list[str] = field(default_factory=list)
    tester_failure: str = ""
    unseen: str = _UNREAD
    logged: Path | None = None
    made_files: list[Path] = field(default_factory=list)
    box_memory: list[dict[str, Any]] = field(default_factory=list)
    last_words: list[dict[str, Any]] = field(default_factory=list)

    @property
    def has_centre(self) -> bool:
        """Whether a centre of our own is above the gateway."""
        return self.plan.office is None and self.plan.target.centre

    def settle_moments(self) -> None:
        """Give a rehearsal that broke off the moments that its document must have."""
        now = monotonic()
        for name in ("connecting", "connected", "start", "ended"):
            setattr(self, name, getattr(self, name) or now)


def load_of(plan: Plan, machine: Machine) -> Load:
    """Return what a plan brings to a machine."""
    workers = min(plan.count, plan.tester.workers or machine.cores)
    sheets = max(group.sheets for group in plan.boxes)
    embedded = plan.office is None
    parts = parts_of(plan.target) if embedded else 0
    spread = embedded and not plan.target.tls
    return Load(plan.count, sheets, workers, embedded, spread, parts)


def require_room(plan: Plan, machine: Machine) -> tuple[LimitPart, ...]:
    """Return the limits of a machine that holds the plan; raises Problem naming what to change."""
    limits = limits_of(load_of(plan, machine), machine)
    if told := refusals(limits):
        what = "the plan does not fit this machine:\n  " + "\n  ".join(told)
        raise Problem(plan.title, what, "Nothing was started")
    return limits


def fleet_of(plan: Plan) -> Fleet:
    """Return the election of a plan with its keys; raises Problem when it is no rehearsal."""
    table = plan.election
    if table.folder is not None:
        return fleet_in(table.folder, plan.count)
    sheets = max(group.sheets for group in plan.boxes)
    return grown_fleet(table.seed, table.ballots, plan.count, sheets, origins_of(plan))


def origins_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of the logs: first the one whose receipts count."""
    if plan.office is not None:
        return (plan.office.origin,)
    return (GATEWAY, CENTRE) if plan.target.centre else (GATEWAY,)


async def conduct(
    plan: Plan, out: Path, watch: Watcher, team_of: Callable[[Heard], Team] = Team
) -> Findings:
    """Hold the rehearsal in an empty folder.

    team_of: makes who holds the boxes; another team than the usual one has machines of its own.
    What fails on the way is told in the findings. Raises Problem or BrokerUnavailable when it
    cannot begin.
    """
    own = read_place()
    machine, load = own.machine, load_of(plan, own.machine)
    limits = require_room(plan, machine) if team_of is Team else limits_of(load, machine)
    timeline = Timeline()
    boxes = [len(part) for part in divided(plan.count, load.workers)]
    testers = SeatedTesters(timeline, own, boxes)
    watch("Making the election", timeline)
    fleet = await asyncio.to_thread(fleet_of, plan)
    allow_open_files(plan.count)
    target = _target(plan, fleet, out)
    team = team_of(testers.hear)
    findings = Findings(
        plan=plan,
        fleet=fleet,
        machine=machine,
        limits=limits,
        workers=load.workers,
        testers=testers,
        timeline=timeline,
        parts=[MACHINE],
        mishaps=Mishaps(plan.event, target, team),
        began=datetime.now(tz=UTC),
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(target.stop)
        stack.push_async_callback(team.end)
        held = _Rehearsal(findings, target, team, watch)
        try:
            watch("Starting broker and gateway", timeline)
            await target.start()
            watch("Making the boxes", timeline)
            findings.made_files = [out / f"made-{number}" for number in range(load.workers)]
            testers.seat(await team.start(_jobs(plan, findings, target.broker, machine)))
            findings.parts = list(testers.parts())
            if team.elsewhere:
                _admit(findings, load, team)
            await team.make()
            await held.hold()
        except TargetFailed as error:
            findings.broken.append(str(error))
        except TesterFailed as error:
            findings.tester_failure = str(error)
        await held.conclude(out / "log")
    return findings


def _admit(findings: Findings, load: Load, team: Team) -> None:
    """Let the boxes be made where their machines hold them; raises TesterFailed."""
    told = findings.testers.refusals(load)
    findings.limits = findings.testers.limits
    if told:
        team.refuse(f"the plan does not fit, and nothing was connected: {'; '.join(told)}")


def _target(plan: Plan, fleet: Fleet, out: Path) -> Target:
    if plan.office is not None:
        return Office(plan.office, fleet.authority, out)
    made = OverDatabase if plan.target.has_database else Embedded
    return made(out, fleet.authority, plan.target)


def _jobs(plan: Plan, findings: Findings, broker: Broker, machine: Machine) -> list[Job]:
    groups = tuple(
        Group(each.count, each.sheets, each.profile, each.turnout) for each in plan.boxes
    )
    workers = findings.workers
    needed = sources_needed(load_of(plan, machine), machine)
    sources = broker.sources[: max(needed, min(len(broker.sources), 8))]
    where = replace(broker, sources=sources)
    folder = plan.election.folder
    return [
        Job(
            seed=plan.election.seed,
            ballots=plan.election.ballots,
            folder=None if folder is None else str(folder),
            origins=origins_of(plan),
            groups=groups,
            areas=plan.neighbourhoods,
            clock=plan.day.clock,
            curve=plan.day.curve,
            spread_s=plan.burst.spread,
            shape=plan.burst.shape,
            broker=where,
            connect_per_s=plan.tester.connect_per_s / workers,
            first=part.start,
            stop=part.stop,
            made_file=str(file),
        )
        for part, file in zip(divided(plan.count, workers), findings.made_files, strict=True)
    ]


class _Rehearsal:
    """The day itself, while everything runs."""

    def __init__(self, findings: Findings, target: Target, team: Team, watch: Watcher) -> None:
        self._f = findings
        self._target = target
        self._team = team
        self._watch = watch
        self._stage = "Connecting the boxes"
        self._closing: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def hold(self) -> None:
        """Connect, hold day and burst, and wait for the last receipts."""
        sampling = asyncio.create_task(self._sample())
        try:
            await self._connect()
            happening = asyncio.create_task(self._f.mishaps.hold(self._until))
            try:
                await self._day()
                await self._burst()
                await self._settle(happening)
            finally:
                happening.cancel()
            self._f.ended = monotonic()
            if sampling.done():
                sampling.result()
        finally:
            sampling.cancel()

    async def conclude(self, log: Path) -> None:
        """Have the processes end and write journals, and export the log; what fails is told."""
        f, has_begun = self._f, self._f.connecting > 0
        f.settle_moments()
        if not has_begun:
            # There may be no process, and nothing to read.
            return
        self._tell("Reading the boxes' journals")
        try:
            self._team.order("end")
            f.last_words = await self._team.all_say("ended", _END_S)
        except TesterFailed as error:
            f.tester_failure = f.tester_failure or str(error)
            return
        self._tell("Exporting the log")
        f.unseen = await self._target.export(log)
        if not f.unseen:
            f.logged = log

    def _tell(self, stage: str) -> None:
        self._stage = stage
        self._watch(stage, self._f.timeline)

    async def _connect(self) -> None:
        self._tell("Connecting the boxes")
        self._f.connecting = monotonic()
        self._team.order("connect")
        planned = self._f.plan.count / self._f.plan.tester.connect_per_s
        patience = _CONNECT_S + 10 * planned
        try:
            self._f.box_memory = await self._team.all_say("connected", patience)
        except TooLate as error:
            timeline = self._f.timeline
            told = timeline.trouble or f"{timeline.latest('connections')} are connected"
            what = f"boxes could not connect within {patience:.0f} s: {told}"
            raise TargetFailed(what) from error
        self._f.connected = monotonic()

    async def _day(self) -> None:
        f = self._f
        f.start = monotonic() + _BARRIER_S
        self._tell("Voting")
        self._team.order("start", f.start)
        planned = f.plan.day.clock.lasts_s
        await self._team.all_say("voted", planned + 3_600.0)

    async def _burst(self) -> None:
        f = self._f
        planned = f.start + f.plan.day.clock.lasts_s
        f.closing = max(planned, monotonic() + _LOOK_S)
        self._tell("Closing the polls")
        self._closing.set_result(f.closing)
        self._team.order("close", f.closing)
        said = await self._team.all_say("closed", f.plan.burst.spread + 3_600.0)
        f.last_close = max(each["at"] for each in said)

    async def _settle(self, happening: "asyncio.Task[None]") -> None:
        """Wait for the last receipts and for what the centre still lacks, in bounded time."""
        self._tell("Waiting for the last receipts")
        await self._events_over(happening)
        deadline = monotonic() + self._f.plan.tester.patience
        since = floor(monotonic()) + 1
        while monotonic() < deadline:
            self._team.have_said("closed")
            self._f.all_receipted = self._nothing_waits(since)
            waiting = (await self._target.standing()).waiting
            self._f.drained = waiting == 0 or not self._f.has_centre
            if self._f.all_receipted and self._f.drained:
                break
            await asyncio.sleep(_LOOK_S)
        # So that the last second of the series has seen it, too.
        await asyncio.sleep(_LAST_LOOK_S)

    async def _events_over(self, happening: "asyncio.Task[None]") -> None:
        plan = self._f.plan
        patience = plan.burst.spread + plan.tester.patience + _HEAL_S
        try:
            await asyncio.wait_for(happening, patience)
        except TimeoutError as error:
            raise TargetFailed(f"bad events were not over within {patience} s") from error

    def _nothing_waits(self, since: int) -> bool:
        timeline = self._f.timeline
        if not timeline.all_told(since, self._f.workers):
            return False
        return timeline.latest("made") == timeline.latest("receipted") + timeline.latest("refused")

    async def _until(self, day_s: int) -> None:
        """Return when a second of the day has come."""
        f, clock = self._f, self._f.plan.day.clock
        if day_s >= clock.closing_s:
            closing = await asyncio.shield(self._closing)
            await asyncio.sleep(max(0.0, closing + day_s - clock.closing_s - monotonic()))
        elif clock.compression is not None or day_s <= clock.opening_s:
            await asyncio.sleep(max(0.0, f.start + clock.real_s(day_s) - monotonic()))
        else:
            # As fast as it can, the hour is what voters have brought by it.
            share = (day_s - clock.opening_s) / (clock.closing_s - clock.opening_s)
            fed = sum(group.count * group.sheets for group in f.plan.boxes) * max(0.0, share)
            await self._fed(fed)

    async def _fed(self, sheets: float) -> None:
        """Return when so many sheets were fed, or when the polls close."""
        while not self._closing.done():
            if self._f.timeline.latest("sheets") >= sheets:
                return
            await asyncio.sleep(_LOOK_S)

    async def _sample(self) -> None:
        """Note each second what the parts use and what the gateway says."""
        timeline = self._f.timeline
        while True:
            second = floor(monotonic()) + 1
            await asyncio.sleep(second - monotonic())
            for part, pid in self._target.parts():
                use = use_of(pid)
                if use is not None:
                    timeline.use(second, part.name, use.cpu_s, use.memory_mib)
                if part not in self._f.parts:
                    self._f.parts.append(part)
            timeline.use(second, MACHINE.name, busy_seconds(), 0.0)
            for gone in self._target.gone():
                self._note_gone(gone)
            standing = await self._target.standing()
            timeline.status(second, standing.log_size, standing.waiting)
            self._watch(self._stage, timeline)

    def _note_gone(self, part: str) -> None:
        words = f"the {part} ended by itself, which no event asked for"
        if words not in self._f.broken:
            self._f.broken.append(words)
