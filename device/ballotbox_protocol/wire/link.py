"""A reliable duplex link over a byte stream that loses, repeats, reorders and corrupts.

Both ends run the same code. Nothing here reads a clock or a port: the owner hands in received
bytes and the time, and carries away bytes to send.

What holds, for two ends on one line:

- Within one pair of sessions every message is delivered at most once, and in the order of `send`.
- While both ends live, every message sent is delivered exactly once, whatever frames of earlier
  lives turn up on the line, as soon as the line lets frames pass now and then.
- When one end restarts, or is replaced, the messages the other had not seen acknowledged are sent
  again to the new one: at least once in all. What a dead end had queued is its owner's matter.

An acknowledgement says only that the bytes crossed the cable. Whether a report was stored is told
by the signed receipt, which is a message like any other.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final, assert_never, cast

from ballotbox_protocol.wire.frame import DELIMITER, MAX_PAYLOAD, FrameDecoder, encode_frame
from ballotbox_protocol.wire.link_frames import (
    DATA_HEADER_SIZE,
    Ack,
    Confirm,
    Data,
    FrameKind,
    LinkFault,
    LinkFrame,
    Open,
    Opened,
    Refused,
    Session,
    parse_link_frame,
)
from ballotbox_protocol.wire.link_pace import Pace
from ballotbox_protocol.wire.link_state import (
    PAIR_CHANGES,
    REACTIONS,
    STATUS_TRANSITIONS,
    LinkEvent,
    LinkStatus,
    Reaction,
    Standing,
)

MAX_MESSAGE: Final = MAX_PAYLOAD - DATA_HEADER_SIZE


class LinkOverflow(Exception):
    """`send` was called without room in the queue; nothing was queued. Ask `room` first."""


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """The bounds of one end; raises ValueError when one is outside its range."""

    #: Bytes in one message. The same at both ends: what one sends the other must be able to take.
    max_message: int = MAX_MESSAGE
    #: Messages queued and not acknowledged; 64 of the largest are 1.3 MB, which a box can spare.
    max_queued: int = 64
    #: What the line carries: 115,200 baud with a start and a stop bit.
    bytes_per_second: int = 11_520
    #: Unanswered tries after which the link is shown as down; five, as in ASH, are some 13 s.
    tries_before_down: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.max_message <= MAX_MESSAGE:
            raise ValueError(f"max_message: must be 1 to {MAX_MESSAGE}, not {self.max_message}")
        for name in ("max_queued", "bytes_per_second", "tries_before_down"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name}: must be 1 or more, not {value}")


@dataclass(slots=True)
class LinkCounters:
    """What happened on a link since it was made, for diagnostics."""

    retransmissions: int = 0
    duplicates: int = 0
    #: Pairs entered. A rise after the first means that the other end restarted or was replaced.
    pairings: int = 0
    faults: Counter[LinkFault] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two sessions that belong together: `own` is ours, `peer` the other end's."""

    own: Session
    peer: Session


_DEFAULT_LIMITS: Final = LinkLimits()


class Link:
    """One end. Call `bytes_to_send` after every `send` and `receive`, and at `wake_at`.

    Call it only when the bytes it gave before have left for the line, or repetitions pile up before
    a line that is stuck. It may outlive its port: when that is opened again, go on with this link.
    """

    def __init__(self, session: bytes, limits: LinkLimits = _DEFAULT_LIMITS) -> None:
        """Open with `session`, 8 random bytes that no link has used before.

        Raises ValueError for another length.
        """
        self._limits = limits
        self._offered = Session(session, 0)
        self._pair: _Pair | None = None
        self._last_peer: Session | None = None
        self._status = LinkStatus.OPENING
        self._decoder = FrameDecoder(limits.max_message + DATA_HEADER_SIZE)
        self._answers: dict[FrameKind, LinkFrame] = {}
        self._heard: tuple[bytes, LinkFrame | LinkFault] = (b"", LinkFault.UNKNOWN_KIND)
        self._said: dict[FrameKind, tuple[LinkFrame, bytes]] = {}
        self._pace = Pace(limits.bytes_per_second)
        self._encoded_for: Session | tuple[_Pair, int] | None = None
        self._frame = b""
        self._queue: deque[bytes] = deque()
        #: The number of the first message in the queue, and of the next one to be delivered.
        self._sequence = 0
        self._expected = 0
        self.counters = LinkCounters()

    @property
    def status(self) -> LinkStatus:
        """Whether the other end is there, as far as the last tries can tell."""
        return self._status

    @property
    def peer(self) -> Session | None:
        """The session of the other end that sent whatever `receive` returned last.

        When it changes the other end, or its half of the link, began anew.
        """
        return self._last_peer

    @property
    def queued(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._queue)

    @property
    def room(self) -> int:
        """How many more messages `send` takes now."""
        return self._limits.max_queued - len(self._queue)

    def carries(self, message: bytes) -> bool:
        """Whether this very message is queued and not acknowledged: it needs no repetition."""
        return message in self._queue

    @property
    def wake_at(self) -> int | None:
        """When `bytes_to_send` must be called again for a retransmission, in milliseconds."""
        return self._pace.due

    @property
    def decoder(self) -> FrameDecoder:
        """The frame decoder, for its counters."""
        return self._decoder

    def send(self, message: bytes) -> None:
        """Queue a message; it is kept until the other end has acknowledged it.

        Raises LinkOverflow when the queue is full, ValueError when the message is too long.
        """
        if len(message) > self._limits.max_message:
            raise ValueError(
                f"message: must have at most {self._limits.max_message} bytes, not {len(message)}"
            )
        if self.room < 1:
            raise LinkOverflow(f"{len(self._queue)} messages are waiting already")
        self._queue.append(bytes(message))

    def receive(self, data: bytes, now: int) -> list[bytes]:
        """Take bytes from the line at `now` and return the messages they complete, in order.

        All of them come from the one session that is `peer` afterwards. They are acknowledged by
        the next `bytes_to_send`: deal with them first.
        """
        messages: list[bytes] = []
        for payload in self._decoder.feed(data):
            frame = self._read(payload)
            if isinstance(frame, LinkFault):
                self.counters.faults[frame] += 1
            elif frame.sender.nonce == self._offered.nonce:
                self.counters.faults[LinkFault.ECHO] += 1
            else:
                self._answer(frame, now, messages)
        return messages

    def _read(self, payload: bytes) -> LinkFrame | LinkFault:
        """Return what a payload says; a repetition is not read anew."""
        if payload != self._heard[0]:
            self._heard = payload, parse_link_frame(payload)
        return self._heard[1]

    def bytes_to_send(self, now: int) -> bytes:
        """Return what must go onto the line at `now`: answers, then what is due (again).

        Times are milliseconds of any clock that never goes back.
        """
        frames = list(self._answers.values())
        self._answers.clear()
        burst = b"".join(map(self._answered, frames))
        burst += self._next_try(now)
        # The leading delimiter ends whatever noise has gathered on an idle line.
        return DELIMITER + burst if burst else b""

    def _answered(self, frame: LinkFrame) -> bytes:
        """Return an answer's frame; one that was given before is not encoded anew."""
        said, encoded = self._said.get(frame.KIND, (None, b""))
        if said != frame:
            encoded = encode_frame(frame.to_bytes())
            self._said[frame.KIND] = frame, encoded
        return encoded

    def _next_try(self, now: int) -> bytes:
        if self._pair is not None and not self._queue:
            return b""
        if self._pace.due is not None:
            if now < self._pace.due:
                return b""
            self._count_timeout()
        frame = self._encoded()
        self._pace.started(now, len(frame))
        return frame

    def _encoded(self) -> bytes:
        """Return the frame that waits for its answer; a repetition is not encoded anew."""
        which = self._offered if self._pair is None else (self._pair, self._sequence)
        if which != self._encoded_for:
            self._encoded_for = which
            self._frame = encode_frame(self._waiting_frame().to_bytes())
        return self._frame

    def _count_timeout(self) -> None:
        self.counters.retransmissions += 1
        self._pace.ran_out()
        if self._pace.tries >= self._limits.tries_before_down:
            self._change_status(LinkEvent.UNANSWERED)

    def _waiting_frame(self) -> LinkFrame:
        if self._pair is None:
            return Open(self._offered)
        return Data(self._pair.own, self._pair.peer, self._sequence, self._queue[0])

    def _change_status(self, event: LinkEvent) -> None:
        self._status = STATUS_TRANSITIONS[self._status][event]

    def _named_by(self, frame: LinkFrame) -> _Pair:
        """Return the two ends a frame names, as ours and the other's.

        OPEN names only its sender: for our own peer it is about our pair (our answer was lost), for
        anybody else about the session we offer.
        """
        if not isinstance(frame, Open):
            return _Pair(own=frame.receiver, peer=frame.sender)
        if self._pair is not None and self._pair.peer == frame.sender:
            return self._pair
        return _Pair(own=self._offered, peer=frame.sender)

    def _standing(self, named: _Pair) -> Standing:
        if named == self._pair:
            return Standing.PAIRED
        return Standing.OFFERED if named.own == self._offered else Standing.ASTRAY

    def _answer(self, frame: LinkFrame, now: int, messages: list[bytes]) -> None:
        named = self._named_by(frame)
        standing = self._standing(named)
        if standing is Standing.ASTRAY:
            self.counters.faults[LinkFault.ASTRAY] += 1
        reactions = REACTIONS[frame.KIND][standing]
        if messages and not PAIR_CHANGES.isdisjoint(reactions):
            # The caller must be able to tell whose messages these are. Handshakes bear being lost.
            self.counters.faults[LinkFault.DEFERRED] += 1
            return
        for reaction in reactions:
            self._react(reaction, named, frame, now, messages)

    def _react(
        self, reaction: Reaction, named: _Pair, frame: LinkFrame, now: int, messages: list[bytes]
    ) -> None:
        match reaction:
            case Reaction.BIND:
                self._bind(named)
            case Reaction.UNBIND:
                self._begin(None, LinkEvent.UNBOUND)
            case Reaction.OFFER:
                self._owe(Opened(named.own, named.peer))
            case Reaction.CONFIRM:
                self._owe(Confirm(named.own, named.peer))
            case Reaction.REFUSE:
                self._owe(Refused(named.own, named.peer))
            # The table gives these two to one kind of frame each.
            case Reaction.TAKE:
                self._take(cast("Data", frame), messages)
            case Reaction.RELEASE:
                self._release(cast("Ack", frame), now)
            case _:
                assert_never(reaction)

    def _owe(self, frame: LinkFrame) -> None:
        # One answer of each kind, the latest: whoever still waits for an earlier one asks again.
        self._answers[frame.KIND] = frame

    def _bind(self, pair: _Pair) -> None:
        self._offered = pair.own.successor()
        self._last_peer = pair.peer
        self._sequence = self._expected = 0
        self.counters.pairings += 1
        self._begin(pair, LinkEvent.BOUND)

    def _begin(self, pair: _Pair | None, event: LinkEvent) -> None:
        self._pair = pair
        self._answers.clear()
        self._pace.reset()
        self._change_status(event)

    def _take(self, data: Data, messages: list[bytes]) -> None:
        if data.sequence > self._expected:
            self.counters.faults[LinkFault.AHEAD] += 1
            return
        if data.sequence < self._expected:
            self.counters.duplicates += 1
        else:
            messages.append(data.message)
            self._expected += 1
        self._owe(Ack(data.receiver, data.sender, self._expected))

    def _release(self, ack: Ack, now: int) -> None:
        if ack.expected <= self._sequence:
            return
        if ack.expected != self._sequence + 1 or self._pace.tries == 0:
            self.counters.faults[LinkFault.UNSENT] += 1
            return
        self._queue.popleft()
        self._sequence += 1
        self._pace.answered(now)
        self._change_status(LinkEvent.ACKNOWLEDGED)
