"""Is what stands beside a leaf read as the decoder reads it, and refused as it refuses?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire import cbor, cose
from ballotbox_tabulation.core.attachment import (
    ATTACHMENT_LIMITS,
    decode_attachment,
    signed_beside,
)
from tests.strategies import damaged

SIZES = (0, 23, 24, 255, 256, 257, 400)
parts = st.none() | st.sampled_from(SIZES).map(bytes)
attachments = st.tuples(parts, parts, parts).map(list)


@given(attachments)
def test_an_attachment_survives(items: list[bytes | None]) -> None:
    assert list(decode_attachment(cbor.encode(items))) == items


@given(damaged(attachments.map(cbor.encode)))
def test_whatever_is_accepted_encodes_to_itself(data: bytes) -> None:
    try:
        found = decode_attachment(data)
    except ValueError:
        return
    assert cbor.encode(list(found)) == data


@pytest.mark.parametrize("said", SIZES)
@pytest.mark.parametrize("there", SIZES)
@pytest.mark.parametrize(
    "rest", [b"\xf6\xf6", b"\xf6\x59\x01\x2c" + bytes(300)], ids=["alone", "note"]
)
def test_a_string_is_as_long_as_its_shortest_head_says(said: int, there: int, rest: bytes) -> None:
    data = b"\x83\x59" + said.to_bytes(2) + bytes(there) + rest
    if said == there > 255:
        assert decode_attachment(data).report == bytes(there)
    else:
        with pytest.raises(ValueError, match=r"byte|end|attachment"):
            decode_attachment(data)


@pytest.mark.parametrize("said", SIZES)
@pytest.mark.parametrize("there", SIZES)
def test_a_note_is_too(said: int, there: int) -> None:
    data = b"\x83\x59\x01\x00" + bytes(256) + b"\xf6\x59" + said.to_bytes(2) + bytes(there)
    if said == there > 255:
        assert decode_attachment(data).lower_note == bytes(there)
    else:
        with pytest.raises(ValueError, match=r"byte|end|attachment"):
            decode_attachment(data)


def test_the_size_is_limited_exactly() -> None:
    around = len(cbor.encode([bytes(300), None, None])) - 300
    largest = ATTACHMENT_LIMITS.size - around
    assert decode_attachment(cbor.encode([bytes(largest), None, None])).report == bytes(largest)
    with pytest.raises(cbor.CborError, match="at most"):
        decode_attachment(cbor.encode([bytes(largest + 1), None, None]))


@pytest.mark.parametrize("note", [None, bytes(255), bytes(256)])
def test_a_signed_report_is_taken_apart_where_it_stands(note: bytes | None) -> None:
    report = cose.assemble(b"\xa0", bytes(300), bytes(64))
    usual = signed_beside(cbor.encode([report, None, note]))
    # What is shorter has another head, and is left to the decoder.
    assert usual == (None if note == bytes(255) else (cose.take_apart(report), note))
    with pytest.raises(cose.EnvelopeError):
        signed_beside(cbor.encode([bytes(300), None, note and bytes(256)]))
