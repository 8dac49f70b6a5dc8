"""Is nothing lost or mistaken when there is no way to a box, or no challenge it could answer?"""

from dataclasses import dataclass, field

from ballotbox_gateway.core.correspondence import Correspondence, Route
from ballotbox_gateway.core.intake import HelloOutcome, HelloResult, Road, RoadKind
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
    greeted: list[HelloOutcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.route = Route(ROAD, self.said.append)
        self.correspondence = Correspondence(
            self.scene.intake, lambda: bytes(16), lambda _, outcome: self.greeted.append(outcome)
        )

    def hello(self, next_sequence: int) -> Message:
        given, box = self.scene.given, self.scene.box.box
        key = given.box_keys[box]
        said = Hello(given.trusted.digest, box, bytes(16), 1, next_sequence)
        return Message(MessageKind.HELLO, sign_statement(said, key.public, key.sign))

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


def test_a_box_that_asks_again_gets_the_same_challenge_until_it_has_answered() -> None:
    """An answer on its way stays good; once it is there, another has no challenge any more."""
    desk = Desk()
    given = iter([bytes(16), b"second challenge"])
    desk.correspondence._challenge = lambda: next(given)  # type: ignore[method-assign]
    for _ in range(2):
        desk.settle(Message(MessageKind.HELLO_WANTED))
    assert [each.payload for each in desk.said] == [bytes(16)] * 2
    for _ in range(2):
        desk.settle(desk.hello(next_sequence=0))
    assert [each.result for each in desk.greeted] == [HelloResult.FRESH]
    desk.settle(Message(MessageKind.HELLO_WANTED))
    assert desk.said[-1].payload == b"second challenge"


def test_what_a_box_says_of_itself_is_held_against_what_stood_before_its_next_report() -> None:
    """Hello and report come in one batch: the box has forgotten nothing."""
    desk = Desk()
    desk.settle(Message(MessageKind.HELLO_WANTED))
    hello = desk.hello(next_sequence=0)
    report = Message(MessageKind.REPORT, desk.scene.box.report(ReportKind.BOOT))
    letters = [Letter(each.to_bytes(), desk.route) for each in (hello, report)]
    desk.correspondence.settle(letters, desk.scene.now)
    assert [(each.result, each.rolled_back) for each in desk.greeted] == [
        (HelloResult.FRESH, False)
    ]


def test_a_box_that_says_after_its_report_that_it_has_none_has_forgotten_it() -> None:
    desk = Desk()
    desk.settle(Message(MessageKind.HELLO_WANTED))
    report = Message(MessageKind.REPORT, desk.scene.box.report(ReportKind.BOOT))
    letters = [Letter(each.to_bytes(), desk.route) for each in (report, desk.hello(0))]
    desk.correspondence.settle(letters, desk.scene.now)
    assert [each.rolled_back for each in desk.greeted] == [True]


def test_a_box_from_which_nothing_is_missing_is_asked_for_nothing() -> None:
    desk = Desk()
    desk.settle(Message(MessageKind.HELLO_WANTED))
    desk.settle(desk.hello(next_sequence=0))
    assert list(desk.correspondence.fresh) == [desk.scene.box.box]
    assert [each.kind for each in desk.said] == [MessageKind.CHALLENGE]
