"""Is every report sent until each log has answered for it, and does nothing else stop it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.courier import SEND_AGAIN_INTERVAL_MS, WINDOW, Reception
from ballotbox_device.core.delivery import REFUSED
from ballotbox_protocol.wire.cose import parse
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.statements import Hello, open_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.device.courier_line import CHALLENGE, PACE, Line
from tests.device.polling_place import authority, identity_of, report_in


def test_a_new_link_asks_for_a_challenge_and_sends_what_waits_in_order():
    line = Line()
    first, *others = line.courier.messages(0)
    assert first == Message(MessageKind.HELLO_WANTED)
    assert [m.payload for m in others] == line.place.kept()
    assert line.courier.messages(0) == []


def test_nothing_is_sent_without_a_link():
    line = Line()
    line.courier.disconnected()
    assert line.courier.messages(0) == []
    assert line.courier.wake_at is None


def test_the_hello_answers_the_challenge_and_tells_what_is_next():
    line = Line()
    line.courier.messages(0)
    assert line.receive(CHALLENGE) is Reception.CHALLENGE
    assert line.courier.wake_at == 0
    (message,) = line.courier.messages(1)
    assert message.kind is MessageKind.HELLO
    place = line.place
    key = identity_of(authority()).key.public
    hello = open_statement(message.payload, key, Hello)
    box = place.authority.boxes[0]
    assert hello == Hello(place.rules.trusted.digest, box, CHALLENGE.payload, 1, 3)
    assert line.courier.messages(1) == []


@pytest.mark.parametrize("payload", [b"", bytes(15), bytes(17)])
def test_a_challenge_of_another_size_is_not_signed(payload):
    line = Line()
    line.courier.messages(0)
    assert line.receive(Message(MessageKind.CHALLENGE, payload)) is Reception.MALFORMED
    assert line.courier.messages(0) == []


def test_a_challenge_is_asked_for_until_it_comes():
    line = Line()
    line.answer(0, 1, 2)
    wanted = [Message(MessageKind.HELLO_WANTED)]
    assert line.courier.messages(0) == wanted
    due = line.courier.wake_at
    assert 1_000 <= due <= 1_250
    assert line.courier.messages(due - 1) == []
    assert line.courier.messages(due) == wanted
    line.receive(CHALLENGE)
    line.courier.messages(due)
    assert line.courier.wake_at is None


def test_an_unanswered_report_is_sent_again_with_growing_pauses():
    line = Line()
    line.receive(CHALLENGE)
    line.sent(0)
    line.answer(1, 2)
    pauses, now = [], 0
    for _ in range(6):
        due = line.courier.wake_at
        assert line.sent(due - 1) == []
        assert line.sent(due) == [0]
        pauses.append(due - now)
        now = due
    for pause, least in zip(pauses, (1_000, 2_000, 4_000, 8_000, 8_000, 8_000), strict=True):
        assert least <= pause <= least * 5 // 4


def test_a_new_link_sends_all_at_once_again():
    line = Line()
    assert line.sent(0) == [0, 1, 2]
    assert line.sent(1) == []
    line.courier.disconnected()
    line.courier.connected(2)
    assert line.sent(2) == [0, 1, 2]


def test_no_more_than_a_window_is_under_way():
    line = Line(turnouts=20)
    assert line.sent() == list(range(WINDOW))
    line.answer(3)
    assert line.courier.wake_at == 0
    assert line.sent() == [WINDOW]
    line.answer(0, 1)
    assert line.sent() == [WINDOW + 1, WINDOW + 2]


def test_a_new_report_is_sent_at_once():
    line = Line()
    line.receive(CHALLENGE)
    line.sent()
    line.answer(0, 1, 2)
    assert line.courier.wake_at is None
    line.place.turnout()
    assert line.courier.wake_at == 0
    assert line.sent() == [3]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_receipt_stops_the_sending_whatever_the_verdict(verdict):
    line = Line()
    line.sent()
    line.answer(1, verdict=verdict)
    assert line.outgoing.answer_of(line.logs[0].id, 1) == verdict
    line.reboot()
    assert line.sent() == [0, 2, 3]


def test_a_receipt_for_a_ruling_counts_too():
    line = Line()
    leaf = Leaf(LeafType.RULING, line.id(1), Verdict.ACCEPTED, Reason.RELEASED, bytes(32), 5)
    assert line.receive(line.logs[0].receipt_for(encode_leaf(leaf))) is Reception.RECEIPT
    assert line.sent() == [0, 2]


def test_a_refusal_stops_the_sending_to_its_log():
    line = Line()
    assert line.receive(line.logs[0].refusal(line.id(1))) is Reception.REFUSAL
    assert line.outgoing.answer_of(line.logs[0].id, 1) == REFUSED
    assert line.sent() == [0, 2]
    size = len(line.place.disk.journal.read())
    assert line.receive(line.logs[0].refusal(line.id(1))) is Reception.REFUSAL
    assert len(line.place.disk.journal.read()) == size


def test_another_log_gets_everything_that_it_has_not_answered_for():
    line = Line()
    line.answer(0, 1, 2, log=0)
    assert line.sent() == []
    line.answer(1, log=1)
    assert line.courier.origin == line.logs[1].id
    assert line.sent() == [0, 2]


def test_until_a_log_has_spoken_any_logs_answer_counts():
    line = Line()
    line.answer(0, log=0)
    line.answer(1, log=1)
    line.new_courier()
    assert line.courier.origin is None
    assert line.sent() == [2]


def test_the_checkpoint_held_goes_into_the_next_report():
    line = Line()
    line.answer(0, 1)
    line.place.turnout()
    held = report_in(line.place.kept()[-1]).held
    log = line.logs[0]
    assert (held.origin, held.size, held.root) == (log.id, 2, log.tree.root())
    line.reboot()
    assert report_in(line.place.kept()[-1]).held == held


def test_an_older_checkpoint_never_replaces_a_newer_one():
    line = Line()
    old = line.logs[0].receipt(line.id(0))
    line.answer(1)
    line.receive(old)
    assert line.outgoing.answer_of(line.logs[0].id, 0) == Verdict.ACCEPTED
    line.place.turnout()
    assert report_in(line.place.kept()[-1]).held.size == 2


def test_repeated_receipts_do_not_fill_the_journal():
    line = Line()
    held = line.logs[0].receipt(line.id(0), Verdict.HELD, Reason.GAP_BEFORE)
    line.receive(held)
    line.answer(0)
    size = len(line.place.disk.journal.read())
    for _ in range(3):
        line.receive(held)
        line.answer(0)
        line.answer(0, verdict=Verdict.QUARANTINED)
    assert len(line.place.disk.journal.read()) == size
    assert line.outgoing.answer_of(line.logs[0].id, 0) == Verdict.ACCEPTED


def test_send_again_unanswers_a_report_and_all_later_ones_for_that_log():
    line = Line(turnouts=2)
    line.answer(0, 1, 2, 3, 4, log=0)
    line.answer(0, 1, 2, 3, 4, log=1)
    box = line.place.authority.boxes[0]
    assert line.receive(line.logs[0].resend(box, 2)) is Reception.SEND_AGAIN
    assert line.sent() == [2, 3, 4]
    line.reboot()
    line.answer(0, log=0)
    assert line.sent() == [2, 3, 4, 5]
    line.answer(0, log=1)
    assert line.sent() == []


def test_send_again_has_an_effect_only_so_often():
    line = Line()
    box = line.place.authority.boxes[0]
    again = line.logs[0].resend(box, 0)
    line.answer(0, 1, 2)
    assert line.receive(again, 5) is Reception.SEND_AGAIN
    line.answer(0, 1, 2)
    assert line.receive(again, 5 + SEND_AGAIN_INTERVAL_MS - 1) is Reception.TOO_SOON
    assert line.sent() == []
    assert line.receive(again, 5 + SEND_AGAIN_INTERVAL_MS) is Reception.SEND_AGAIN
    assert line.sent() == [0, 1, 2]


def test_send_again_of_nothing_leaves_no_record():
    line = Line()
    size = len(line.place.disk.journal.read())
    box = line.place.authority.boxes[0]
    assert line.receive(line.logs[0].resend(box, 99)) is Reception.SEND_AGAIN
    assert len(line.place.disk.journal.read()) == size


@given(st.integers(1, 50), st.integers(0, 2**32))
def test_the_pause_is_bounded(attempt, spread):
    delay = PACE.delay_ms(attempt, spread)
    assert 1_000 <= delay <= 10_000


def test_the_same_bytes_go_out_for_ever():
    line = Line()
    first = [m.payload for m in line.courier.messages(0) if m.kind is MessageKind.REPORT]
    line.reboot()
    again = [m.payload for m in line.courier.messages(0) if m.kind is MessageKind.REPORT]
    assert again[: len(first)] == first
    assert all(parse(data).signature for data in again)


RECEIPTS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 3)), max_size=12)


@given(RECEIPTS)
def test_what_waits_for_a_log_is_what_it_has_not_answered(answers):
    """Against a set for each log; a fourth kind of answer is the request to send again."""
    line = Line(turnouts=2)
    answered = {0: set(), 1: set()}
    box = line.place.authority.boxes[0]
    now = 0
    for log, sequence, kind in answers:
        if kind < 3:
            line.answer(sequence, log=log, verdict=list(Verdict)[kind])
            answered[log].add(sequence)
        else:
            now += SEND_AGAIN_INTERVAL_MS
            assert line.receive(line.logs[log].resend(box, sequence), now) is Reception.SEND_AGAIN
            answered[log] = {n for n in answered[log] if n < sequence}
    line.reboot()
    count = line.outgoing.count
    for log, done in answered.items():
        open_ = [n for n in range(count) if n not in done]
        assert line.outgoing.waiting(line.logs[log].id, 99) == open_
        assert all(line.outgoing.is_waiting(line.logs[log].id, n) for n in open_)
    both = answered[0] | answered[1]
    assert line.outgoing.waiting(None, 99) == [n for n in range(count) if n not in both]
    assert [line.outgoing.is_waiting(None, n) for n in range(5)] == [
        n not in both for n in range(5)
    ]
