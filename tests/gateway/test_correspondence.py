"""Is nothing lost or mistaken when there is no way to a box, or no challenge it could answer?"""

from dataclasses import dataclass, field

from ballotbox_gateway.core.correspondence import Correspondence, Route
from ballotbox_gateway.core.intake import Road, RoadKind
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import Hello, sign_statement
from tests.gateway.scene import Scene

ROAD = Road(RoadKind.SERIAL, "line")


@dataclass
class Letter:
    data: bytes
    route: Route


@dataclass
class Desk:
    scene: Scene = field(default_factory=Scene)
    said: list[Message] = field(default_factory=list)
    greeted: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.route = Route(ROAD, self.said.append)
        self.correspondence = Correspondence(
            self.scene.intake, lambda: bytes(16), lambda _, outcome: self.greeted.append(outcome)
        )

    def settle(self, message: Message) -> None:
        self.correspondence.settle([Letter(message.to_bytes(), self.route)], self.scene.now)


def test_a_message_to_a_box_that_no_road_reaches_is_dropped() -> None:
    desk = Desk()
    receipt = Message(MessageKind.RECEIPT, b"receipt")
    desk.correspondence.send([(desk.scene.box.box, receipt)])
    assert desk.said == []
    desk.settle(Message(MessageKind.REPORT, desk.scene.box.report(ReportKind.BOOT)))
    desk.correspondence.send([(desk.scene.box.box, receipt)])
    assert [each.kind for each in desk.said] == [MessageKind.RECEIPT, MessageKind.RECEIPT]


def test_a_hello_without_a_challenge_is_not_judged() -> None:
    desk = Desk()
    desk.settle(Message(MessageKind.HELLO, b"hello"))
    assert (desk.greeted, desk.said) == ([], [])
    desk.settle(Message(MessageKind.HELLO_WANTED))
    desk.settle(Message(MessageKind.HELLO, b"hello"))
    assert len(desk.greeted) == 1
    assert list(desk.correspondence.fresh) == []


def test_a_box_from_which_nothing_is_missing_is_asked_for_nothing() -> None:
    desk = Desk()
    given, box = desk.scene.given, desk.scene.box.box
    desk.settle(Message(MessageKind.HELLO_WANTED))
    key = given.box_keys[box]
    hello = sign_statement(Hello(given.trusted.digest, box, bytes(16), 1, 0), key.public, key.sign)
    desk.settle(Message(MessageKind.HELLO, hello))
    assert list(desk.correspondence.fresh) == [box]
    assert [each.kind for each in desk.said] == [MessageKind.CHALLENGE]
