"""The world of one day: precincts with their boxes and gateway, one centre, people and a clock.

    world = World(day)
    world.run()                  # safety: anything may fail; then liveness: faults stop
    world.auditor.findings       # must be empty

Everything that is left to chance is drawn from the day's seed, one generator for each concern.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from ballotbox_device.core.habits import Habits
from ballotbox_device.core.identity import Firmware, Identity
from ballotbox_device.core.profile import DropTimeout, SecondChance
from ballotbox_device.core.sheet import Sheet
from ballotbox_gateway.core.delivery import PROBE_EVERY_S
from ballotbox_gateway.core.intake import Identity as GatewayIdentity
from ballotbox_gateway.core.ports import Binding
from ballotbox_protocol.election.identifiers import BoxId, PollState
from ballotbox_protocol.election.register import origin_id
from ballotbox_simulator.authority import FIRMWARE, FIRMWARE_SEQUENCE
from ballotbox_simulator.crew import SeededEntropy
from ballotbox_simulator.workload import UNREADABLE, Ballot, concern, truth_of, voters_of
from ballotbox_simulator.world.auditor import Auditor, Breach
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.box_parts import Kit, outcomes_of
from ballotbox_simulator.world.box_roads import MqttBoxRoad, SerialBoxRoad
from ballotbox_simulator.world.broker import Broker
from ballotbox_simulator.world.clocks import NodeClock
from ballotbox_simulator.world.faults import CALM, MECHANICS, FaultKind, Weather
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.gateway_process import GatewayProcess
from ballotbox_simulator.world.hand_counting import Station, Tellers
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.old_boxes import let_have_served, room_of
from ballotbox_simulator.world.places import PrecinctNodes, Region, whole_election
from ballotbox_simulator.world.plan import Day, RoadChoice
from ballotbox_simulator.world.polling_day import (
    HOUR,
    MINUTE,
    PollWorkers,
    Voters,
    arrivals,
    services,
)
from ballotbox_simulator.world.publication_audit import faults_of_publications
from ballotbox_simulator.world.rehearsal import (
    confused,
    rehearsal_beside,
    rehearsed_region,
    set_up_for_a_third,
    set_up_for_rehearsal,
)
from ballotbox_simulator.world.schedule import Schedule
from ballotbox_simulator.world.serial_line import SerialLine
from ballotbox_simulator.world.transcript import Transcript
from ballotbox_simulator.world.upward_link import UpwardLink

#: How long after the faults have stopped everything must be settled.
LIVENESS_MS: Final = 3 * HOUR
_UNHEARD_MS: Final = 5 * MINUTE
_SWITCHED_OFF_MS: Final = 1_000


class World:
    """See the module."""

    def __init__(
        self,
        day: Day,
        *,
        keep_lines: bool = False,
        choices: Callable[[Sheet], Sheet] | None = None,
        region: Region | None = None,
        beside: "World | None" = None,
    ) -> None:
        """`choices` may put other marks on a voter's sheet; `region`: part of a larger election.

        beside: the world of the election whose gateways serve this one as well.
        """
        self.day = day
        self._choices = choices
        plan = day.plan
        lost = FaultKind.GATEWAY_LOST in day.kinds
        self.region = region or whole_election(plan, successors=lost)
        self.held = self.region.held
        #: The authority as it stands now: it may issue newer registers during the day.
        self.authority = self.held.authority
        #: Told of a precinct that has got another gateway.
        self.opened: Callable[[PrecinctNodes], None] = lambda _precinct: None
        self.beside = beside
        self.schedule: Schedule = Schedule() if beside is None else beside.schedule
        self.transcript: Transcript = (
            Transcript(self.schedule, keep=keep_lines) if beside is None else beside.transcript
        )
        self.auditor = Auditor(self.authority.trusted, self.transcript)
        #: Boxes that the authority ended, by the register's version that says so.
        self.ended: dict[BoxId, int] = {}
        if beside is not None:
            self.auditor.join(beside.auditor)
        self.centre: GatewayNode = self.gateway(
            self.region.centre, beside.centre if beside else None
        )
        first = self.region.first
        self.precincts = [self._precinct(first + place) for place in range(1, plan.precincts + 1)]
        self.schedule.at(plan.hours.switch_on - MINUTE, self.centre.start)
        #: The rehearsal that the same gateways serve, on days when one is held.
        self.rehearsal = self._rehearsed() if plan.rehearsal else None

    def _rehearsed(self) -> "World":
        day, region = rehearsal_beside(self.day), rehearsed_region(self.day.plan)
        rehearsal = World(day, region=region, beside=self)
        ours, theirs = self.precincts, rehearsal.precincts
        for place in sorted(confused(self.day, third=True)):
            box = set_up_for_a_third(rehearsal.held.other, theirs, place)
            self.auditor.struck(FaultKind.ELECTIONS_CONFUSED, box.name)
        for place in sorted(confused(self.day, third=False)):
            box = set_up_for_rehearsal(ours, theirs, place, rehearsal.auditor)
            self.auditor.elsewhere[box.name] = rehearsal.auditor
            self.auditor.struck(FaultKind.ELECTIONS_CONFUSED, box.name)
        return rehearsal

    def chance(self, *labels: object) -> random.Random:
        """Return the generator of one concern."""
        return concern(self.day.seed, *labels)

    # What there is

    def gateway(self, origin: str, beside: GatewayNode | None = None) -> GatewayNode:
        """Return a gateway that knows the newest register, on an empty ledger.

        beside: the node of another election whose process serves this one as well.
        """
        trusted = self.authority.trusted
        key = self.held.authority.gateway_keys[origin]
        ledger = SimulatedLedger(Binding(origin, trusted.digest, trusted.register.version))
        chance = self.chance("gateway", origin)
        process = beside.process if beside else GatewayProcess(self.schedule, origin, chance)
        clock = beside.clock if beside else NodeClock(self.schedule)
        identity = GatewayIdentity(origin, key)
        node = GatewayNode(process, trusted, identity, ledger, clock, chance, self.auditor)
        ledger.appended = partial(self._hold_publications, node)
        return node

    def _hold_publications(self, node: GatewayNode, first: int) -> None:
        trusted = self.authority.trusted
        for words in faults_of_publications(node.ledger, node.name, trusted, first):
            self.auditor.object_to(Breach.LAW, node.name, words)

    def _precinct(self, number: int) -> PrecinctNodes:
        before = self.beside.precincts[number - 1] if self.beside else None
        shared = before.gateway if before else None
        gateway = self.gateway(self.region.origin_of(number), shared)
        weather = self.day.weather
        broker = Broker(
            self.schedule,
            self.chance("broker", number),
            weather,
            lambda kind: self.auditor.struck(kind, gateway.name),
        )
        if before:
            before.broker.other = broker
        uplink = self.uplink(gateway, "uplink", number)
        gateway.broker = broker
        nodes = PrecinctNodes(number, gateway, broker, uplink)
        for place in range(self.day.plan.boxes):
            self._add_box(nodes, place)
        if self.day.plan.by_hand:
            nodes.tellers = self._tellers(nodes)
        self.schedule.at(self.day.plan.hours.switch_on - MINUTE, gateway.start)
        return nodes

    def _tellers(self, nodes: PrecinctNodes) -> Tellers:
        election = self.held.authority.trusted.election
        station = Station(
            f"station {nodes.number}",
            election.precincts[nodes.number - 1],
            nodes.boxes,
            gateway=lambda above: self.centre if above else nodes.gateway,
            authority=lambda: self.authority,
            truth=lambda box: truth_of(box.container, election),
        )
        chance = self.chance("count by hand", nodes.number)
        plan = self.day.plan
        naming = self.chance("count naming", nodes.number)
        tellers = Tellers(self.schedule, station, plan.by_hand, chance, self.auditor, naming)
        tellers.begin(plan.hours.closing)
        return tellers

    def uplink(self, gateway: GatewayNode, *labels: object) -> UpwardLink:
        """Return a link from a gateway to the centre, in the day's weather."""
        link = UpwardLink(
            self.schedule,
            self.chance(*labels),
            gateway,
            self.centre,
            lambda kind: self.auditor.struck(kind, gateway.name),
        )
        link.calm(self.day.weather)
        return link

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
            nodes.gateway.process.lines.append(line)
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
        if self.beside is not None:
            box.name = f"rehearsal {box.name}"
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
        room = room_of(self.day, place)
        if room is not None:
            let_have_served(box, room)
            self.auditor.struck(FaultKind.COUNTERS_FULL, box.name)
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
        if self.rehearsal is not None:
            self.rehearsal.calm()
        for precinct in self.precincts:
            precinct.uplink.wake()
            if precinct.closed:
                self.schedule.after(_UNHEARD_MS, self._switch_unheard_on, precinct)
            self._let_tellers_look_again(precinct)

    def _let_tellers_look_again(self, precinct: PrecinctNodes) -> None:
        """Have people enter again what a gateway has forgotten, of which they keep the paper."""
        names = (precinct.gateway.name, self.centre.name)
        forgot = precinct.closed or any(map(self.auditor.was_rolled_back, names))
        if precinct.tellers is not None and forgot:
            self.schedule.after(_UNHEARD_MS, precinct.tellers.look_again)

    @staticmethod
    def _switch_unheard_on(precinct: PrecinctNodes) -> None:
        """Have people switch off and on what is silent before a log in a closed one's place.

        A box with nothing to say does not notice that a line's other end is new when the one frame
        that tells it was lost, and by a line a gateway can ask only boxes that it has heard.
        """
        for box in precinct.boxes:
            silent = precinct.gateway.ledger.box_head(box.kit.identity.box).sequence < 0
            sealed = box.device is not None and box.device.state is PollState.SEALED
            if silent and sealed and isinstance(box.road, SerialBoxRoad):
                box.cut_power(_SWITCHED_OFF_MS)

    def settled(self) -> bool:
        """Tell whether nothing is left to be done by anyone."""
        if self.rehearsal is not None and not self.rehearsal.settled():
            return False
        return all(
            self.delivered(precinct)
            and all(self.box_settled(box) for box in precinct.boxes)
            and (precinct.tellers is None or precinct.tellers.is_done)
            for precinct in self.precincts
        )

    def box_settled(self, box: BoxNode) -> bool:
        """Tell whether a box has sealed and every report is answered, or has stopped for good."""
        device = box.device
        if device is None:
            return bool(box.stopped)
        if device.state is not PollState.SEALED:
            return False
        ours = box.kit.rules.trusted.digest == self.authority.trusted.digest
        if ours and any(precinct.closed for precinct in self.precincts):
            # What a closed log has answered may be lost with it.
            logs = (origin_id(gateway.name) for gateway in self.gateways)
            return any(not device.outgoing.waiting(log, 1) for log in logs)
        # Any log's answer will do: a box may end at another precinct's gateway.
        return not device.outgoing.waiting(None, 1)

    def delivered(self, precinct: PrecinctNodes) -> bool:
        """Tell whether the centre has receipted all of a precinct's log."""
        ledger = precinct.gateway.ledger
        return ledger.delivered(self.centre.name) == ledger.log_head().size
