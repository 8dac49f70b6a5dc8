"""Does anything but a registered log's word about its own reports move a box?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.courier import WINDOW, Reception
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_simulator.authority import Plan, make_authority
from tests.device.courier_line import Line
from tests.device.log_keeper import LogKeeper
from tests.device.polling_place import authority

STRANGERS = make_authority(Plan(99, 2))


def not_for_this_box():
    line = Line()
    mine, other = line.place.authority.boxes
    log = line.logs[0]
    return line, {
        "a receipt for another report": log.receipt(bytes(32)),
        "a refusal of another report": log.refusal(bytes(32)),
        "send again, another box": log.resend(other, 0),
        "send again, another election": log.resend(mine, 0, election=bytes(32)),
    }


@pytest.mark.parametrize("case", not_for_this_box()[1])
def test_what_is_meant_for_another_box_has_no_effect(case):
    line, cases = not_for_this_box()
    assert_no_effect(line, cases[case], Reception.OF_ANOTHER_BOX)


def assert_no_effect(line, message, reception):
    journal = line.place.disk.journal.read()
    assert line.receive(message) is reception
    assert line.place.disk.journal.read() == journal
    assert line.courier.origin is None
    assert line.sent() == [0, 1, 2]


def forged():
    line = Line()
    stranger = LogKeeper(STRANGERS)
    impostor = LogKeeper(authority())
    impostor.key = STRANGERS.root_key
    box = line.place.authority.boxes[0]
    genuine = line.logs[0].receipt(line.id(0)).payload
    flipped = genuine[:-40] + bytes((genuine[-40] ^ 1,)) + genuine[-39:]
    stranger.origin = "nobody.example/log"
    return line, {
        "a log that is not registered": stranger.receipt(line.id(0)),
        "a registered name, another key": impostor.receipt(line.id(0)),
        "one bit": Message(MessageKind.RECEIPT, flipped),
        "refusal, not registered": stranger.refusal(line.id(0)),
        "refusal, another key": impostor.refusal(line.id(0)),
        "send again, not registered": stranger.resend(box, 0),
        "send again, another key": impostor.resend(box, 0),
        "a refusal passed as a request": Message(
            MessageKind.RESEND, line.logs[0].refusal(line.id(0)).payload
        ),
        "a refusal that is none": Message(MessageKind.REFUSAL, b"\xd2\x84"),
    }


@pytest.mark.parametrize("case", forged()[1])
def test_what_no_registered_log_signed_has_no_effect(case):
    line, cases = forged()
    journal = line.place.disk.journal.read()
    message = cases[case]
    reception = line.receive(message)
    assert reception in {Reception.NOT_GENUINE, Reception.MALFORMED}
    assert line.place.disk.journal.read() == journal
    assert line.sent() == [0, 1, 2]


def test_a_receipt_that_is_none_is_malformed():
    line = Line()
    assert_no_effect(line, Message(MessageKind.RECEIPT, b"\xa0"), Reception.MALFORMED)


def test_a_receipt_for_a_leaf_that_is_none_is_malformed():
    line = Line()
    assert_no_effect(line, line.logs[0].receipt_for(b"\x80"), Reception.MALFORMED)


@pytest.mark.parametrize("kind", [MessageKind.REPORT, MessageKind.HELLO, MessageKind.HELLO_WANTED])
def test_what_only_boxes_say_has_no_effect(kind):
    line = Line()
    assert_no_effect(line, Message(kind, line.place.kept()[0]), Reception.NOT_FOR_A_BOX)


@given(st.sampled_from(list(MessageKind)), st.binary(max_size=200))
def test_no_bytes_from_the_road_can_stop_the_box(kind, payload):
    LINE.receive(Message(kind, payload))
    assert LINE.outgoing.waiting(None, WINDOW) == [0, 1, 2]


LINE = Line()
