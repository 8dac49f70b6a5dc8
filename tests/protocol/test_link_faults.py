"""A link on a bad line, restarts included: what arrives, how often, and in which order.

The line loses, repeats, reorders, cuts and corrupts frames and plays back any it ever carried, as
Hypothesis decides. Then it falls quiet: everything in flight arrives, nothing else goes wrong.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count, pairwise

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ballotbox_protocol.wire.frame import DELIMITER
from ballotbox_protocol.wire.link import Link, LinkLimits
from ballotbox_protocol.wire.link_frames import Session
from ballotbox_protocol.wire.link_state import LinkStatus

LIMITS = LinkLimits(max_message=200, max_queued=5)
#: Rounds of the quiet phase; the slowest example needs a few dozen.
ROUNDS_MAX = 400


@dataclass(frozen=True)
class Delivery:
    """A message that a life of one end took from a session of the other."""

    life: int
    peer: Session
    message: bytes


@dataclass
class End:
    """One end of the line with its present life, and what it sent and took in all its lives."""

    side: int
    life: int = -1
    link: Link = field(init=False)
    sent: list[list[bytes]] = field(default_factory=list)
    taken: list[Delivery] = field(default_factory=list)

    def restart(self) -> None:
        self.life += 1
        self.link = Link(bytes([self.side + 1]) * 4 + self.life.to_bytes(4, "big"), LIMITS)
        self.sent.append([])

    def send(self) -> None:
        if self.link.room:
            number = len(self.sent[-1])
            message = b"%d/%d/%d\x00" % (self.side, self.life, number)
            self.sent[-1].append(message)
            self.link.send(message)

    def receive(self, data: bytes, now: int) -> None:
        messages = self.link.receive(data, now)
        self.taken += [Delivery(self.life, self.link.peer, message) for message in messages]

    def taken_in_this_life(self) -> list[bytes]:
        return [delivery.message for delivery in self.taken if delivery.life == self.life]


class Line:
    """Two ends and all the frames between them, in flight and ever sent."""

    def __init__(self) -> None:
        self.now = 0
        self.ends = (End(0), End(1))
        #: By the end they are on their way to.
        self.flight: tuple[list[bytes], list[bytes]] = ([], [])
        self.history: tuple[list[bytes], list[bytes]] = ([], [])
        for end in self.ends:
            end.restart()
        self.pump()

    def pump(self) -> None:
        """Let both ends say what they have to say now."""
        for end in self.ends:
            burst = end.link.bytes_to_send(self.now)
            frames = [part + DELIMITER for part in burst.split(DELIMITER) if part]
            self.flight[1 - end.side].extend(frames)
            self.history[1 - end.side].extend(frames)

    def do(self, action: str, side: int, which: int, detail: int) -> None:
        end, flight, history = self.ends[side], self.flight[side], self.history[side]
        if action == "send":
            end.send()
        elif action == "wait":
            self.now += which * 10
        elif action == "restart":
            end.restart()
        elif action == "exchange":
            self.deliver_all()
        elif action == "noise":
            end.receive(bytes([detail]) * (which % 300), self.now)
        elif action == "replay" and history:
            end.receive(history[which % len(history)], self.now)
        elif flight:
            self.disturb(action, side, which % len(flight), detail)
        self.pump()

    def disturb(self, action: str, side: int, which: int, detail: int) -> None:
        end, flight = self.ends[side], self.flight[side]
        if action == "repeat":
            end.receive(flight[which], self.now)
            return
        frame = flight.pop(which)
        if action == "deliver":
            end.receive(frame, self.now)
        elif action == "deliver in pieces":
            for byte in frame:
                end.receive(bytes([byte]), self.now)
        elif action == "deliver all":
            end.receive(frame + b"".join(flight), self.now)
            flight.clear()
        elif action == "deliver and die":
            end.receive(b"".join([frame, *flight]), self.now)
            flight.clear()
            end.restart()
        elif action == "cut":
            end.receive(frame[: detail % len(frame)], self.now)
        elif action == "corrupt":
            place = detail % len(frame)
            end.receive(frame[:place] + bytes([frame[place] ^ 0x20]) + frame[place + 1 :], self.now)
        else:
            assert action == "lose"

    def deliver_all(self) -> None:
        for end in self.ends:
            data = b"".join(self.flight[end.side])
            self.flight[end.side].clear()
            end.receive(DELIMITER + data, self.now)
        self.pump()

    def settle(self) -> None:
        """Let the line be perfect until nobody has anything left to say."""
        self.pump()
        for _ in range(ROUNDS_MAX):
            if any(self.flight):
                self.deliver_all()
                continue
            wakes = [end.link.wake_at for end in self.ends if end.link.wake_at is not None]
            if not wakes:
                return
            self.now = max(self.now, min(wakes))
            self.pump()
        pytest.fail("the two ends did not come to rest on a perfect line")


Step = tuple[str, int, int, int]


def scripts(*names: str) -> st.SearchStrategy[list[Step]]:
    """Some dozens of steps; lengths are drawn first, or most examples would end too early."""
    step = st.builds(
        lambda name, number: (name, number & 1, number >> 1 & 0x1FF, number >> 10),
        st.sampled_from(names),
        st.integers(0, (1 << 18) - 1),
    )
    return st.integers(0, 60).flatmap(lambda size: st.lists(step, min_size=size, max_size=size))


#: Twice what makes progress, so that most examples get beyond the handshake.
PROGRESS = ["send", "exchange", "deliver", "deliver all", "deliver in pieces", "wait"] * 2
FAULTS = ["lose", "repeat", "cut", "corrupt", "noise", "replay"]
without_restarts = scripts(*PROGRESS, *FAULTS)
with_restarts = scripts(*PROGRESS, *PROGRESS, *FAULTS, "restart", "deliver and die")


def play(script: list[Step], line: Line | None = None) -> Line:
    line = line or Line()
    for step in script:
        line.do(*step)
    return line


def sender_of(message: bytes) -> tuple[int, int, int]:
    """Return side, life and number of a message."""
    side, life, number = message.rstrip(b"\x00").split(b"/")
    return int(side), int(life), int(number)


@given(earlier=with_restarts, script=without_restarts)
def test_two_living_ends_deliver_everything_exactly_once_in_order(earlier, script):
    line = play(earlier)
    for end in line.ends:
        end.restart()
    play(script, line).settle()
    for end, other in (line.ends, reversed(line.ends)):
        assert end.taken_in_this_life() == other.sent[-1]
        assert end.link.queued == 0
        assert end.link.status is LinkStatus.UP


@given(script=with_restarts)
def test_within_a_pair_at_most_once_and_in_order(script):
    line = play(script)
    line.settle()
    for end in line.ends:
        pairs = defaultdict(list)
        for delivery in end.taken:
            pairs[delivery.life, delivery.peer].append(sender_of(delivery.message))
        for senders in pairs.values():
            assert len({(side, life) for side, life, _ in senders}) == 1
            assert all(after[2] == before[2] + 1 for before, after in pairwise(senders))
        event(f"pairs in which something was delivered: {len(pairs)}")


@given(script=with_restarts)
def test_across_restarts_a_living_sender_loses_nothing(script):
    line = play(script)
    for end in line.ends:
        end.send()
    line.settle()
    for end, other in (line.ends, reversed(line.ends)):
        assert other.link.queued == 0
        taken = [sender_of(delivery.message) for delivery in end.taken]
        numbers = [number for side, life, number in taken if life == other.life]
        assert all(side == other.side for side, _, _ in taken)
        assert set(numbers) == set(range(len(other.sent[-1])))
        # A new pair may go back to what was not acknowledged, and never jumps ahead.
        assert all(after <= before + 1 for before, after in pairwise(numbers))
        event(f"messages sent again to a new session: {len(numbers) > len(set(numbers))}")


@given(script=with_restarts)
def test_nothing_is_delivered_that_was_not_sent(script):
    line = play(script)
    line.settle()
    for end, other in (line.ends, reversed(line.ends)):
        sent = {message for life in other.sent for message in life}
        assert {delivery.message for delivery in end.taken} <= sent


@given(script=with_restarts, seed=st.integers(0, 99), together=st.booleans())
def test_replaying_all_of_history_neither_delivers_nor_resets(script, seed, together):
    line = play(script)
    for end in line.ends:
        end.send()
    line.settle()
    before = [(list(end.taken), end.link.peer, end.link.counters.pairings) for end in line.ends]
    for end in line.ends:
        old = list(line.history[end.side])
        random.Random(seed).shuffle(old)
        for frame in [b"".join(old)] if together else old:
            end.receive(frame, line.now)
            line.pump()
    line.settle()
    event(f"pairs entered: {max(pairings for _, _, pairings in before)}")
    after = [(end.taken, end.link.peer, end.link.counters.pairings) for end in line.ends]
    assert after == before


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("loss", [0.1, 0.5])
def test_an_unceasingly_bad_line_moves_everything(seed: int, loss: float):
    chance = random.Random(seed)
    line = Line()
    wanted = 30
    for _ in count():
        for end in line.ends:
            if len(end.sent[-1]) < wanted:
                end.send()
        for end in line.ends:
            arriving = [frame for frame in line.flight[end.side] if chance.random() > loss]
            arriving += [frame for frame in arriving if chance.random() < loss / 2]
            chance.shuffle(arriving)
            line.flight[end.side].clear()
            for frame in arriving:
                end.receive(frame, line.now)
        line.now += 100
        line.pump()
        if all(len(end.taken) >= wanted and not end.link.queued for end in line.ends):
            break
        assert line.now < 1_000_000
    for end, other in (line.ends, reversed(line.ends)):
        assert end.taken_in_this_life() == other.sent[-1]
        assert end.link.counters.pairings == 1
    assert sum(end.link.counters.retransmissions for end in line.ends) > 0
