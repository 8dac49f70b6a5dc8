"""Does a road, or a stranger on it, speak for a box?"""

from itertools import cycle

import pytest

from ballotbox_gateway.adapters.backoff import CAP_S, Backoff
from ballotbox_gateway.core.correspondence import Correspondence, Route
from ballotbox_gateway.core.intake import HelloResult, Outcome, Road, RoadKind
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import Hello, sign_statement
from ballotbox_protocol.wire.verdict import Reason
from tests.attack.marker import Without
from tests.gateway.scene import Scene
from tests.gateway.scripted import NOW

K = ReportKind
_ANY_ROAD = [
    Without("ballotbox_gateway.core.roster:road_fault", lambda *_: None),
    Without("ballotbox_gateway.core.greeting:road_fault", lambda *_: None),
]


def _roads(scene: Scene) -> dict[Road, Reason]:
    """Roads that claim another box, or none that could be one, for the scene's own."""
    other, own = scene.given.boxes[1], scene.box.box
    topic, certificate = Reason.TOPIC, Reason.CERTIFICATE
    return {
        Road(RoadKind.MQTT, "topic", other): topic,
        Road(RoadKind.MQTT, "topic", BoxId(b"")): topic,
        Road(RoadKind.MQTT, "topic", BoxId(own[::-1])): topic,
        Road(RoadKind.MQTT, "certificate", own, certified=other): certificate,
        Road(RoadKind.MQTT, "certificate", None, certified=other): certificate,
        Road(RoadKind.MQTT, "both", other, certified=other): topic,
    }


@pytest.mark.attack(15, says=[Reason.TOPIC, Reason.CERTIFICATE], without=_ANY_ROAD)
def test_a_true_report_on_the_topic_of_another_box_is_not_taken() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    for road, reason in _roads(scene).items():
        answer = scene.answer(message, road)
        assert (answer.outcome, answer.reason) == (Outcome.REFUSED, reason)
        assert answer.message is None
    assert scene.ledger.log_head().size == 0
    assert scene.answer(message).outcome is Outcome.ACCEPTED


@pytest.mark.attack(15, 5, without=_ANY_ROAD)
def test_a_hello_on_the_topic_of_another_box_proves_nothing() -> None:
    scene = Scene()
    key, digest = scene.box.key, scene.given.trusted.digest
    hello = sign_statement(Hello(digest, scene.box.box, bytes(16), 1, 0), key.public, key.sign)
    for road in _roads(scene):
        assert scene.intake.hello(hello, bytes(16), road).result is HelloResult.OTHER_BOX


class _Letter:
    """What a broker hands over: it does not matter whether it kept it."""

    def __init__(self, data: bytes, route: Route) -> None:
        self.data = Message(MessageKind.REPORT, data).to_bytes()
        self.route = route


@pytest.mark.attack(
    16,
    says=[Reason.IN_ORDER],
    without=Without("ballotbox_gateway.core.correspondence:_LEFT_BEHIND", frozenset()),
)
def test_a_kept_report_makes_no_leaf_and_takes_no_answers_away_from_its_box() -> None:
    scene, here, there = Scene(), [], []
    words = Correspondence(scene.intake, lambda: bytes(16), lambda *_: None)
    line, broker = Road(RoadKind.SERIAL, "line"), Road(RoadKind.MQTT, "mqtt", scene.box.box)
    first = scene.box.report(K.BOOT)
    words.settle([_Letter(first, Route(line, here.append))], NOW)
    for _ in range(3):
        words.settle([_Letter(first, Route(broker, there.append))], NOW)
    assert scene.ledger.log_head().size == 1
    words.send([(scene.box.box, Message(MessageKind.RESEND, b"for the box"))])
    assert [each.payload for each in here][1:] == [b"for the box"]


@pytest.mark.attack(
    17,
    says=[Reason.SIGNATURE, Reason.ENVELOPE, Reason.HEADER],
    without=Without("ballotbox_protocol.wire.cose:verify", lambda *_: True),
)
def test_a_will_is_no_word_of_its_box_and_changes_no_state() -> None:
    """Who dies on a connection has left words: none of them is signed as a report by its key."""
    scene = Scene().until(K.OPEN)
    before = scene.ledger.log_head(), scene.ledger.box_head(scene.box.box)
    stranger = scene.given.box_keys[scene.given.boxes[1]]
    close = cose.parse(scene.box.forge(K.CLOSE))
    key = scene.box.key
    wills = {
        b"closed": Reason.ENVELOPE,
        b'{"state": "offline"}': Reason.ENVELOPE,
        cose.sign(key.public, key.sign, MessageType.HELLO, b"\xa0"): Reason.HEADER,
        cose.assemble(
            close.protected, close.payload, stranger.sign(close.statement)
        ): Reason.SIGNATURE,
    }
    for will, reason in wills.items():
        answer = scene.answer(will, Road(RoadKind.MQTT, "mqtt", scene.box.box))
        assert (answer.message, answer.outcome, answer.reason) == (
            None,
            Outcome.UNAUTHENTIC,
            reason,
        )
    assert (scene.ledger.log_head(), scene.ledger.box_head(scene.box.box)) == before


def _forgets_failures(self: Backoff, _seconds: float) -> None:
    """A client for which every connection was a success, however short."""
    self.failures = 0


@pytest.mark.attack(
    18,
    without=Without("ballotbox_gateway.adapters.backoff:Backoff.lasted", _forgets_failures),
)
def test_two_clients_of_one_id_do_not_chase_each_other() -> None:
    """Ten minutes in which each connection is taken over after a fifth of a second."""
    draws = cycle((0.1, 0.9, 0.5, 0.3, 0.7))
    backoff = Backoff(lambda: next(draws))
    clock = tries = 0.0
    while clock < 600:
        tries += 1
        clock += 0.2
        backoff.lasted(0.2)
        clock += backoff.failed()
    assert tries <= 600 / (CAP_S / 2) + 10
    backoff.lasted(60)
    assert backoff.failed() <= 0.5
