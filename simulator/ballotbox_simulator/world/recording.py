"""A day with everything that passes between its actors written down, to be looked at afterwards.

The nodes are listened to from outside: a recorded day has the same transcript as any other run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ballotbox_gateway.core.correspondence import Letter
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind, parse_message
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import decode_report
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.mouth import Fed
from ballotbox_simulator.world.places import PrecinctNodes
from ballotbox_simulator.world.plan import Day
from ballotbox_simulator.world.run import DayOutcome, run_world
from ballotbox_simulator.world.transcript import Line
from ballotbox_simulator.world.upward_link import Answer, UpwardLink
from ballotbox_simulator.world.world import World

#: So many hexadecimal digits of its identity name a report in a transcript.
NAME_DIGITS: Final = 16
#: What a voter does at a box, what a box says to it when all is well, and what is in it then.
FEEDS: Final = "feeds a sheet"
TAKES: Final = "takes it"
HOLDS: Final = "holds "
_NOBODY: Final[frozenset[str]] = frozenset()


class Actor(StrEnum):
    """Who takes part, from the paper to the centre."""

    VOTER = "voter"
    BOX = "box"
    ROAD = "road"
    GATEWAY = "gateway"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: from one actor to another, or at one when they are the same.

    node: the box, the gateway or the broker that it is about. reports: the names of those that it
    is about. sent: it was put under way; that it arrived is another step.
    """

    time: int
    node: str
    source: Actor
    target: Actor
    words: str
    reports: frozenset[str] = _NOBODY
    sent: bool = False


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What a report says about itself."""

    box: str
    kind: str
    sequence: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A day's outcome, its steps in order, its reports by name, and each box's surroundings."""

    outcome: DayOutcome
    steps: tuple[Step, ...]
    reports: dict[str, ReportFacts]
    #: The nodes whose troubles concern a box, by the box's name.
    around: dict[str, frozenset[str]]


def record_day(day: Day) -> Recording:
    """Run a day and write everything down."""
    world = World(day, keep_lines=True)
    recorder = _Recorder(world)
    outcome = run_world(world)
    around = {
        box.name: frozenset(
            {
                box.name,
                *(gateway.name for gateway in precinct.gateways),
                f"broker {precinct.number}",
                world.centre.name,
            }
        )
        for precinct in world.precincts
        for box in precinct.boxes
    }
    return Recording(outcome, tuple(recorder.merged()), recorder.reports, around)


@dataclass(slots=True)
class _Recorder:
    """Listens to a world; `taken` has each step with the number of transcript lines before it."""

    world: World
    reports: dict[str, ReportFacts] = field(default_factory=dict)
    taken: list[tuple[int, Step]] = field(default_factory=list)
    _names: dict[bytes, str] = field(default_factory=dict)
    _boxes: dict[bytes, str] = field(default_factory=dict)
    _kept: set[tuple[str, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        _around(self.world.auditor, "report_made", lambda _box, made: self._name_of(made.data))
        for precinct in self.world.precincts:
            for box in precinct.boxes:
                self._boxes[box.kit.identity.box] = box.name
                self._listen_to_box(box)
            self._listen_to_precinct(precinct)
        self.world.opened = self._listen_to_precinct

    def _listen_to_precinct(self, precinct: PrecinctNodes) -> None:
        self._listen_to_gateway(precinct)
        self._listen_upward(precinct.uplink, precinct.gateway)

    def merged(self) -> list[Step]:
        """Return the steps and the transcript's lines as steps, in the order they happened in."""
        steps: list[Step] = []
        lines = self.world.transcript.lines
        written = 0
        for before, step in self.taken:
            steps += map(self._of_line, lines[written:before])
            steps.append(step)
            written = max(written, before)
        return steps + list(map(self._of_line, lines[written:]))

    def _of_line(self, line: Line) -> Step:
        reports = _NOBODY
        if line.what == "signs":
            reports = frozenset({line.detail.rpartition(" ")[2]})
        actor = self._actor(line.node)
        words = f"{line.what} {line.detail}".strip()
        return Step(line.time, line.node, actor, actor, words, reports)

    def _actor(self, node: str) -> Actor:
        if node.startswith("box "):
            return Actor.BOX
        if node.startswith("broker "):
            return Actor.ROAD
        gateways = (each.name for nodes in self.world.precincts for each in nodes.gateways)
        return Actor.GATEWAY if node in gateways else Actor.CENTRE

    def _note(
        self,
        node: str,
        between: tuple[Actor, Actor],
        words: str,
        reports: frozenset[str] = _NOBODY,
        *,
        sent: bool = False,
    ) -> None:
        step = Step(self.world.schedule.now, node, *between, words, reports, sent)
        self.taken.append((len(self.world.transcript.lines), step))

    # Boxes

    def _listen_to_box(self, box: BoxNode) -> None:
        def fed(_sheet: object) -> None:
            self._note(box.name, (Actor.VOTER, Actor.BOX), FEEDS)

        def settled(became: Fed, _sheet: object) -> None:
            self._note(box.name, (Actor.BOX, Actor.VOTER), _FED[became])

        def sends(data: bytes) -> None:
            self._note_message(box.name, (Actor.BOX, Actor.ROAD), data, sent=True)

        def takes(data: bytes) -> None:
            self._note_message(box.name, (Actor.ROAD, Actor.BOX), data)

        _around(box, "feed", fed, settled)
        _around(box, "take_in", takes)
        _around(box.road, "send", sends)

    def _note_message(
        self, node: str, between: tuple[Actor, Actor], data: bytes, *, sent: bool = False
    ) -> None:
        message = parse_message(data)
        if message is not None and message.kind in _TOLD:
            name, words = self._told(message)
            about = frozenset({name}) if name else _NOBODY
            self._note(node, between, words, about, sent=sent)

    def _told(self, message: Message) -> tuple[str, str]:
        """Return which report a message is about, and what it is in words."""
        try:
            match message.kind:
                case MessageKind.REPORT:
                    name = self._name_of(message.payload)
                    facts = self.reports[name]
                    return name, f"{facts.kind} {facts.sequence}, {facts.accepted} accepted"
                case MessageKind.RECEIPT:
                    return _told_by_receipt(message.payload)
                case MessageKind.REFUSAL:
                    items = cbor.decode(cose.parse(message.payload).payload)
                    name, reason = items[1].hex()[:NAME_DIGITS], Reason(items[2])
                    return name, f"refusal: {reason.name}"
                case _:
                    items = cbor.decode(cose.parse(message.payload).payload)
                    return "", f"send again from {items[3]}"
        except (ValueError, IndexError, TypeError, AttributeError):
            return "", f"a broken {message.kind.name.lower()}"

    def _name_of(self, data: bytes) -> str:
        """Return the name of a report, and remember what it says; raises ValueError."""
        if data not in self._names:
            envelope = cose.parse(data)
            report = decode_report(envelope.payload)
            name = cose.statement_id(envelope.statement).hex()[:NAME_DIGITS]
            box = self._boxes.get(report.box, f"box {int.from_bytes(report.box)}")
            facts = ReportFacts(box, report.kind.name, report.sequence, report.counters.accepted)
            self.reports[name] = facts
            self._names[data] = name
        return self._names[data]

    # Gateways

    def _listen_to_gateway(self, precinct: PrecinctNodes) -> None:
        gateway = precinct.gateway

        def came(letter: Letter) -> None:
            self._note_message(gateway.name, (Actor.ROAD, Actor.GATEWAY), letter.data)

        def decided(_road: object, _send: object, message: Message) -> None:
            self._note_kept(gateway, message)

        def said(_nothing: None, _road: object, _send: object, message: Message) -> None:
            data = message.to_bytes()
            self._note_message(gateway.name, (Actor.GATEWAY, Actor.ROAD), data, sent=True)

        _around(gateway.reception, "put", came)
        _around(gateway, "say", decided, said)

    def _note_kept(self, gateway: GatewayNode, message: Message) -> None:
        """Note a decision when it is to be told for the first time: by then it is durable."""
        name, words = self._told(message) if message.kind in _TOLD else ("", "")
        if name and (gateway.name, name, words) not in self._kept:
            self._kept.add((gateway.name, name, words))
            decided = words.replace("receipt of", "keeps it as").replace("refusal", "refuses it")
            self._note(gateway.name, (Actor.GATEWAY, Actor.GATEWAY), decided, frozenset({name}))

    # Upward

    def _listen_upward(self, uplink: UpwardLink, lower: GatewayNode) -> None:
        def sends(batch: UpwardBatch) -> None:
            self._note_batch(lower, batch, sent=True)

        def arrives(_request: int, batch: UpwardBatch) -> None:
            self._note_batch(lower, batch)

        def answered(_request: int, batch: UpwardBatch, answer: Answer) -> None:
            between = (Actor.CENTRE, Actor.GATEWAY)
            self._note(lower.name, between, _answer_words(answer), self._names_of(batch))

        _around(uplink, "_send", sends)
        _around(uplink, "_arrive", arrives)
        _around(uplink, "_answered", answered)

    def _note_batch(self, lower: GatewayNode, batch: UpwardBatch, *, sent: bool = False) -> None:
        first, last = batch.first, batch.stop - 1
        words = f"leaf {first}" if first == last else f"leaves {first} to {last}"
        between = (Actor.GATEWAY, Actor.CENTRE)
        self._note(lower.name, between, words, self._names_of(batch), sent=sent)

    def _names_of(self, batch: UpwardBatch) -> frozenset[str]:
        return frozenset(
            self._name_of(entry.report) for entry in batch.entries if entry.report is not None
        )


_TOLD: Final = frozenset(
    {MessageKind.REPORT, MessageKind.RECEIPT, MessageKind.REFUSAL, MessageKind.RESEND}
)
_FED: Final = {
    Fed.TAKEN: TAKES,
    Fed.RETURNED: "gives it back",
    Fed.UNREADABLE: "gives it back: cannot be read",
    Fed.NOT_NOW: "does not take it now",
    Fed.NO_MORE: "takes no more: its counters are full",
}


def _told_by_receipt(data: bytes) -> tuple[str, str]:
    receipt = Receipt.from_bytes(data)
    if not isinstance(receipt, Receipt):
        return "", "a broken receipt"
    leaf = decode_leaf(receipt.leaf)
    words = f"receipt of leaf {receipt.index}: {leaf.verdict.name}, {leaf.reason.name}"
    return leaf.report.hex()[:NAME_DIGITS], words


def _answer_words(answer: Answer) -> str:
    match answer:
        case UpwardReply():
            return f"receipts: {len(answer.receipts)}"
        case UpwardConflict():
            return f"expects leaf {answer.expected}"
        case UpwardFault():
            return f"refuses: {answer.field} {answer.problem}"


def _around(
    thing: object,
    name: str,
    before: Callable[..., object] = lambda *_arguments: None,
    after: Callable[..., object] = lambda *_result_and_arguments: None,
) -> None:
    """Call `before` and `after` around a method of one object; `after` gets the result first."""
    called = getattr(thing, name)

    def tapped(*arguments: Any) -> Any:  # noqa: ANN401
        before(*arguments)
        result = called(*arguments)
        after(result, *arguments)
        return result

    setattr(thing, name, tapped)
