"""From the inbox to the answers: the one place where letters are decided, answered and settled.

The order is the promise: the intake commits, then answers are handed out, then the roads are told
that the letters are settled (PUBACK). Whatever fails before leaves the letters in the inbox or with
their senders, and they are judged again.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Final

from ballotbox_gateway.adapters.roads import Carrier, Inbox, Letter
from ballotbox_gateway.core.correspondence import BATCH_MAX, Correspondence
from ballotbox_gateway.core.intake import HelloOutcome, HelloResult, Intake, Road
from ballotbox_gateway.core.ports import HOLDS, DiskFull, LedgerFailure
from ballotbox_gateway.service.inspection import CONVICTED
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.message import Message
from ballotbox_protocol.wire.statements import CHALLENGE_SIZE

if TYPE_CHECKING:
    from ballotbox_gateway.adapters.mqtt_intake import MqttIntake

_log: Final = logging.getLogger(__name__)

_DISK_RETRY_S: Final = 1.0


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
        #: Asked before each batch: why nothing may be taken in, or an empty text.
        self.reserve: Callable[[], str] = lambda: ""
        #: Why nothing can be stored or signed for now (`holds` tells which), else an empty text.
        self.disk_full = ""
        self._hold: type[DiskFull] = DiskFull
        self._correspondence = Correspondence(intake, _challenge, _greeted)
        self._correspondence.route_to = lambda box: self.mqtt.route_to(box) if self.mqtt else None
        self._correspondence.convicted = _convicted
        self._now = now
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        # A letter may come by a road that serves others as well: what it leads to is ours.
        self._context = copy_context()
        self._due = False
        self._failed = False

    @property
    def fresh(self) -> Collection[BoxId]:
        """The boxes that have proved since the start that they are here."""
        return self._correspondence.fresh

    @property
    def holds(self) -> dict[str, str]:
        """For each kind of hold its trouble while it lasts, else an empty text."""
        return {each.kind: self.disk_full if each is self._hold else "" for each in HOLDS}

    def _arrived(self) -> None:
        if not self._due:
            self._due = True
            self._loop.call_soon(self._work, context=self._context)

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
            self._require_room()
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

    def _require_room(self) -> None:
        """Raise DiskFull while only the reserve is left, which is for delivery and rulings."""
        if self.inbox and (trouble := self.reserve()):
            raise DiskFull(trouble)

    def _settle(self, letters: Sequence[Letter]) -> None:
        self._correspondence.settle(letters, self._now())
        for letter in letters:
            letter.carrier.settle(letter.token)
        for carrier in {id(letter.carrier): letter.carrier for letter in letters}.values():
            carrier.flush()

    def send(self, messages: Sequence[tuple[BoxId, Message]]) -> None:
        """Hand messages to whatever road reaches their boxes; a box that misses one asks again."""
        self._correspondence.send(messages)

    def _wait_for_room(self, error: DiskFull) -> None:
        if not self.disk_full:
            _log.error("%s. %s: nothing is acknowledged %s", error, error.remedy, error.until)
        self.disk_full, self._hold = str(error), type(error)
        for carrier in self.carriers:
            carrier.hold()
        self._loop.call_later(_DISK_RETRY_S, self._try_again, context=self._context)

    def _try_again(self) -> None:
        if self.decide() and len(self.inbox):
            self._arrived()

    def _room_again(self) -> None:
        if self.disk_full:
            self.disk_full = ""
            _log.warning("%s", self._hold.over)
        if self.inbox.room > 0:
            for carrier in self.carriers:
                carrier.resume()


def _challenge() -> bytes:
    return os.urandom(CHALLENGE_SIZE)


def _convicted(road: Road, told: Checkpoint) -> None:
    _log.error(
        "%s: handed over this log's signed checkpoint of %d leaves, root %s, which it is not: %s",
        road.name,
        told.size,
        told.root.hex()[:16],
        CONVICTED,
    )


def _greeted(road: Road, outcome: HelloOutcome) -> None:
    if outcome.result is not HelloResult.FRESH:
        _log.warning("%s: a hello is refused: %s", road.name, outcome.result.name.lower())
    elif outcome.rolled_back and outcome.box is not None:
        box = outcome.box.hex()
        _log.error("box %s has forgotten reports that are stored here: examine it", box)
