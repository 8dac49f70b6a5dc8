"""Frames: what was sent comes out whatever the pieces, and nothing comes out that was not sent."""

import zlib

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire.frame import (
    CRC_SIZE,
    DELIMITER,
    MAX_PAYLOAD,
    FrameDecoder,
    FrameFault,
    encode_frame,
    encoded_size,
)

LIMIT = 600
NO_FAULT = dict.fromkeys(FrameFault, 0)
#: The bytes that line protocols stumble over, and the lengths around the COBS runs.
AWKWARD = [
    bytes([value]) * length
    for value in (0x00, 0x01, 0x11, 0x13, 0x7D, 0x7E, 0xFE, 0xFF)
    for length in (1, 2, 249, 250, 251, 253, 254, 255, 256, 503, 504, 505, 508, 509, LIMIT)
]

payloads = st.one_of(st.binary(max_size=LIMIT), st.sampled_from(AWKWARD))
noise = st.binary(max_size=80)
#: Noise that cannot end a frame, so it spoils whatever it stands beside.
unbroken_noise = noise.map(lambda data: data.replace(DELIMITER, b"\x55"))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return `data` cut at these places (taken modulo its length)."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def damaged(payload: bytes, position: int, flip: int) -> bytes:
    """Return the frame of `payload` with one byte of its body changed."""
    frame = bytearray(encode_frame(payload))
    frame[position % (len(frame) - 1)] ^= flip
    return bytes(frame)


def test_a_frame_is_cobs_of_payload_and_crc():
    assert encode_frame(b"123456789") == b"\x0e123456789\xcb\xf4\x39\x26\x00"
    assert encode_frame(b"") == b"\x01\x01\x01\x01\x01\x00"


@pytest.mark.parametrize("payload", [b"", *AWKWARD, bytes(MAX_PAYLOAD), b"\xff" * MAX_PAYLOAD])
def test_awkward_payloads_survive(payload: bytes):
    frame = encode_frame(payload)
    assert frame.count(DELIMITER) == 1
    assert len(frame) - 1 <= encoded_size(len(payload))
    assert FrameDecoder().feed(frame) == [payload]


@given(sent=st.lists(payloads, max_size=5), cuts=st.lists(st.integers(0, 4_000), max_size=12))
def test_any_split_gives_every_payload_in_order(sent: list[bytes], cuts: list[int]):
    decoder = FrameDecoder(LIMIT)
    stream = b"".join(encode_frame(payload) for payload in sent)
    got = [payload for piece in pieces(stream, cuts) for payload in decoder.feed(piece)]
    assert got == sent
    assert decoder.dropped == NO_FAULT
    assert decoder.buffered == 0


@given(
    stream=st.lists(st.one_of(noise, payloads.map(encode_frame)), max_size=6).map(b"".join),
    cuts=st.lists(st.integers(0, 4_000), max_size=12),
    limit=st.integers(0, 40),
)
def test_the_pieces_never_matter(stream: bytes, cuts: list[int], limit: int):
    whole, split, bytewise = (FrameDecoder(limit) for _ in range(3))
    expected = whole.feed(stream)
    assert [p for piece in pieces(stream, cuts) for p in split.feed(piece)] == expected
    assert [p for byte in stream for p in bytewise.feed(bytes([byte]))] == expected
    assert whole.dropped == split.dropped == bytewise.dropped
    assert whole.buffered == split.buffered == bytewise.buffered


@given(sent=st.lists(st.tuples(noise, payloads), max_size=5))
def test_noise_before_a_delimiter_costs_nothing_and_gives_nothing(sent: list[tuple[bytes, bytes]]):
    decoder = FrameDecoder(LIMIT)
    stream = b"".join(gap + DELIMITER + encode_frame(payload) for gap, payload in sent)
    assert decoder.feed(stream) == [payload for _, payload in sent]


@given(before=payloads, spoilt=payloads, after=payloads, gap=unbroken_noise.filter(bool))
def test_unbroken_noise_costs_the_frame_it_touches(
    before: bytes, spoilt: bytes, after: bytes, gap: bytes
):
    decoder = FrameDecoder(LIMIT)
    stream = encode_frame(before) + gap + encode_frame(spoilt) + encode_frame(after)
    assert decoder.feed(stream) == [before, after]
    assert sum(decoder.dropped.values()) == 1


@given(payload=payloads, position=st.integers(0, 4_000), flip=st.integers(1, 255), after=payloads)
def test_a_changed_byte_never_gives_another_payload(
    payload: bytes, position: int, flip: int, after: bytes
):
    decoder = FrameDecoder(LIMIT)
    got = decoder.feed(damaged(payload, position, flip) + encode_frame(after))
    assert got == [after]
    assert sum(decoder.dropped.values()) >= 1


@given(payload=payloads, start=st.integers(0, 700), length=st.integers(1, 700), after=payloads)
def test_lost_bytes_never_give_another_payload(
    payload: bytes, start: int, length: int, after: bytes
):
    frame = encode_frame(payload)
    start %= len(frame) - 1
    body = frame[:-1]
    rest = body[:start] + body[start + length :]
    got = FrameDecoder(LIMIT).feed(rest + DELIMITER + encode_frame(after))
    assert got == [after]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"\x05abc", FrameFault.COBS),
        (encode_frame(b"abc")[:-3], FrameFault.COBS),
        (cobs.encode(b"abc" + b"\0\0\0\0"), FrameFault.CRC),
        (cobs.encode(b"abc" + zlib.crc32(b"abc").to_bytes(CRC_SIZE, "little")), FrameFault.CRC),
        # Shorter than a checksum; the empty body's checksum would be 00000000.
        (cobs.encode(b"\0\0\0"), FrameFault.CRC),
        (cobs.encode(b""), FrameFault.CRC),
    ],
)
def test_each_fault_is_counted_under_its_reason(body: bytes, fault: FrameFault):
    decoder = FrameDecoder()
    assert decoder.feed(body + DELIMITER) == []
    assert decoder.dropped == NO_FAULT | {fault: 1}


def test_a_frame_that_comes_again_gives_its_payload_again():
    decoder = FrameDecoder()
    first, second = encode_frame(b"first"), encode_frame(b"second")
    assert decoder.feed(first + first + second + first) == [b"first"] * 2 + [b"second", b"first"]


def test_nothing_between_delimiters_is_no_fault():
    decoder = FrameDecoder()
    assert decoder.feed(DELIMITER * 1_000) == []
    assert decoder.dropped == NO_FAULT


@pytest.mark.parametrize("fill", [b"\x00", b"\xff"])
def test_the_limit_is_on_the_payload(fill: bytes):
    decoder = FrameDecoder(LIMIT)
    assert decoder.feed(encode_frame(fill * LIMIT)) == [fill * LIMIT]
    assert decoder.feed(encode_frame(fill * (LIMIT + 1))) == []
    assert decoder.dropped == NO_FAULT | {FrameFault.TOO_LONG: 1}
    assert decoder.feed(encode_frame(b"next")) == [b"next"]


def test_a_decoder_may_accept_empty_payloads_alone():
    decoder = FrameDecoder(0)
    assert decoder.feed(encode_frame(b"") + encode_frame(b"x")) == [b""]


def test_a_flood_is_held_within_one_frame_and_counted_once():
    decoder = FrameDecoder()
    flood = b"\x7e" * 4_096
    most = 0
    for _ in range(300):
        assert decoder.feed(flood) == []
        most = max(most, decoder.buffered)
    assert 0 < most <= encoded_size(MAX_PAYLOAD)
    assert decoder.buffered == 0
    assert decoder.dropped == NO_FAULT | {FrameFault.TOO_LONG: 1}
    assert decoder.feed(b"tail" + DELIMITER + encode_frame(b"next")) == [b"next"]
    assert decoder.dropped == NO_FAULT | {FrameFault.TOO_LONG: 1}


def test_a_flood_of_delimited_rubbish_leaves_nothing_behind():
    decoder = FrameDecoder()
    for _ in range(50):
        assert decoder.feed(b"rubbish\x00" * 500) == []
    assert decoder.buffered == 0
    assert sum(decoder.dropped.values()) == 25_000


def test_a_negative_limit_is_refused_by_name():
    with pytest.raises(ValueError, match="max_payload"):
        FrameDecoder(-1)
