"""From the inbox to the answers: the one place where letters are decided, answered and settled.

The order is the promise: the intake commits, then answers are handed out, then the roads are told
that the letters are settled (PUBACK). Whatever fails before leaves the letters in the inbox or with
their senders, and they are judged again.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Sequence
from typing import Final

from ballotbox_gateway.adapters.mqtt_intake import MqttIntake
from ballotbox_gateway.adapters.roads import Carrier, Inbox, Letter, Route
from ballotbox_gateway.core.intake import Admission, Arrival, HelloResult, Intake, Outcome
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.statements import CHALLENGE_SIZE

_log: Final = logging.getLogger(__name__)

#: One commit and one signature per batch: larger saves little, smaller costs much.
BATCH_MAX: Final = 256
_DISK_RETRY_S: Final = 1.0
_REPORT_BYTE: Final = bytes((MessageKind.REPORT,))
#: The kinds that are about the connection; whatever is neither they nor a report is bytes that
#: nobody vouches for, and is judged and counted as such.
_GREETING_BYTES: Final = frozenset(
    bytes((kind,)) for kind in (MessageKind.HELLO_WANTED, MessageKind.HELLO)
)
_LEFT_BEHIND: Final = frozenset({Outcome.DUPLICATE, Outcome.REFUSED, Outcome.UNAUTHENTIC})


class Reception:
    """Decides what lies in the inbox whenever something does. Lives on the loop's thread."""

    def __init__(
        self, intake: Intake, now: Callable[[], int], fail: Callable[[BaseException], None]
    ) -> None:
        """`now` returns Unix seconds; `fail` ends the service when the ledger cannot go on."""
        self.inbox = Inbox(self._arrived)
        self.carriers: list[Carrier] = []
        self.mqtt: MqttIntake | None = None
        #: Called after each batch: the log may have grown.
        self.decided: Callable[[], None] = lambda: None
        #: The disk's fault while it is full, else an empty text.
        self.disk_full = ""
        self._intake = intake
        self._now = now
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._reach: dict[BoxId, Route] = {}
        self._fresh: set[BoxId] = set()
        self._due = False
        self._failed = False

    @property
    def fresh(self) -> Collection[BoxId]:
        """The boxes that have proved since the start that they are here."""
        return self._fresh

    def _arrived(self) -> None:
        if not self._due:
            self._due = True
            self._loop.call_soon(self._work)

    def _work(self) -> None:
        self._due = False
        if not self.disk_full and self.decide() and len(self.inbox):
            self._arrived()

    def decide(self) -> bool:
        """Decide one batch; tell whether that worked. A ledger that failed is not tried again."""
        if self._failed:
            return False
        letters = self.inbox.peek(BATCH_MAX)
        try:
            self._settle(letters)
        except DiskFull as error:
            self._wait_for_room(error)
            return False
        except LedgerFailure as error:
            self._failed = True
            self._fail(error)
            return False
        self.inbox.drop(len(letters))
        self._room_again()
        self.decided()
        return True

    def _settle(self, letters: Sequence[Letter]) -> None:
        reports = [letter for letter in letters if letter.data[:1] not in _GREETING_BYTES]
        if reports:
            # The commit happens in here; until it returns nobody has been told anything.
            admission = self._intake.admit([_arrival(letter) for letter in reports], self._now())
            self._answer(reports, admission)
        for letter in letters:
            if letter.data[:1] in _GREETING_BYTES:
                self._greet(letter)
        for letter in letters:
            letter.carrier.settle(letter.token)
        for carrier in {id(letter.carrier): letter.carrier for letter in letters}.values():
            carrier.flush()

    def _answer(self, reports: Sequence[Letter], admission: Admission) -> None:
        for letter, answer in zip(reports, admission.answers, strict=True):
            if answer.message is not None:
                letter.route.send(answer.message)
            # A replayed report must not turn its box's answers into another road.
            if answer.box is not None and answer.outcome not in _LEFT_BEHIND:
                self._reach[answer.box] = letter.route
        self.send(admission.also)

    def send(self, messages: Sequence[tuple[BoxId, Message]]) -> None:
        """Hand messages to whatever road reaches their boxes; a box that misses one asks again."""
        for box, message in messages:
            route = self._reach.get(box) or (self.mqtt.route_to(box) if self.mqtt else None)
            if route is not None:
                route.send(message)

    def _greet(self, letter: Letter) -> None:
        route = letter.route
        if letter.data[0] == MessageKind.HELLO_WANTED:
            route.challenge = os.urandom(CHALLENGE_SIZE)
            route.send(Message(MessageKind.CHALLENGE, route.challenge))
            return
        challenge, route.challenge = route.challenge, None
        if challenge is None:
            return
        outcome = self._intake.hello(letter.data[1:], challenge, route.road)
        if outcome.result is not HelloResult.FRESH or outcome.box is None:
            _log.warning("%s: a hello is refused: %s", route.road.name, outcome.result.name.lower())
            return
        self._reach[outcome.box] = route
        self._fresh.add(outcome.box)
        if outcome.rolled_back:
            box = outcome.box.hex()
            _log.error("box %s has forgotten reports that are stored here: examine it", box)
        if outcome.resend is not None:
            route.send(outcome.resend)

    def _wait_for_room(self, error: DiskFull) -> None:
        if not self.disk_full:
            _log.error("%s. Free some space: nothing is acknowledged until there is room", error)
        self.disk_full = str(error)
        for carrier in self.carriers:
            carrier.hold()
        self._loop.call_later(_DISK_RETRY_S, self._try_again)

    def _try_again(self) -> None:
        if self.decide() and len(self.inbox):
            self._arrived()

    def _room_again(self) -> None:
        if self.disk_full:
            self.disk_full = ""
            _log.warning("there is room on the disk again")
        if self.inbox.room > 0:
            for carrier in self.carriers:
                carrier.resume()


def _arrival(letter: Letter) -> Arrival:
    is_report = letter.data[:1] == _REPORT_BYTE
    return Arrival(letter.data[1:] if is_report else letter.data, letter.route.road)
