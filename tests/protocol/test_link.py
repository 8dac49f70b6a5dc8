"""One end of a link, word by word: how it pairs, what it delivers, what it acknowledges."""

from ballotbox_protocol.wire.frame import DELIMITER
from ballotbox_protocol.wire.link import MAX_MESSAGE, Link
from ballotbox_protocol.wire.link_frames import (
    Ack,
    Confirm,
    Data,
    LinkFault,
    Open,
    Opened,
    Refused,
)
from ballotbox_protocol.wire.link_state import (
    LinkStatus,
)
from tests.protocol.one_end import (
    A0,
    A1,
    A2,
    B0,
    B1,
    C0,
    FAST,
    NEWER,
    OURS,
    THEIRS,
    hear,
    paired,
    said,
    talk,
)


def test_one_asks_the_other_offers_the_first_confirms():
    first, second = Link(OURS, FAST), Link(THEIRS, FAST)
    assert first.status is LinkStatus.OPENING
    assert first.peer is None
    assert said(first) == [Open(A0)]
    hear(second, Open(A0))
    assert second.status is LinkStatus.OPENING
    assert said(second) == [Opened(B0, A0), Open(B0)]
    hear(first, Opened(B0, A0))
    assert (first.status, first.peer) == (LinkStatus.UP, B0)
    assert said(first) == [Confirm(A0, B0)]
    hear(second, Confirm(A0, B0))
    assert (second.status, second.peer) == (LinkStatus.UP, A0)
    assert said(first) == said(second) == []


def test_both_ask_at_once():
    first, second = Link(OURS, FAST), Link(THEIRS, FAST)
    assert talk(first, second) == ([], [])
    assert (first.peer, second.peer) == (B0, A0)
    assert first.counters.pairings == second.counters.pairings == 1


def test_a_lost_confirm_is_said_again_when_the_peer_asks_again():
    link = paired()
    hear(link, Open(B0))
    assert said(link) == [Opened(A0, B0)]
    hear(link, Opened(B0, A0))
    assert said(link) == [Confirm(A0, B0)]
    assert link.counters.pairings == 1


def test_the_first_message_stands_for_a_lost_confirm():
    link = Link(OURS, FAST)
    assert hear(link, Data(B0, A0, 0, b"hello")) == [b"hello"]
    assert (link.status, link.peer) == (LinkStatus.UP, B0)
    assert said(link) == [Ack(A0, B0, 1)]


def test_a_stranger_is_offered_the_next_turn_and_binds_only_when_he_names_it():
    link = paired()
    hear(link, Open(C0))
    assert said(link) == [Opened(A1, C0)]
    assert link.peer == B0
    hear(link, Confirm(C0, A0), Opened(C0, A0), Confirm(C0, A2), Opened(C0, A2))
    assert link.peer == B0
    assert link.counters.faults == {LinkFault.ASTRAY: 4}
    hear(link, Confirm(C0, A1))
    assert link.peer == C0
    assert link.counters.pairings == 2


def test_an_offer_to_an_earlier_life_of_ours_is_nothing():
    link = Link(OURS, FAST)
    hear(link, Opened(B0, C0), Confirm(B0, C0), Ack(B0, C0, 1), Refused(B0, C0))
    assert link.status is LinkStatus.OPENING
    assert said(link) == [Open(A0)]


def test_an_offered_session_is_neither_refused_nor_acknowledged():
    link = Link(OURS, FAST)
    hear(link, Refused(B0, A0), Ack(B0, A0, 0))
    assert said(link) == [Open(A0)]
    assert hear(link, Data(B0, A0, 0, b"one")) == [b"one"]


def test_a_refusal_of_this_very_pair_opens_again_and_keeps_the_messages():
    link = paired()
    link.send(b"kept")
    assert said(link) == [Data(A0, B0, 0, b"kept")]
    hear(link, Refused(B1, A0), Refused(B0, A1), Refused(C0, A0))
    assert link.status is LinkStatus.UP
    hear(link, Refused(B0, A0))
    assert link.status is LinkStatus.OPENING
    assert said(link) == [Open(A1)]
    hear(link, Opened(B1, A1))
    assert said(link) == [Confirm(A1, B1), Data(A1, B1, 0, b"kept")]


def test_two_ends_bound_past_each_other_find_together():
    first, second = paired(), Link(THEIRS, FAST)
    # The other end is taken by an offer from an earlier life of ours, late on the line.
    hear(second, Opened(C0, B0))
    second.bytes_to_send(0)
    first.send(b"from first")
    assert talk(first, second, now=0) == ([], [b"from first"])
    assert (first.peer, second.peer) == (B1, A1)


def test_an_idle_end_learns_of_the_others_new_life_from_its_first_message():
    first, second = Link(OURS, FAST), Link(THEIRS, FAST)
    talk(first, second)
    reborn = Link(NEWER, FAST)
    hear(reborn, Opened(B1, C0))
    reborn.bytes_to_send(0)
    second.send(b"to whom it may concern")
    assert talk(reborn, second) == ([b"to whom it may concern"], [])


def test_a_box_that_is_plugged_out_and_in_again_goes_on():
    gateway, box, other = Link(OURS, FAST), Link(THEIRS, FAST), Link(NEWER, FAST)
    box.send(b"1")
    assert talk(gateway, box) == ([b"1"], [])
    other.send(b"2")
    assert talk(gateway, other) == ([b"2"], [])
    assert gateway.peer == C0
    box.send(b"3")
    gateway.send(b"4")
    assert talk(gateway, box) == ([b"3"], [b"4"])
    assert gateway.peer == B1


def test_an_echoing_line_never_pairs_a_link_with_itself():
    link = Link(OURS, FAST)
    link.send(b"hello")
    for now in (0, 10_000, 20_000):
        assert link.receive(link.bytes_to_send(now), now) == []
    assert link.peer is None
    assert link.counters.faults == {LinkFault.ECHO: 3}


def test_messages_pass_both_ways_in_order():
    first, second = Link(OURS, FAST), Link(THEIRS, FAST)
    there = [b"there %d" % number for number in range(9)]
    back = [b"", b"\0" * 99, b"\x7e" * 300, bytes(MAX_MESSAGE)]
    for message in there:
        first.send(message)
    for message in back:
        second.send(message)
    assert talk(first, second) == (back, there)
    assert first.queued == second.queued == 0
    assert first.wake_at is second.wake_at is None


def test_one_message_is_under_way_at_a_time():
    link = paired()
    link.send(b"one")
    link.send(b"two")
    assert said(link) == [Data(A0, B0, 0, b"one")]
    assert said(link) == []
    hear(link, Ack(B0, A0, 1))
    assert said(link) == [Data(A0, B0, 1, b"two")]


def test_a_repetition_is_acknowledged_and_not_delivered():
    link = paired()
    assert hear(link, Data(B0, A0, 0, b"one")) == [b"one"]
    assert said(link) == [Ack(A0, B0, 1)]
    assert hear(link, Data(B0, A0, 0, b"one"), Data(B0, A0, 0, b"one")) == []
    assert said(link) == [Ack(A0, B0, 1)]
    assert link.counters.duplicates == 2


def test_a_message_before_its_turn_is_neither_delivered_nor_acknowledged():
    link = paired()
    assert hear(link, Data(B0, A0, 1, b"two")) == []
    assert said(link) == []
    assert link.counters.faults == {LinkFault.AHEAD: 1}
    assert hear(link, Data(B0, A0, 0, b"one"), Data(B0, A0, 1, b"two")) == [b"one", b"two"]
    assert said(link) == [Ack(A0, B0, 2)]


def test_only_the_ack_of_the_message_under_way_releases_it():
    link = paired()
    link.send(b"one")
    hear(link, Ack(B0, A0, 1))
    assert link.counters.faults == {LinkFault.UNSENT: 1}
    assert said(link) == [Data(A0, B0, 0, b"one")]
    hear(link, Ack(B0, A0, 0), Ack(B0, A0, 2), Ack(B0, A1, 1), Ack(C0, A0, 1))
    assert link.queued == 1
    assert link.counters.faults[LinkFault.UNSENT] == 2
    hear(link, Ack(B0, A0, 1), Ack(B0, A0, 1))
    assert link.queued == 0
    assert link.counters.faults == {LinkFault.UNSENT: 2, LinkFault.ASTRAY: 1}


def test_a_message_is_carried_until_it_is_acknowledged_and_no_other_is():
    link = paired()
    link.send(b"one")
    assert link.carries(b"one")
    assert not link.carries(b"two")
    assert said(link) == [Data(A0, B0, 0, b"one")]
    assert link.carries(b"one")
    hear(link, Ack(B0, A0, 1))
    assert not link.carries(b"one")


def test_data_of_another_pair_is_refused_in_the_name_it_was_sent_to():
    link = paired()
    assert hear(link, Data(C0, A0, 0, b"other peer")) == []
    assert said(link) == [Refused(A0, C0)]
    assert hear(link, Data(B0, C0, 0, b"other life of ours")) == []
    assert said(link) == [Refused(C0, B0)]
    assert hear(link, Data(B1, A0, 0, b"other turn")) == []
    assert said(link) == [Refused(A0, B1)]
    assert link.peer == B0


def test_unacknowledged_messages_are_sent_again_to_a_restarted_peer():
    first, second = Link(OURS, FAST), Link(THEIRS, FAST)
    talk(first, second)
    for number in range(3):
        first.send(b"%d" % number)
    assert second.receive(first.bytes_to_send(0), 0) == [b"0"]
    reborn = Link(NEWER, FAST)
    assert talk(first, reborn) == ([], [b"0", b"1", b"2"])
    assert first.peer == C0
    assert first.counters.pairings == 2


def test_all_messages_of_a_call_come_from_the_peer_shown_after_it():
    link = paired()
    hear(link, Open(C0))
    said(link)
    late = [Data(B0, A0, 0, b"old"), Confirm(C0, A1), Refused(B0, A0), Data(C0, A1, 0, b"new")]
    assert hear(link, *late) == [b"old"]
    assert link.peer == B0
    assert link.counters.faults == {LinkFault.DEFERRED: 3}
    said(link)
    assert hear(link, Data(C0, A1, 0, b"new")) == [b"new"]
    assert link.peer == C0


def test_a_new_pair_owes_nothing_to_the_old_one():
    link = paired()
    hear(link, Data(B0, A0, 0, b"old"), Open(C0))
    hear(link, Opened(C0, A1))
    assert said(link) == [Confirm(A1, C0)]


def test_a_burst_begins_with_a_delimiter_against_noise_before_it():
    first, second = paired(), Link(THEIRS, FAST)
    first.send(b"x")
    burst = first.bytes_to_send(0)
    assert burst.startswith(DELIMITER)
    assert second.receive(b"noise without end" + burst, 0) == [b"x"]
