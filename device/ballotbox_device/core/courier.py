"""One link's delivery: sends what waits for an answer, takes in receipts, refusals, requests.

    courier.connected(now_ms)
    reception = courier.receive(message, now_ms)      # a message from the gateway
    for message in courier.messages(now_ms): ...      # to be sent now; ask again at `wake_at`

Only a verified receipt or a verified refusal stops the sending of a report to a log. Everything
durable is the box's (`Outgoing`); a courier forgets when power fails and begins again.
"""

import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeVar, assert_never

from ballotbox_device.core.outgoing import Outgoing
from ballotbox_protocol.election.identifiers import OriginId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.message import HeldWanted, Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt, ReceiptFault, verify_receipt
from ballotbox_protocol.wire.report import HeldCheckpoint
from ballotbox_protocol.wire.statements import (
    CHALLENGE_SIZE,
    STATEMENT_MAX,
    Refusal,
    Resend,
    open_statement,
)

#: Reports under way at a time; the gateway answers in batches, so one would be slow.
WINDOW: Final = 8
#: A signed request to send again may be replayed: so often one of them has an effect.
SEND_AGAIN_INTERVAL_MS: Final = 5_000

_S = TypeVar("_S", Refusal, Resend)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an unanswered message waits before it is sent again; doubles up to the longest."""

    first_ms: int = 2_000
    longest_ms: int = 60_000

    def delay_ms(self, attempt: int, spread: int) -> int:
        """Return the wait after `attempt` sendings, up to a quarter longer as `spread` says.

        A fleet whose gateway returns must not answer it in one instant.
        """
        delay = min(self.longest_ms, self.first_ms << min(attempt - 1, 30))
        return delay + spread % (delay // 4 + 1)


class Reception(IntEnum):
    """What a message from the gateway was; the first four and HELD_WANTED have an effect.

    Stable codes.
    """

    CHALLENGE = 1
    RECEIPT = 2
    REFUSAL = 3
    SEND_AGAIN = 4
    NOT_FOR_A_BOX = 5
    MALFORMED = 6
    NOT_GENUINE = 7
    OF_ANOTHER_BOX = 8
    TOO_SOON = 9
    HELD_WANTED = 10
    NOTHING_HELD = 11


@dataclass(slots=True)
class _Flight:
    """A message that waits for its answer."""

    attempts: int
    due_ms: int


class Courier:
    """The delivery of one link. `origin` is the log that answered last on it."""

    __slots__ = ("_challenge", "_connected", "_flights", "_outgoing", "_pace", "_quiet_until_ms",
                 "_show", "_shown_until_ms", "_wanted", "origin")  # fmt: skip

    def __init__(self, outgoing: Outgoing, pace: Pace = Pace()) -> None:
        self._outgoing = outgoing
        self._pace = pace
        self.origin: OriginId | None = None
        self._quiet_until_ms = 0
        self._connected = False
        self._wanted: _Flight | None = None
        self._challenge: bytes | None = None
        self._show: bytes | None = None
        self._shown_until_ms = 0
        self._flights: dict[int, _Flight] = {}

    def connected(self, now_ms: int) -> None:
        """The link is new: ask for a challenge and send everything that waits."""
        self.disconnected()
        self._connected = True
        self._wanted = _Flight(0, now_ms)

    def disconnected(self) -> None:
        """The link is down: nothing is under way any more."""
        self._connected = False
        self._wanted = None
        self._challenge = None
        self._show = None
        self._flights = {}

    @property
    def wake_at(self) -> int | None:
        """When `messages` has something next, in milliseconds; 0 for at once, None for never."""
        if not self._connected:
            return None
        flights = self._flights
        waiting = self._outgoing.waiting(self.origin, WINDOW)
        now = self._challenge is not None or self._show is not None
        if now or any(each not in flights for each in waiting):
            return 0
        dues = [flights[sequence].due_ms for sequence in waiting]
        if self._wanted is not None:
            dues.append(self._wanted.due_ms)
        return min(dues, default=None)

    def messages(self, now_ms: int) -> list[Message]:
        """Return what is to be sent now, reports in the order of their sequence numbers."""
        if not self._connected:
            return []
        ready = self._greetings(now_ms)
        waiting = self._outgoing.waiting(self.origin, WINDOW)
        known = self._flights
        self._flights = {each: known.get(each) or _Flight(0, now_ms) for each in waiting}
        for sequence, flight in self._flights.items():
            if self._departs(flight, sequence, now_ms):
                ready.append(Message(MessageKind.REPORT, self._outgoing.report(sequence)))
        return ready

    def _greetings(self, now_ms: int) -> list[Message]:
        ready = []
        if self._challenge is not None:
            ready.append(Message(MessageKind.HELLO, self._outgoing.hello(self._challenge)))
            self._challenge = None
        if self._wanted is not None and self._departs(self._wanted, -1, now_ms):
            ready.append(Message(MessageKind.HELLO_WANTED))
        if self._show is not None:
            ready.append(Message(MessageKind.HELD, self._show))
            self._show = None
        return ready

    def _departs(self, flight: _Flight, sequence: int, now_ms: int) -> bool:
        if flight.due_ms > now_ms:
            return False
        flight.attempts += 1
        spread = zlib.crc32(b"%b %d %d" % (self._outgoing.box, sequence, flight.attempts))
        flight.due_ms = now_ms + self._pace.delay_ms(flight.attempts, spread)
        return True

    def receive(self, message: Message, now_ms: int) -> Reception:
        """Take in a message; whatever is not genuine or not for this box has no effect."""
        payload = message.payload
        match message.kind:
            case MessageKind.CHALLENGE:
                return self._challenged(payload)
            case MessageKind.RECEIPT:
                return self._receipt(payload)
            case MessageKind.REFUSAL:
                return self._refusal(payload)
            case MessageKind.RESEND:
                return self._send_again(payload, now_ms)
            case MessageKind.HELD_WANTED:
                return self._held_wanted(payload, now_ms)
            case (
                MessageKind.REPORT | MessageKind.HELLO_WANTED | MessageKind.HELLO | MessageKind.HELD
            ):
                return Reception.NOT_FOR_A_BOX
            case _:
                assert_never(message.kind)

    def _challenged(self, challenge: bytes) -> Reception:
        if len(challenge) != CHALLENGE_SIZE:
            return Reception.MALFORMED
        self._challenge = challenge
        self._wanted = None
        return Reception.CHALLENGE

    def _receipt(self, data: bytes) -> Reception:
        receipt = Receipt.from_bytes(data)
        if isinstance(receipt, ReceiptFault):
            return Reception.MALFORMED
        proved = verify_receipt(receipt, self._outgoing.trusted.register.gateway_keys)
        if isinstance(proved, ReceiptFault):
            return Reception.NOT_GENUINE
        try:
            leaf = decode_leaf(proved.leaf)
        except ValueError:
            return Reception.MALFORMED
        sequence = self._outgoing.sequence_of(leaf.report)
        if sequence is None:
            return Reception.OF_ANOTHER_BOX
        self.origin = origin_id(proved.origin)
        held = HeldCheckpoint(self.origin, proved.size, proved.root)
        self._outgoing.receipted(sequence, leaf.verdict, held, receipt.note)
        return Reception.RECEIPT

    def _refusal(self, data: bytes) -> Reception:
        refusal = self._opened(data, Refusal, 0)
        if refusal is None:
            return Reception.NOT_GENUINE
        sequence = self._outgoing.sequence_of(refusal.report)
        if sequence is None:
            return Reception.OF_ANOTHER_BOX
        self.origin = origin_id(refusal.origin)
        self._outgoing.refused(self.origin, sequence)
        return Reception.REFUSAL

    def _send_again(self, data: bytes, now_ms: int) -> Reception:
        if now_ms < self._quiet_until_ms:
            return Reception.TOO_SOON
        request = self._opened(data, Resend, 2)
        if request is None:
            return Reception.NOT_GENUINE
        if (request.election, request.box) != (self._outgoing.election, self._outgoing.box):
            return Reception.OF_ANOTHER_BOX
        self._quiet_until_ms = now_ms + SEND_AGAIN_INTERVAL_MS
        self.origin = origin_id(request.origin)
        self._outgoing.send_again(self.origin, request.sequence)
        return Reception.SEND_AGAIN

    def _held_wanted(self, payload: bytes, now_ms: int) -> Reception:
        # Anybody may ask, for a checkpoint is public: no more than now and then gets an answer.
        if now_ms < self._shown_until_ms:
            return Reception.TOO_SOON
        wanted = HeldWanted.parse(payload)
        if wanted is None:
            return Reception.MALFORMED
        note = self._outgoing.held_note(wanted)
        if note is None:
            return Reception.NOTHING_HELD
        self._shown_until_ms = now_ms + SEND_AGAIN_INTERVAL_MS
        self._show = note
        return Reception.HELD_WANTED

    def _opened(self, data: bytes, kind: type[_S], origin_place: int) -> _S | None:
        """Return the statement if the gateway that it claims to come from has signed it."""
        try:
            items = cbor.decode(cose.parse(data, STATEMENT_MAX).payload)
            origin = items[origin_place] if isinstance(items, list) else None
            key = self._outgoing.trusted.register.gateway_keys.get(str(origin))
            return open_statement(data, key, kind) if key else None
        except (ValueError, IndexError):
            return None
