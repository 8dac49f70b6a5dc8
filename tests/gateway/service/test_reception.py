"""Is nothing said before it is durable, nothing settled before it is said, and nothing lost?"""

import asyncio
from dataclasses import dataclass, field

import pytest

from ballotbox_gateway.adapters.roads import Letter
from ballotbox_gateway.core.correspondence import Route
from ballotbox_gateway.core.intake import Road, RoadKind
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure, SignerAway
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_gateway.service import reception as reception_module
from ballotbox_gateway.service.reception import BATCH_MAX, Reception
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import Hello, Resend, open_statement, sign_statement
from tests.gateway.scripted import NOW, ORIGIN, ScriptedBox, authority, binding, intake
from tests.patience import soon

REPORT = bytes((MessageKind.REPORT,))


class WatchedLedger(MemoryLedger):
    """Writes down each commit, and fails with `trouble` while it is set."""

    def __init__(self, events):
        super().__init__(binding(authority().trusted))
        self.events = events
        self.trouble = None

    def commit(self, batch, expected):
        if self.trouble is not None:
            raise self.trouble
        super().commit(batch, expected)
        self.events.append(("commit", len(batch.leaves)))


@dataclass
class WatchedRoad:
    """A carrier that writes down what is asked of it."""

    events: list
    name: str = "watched"
    held: bool = False
    sent: list = field(default_factory=list)

    def route(self, box=None):
        def send(message):
            self.events.append(("send", message.kind.name))
            self.sent.append(message)

        return Route(Road(RoadKind.MQTT, "watched", box), send)

    def settle(self, token):
        self.events.append(("settle", token))

    def flush(self):
        self.events.append(("flush",))

    def hold(self):
        self.held = True

    def resume(self):
        self.held = False


class Desk:
    """A reception over a watched ledger and road, on the running loop."""

    def __init__(self):
        self.events = []
        self.failures = []
        self.ledger = WatchedLedger(self.events)
        self.road = WatchedRoad(self.events)
        self.intake = intake(authority(), self.ledger)
        self.reception = Reception(self.intake, lambda: NOW, self.failures.append)
        self.reception.carriers.append(self.road)

    def put(self, *payloads, route=None):
        route = route or self.road.route()
        for payload in payloads:
            number = len(self.events) + len(self.reception.inbox)
            self.reception.inbox.put(Letter(payload, route, self.road, number))

    async def idle(self):
        await soon(lambda: not len(self.reception.inbox), "an empty inbox")


def run(scenario):
    asyncio.run(scenario())


def test_commit_then_answers_then_settlement_then_flush():
    async def scenario():
        desk = Desk()
        desk.put(*[REPORT + each for each in ScriptedBox(authority()).day(1)])
        await desk.idle()
        kinds = [event[0] for event in desk.events]
        assert kinds == ["commit"] + ["send"] * 6 + ["settle"] * 6 + ["flush"]
        assert [event[1] for event in desk.events if event[0] == "settle"] == list(range(6))

    run(scenario)


def test_letters_are_decided_in_batches_of_bounded_size():
    async def scenario():
        desk = Desk()
        box = ScriptedBox(authority())
        many = [*box.open_poll(), *(box.report(ReportKind.TURNOUT) for _ in range(BATCH_MAX + 40))]
        desk.put(*[REPORT + each for each in many])
        await desk.idle()
        commits = [event[1] for event in desk.events if event[0] == "commit"]
        assert commits == [BATCH_MAX, len(many) - BATCH_MAX]

    run(scenario)


@pytest.mark.parametrize(
    ("trouble", "told", "over"),
    [
        (
            DiskFull("ledger: the disk is full"),
            "Free some space: nothing is acknowledged until there is room",
            "there is room on the disk again",
        ),
        (
            SignerAway("key gateway of token ballotbox: DeviceRemoved"),
            f"{SignerAway.remedy}: nothing is acknowledged until the key signs again",
            "the key signs again",
        ),
    ],
    ids=("disk", "key"),
)
def test_what_cannot_be_stored_or_signed_waits_and_goes_on_where_it_stopped(
    monkeypatch, caplog, trouble, told, over
):
    monkeypatch.setattr(reception_module, "_DISK_RETRY_S", 0.01)

    async def scenario():
        desk = Desk()
        desk.ledger.trouble = trouble
        desk.put(*[REPORT + each for each in ScriptedBox(authority()).day(1)])
        await soon(lambda: desk.reception.disk_full, "the trouble")
        assert desk.road.held
        assert [kind for kind, why in desk.reception.holds.items() if why] == [trouble.kind]
        desk.put(b"\x01more")
        await asyncio.sleep(0)
        assert (desk.events, len(desk.reception.inbox)) == ([], 7)
        desk.ledger.trouble = None
        await desk.idle()
        assert not desk.road.held
        assert desk.reception.disk_full == ""
        assert next(event[1] for event in desk.events if event[0] == "commit") == 6
        assert desk.failures == []

    run(scenario)
    assert caplog.messages == [f"{trouble}. {told}", over]


def test_a_sick_ledger_ends_the_service_and_nothing_is_said():
    async def scenario():
        desk = Desk()
        desk.ledger.trouble = LedgerFailure("sick")
        desk.put(REPORT + ScriptedBox(authority()).day()[0])
        await soon(lambda: desk.failures, "the failure")
        assert [str(failure) for failure in desk.failures] == ["sick"]
        desk.ledger.trouble = None
        desk.put(REPORT + ScriptedBox(authority()).day()[0])
        desk.reception.decide()
        await asyncio.sleep(0)
        assert desk.events == []
        assert (len(desk.reception.inbox), len(desk.failures)) == (2, 1)

    run(scenario)


def hello(box, challenge, next_sequence=0):
    body = Hello(box.given.trusted.digest, box.box, challenge, 1, next_sequence)
    return b"\x03" + sign_statement(body, box.key.public, box.key.sign)


def test_a_box_that_answers_its_challenge_is_fresh_and_asked_for_what_is_missing():
    async def scenario():
        desk, box = Desk(), ScriptedBox(authority())
        route = desk.road.route()
        desk.put(b"\x02", route=route)
        await desk.idle()
        (challenge,) = desk.road.sent
        assert challenge.kind is MessageKind.CHALLENGE
        assert len(challenge.payload) == 16
        desk.put(hello(box, challenge.payload, next_sequence=3), route=route)
        await desk.idle()
        assert set(desk.reception.fresh) == {box.box}
        resend = desk.road.sent[1]
        key = authority().gateway_keys[ORIGIN].public
        assert resend.kind is MessageKind.RESEND
        assert open_statement(resend.payload, key, Resend).sequence == 0

    run(scenario)


def test_a_challenge_serves_once_and_only_on_its_own_road(caplog):
    async def scenario():
        desk, box = Desk(), ScriptedBox(authority())
        route, other = desk.road.route(), desk.road.route()
        desk.put(b"\x02", route=route)
        await desk.idle()
        challenge = desk.road.sent[0].payload
        desk.put(hello(box, challenge), route=other)
        desk.put(hello(box, bytes(16)), route=route)
        await desk.idle()
        assert not desk.reception.fresh
        desk.put(hello(box, challenge), route=route)
        desk.put(hello(box, bytes(16)), route=route)
        await desk.idle()
        assert set(desk.reception.fresh) == {box.box}

    run(scenario)
    # The third wrong one found no challenge any more.
    assert caplog.text.count("a hello is refused") == 1


@pytest.mark.parametrize("rubbish", [b"", b"\x00", b"\x05receipt", b"\xffwhat", b"\x01" * 40_000])
def test_rubbish_is_counted_and_settled_but_never_answered(rubbish):
    async def scenario():
        desk = Desk()
        desk.put(rubbish)
        await desk.idle()
        assert desk.road.sent == []
        assert [event for event in desk.events if event[0] == "settle"]
        assert sum(desk.ledger.counts().values()) == 1

    run(scenario)


def test_what_a_box_is_told_unasked_goes_where_it_was_last_believed():
    async def scenario():
        desk, box = Desk(), ScriptedBox(authority())
        replayer = WatchedRoad(desk.events)
        day = [REPORT + each for each in box.day(1)]
        desk.put(day[0], route=desk.road.route())
        await desk.idle()
        desk.put(day[0], b"\x01forged", route=replayer.route())
        await desk.idle()
        assert [message.kind.name for message in replayer.sent] == ["RECEIPT"]
        unasked = Message(MessageKind.RESEND, b"x")
        desk.reception.send([(box.box, unasked)])
        assert desk.road.sent[-1] is unasked
        assert len(replayer.sent) == 1
        desk.put(day[1], route=replayer.route())
        await desk.idle()
        desk.reception.send([(box.box, unasked)])
        assert replayer.sent[-1] is unasked

    run(scenario)


def test_messages_for_boxes_that_nobody_has_heard_are_let_go():
    async def scenario():
        desk = Desk()
        desk.reception.send([(authority().boxes[0], Message(MessageKind.RESEND, b"x"))])
        assert desk.events == []

    run(scenario)
