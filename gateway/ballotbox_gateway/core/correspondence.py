"""What a gateway says to boxes, and when: a batch is decided and durable before a word is said.

    correspondence = Correspondence(intake, challenge)
    correspondence.settle(letters, now)     # commits, then answers by the letters' routes

Roads hand letters in and carry answers away; they may lose either, and boxes ask again.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ballotbox_gateway.core.intake import Admission, Arrival, Intake, Outcome
from ballotbox_gateway.core.outcome import HelloOutcome, HelloResult, Road
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.message import Message, MessageKind

#: One commit and one signature per batch: larger saves little, smaller costs much.
BATCH_MAX: Final = 256
_REPORT_BYTE: Final = bytes((MessageKind.REPORT,))
#: What is about the connection or this log; whatever is neither that nor a report is bytes that
#: nobody vouches for, and is judged and counted as such.
_OTHER_BYTES: Final = frozenset(
    bytes((kind,)) for kind in (MessageKind.HELLO_WANTED, MessageKind.HELLO, MessageKind.HELD)
)
#: What a road hands in by itself when somebody new is at the other end of a line. That end may not
#: know of it: the handshake's last frame can be lost, and a box with nothing to say asks nothing.
PAIRED: Final = Message(MessageKind.HELLO_WANTED).to_bytes()
_LEFT_BEHIND: Final = frozenset({Outcome.DUPLICATE, Outcome.REFUSED, Outcome.UNAUTHENTIC})


@dataclass(slots=True, eq=False)
class Route:
    """The way back to whoever is at one end of a road: a box's topic, a serial line.

    Each is equal to itself alone.
    send: takes a message and hands it to the carrier; it may be lost, boxes ask again.
    challenge: the one given on this connection and not answered yet.
    """

    road: Road
    send: Callable[[Message], None]
    challenge: bytes | None = None


class Letter(Protocol):
    """Bytes that came in, and the way back."""

    @property
    def data(self) -> bytes:
        """The message, kind byte first."""
        ...

    @property
    def route(self) -> Route:
        """The way back."""
        ...


class Correspondence:
    """Decides letters, answers them, and remembers by which road each box was heard last.

    challenge: draws the random bytes of a challenge. route_to: a way to a box that has not been
    heard since the start, or None. greeted: told of each hello and what came of it. convicted: told
    of each stored checkpoint that this log's key signed and this log is not.
    """

    def __init__(
        self,
        intake: Intake,
        challenge: Callable[[], bytes],
        greeted: Callable[[Road, HelloOutcome], None],
    ) -> None:
        self.route_to: Callable[[BoxId], Route | None] = lambda _box: None
        self.convicted: Callable[[Road, Checkpoint], None] = lambda _road, _checkpoint: None
        self._intake = intake
        self._challenge = challenge
        self._greeted = greeted
        self._reach: dict[BoxId, Route] = {}
        self._fresh: set[BoxId] = set()

    @property
    def fresh(self) -> Collection[BoxId]:
        """The boxes that have proved since the start that they are here."""
        return self._fresh

    def settle(self, letters: Sequence[Letter], now: int) -> None:
        """Decide and answer one batch at `now`, Unix seconds. Raises as `Intake.admit`."""
        early, reports, late = _by_turn(letters)
        # What a box says of itself is held against what stood here before its next reports.
        for letter in early:
            self._converse(letter, now)
        if reports:
            # The commit happens in here; until it returns no report has been answered.
            admission = self._intake.admit([_arrival(letter) for letter in reports], now)
            self._answer(reports, admission)
        for letter in late:
            self._converse(letter, now)

    def _converse(self, letter: Letter, now: int) -> None:
        if letter.data[0] != MessageKind.HELD:
            self._greet(letter)
            return
        convicting = self._intake.confront(letter.data[1:], now)
        if convicting is not None:
            self.convicted(letter.route.road, convicting)

    def _answer(self, reports: Sequence[Letter], admission: Admission) -> None:
        for letter, answer in zip(reports, admission.answers, strict=True):
            # A replayed report must not turn its box's answers into another road.
            if answer.box is not None and answer.outcome not in _LEFT_BEHIND:
                self._reach[answer.box] = letter.route
        for letter, answer in zip(reports, admission.answers, strict=True):
            if answer.message is not None:
                letter.route.send(answer.message)
        self.send(admission.also)

    def send(self, messages: Sequence[tuple[BoxId, Message]]) -> None:
        """Hand messages to whatever road reaches their boxes; a box that misses one asks again."""
        for box, message in messages:
            route = self._reach.get(box) or self.route_to(box)
            if route is not None:
                route.send(message)

    def _greet(self, letter: Letter) -> None:
        route = letter.route
        if letter.data[0] == MessageKind.HELLO_WANTED:
            # To ask again must not make an answer void that is on its way.
            route.challenge = route.challenge or self._challenge()
            route.send(Message(MessageKind.CHALLENGE, route.challenge))
            return
        if route.challenge is None:
            return
        outcome = self._intake.hello(letter.data[1:], route.challenge, route.road)
        self._greeted(route.road, outcome)
        if outcome.result is not HelloResult.FRESH or outcome.box is None:
            return
        route.challenge = None
        self._reach[outcome.box] = route
        self._fresh.add(outcome.box)
        for question in (outcome.resend, outcome.wanted):
            if question is not None:
                route.send(question)


def _by_turn(letters: Sequence[Letter]) -> tuple[list[Letter], list[Letter], list[Letter]]:
    """Return the reports, and the other letters that came before any report of their route's."""
    early: list[Letter] = []
    reports: list[Letter] = []
    late: list[Letter] = []
    reporting: set[Route] = set()
    for letter in letters:
        if letter.data[:1] not in _OTHER_BYTES:
            reporting.add(letter.route)
            reports.append(letter)
        else:
            (late if letter.route in reporting else early).append(letter)
    return early, reports, late


def _arrival(letter: Letter) -> Arrival:
    is_report = letter.data[:1] == _REPORT_BYTE
    return Arrival(letter.data[1:] if is_report else letter.data, letter.route.road)
