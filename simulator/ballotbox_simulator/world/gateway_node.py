"""One election at a simulated gateway: the production cores over a ledger that may fail.

What the service does with threads and sockets is done here by the schedule: letters gather in an
inbox, are decided in batches, and are settled with the broker afterwards. A killed gateway loses
everything but its ledger. A gateway that serves several elections is a process with several nodes.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from ballotbox_gateway.core.correspondence import BATCH_MAX, Correspondence, Route
from ballotbox_gateway.core.intake import (
    CountOutcome,
    HelloOutcome,
    Identity,
    Intake,
    Road,
    RoadKind,
    RulingResult,
)
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_gateway.core.quota import Allowance, Quota, Quotas, statements
from ballotbox_gateway.core.upward import UpwardBatch, UpwardFault
from ballotbox_protocol.election.identifiers import BoxId, InvalidField
from ballotbox_protocol.election.register_changes import require_later
from ballotbox_protocol.wire.message import Message
from ballotbox_protocol.wire.statements import CHALLENGE_SIZE
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_simulator.world import count_law
from ballotbox_simulator.world.broker import Broker, Publication
from ballotbox_simulator.world.clocks import NodeClock
from ballotbox_simulator.world.gateway_process import Desk, GatewayProcess, Letter, UpwardAnswer
from ballotbox_simulator.world.ledgers import Injected, Killed, SimulatedLedger

_DECIDE_MS: Final = 5
_ROOM_MS: Final = 1_000
_CALL_AGAIN_MS: Final = 1_000
_CALL_SELDOM_MS: Final = 600_000
#: More than an honest box has to say at once after any fault, and less than a flood.
BOX_MAY: Final = Allowance(burst=48 * 1_024, per_hour=120 * 1_024)
#: So little that an honest gateway runs dry after a fault, and so much that it refills in time.
GATEWAY_MAY: Final = Allowance(burst=16 * 1_024, per_hour=2_048 * 1_024)
ASIDE_MAY: Final = statements(4)


class Witness(Protocol):
    """Who writes down what happens at a gateway."""

    def noted(self, node: str, what: str, detail: object = "") -> None:
        """Anything worth a line in the transcript."""
        ...

    def healthy(self, node: str) -> None:
        """The node did its proper work: whatever struck it is overcome."""
        ...

    def greeted(self, gateway: "GatewayNode", road: Road, outcome: HelloOutcome) -> None:
        """A hello was judged."""
        ...

    def heard(self, gateway: "GatewayNode", data: bytes, road: Road) -> None:
        """A message came by a serial line."""
        ...

    def said(self, gateway: "GatewayNode", message: Message, road: Road) -> None:
        """A gateway is about to say something."""
        ...

    def settled(self, gateway: "GatewayNode", letters: Sequence[Letter]) -> None:
        """A batch is decided, stored and answered."""
        ...

    def ran_dry(self, gateway: "GatewayNode", who: bytes, allowance: Allowance) -> None:
        """A sender has had stored what it may."""
        ...

    def broke(self, node: str, words: str) -> None:
        """A gateway gave up although nothing is wrong with its disk."""
        ...


class GatewayNode:
    """See the module. `grown` is called when the log may have grown."""

    def __init__(
        self,
        process: GatewayProcess,
        trusted: Trusted,
        identity: Identity,
        ledger: SimulatedLedger,
        clock: NodeClock,
        chance: random.Random,
        witness: Witness,
    ) -> None:
        """`process` serves this election as well, from its next start on."""
        self.name = self.origin = identity.origin
        self.ledger = ledger
        self.clock = clock
        self.intake: Intake | None = None
        self.broker: Broker | None = None
        self.grown: Callable[[], None] = lambda: None
        self.process = process
        self.reception = Desk(self._arrived)
        self.trusted = trusted
        self._identity = identity
        self._schedule = process.schedule
        self._chance = chance
        self._witness = witness
        self._correspondence: Correspondence | None = None
        self._routes: dict[BoxId, Route] = {}
        self._due = False
        process.serve(self)

    # Life and death

    @property
    def life(self) -> int:
        """The number of the process's present or last life."""
        return self.process.life

    @property
    def gone(self) -> bool:
        """Tell whether its machine is lost."""
        return self.process.gone

    def start(self) -> None:
        """Start the process, unless it runs or its machine is lost."""
        self.process.start()

    def begin(self) -> bool:
        """Open the ledger and the roads; tell whether that worked."""
        try:
            self.intake = Intake(
                self.trusted, self._identity, self.ledger, self._quotas(), count_law.LAWS
            )
        except (LedgerFailure, Killed) as fault:
            self._blame(fault)
            return False
        self._correspondence = Correspondence(self.intake, self._challenge, self._greeted)
        self._correspondence.route_to = self._route_to if self.broker else lambda _box: None
        self._witness.noted(self.name, "starts", self.ledger.log_head().size)
        if self.process.name == self.name:
            self.process.open_lines()
        if self.broker is not None:
            self.broker.subscribe(self)
        self._call_boxes(self.life, _CALL_AGAIN_MS)
        self.grown()
        return True

    def _call_boxes(self, life: int, pause: int) -> None:
        """Ask, as the service does, for all that a log had whose place this one takes."""
        correspondence = self._correspondence
        if life != self.life or self.intake is None or correspondence is None:
            return
        try:
            requests = self.intake.call_again()
            self.process.speaker = self
            correspondence.send(requests)
        except (LedgerFailure, Killed) as fault:
            self.fail(fault)
            return
        if requests:
            pause = min(2 * pause, _CALL_SELDOM_MS)
            self._schedule.after(pause, self._call_boxes, life, pause)

    def _quotas(self) -> Quotas:
        boxes = Quota(BOX_MAY, lambda who: self._witness.ran_dry(self, who, BOX_MAY))
        gateways = Quota(GATEWAY_MAY, lambda who: self._witness.ran_dry(self, who, GATEWAY_MAY))
        aside = Quota(ASIDE_MAY, lambda who: self._witness.ran_dry(self, who, ASIDE_MAY))
        return Quotas(boxes, gateways, aside)

    def fail(self, fault: LedgerFailure | Killed) -> None:
        """Die of a ledger that cannot be relied on, or of an injected end."""
        self._blame(fault)
        self.kill()

    def _blame(self, fault: LedgerFailure | Killed) -> None:
        if not isinstance(fault, Injected | DiskFull | Killed):
            self._witness.broke(self.name, str(fault))

    def kill(self, *, returns: bool = True) -> None:
        """End the process at once; it is started again unless it must stay away."""
        self.process.kill(returns=returns)

    def end(self) -> None:
        """Forget everything but the ledger."""
        self._witness.noted(self.name, "is killed")
        self.intake = None
        self._correspondence = None
        self.reception.letters.clear()
        self.reception.disk_full = ""
        self._routes.clear()
        self._due = False
        if self.broker is not None:
            self.broker.subscribe(None)

    def lose(self) -> None:
        """Lose the machine for good, with all that it has stored."""
        if self.process.runs:
            self.kill(returns=False)
        self.process.gone = True

    def stand_for(self, lost: "GatewayNode") -> None:
        """Have the roads of a lost machine, and the other elections that it served."""
        self.broker = lost.broker
        lost.process.hand_over(self.process)

    def move(self, process: GatewayProcess) -> None:
        """Be served by another process from its next start on."""
        self.process = process

    def use(self, trusted: Trusted) -> None:
        """Take in a newer register, now and at every start."""
        if trusted.register.version <= self.trusted.register.version:
            return
        try:
            require_later(self.trusted.register, trusted.register)
        except InvalidField as fault:
            self._witness.noted(self.name, "refuses register", fault)
            return
        self.trusted = trusted
        if self.intake is None:
            return
        try:
            self.intake.replace_register(trusted)
        except (LedgerFailure, Killed) as fault:
            self.fail(fault)
            return
        self._witness.noted(self.name, "uses register", trusted.register.version)
        self.grown()

    def heal(self) -> None:
        """Let process and ledger be sound from now on."""
        self.ledger.trouble = None
        self.ledger.full = False
        self.process.answers_left = None
        self.start()

    # Letters

    def delivered(self, publication: Publication) -> None:
        """Take a publication from the broker."""
        route = self._route_to(publication.topic)
        self.reception.put(Letter(publication.data, route, publication.number))

    def _route_to(self, box: BoxId) -> Route:
        route = self._routes.get(box)
        if route is None:
            broker = self.broker

            def publish(message: bytes) -> None:
                if broker is not None:
                    broker.answer(box, message)

            route = self._route_by(Road(RoadKind.MQTT, "broker", box), publish)
            self._routes[box] = route
        return route

    def _route_by(self, road: Road, send: Callable[[bytes], None]) -> Route:
        return Route(road, lambda message: self.say(road, send, message))

    def heard(self, data: bytes, road: Road) -> None:
        """Take note of what came by a line."""
        self._witness.heard(self, data, road)

    def say(self, road: Road, send: Callable[[bytes], None], message: Message) -> None:
        """Say something by a road."""
        self._witness.said(self, message, road)
        self._spend_answer()
        send(message.to_bytes())

    def _spend_answer(self) -> None:
        left = self.process.answers_left
        if left is not None:
            if left == 0:
                raise Killed
            self.process.answers_left = left - 1

    def send(self, messages: Sequence[tuple[BoxId, Message]]) -> None:
        """Say what followed from a ruling."""
        if self._correspondence is not None:
            self.process.speaker = self
            self._correspondence.send(messages)

    def _arrived(self) -> None:
        if not self._due:
            self._due = True
            self._schedule.after(_DECIDE_MS, self._decide, self.life)

    def _decide(self, life: int) -> None:
        correspondence = self._correspondence
        if life != self.life or correspondence is None:
            return
        letters = self.reception.letters[:BATCH_MAX]
        self.process.speaker = self
        try:
            correspondence.settle(letters, self.clock.unix())
        except DiskFull as fault:
            self.reception.disk_full = str(fault)
            self._schedule.after(_ROOM_MS, self._decide, life)
            return
        except (LedgerFailure, Killed) as fault:
            self.fail(fault)
            return
        self.reception.disk_full = ""
        self._witness.settled(self, letters)
        self._settle(letters)
        self._due = bool(self.reception.letters)
        if self._due:
            self._schedule.after(_DECIDE_MS, self._decide, life)
        self._witness.healthy(self.name)
        self.grown()

    def _settle(self, letters: list[Letter]) -> None:
        for letter in letters:
            if letter.number is not None and self.broker is not None:
                self.broker.acknowledge(letter.number)
        del self.reception.letters[: len(letters)]
        self.process.flush()

    def _challenge(self) -> bytes:
        return self._chance.randbytes(CHALLENGE_SIZE)

    def _greeted(self, road: Road, outcome: HelloOutcome) -> None:
        self._witness.greeted(self, road, outcome)

    # By hand

    def count_by_hand(self, data: bytes) -> CountOutcome | None:
        """Take in what officers counted; None when the process is not there or dies of it."""
        if self.intake is None:
            return None
        try:
            outcome = self.intake.count_by_hand(data, self.clock.unix())
            self._spend_answer()
        except DiskFull:
            return None
        except (LedgerFailure, Killed) as fault:
            self.fail(fault)
            return None
        self._witness.healthy(self.name)
        self.grown()
        return outcome

    def name_count(self, data: bytes) -> RulingResult | None:
        """Take in which count by hand officers name; None as for `count_by_hand`."""
        if self.intake is None:
            return None
        try:
            outcome = self.intake.rule(data, self.clock.unix())
            self._spend_answer()
        except DiskFull:
            return None
        except (LedgerFailure, Killed) as fault:
            self.fail(fault)
            return None
        self._witness.noted(self.name, "is told which count stands", outcome.result.name)
        self.grown()
        return outcome.result

    # From below

    def take_in(self, body: object) -> UpwardAnswer | None:
        """Answer a lower gateway's request; None when the process is not there or dies of it."""
        if self.intake is None:
            return None
        try:
            batch = UpwardBatch.from_json(body)
        except InvalidField as error:
            return UpwardFault(error.field, error.problem, "send it again")
        return self.process.take_in(batch)

    def admit(self, batch: UpwardBatch) -> UpwardAnswer | None:
        """Admit a stretch of a lower log into this election."""
        if self.intake is None:
            return None
        try:
            answer = self.intake.admit_from_below(batch, self.clock.unix())
        except DiskFull:
            return None
        except (LedgerFailure, Killed) as fault:
            self.fail(fault)
            return None
        self._witness.healthy(self.name)
        self.grown()
        return answer
