"""The words of a link and its two tables: layouts, faults, and no move that is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire.frame import FrameDecoder, encode_frame
from ballotbox_protocol.wire.link import Link
from ballotbox_protocol.wire.link_frames import (
    Ack,
    Confirm,
    Data,
    FrameKind,
    LinkFault,
    LinkFrame,
    Open,
    Opened,
    Refused,
    Session,
    parse_link_frame,
)
from ballotbox_protocol.wire.link_state import (
    PAIR_CHANGES,
    REACTIONS,
    STATUS_TRANSITIONS,
    LinkEvent,
    LinkStatus,
    Reaction,
    Standing,
)
from tests.protocol.one_end import A0, B0, OURS

ONE_OF_EACH = [
    Open(A0),
    Opened(A0, B0),
    Confirm(A0, B0),
    Refused(A0, B0),
    Ack(A0, B0, 1),
    Data(A0, B0, 1, b""),
]

#: The examples of `device/WIRE.md`: the frame, its payload, and its bytes on the line.
_BOX = Session(bytes.fromhex("a1a2a3a4a5a6a7a8"), 0)
_GATEWAY = Session(bytes.fromhex("b1b2b3b4b5b6b7b8"), 2)
EXAMPLES = [
    (
        Open(_BOX),
        "81a1a2a3a4a5a6a7a800000000",
        "0a81a1a2a3a4a5a6a7a8010101054175d96100",
    ),
    (
        Opened(_GATEWAY, _BOX),
        "82b1b2b3b4b5b6b7b800000002a1a2a3a4a5a6a7a800000000",
        "0a82b1b2b3b4b5b6b7b801010a02a1a2a3a4a5a6a7a8010101055589fd5100",
    ),
    (
        Confirm(_BOX, _GATEWAY),
        "83a1a2a3a4a5a6a7a800000000b1b2b3b4b5b6b7b800000002",
        "0a83a1a2a3a4a5a6a7a801010109b1b2b3b4b5b6b7b80101060279ff9ffc00",
    ),
    (
        Refused(_GATEWAY, _BOX),
        "84b1b2b3b4b5b6b7b800000002a1a2a3a4a5a6a7a800000000",
        "0a84b1b2b3b4b5b6b7b801010a02a1a2a3a4a5a6a7a8010101053e5291f700",
    ),
    (
        Ack(_GATEWAY, _BOX, 1),
        "85b1b2b3b4b5b6b7b800000002a1a2a3a4a5a6a7a8000000000000000000000001",
        "0a85b1b2b3b4b5b6b7b801010a02a1a2a3a4a5a6a7a8010101010101010101010601c791b0cc00",
    ),
    (
        Data(_BOX, _GATEWAY, 0, b"zero"),
        "86a1a2a3a4a5a6a7a800000000b1b2b3b4b5b6b7b80000000200000000000000007a65726f",
        "0a86a1a2a3a4a5a6a7a801010109b1b2b3b4b5b6b7b80101020201010101010101097a65726fa9c3addc00",
    ),
]

sessions = st.builds(Session, st.binary(min_size=8, max_size=8), st.integers(0, 2**32 - 1))
sequences = st.integers(0, 2**64 - 1)
link_frames = st.one_of(
    st.builds(Open, sessions),
    st.builds(Opened, sessions, sessions),
    st.builds(Confirm, sessions, sessions),
    st.builds(Refused, sessions, sessions),
    st.builds(Ack, sessions, sessions, sequences),
    st.builds(Data, sessions, sessions, sequences, st.binary(max_size=40)),
)


@given(frame=link_frames)
def test_every_frame_survives_its_bytes(frame: LinkFrame):
    assert parse_link_frame(frame.to_bytes()) == frame


@given(kind=st.sampled_from(FrameKind), rest=st.binary(max_size=60))
def test_whatever_is_read_is_written_back(kind: FrameKind, rest: bytes):
    payload = bytes([kind]) + rest
    frame = parse_link_frame(payload)
    assert frame is LinkFault.LENGTH or frame.to_bytes() == payload


@pytest.mark.parametrize("frame", ONE_OF_EACH)
def test_a_shorter_frame_is_refused(frame: LinkFrame):
    payload = frame.to_bytes()
    for size in range(1, len(payload)):
        assert parse_link_frame(payload[:size]) is LinkFault.LENGTH


@pytest.mark.parametrize("frame", ONE_OF_EACH[:-1])
def test_a_longer_frame_of_fixed_length_is_refused(frame: LinkFrame):
    assert parse_link_frame(frame.to_bytes() + b"\x00") is LinkFault.LENGTH


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x80" + bytes(24), b"\x87" + bytes(40)])
def test_an_unknown_kind_is_refused(payload: bytes):
    assert parse_link_frame(payload) is LinkFault.UNKNOWN_KIND


@pytest.mark.parametrize(("frame", "payload", "line"), EXAMPLES)
def test_the_examples_of_the_specification_never_change(frame: LinkFrame, payload: str, line: str):
    assert frame.to_bytes().hex() == payload
    assert parse_link_frame(bytes.fromhex(payload)) == frame
    assert encode_frame(frame.to_bytes()).hex() == line
    assert FrameDecoder().feed(bytes.fromhex(line)) == [bytes.fromhex(payload)]


@pytest.mark.parametrize("nonce", [b"", bytes(7), bytes(9)])
def test_a_session_number_has_eight_bytes(nonce: bytes):
    with pytest.raises(ValueError, match="session: must be 8 bytes"):
        Link(nonce)


@pytest.mark.parametrize("turn", [-1, 2**32])
def test_a_turn_has_four_bytes(turn: int):
    with pytest.raises(ValueError, match="turn"):
        Session(OURS, turn)


def test_every_kind_has_a_reaction_to_every_standing():
    assert set(REACTIONS) == set(FrameKind)
    for kind, reactions in REACTIONS.items():
        never = {Standing.ASTRAY} if kind is FrameKind.OPEN else set()
        assert set(reactions) == set(Standing) - never


def test_contents_are_taken_from_the_kinds_that_have_them():
    by_reaction = {
        reaction: {
            kind
            for kind, reactions in REACTIONS.items()
            if any(reaction in each for each in reactions.values())
        }
        for reaction in Reaction
    }
    assert by_reaction[Reaction.TAKE] == {FrameKind.DATA}
    assert by_reaction[Reaction.RELEASE] == {FrameKind.ACK}


def test_only_a_frame_that_names_the_offered_session_binds():
    for reactions in REACTIONS.values():
        for standing, each in reactions.items():
            assert (Reaction.BIND in each) <= (standing is Standing.OFFERED)
            assert (Reaction.UNBIND in each) <= (standing is Standing.PAIRED)
            assert PAIR_CHANGES.isdisjoint(each) or standing is not Standing.ASTRAY


def test_the_status_moves_for_every_event_that_can_happen():
    assert set(STATUS_TRANSITIONS) == set(LinkStatus)
    for status, moves in STATUS_TRANSITIONS.items():
        # An opening link has no pair to leave and no message on its way.
        without_pair = {LinkEvent.UNBOUND, LinkEvent.ACKNOWLEDGED}
        impossible = without_pair if status is LinkStatus.OPENING else set()
        assert set(moves) == set(LinkEvent) - impossible
        for event in moves:
            assert (moves[event] is LinkStatus.DOWN) == (event is LinkEvent.UNANSWERED)
