"""A simulated gateway process: its life, its serial lines, and the offices that share both.

Each election has an office (`gateway_node`). What comes by a line goes to the office that it names,
by the production switchboard; what one office dies of ends them all.
"""

import random
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from ballotbox_gateway.adapters.roads import INBOX_MAX
from ballotbox_gateway.core.addressing import Addresses, Served
from ballotbox_gateway.core.correspondence import PAIRED, Route
from ballotbox_gateway.core.outcome import Road, RoadKind
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_gateway.service.switchboard import Switchboard
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.message import Message
from ballotbox_simulator.world.schedule import Schedule
from ballotbox_simulator.world.serial_line import LineEnd, SerialLine

_RESTART_MS: Final = 6_000
_GATEWAY_SIDE: Final = 1

UpwardAnswer = UpwardReply | UpwardConflict | UpwardFault


class Letter(NamedTuple):
    """Bytes that came in, the way back, and the number by which the broker knows them."""

    data: bytes
    route: Route
    number: int | None = None


class Desk:
    """What an office has not decided yet; `arrived` is called with each letter."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        self.letters: list[Letter] = []
        #: The fault of the ledger's disk while it is full, else an empty text.
        self.disk_full = ""
        self._arrived = arrived

    @property
    def inbox(self) -> "Desk":
        """Where letters are put, as the switchboard asks for it."""
        return self

    @property
    def room(self) -> int:
        """How many more letters should come."""
        return INBOX_MAX - len(self.letters)

    def put(self, letter: Letter) -> None:
        """Take a letter."""
        self.letters.append(letter)
        self._arrived()


class Office(Served, Protocol):
    """One election at this gateway, as its process sees it."""

    @property
    def reception(self) -> Desk:
        """Where its letters wait."""
        ...

    def begin(self) -> bool:
        """Open the ledger and the roads that nobody shares; tell whether that worked."""
        ...

    def end(self) -> None:
        """Forget everything but the ledger."""
        ...

    def heard(self, data: bytes, road: Road) -> None:
        """Take note of what came by a line, for whatever office it is."""
        ...

    def say(self, road: Road, send: Callable[[bytes], None], message: Message) -> None:
        """Say something of this election by a line."""
        ...

    def admit(self, batch: UpwardBatch) -> UpwardAnswer | None:
        """Admit a stretch of a lower log; None when the process dies of it."""
        ...

    def move(self, process: "GatewayProcess") -> None:
        """Be served by another process from its next start on."""
        ...


class GatewayProcess:
    """See the module; the first office is the one whose settings the process was started with."""

    def __init__(self, schedule: Schedule, name: str, chance: random.Random) -> None:
        self.name = name
        self.schedule = schedule
        self.lines: list[SerialLine] = []
        #: Rises with every start, so that what was planned for a dead process is not done.
        self.life = 0
        self.runs = False
        #: Its machine is lost: nothing starts it again.
        self.gone = False
        #: It is killed after so many more answers.
        self.answers_left: int | None = None
        #: The office that says what goes out by a line now.
        self.speaker: Office | None = None
        self._chance = chance
        self._offices: list[Office] = []
        self._addresses: Addresses[Office] = Addresses(self._offices)
        self._board: Switchboard[Letter] | None = None
        self._ends: list[LineEnd] = []

    def serve(self, office: Office) -> None:
        """Serve one election more, from the next start on."""
        self._offices.append(office)
        if len(self._offices) > 1:
            self._board = Switchboard(self._offices)

    def hand_over(self, heir: "GatewayProcess") -> None:
        """Leave the lines, and all elections but the first, to a process on another machine."""
        heir.lines, heir.life = self.lines, self.life
        for office in self._offices[1:]:
            office.move(heir)
            heir.serve(office)

    def start(self) -> None:
        """Start; tries again by itself when a ledger cannot be read."""
        if self.gone or self.runs:
            return
        self.life += 1
        self.runs = True
        if not all(office.begin() for office in self._offices):
            self.kill()

    def open_lines(self) -> None:
        """Listen at every line."""
        self._ends = [self._open(number, line) for number, line in enumerate(self.lines, start=1)]

    def kill(self, *, returns: bool = True) -> None:
        """End at once; it is started again unless it must stay away."""
        self.runs = False
        self.answers_left = None
        for office in self._offices:
            office.end()
        for end in self._ends:
            end.detach()
        self._ends = []
        if returns:
            self.schedule.after(_RESTART_MS, self.start)

    def flush(self) -> None:
        """Put onto the lines what was said."""
        for end in self._ends:
            end.flush()

    def take_in(self, batch: UpwardBatch) -> UpwardAnswer | None:
        """Have the election admit a batch that its log belongs to, as the service finds it."""
        office = self._addresses.of_log_below(origin_id(batch.origin)) or self._offices[0]
        return office.admit(batch)

    def _open(self, number: int, line: SerialLine) -> LineEnd:
        session = self._chance.randbytes(8)
        road = Road(RoadKind.SERIAL, f"line {number}")

        def send(message: bytes) -> None:
            end.send(message)

        def say(message: Message) -> None:
            if self.speaker is not None:
                self.speaker.say(road, send, message)

        def took(data: bytes) -> None:
            for office in self._offices:
                office.heard(data, road)
            self._put(Letter(data, route))

        def paired() -> None:
            route.challenge = None
            self._put(Letter(PAIRED, route))

        route = Route(road, say)
        end = LineEnd(self.schedule, session, took, paired)
        end.attach(line, _GATEWAY_SIDE)
        return end

    def _put(self, letter: Letter) -> None:
        (self._board or self._offices[0].reception).put(letter)
