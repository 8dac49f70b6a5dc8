"""Are the messages the same on every road, and is anything else none?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import OriginId
from ballotbox_protocol.wire.cbor import REPORT_LIMITS
from ballotbox_protocol.wire.message import (
    MESSAGE_MAX,
    HeldWanted,
    Message,
    MessageKind,
    parse_message,
    shard_of,
    sharded_topic_of,
    topic_of,
)


@given(st.sampled_from(MessageKind), st.binary(max_size=100))
def test_a_message_survives_its_carrier(kind: MessageKind, payload: bytes) -> None:
    message = Message(kind, payload)
    assert message.to_bytes() == bytes([kind]) + payload
    assert parse_message(message.to_bytes()) == message


@given(st.binary(max_size=10))
def test_whatever_is_a_message_is_the_only_form_of_it(data: bytes) -> None:
    message = parse_message(data)
    known = bool(data) and data[0] in {int(kind) for kind in MessageKind}
    assert (message is not None) is known
    if message is not None:
        assert message.to_bytes() == data


def test_a_message_is_limited_to_the_largest_report() -> None:
    assert REPORT_LIMITS.size + 1 == MESSAGE_MAX
    largest = b"\x01" + bytes(REPORT_LIMITS.size)
    assert parse_message(largest) is not None
    assert parse_message(largest + b"\x00") is None
    assert parse_message(b"") is None


@pytest.mark.parametrize("kind", [0, 10, 255])
def test_an_unknown_kind_is_no_message(kind: int) -> None:
    assert parse_message(bytes([kind])) is None


def test_a_question_for_a_checkpoint_names_the_log_and_maybe_a_size() -> None:
    log = OriginId(bytes(range(16)))
    assert HeldWanted(log).message().payload == log
    assert HeldWanted(log, 258).message().payload == log + bytes((0, 0, 0, 0, 0, 0, 1, 2))
    for wanted in (HeldWanted(log), HeldWanted(log, 258)):
        assert HeldWanted.parse(wanted.message().payload) == wanted
    for size in (0, 15, 17, 23, 25):
        assert HeldWanted.parse(bytes(size)) is None


def test_a_topic_names_election_box_and_direction() -> None:
    election, box = bytes(range(32)), bytes(range(16))
    topic = "bbx/1/0001020304050607/000102030405060708090a0b0c0d0e0f/up"
    assert topic_of(election, box, "up") == topic


def test_a_topic_may_end_with_the_shard_of_its_box() -> None:
    election, box = bytes(range(32)), bytes(range(16))
    topic = "bbx/1/0001020304050607/000102030405060708090a0b0c0d0e0f/up/08"
    assert (sharded_topic_of(election, box), shard_of(box)) == (topic, 8)
    assert shard_of(b"123456789") == 0xCBF43926 % 64, "the check value of CRC-32"
