"""A whole country's day: regions in parallel, each a world of its own, under one national centre.

A region's gateway stands above its precincts' gateways and below the centre. Regions are run in any
order by any number of processes; the centre takes their logs in order, so the outcome is the same.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from typing import Any, Final

from ballotbox_gateway.core.intake import Identity, Intake
from ballotbox_gateway.core.ports import Binding
from ballotbox_gateway.core.upward import ENTRIES_MAX, UpwardBatch, UpwardReply
from ballotbox_protocol.election.identifiers import require
from ballotbox_simulator.workload import Truth, truth_of
from ballotbox_simulator.world import elections
from ballotbox_simulator.world.auditor import Breach, Finding
from ballotbox_simulator.world.clocks import MIDNIGHT
from ballotbox_simulator.world.faults import FaultClass, FaultKind
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.places import Region
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan
from ballotbox_simulator.world.polling_day import HOUR, Hours
from ballotbox_simulator.world.run import run_world
from ballotbox_simulator.world.settlement import differences, publish_log
from ballotbox_simulator.world.swarm import swarm_day
from ballotbox_simulator.world.undisturbed import undisturbed
from ballotbox_simulator.world.world import World

#: Precincts of Kyrgyzstan on 28 November 2021, and ballots that make 1.2 million of them.
PRECINCTS: Final = 2_494
BALLOTS: Final = 482
#: A region's log must fit into one request upward.
PER_REGION: Final = 96
#: Each region would issue a register of its own, and a nation has one.
_NOT_IN_A_NATION: Final = frozenset(
    {FaultKind.REGISTER_RENEWED, FaultKind.KEY_ROTATED, FaultKind.REGISTER_UNDONE}
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class NationPlan:
    """How many precincts with one box each, and how many ballots each."""

    seed: int = 1
    precincts: int = PRECINCTS
    ballots: int = BALLOTS
    swarm: bool = True

    def __post_init__(self) -> None:
        require(self.precincts >= 1, "precincts", "must be 1 or more")
        require(self.ballots >= 1, "ballots", "must be 1 or more")

    @property
    def regions(self) -> int:
        """How many regions there are."""
        return -(-self.precincts // PER_REGION)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one region's day came to."""

    batch: UpwardBatch | None
    truths: Mapping[str, Truth]
    excused: frozenset[str]
    findings: tuple[Finding, ...]
    struck: Counter[FaultKind]
    sheets: int
    transcript: str


@dataclass(slots=True)
class NationOutcome:
    """What the country's day came to; `excused`: boxes of which a person told what was not so."""

    findings: list[Finding] = field(default_factory=list)
    struck: Counter[FaultKind] = field(default_factory=Counter)
    sheets: int = 0
    tabulated: int = 0
    boxes_counted: int = 0
    excused: set[str] = field(default_factory=set)
    transcript: str = ""
    result: Mapping[str, Any] | None = None

    def add(self, part: _Part) -> None:
        """Add what one region's day came to."""
        self.findings += part.findings
        self.struck += part.struck
        self.sheets += part.sheets
        self.excused |= part.excused


def run_nation(
    plan: NationPlan, jobs: int, progress: Progress = lambda _done, _all: None
) -> NationOutcome:
    """Run all regions in `jobs` processes and hold the nation's result against all sheets."""
    outcome = NationOutcome()
    truths: dict[str, Truth] = {}
    digest = blake2b(digest_size=16)
    held = _held(plan)
    ledger, centre = _centre(held)
    with ProcessPoolExecutor(jobs) as pool:
        # Its processes begin here, and must not inherit what is left undone below.
        parts = pool.map(partial(_run_region, plan), range(plan.regions))
        with undisturbed():
            for number, part in enumerate(parts):
                outcome.add(part)
                truths.update(part.truths)
                digest.update(part.transcript.encode())
                _take_in(centre, part, outcome)
                progress(number + 1, plan.regions)
            _conclude(ledger, held, truths, outcome)
    if outcome.result is not None:
        digest.update(repr(outcome.result["log"]["root"]).encode())
    outcome.transcript = digest.hexdigest()
    return outcome


def _held(plan: NationPlan) -> elections.Held:
    registered = 2 * plan.ballots + 1
    return elections.hold(Ballots.LIST, plan.precincts, 1, registered, plan.regions)


def _run_region(plan: NationPlan, number: int) -> _Part:
    held = _held(plan)
    first = number * PER_REGION
    precincts = min(PER_REGION, plan.precincts - first)
    day = _day(plan, number, precincts)
    with undisturbed():
        world = World(day, region=Region(held, elections.region_of(number + 1), first))
        run_world(world)
    intake = world.centre.intake
    election = held.authority.trusted.election
    return _Part(
        None if intake is None else intake.next_upward(elections.CENTRE, ENTRIES_MAX),
        {box.kit.identity.box.hex(): truth_of(box.container, election) for box in world.boxes},
        _excused(world),
        tuple(world.auditor.findings),
        world.auditor.blows.struck,
        world.auditor.sheets,
        world.transcript.hash(),
    )


def _excused(world: World) -> frozenset[str]:
    """Return the boxes whose count nothing built so far can hold against their sheets."""
    blows = world.auditor.blows
    return frozenset(
        box.kit.identity.box.hex()
        for precinct in world.precincts
        for box in precinct.boxes
        if blows.weakest_at(box.name, precinct.gateway.name) is FaultClass.UNDETECTABLE
    )


def _day(plan: NationPlan, number: int, precincts: int) -> Day:
    held = DayPlan(
        precincts=precincts,
        boxes=1,
        ballots=plan.ballots,
        portable=0,
        hours=Hours(turnout=2 * HOUR),
    )
    seed = plan.seed * 1_000 + number
    if not plan.swarm:
        return Day(seed, held)
    day = swarm_day(seed, held)
    kept = tuple(strike for strike in day.strikes if strike.kind not in _NOT_IN_A_NATION)
    return replace(day, strikes=kept, rulings=False)


def _centre(held: elections.Held) -> tuple[SimulatedLedger, Intake]:
    trusted = held.authority.trusted
    key = held.authority.gateway_keys[elections.CENTRE]
    binding = Binding(elections.CENTRE, trusted.digest, trusted.register.version)
    ledger = SimulatedLedger(binding)
    return ledger, Intake(trusted, Identity(elections.CENTRE, key), ledger)


def _take_in(centre: Intake, part: _Part, outcome: NationOutcome) -> None:
    if part.batch is None:
        return
    reply = centre.admit_from_below(part.batch, MIDNIGHT + 24 * 3_600)
    if not isinstance(reply, UpwardReply):
        outcome.findings.append(Finding(Breach.LIVENESS, part.batch.origin, repr(reply)))


def _conclude(
    ledger: SimulatedLedger,
    held: elections.Held,
    truths: Mapping[str, Truth],
    outcome: NationOutcome,
) -> None:
    result = publish_log(ledger, held.authority)
    if isinstance(result, str):
        outcome.findings.append(Finding(Breach.NOT_PUBLISHED, elections.CENTRE, result))
        return
    outcome.result = result
    election = held.authority.trusted.election
    for box in result["boxes"]["counted"]:
        (count,) = box["counts"]
        outcome.boxes_counted += 1
        outcome.tabulated += count["counters"]["accepted"]
        if box["box"] in outcome.excused:
            continue
        for words in differences(truths[box["box"]], count, election):
            outcome.findings.append(Finding(Breach.WRONG_VOTES, f"box {box['box']}", words))
