"""One end of a link in time and space: when it says things again, and what it refuses to hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire.frame import FrameFault, encode_frame
from ballotbox_protocol.wire.link import MAX_MESSAGE, Link, LinkLimits, LinkOverflow
from ballotbox_protocol.wire.link_frames import (
    Ack,
    Confirm,
    Data,
    LinkFault,
    Open,
    Opened,
    Refused,
    Session,
)
from ballotbox_protocol.wire.link_pace import PATIENCE_MAX, PATIENCE_MIN, PATIENCE_START
from ballotbox_protocol.wire.link_state import (
    LinkStatus,
)
from tests.protocol.one_end import (
    A0,
    A1,
    B0,
    C0,
    FAST,
    IN_LINE,
    OURS,
    THEIRS,
    hear,
    paired,
    said,
    talk,
)


def test_an_unanswered_open_is_said_again_ever_more_slowly_and_for_ever():
    link = Link(OURS, FAST)
    assert link.wake_at is None
    now, waits = 0, []
    for _ in range(8):
        assert said(link, now) == [Open(A0)]
        assert said(link, now) == []
        assert said(link, link.wake_at - 1) == []
        waits.append(link.wake_at - now - IN_LINE)
        now = link.wake_at
    assert waits == [PATIENCE_START] + [PATIENCE_MAX] * 7
    assert link.counters.retransmissions == 7


def test_five_unanswered_tries_are_shown_as_down_until_an_answer_comes():
    link = paired()
    link.send(b"x")
    shown = []
    for _ in range(8):
        assert said(link, link.wake_at or 0) == [Data(A0, B0, 0, b"x")]
        shown.append(link.status)
    assert shown == [LinkStatus.UP] * 5 + [LinkStatus.DOWN] * 3
    hear(link, Ack(B0, A0, 1), now=link.wake_at)
    assert link.status is LinkStatus.UP
    assert link.wake_at is None


def test_a_link_without_a_peer_is_down_too_and_comes_up():
    link = Link(OURS, FAST)
    for _ in range(6):
        said(link, link.wake_at or 0)
    assert link.status is LinkStatus.DOWN
    hear(link, Opened(B0, A0))
    assert link.status is LinkStatus.UP


def test_a_refusal_on_a_link_that_is_down_opens_it_again():
    link = paired()
    link.send(b"x")
    for _ in range(6):
        said(link, link.wake_at or 0)
    hear(link, Refused(B0, A0), now=link.wake_at)
    assert link.status is LinkStatus.OPENING
    assert said(link, 10**6) == [Open(A1)]


def test_patience_settles_at_four_times_the_answer_and_keeps_its_bounds():
    for answer, settled in [(0, PATIENCE_MIN), (200, 800), (5_000, PATIENCE_MAX)]:
        link = paired()
        now = 0
        for sequence in range(60):
            link.send(b"x")
            said(link, now)
            patience = link.wake_at - now - IN_LINE
            now += IN_LINE + answer
            hear(link, Ack(B0, A0, sequence + 1), now=now)
        assert patience == pytest.approx(settled, abs=8)


def test_one_answer_moves_patience_by_the_rule():
    link = paired()
    link.send(b"x")
    said(link, 0)
    hear(link, Ack(B0, A0, 1), now=IN_LINE + 600)
    link.send(b"y")
    said(link, 1_000)
    assert link.wake_at == 1_000 + IN_LINE + PATIENCE_START * 7 // 8 + 300


def test_nothing_is_learned_from_an_answer_to_a_repetition():
    link = paired()
    link.send(b"x")
    said(link, 0)
    now = link.wake_at
    said(link, now)
    hear(link, Ack(B0, A0, 1), now=now + 1)
    link.send(b"y")
    said(link, now + 1)
    assert link.wake_at == now + 1 + IN_LINE + PATIENCE_MAX


def test_a_large_frame_is_given_the_time_it_needs_on_the_line():
    link = paired(LinkLimits(bytes_per_second=960))
    link.send(bytes(9_600))
    size = len(link.bytes_to_send(0)) - 1
    assert link.wake_at == -(-size * 1000 // 960) + PATIENCE_START
    assert link.wake_at > 10_000 + PATIENCE_START


def test_a_new_peer_is_not_kept_waiting_for_the_old_ones_timer():
    link = paired()
    link.send(b"x")
    said(link)
    hear(link, Open(C0))
    said(link)
    hear(link, Confirm(C0, A1))
    assert said(link) == [Data(A1, C0, 0, b"x")]


def test_a_full_queue_refuses_and_keeps_what_it_has():
    link = paired(LinkLimits(max_queued=2))
    assert link.room == 2
    link.send(b"1")
    link.send(b"2")
    assert link.room == 0
    with pytest.raises(LinkOverflow, match="2 messages are waiting"):
        link.send(b"3")
    assert link.queued == 2
    said(link)
    hear(link, Ack(B0, A0, 1))
    link.send(b"3")
    assert said(link) == [Data(A0, B0, 1, b"2")]


def test_a_message_of_the_greatest_size_passes_and_one_more_byte_is_refused():
    first, second = (Link(s, LinkLimits(max_message=100)) for s in (OURS, THEIRS))
    first.send(bytes(100))
    assert talk(first, second) == ([], [bytes(100)])
    with pytest.raises(ValueError, match="message: must have at most 100 bytes, not 101"):
        first.send(bytes(101))


def test_a_message_beyond_the_receivers_limit_is_dropped_by_its_decoder():
    link = paired(LinkLimits(max_message=100))
    assert hear(link, Data(B0, A0, 0, bytes(101))) == []
    assert link.decoder.dropped[FrameFault.TOO_LONG] == 1


def test_a_queued_message_is_a_copy():
    link = paired()
    message = bytearray(b"zero report")
    link.send(message)
    message[:] = b"forged text"
    assert said(link) == [Data(A0, B0, 0, b"zero report")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_message", 0),
        ("max_message", MAX_MESSAGE + 1),
        ("max_queued", 0),
        ("bytes_per_second", 0),
        ("tries_before_down", 0),
    ],
)
def test_a_limit_out_of_range_is_refused_by_name(field: str, value: int):
    with pytest.raises(ValueError, match=f"{field}: must be"):
        LinkLimits(**{field: value})


def test_a_flood_is_answered_once_and_leaves_nothing_behind():
    link = paired()
    strangers = [Session(number.to_bytes(8, "big"), 0) for number in range(500)]
    hear(link, *(Open(stranger) for stranger in strangers))
    hear(link, *(Data(stranger, A0, 0, b"x") for stranger in strangers))
    assert said(link) == [Opened(A1, strangers[-1]), Refused(A0, strangers[-1])]
    assert link.receive(b"\xff" * 100_000, 0) == []
    assert link.decoder.buffered == 0
    assert link.peer == B0


@given(rubbish=st.lists(st.binary(max_size=50), max_size=20))
def test_rubbish_in_good_frames_changes_nothing_but_counters(rubbish: list[bytes]):
    link = paired()
    stream = b"".join(encode_frame(payload) for payload in rubbish)
    assert link.receive(stream, 0) == []
    assert (link.peer, link.status) == (B0, LinkStatus.UP)
    assert not any(isinstance(frame, Data | Ack | Confirm) for frame in said(link))


def test_the_frames_of_each_fault_are_counted():
    link = paired()
    stream = b"".join(encode_frame(payload) for payload in (b"", b"\x01", b"\x81short"))
    assert link.receive(stream, 0) == []
    assert link.counters.faults == {LinkFault.UNKNOWN_KIND: 2, LinkFault.LENGTH: 1}
