"""The world of one day: precincts with their boxes and gateway, one centre, people and a clock.

    world = World(day)
    world.run()                  # safety: anything may fail; then liveness: faults stop
    world.auditor.findings       # must be empty

Everything that is left to chance is drawn from the day's seed, one generator for each concern.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ballotbox_device.core.habits import Habits
from ballotbox_device.core.identity import Firmware, Identity
from ballotbox_device.core.profile import DropTimeout, SecondChance
from ballotbox_device.core.sheet import Sheet
from ballotbox_gateway.core.delivery import PROBE_EVERY_S
from ballotbox_gateway.core.intake import Identity as GatewayIdentity
from ballotbox_gateway.core.ports import Binding
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_simulator.authority import FIRMWARE, FIRMWARE_SEQUENCE
from ballotbox_simulator.crew import SeededEntropy
from ballotbox_simulator.workload import UNREADABLE, Ballot, concern, voters_of
from ballotbox_simulator.world import elections
from ballotbox_simulator.world.auditor import Auditor
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.box_parts import Kit, outcomes_of
from ballotbox_simulator.world.box_roads import MqttBoxRoad, SerialBoxRoad
from ballotbox_simulator.world.broker import Broker
from ballotbox_simulator.world.clocks import NodeClock
from ballotbox_simulator.world.faults import CALM, MECHANICS, FaultKind, Weather
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import (
    HOUR,
    MINUTE,
    PollWorkers,
    Voters,
    arrivals,
    services,
)
from ballotbox_simulator.world.schedule import Schedule
from ballotbox_simulator.world.serial_line import SerialLine
from ballotbox_simulator.world.transcript import Transcript
from ballotbox_simulator.world.upward_link import UpwardLink

#: How long after the faults have stopped everything must be settled.
LIVENESS_MS: Final = 3 * HOUR


@dataclass(slots=True)
class PrecinctNodes:
    """One polling place: its boxes, its gateway, and what lies between."""

    number: int
    gateway: GatewayNode
    broker: Broker
    uplink: UpwardLink
    boxes: list[BoxNode] = field(default_factory=list)
    lines: list[SerialLine] = field(default_factory=list)
    clones: list[BoxNode] = field(default_factory=list)
    workers: list[PollWorkers] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Region:
    """The precincts `first` + 1 and on of an election, and the origin above their gateways."""

    held: elections.Held
    centre: str
    first: int = 0


def whole_election(plan: DayPlan) -> Region:
    """Return the region that is a whole election of the plan's sizes."""
    registered = (plan.ballots + plan.portable) * plan.boxes + 1
    held = elections.hold(plan.election, plan.precincts, plan.boxes, registered)
    return Region(held, elections.CENTRE)


class World:
    """See the module."""

    def __init__(
        self,
        day: Day,
        *,
        keep_lines: bool = False,
        choices: Callable[[Sheet], Sheet] | None = None,
        region: Region | None = None,
    ) -> None:
        """`choices` may put other marks on a voter's sheet; `region`: part of a larger election."""
        self.day = day
        self._choices = choices
        plan = day.plan
        self.region = region or whole_election(plan)
        self.held = self.region.held
        #: The authority as it stands now: it may issue newer registers during the day.
        self.authority = self.held.authority
        self.schedule = Schedule()
        self.transcript = Transcript(self.schedule, keep=keep_lines)
        self.auditor = Auditor(self.authority.trusted, self.transcript)
        self.centre = self._gateway(self.region.centre)
        first = self.region.first
        self.precincts = [self._precinct(first + place) for place in range(1, plan.precincts + 1)]
        self.schedule.at(plan.hours.switch_on - MINUTE, self.centre.start)

    def chance(self, *labels: object) -> random.Random:
        """Return the generator of one concern."""
        return concern(self.day.seed, *labels)

    # What there is

    def _gateway(self, origin: str) -> GatewayNode:
        trusted = self.held.authority.trusted
        key = self.held.authority.gateway_keys[origin]
        ledger = SimulatedLedger(Binding(origin, trusted.digest, trusted.register.version))
        return GatewayNode(
            self.schedule,
            trusted,
            GatewayIdentity(origin, key),
            ledger,
            NodeClock(self.schedule),
            self.chance("gateway", origin),
            self.auditor,
        )

    def _precinct(self, number: int) -> PrecinctNodes:
        gateway = self._gateway(elections.gateway_of(number))
        weather = self.day.weather
        broker = Broker(
            self.schedule,
            self.chance("broker", number),
            weather,
            lambda kind: self.auditor.struck(kind, gateway.name),
        )
        uplink = UpwardLink(
            self.schedule,
            self.chance("uplink", number),
            gateway,
            self.centre,
            lambda kind: self.auditor.struck(kind, gateway.name),
        )
        uplink.calm(weather)
        gateway.broker = broker
        nodes = PrecinctNodes(number, gateway, broker, uplink)
        for place in range(self.day.plan.boxes):
            self._add_box(nodes, place)
        self.schedule.at(self.day.plan.hours.switch_on - MINUTE, gateway.start)
        return nodes

    def _add_box(self, nodes: PrecinctNodes, place: int) -> None:
        plan = self.day.plan
        number = (nodes.number - 1) * plan.boxes + place
        box = self._box(number)
        serial = plan.road is RoadChoice.SERIAL or (
            plan.road is RoadChoice.MIXED and place % 2 == 0
        )
        if serial:
            line = self._line(box.name, number)
            nodes.lines.append(line)
            nodes.gateway.lines.append(line)
            box.road = SerialBoxRoad(self.schedule, box, line, self.chance("session", number))
        else:
            box.road = MqttBoxRoad(box, nodes.broker)
        nodes.boxes.append(box)
        self._people(nodes, box, number)

    def _line(self, name: str, number: int) -> SerialLine:
        return SerialLine(
            self.schedule,
            self.chance("line", number),
            self.day.weather,
            lambda kind: self.auditor.struck(kind, name),
        )

    def _box(self, number: int) -> BoxNode:
        authority, rules = self.held.authority, self.held.rules
        wrong = [s for s in self.day.strikes if s.kind is FaultKind.WRONG_DEFINITION]
        place = number - self.region.first * self.day.plan.boxes
        misled = any(strike.target % self.total_boxes == place for strike in wrong)
        if misled:
            authority, rules = self.held.other.authority, self.held.other.rules
        identifier = authority.boxes[number]
        firmware = Firmware(FIRMWARE, FIRMWARE_SEQUENCE)
        identity = Identity(identifier, authority.box_keys[identifier], firmware)
        entropy = SeededEntropy(self.chance("slots", number))
        box = BoxNode(
            self.schedule,
            Kit(authority, rules, identity, entropy),
            NodeClock(self.schedule),
            self.chance("box", number),
            self.auditor,
        )
        mechanics = Weather(
            {kind: chance for kind, chance in self.day.weather.chances.items() if kind in MECHANICS}
        )
        box.sky.become(mechanics)
        box.outcomes = outcomes_of(self.day.kinds)
        if self.day.plan.mixed:
            habits = self.chance("habits", number)
            box.habits = Habits(
                second_chance=habits.choice(tuple(SecondChance)),
                drop_timeout=habits.choice(tuple(DropTimeout)),
            )
        if misled:
            self.auditor.struck(FaultKind.WRONG_DEFINITION, box.name)
        return box

    @property
    def total_boxes(self) -> int:
        """How many boxes there are in all precincts."""
        return self.day.plan.boxes * self.day.plan.precincts

    def _people(self, nodes: PrecinctNodes, box: BoxNode, number: int) -> None:
        plan = self.day.plan
        election = self.held.authority.trusted.election
        precinct = election.precincts[number // plan.boxes]
        voters = voters_of(election, precinct, box.kit.identity.box, self.day.seed)
        queue = voters.ballots()
        ballots = [self._filled_in(next(queue)) for _ in range(plan.ballots)]
        carried = voters.ballots(portable=True)
        portable = [
            sheet for _ in range(plan.portable) for sheet in self._filled_in(next(carried)).sheets
        ]
        chance = self.chance("arrivals", number)
        times = arrivals(plan.ballots, plan.hours, plan.curve, chance)
        served = services(plan.ballots, plan.service, self.chance("service", number))
        smudged = frozenset(at for at in range(plan.ballots) if chance.random() < UNREADABLE)
        (late, *_) = self._filled_in(next(queue)).sheets
        nodes.workers.append(PollWorkers(self.schedule, box, plan.hours, portable, late))
        Voters(self.schedule, box, ballots, times, served, smudged, plan.hours.closing)

    def _filled_in(self, ballot: Ballot) -> Ballot:
        if self._choices is None:
            return ballot
        return Ballot(tuple(map(self._choices, ballot.sheets)))

    @property
    def boxes(self) -> Iterator[BoxNode]:
        """All boxes, clones left out."""
        return (box for precinct in self.precincts for box in precinct.boxes)

    @property
    def gateways(self) -> Iterator[GatewayNode]:
        """All gateways, the centre last."""
        yield from (precinct.gateway for precinct in self.precincts)
        yield self.centre

    # Phases

    def run_safety(self) -> None:
        """Let the day pass with its faults."""
        self.schedule.run_until(self.day.plan.hours.end)

    def run_liveness(self) -> None:
        """Stop all faults and let everything settle, for a bounded time."""
        self.transcript.note("world", "calms down")
        self.calm()
        deadline = self.schedule.now + LIVENESS_MS
        # Whoever was made to forget is found out by the next probe, if nothing else is said.
        self.schedule.run_until(self.schedule.now + PROBE_EVERY_S * 1_000 + MINUTE)
        while self.schedule.now < deadline and not self.settled():
            self.schedule.run_until(self.schedule.now + 5 * MINUTE)

    def calm(self) -> None:
        """Stop all faults: power is back, cables are plugged in, processes run."""
        for precinct in self.precincts:
            for line in precinct.lines:
                line.calm(CALM)
            precinct.broker.calm(CALM)
            precinct.uplink.calm(CALM)
            for box in (*precinct.boxes, *precinct.clones):
                box.heal()
        for gateway in self.gateways:
            gateway.heal()
        for precinct in self.precincts:
            precinct.uplink.wake()

    def settled(self) -> bool:
        """Tell whether nothing is left to be done by anyone."""
        return all(
            self.delivered(precinct) and all(self.box_settled(box) for box in precinct.boxes)
            for precinct in self.precincts
        )

    @staticmethod
    def box_settled(box: BoxNode) -> bool:
        """Tell whether a box has sealed and every report is answered, or has stopped for good."""
        device = box.device
        if device is None:
            return bool(box.stopped)
        if device.state is not PollState.SEALED:
            return False
        # Any log's answer will do: a box may end at another precinct's gateway.
        return not device.outgoing.waiting(None, 1)

    def delivered(self, precinct: PrecinctNodes) -> bool:
        """Tell whether the centre has receipted all of a precinct's log."""
        ledger = precinct.gateway.ledger
        return ledger.delivered(self.centre.name) == ledger.log_head().size
