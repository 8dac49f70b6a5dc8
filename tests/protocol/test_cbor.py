"""Does the codec accept one encoding of each value and nothing else?"""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cbor import CborError, Limits
from tests.strategies import damaged, names

integers = st.one_of(
    st.integers(-30, 300),
    st.integers(cbor.INT_MIN, cbor.INT_MAX),
    st.sampled_from(
        [edge + step for edge in (0, 24, 2**8, 2**16, 2**32, 2**63 - 1) for step in (-1, 0)]
    ),
)
scalars = st.one_of(st.none(), integers, st.binary(max_size=40), names)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(st.integers(0, cbor.KEY_MAX), inner, max_size=6).map(
            lambda entries: dict(sorted(entries.items()))
        ),
    ),
    max_leaves=25,
)
ROOMY = Limits(size=1 << 20, depth=30, items=1 << 16)


def accepted(data: bytes, limits: Limits = cbor.REPORT_LIMITS) -> Any:
    """The value, or CborError as a value: any other exception is a failure of the test."""
    try:
        return cbor.decode(data, limits)
    except CborError as error:
        return error


@given(values)
def test_what_is_encoded_is_decoded_to_the_same_value(value: Any) -> None:
    data = cbor.encode(value)
    decoded = cbor.decode(data, ROOMY)
    assert decoded == value
    assert json.dumps(decoded, default=bytes.hex) == json.dumps(value, default=bytes.hex)


@given(values)
def test_a_foreign_decoder_reads_the_same_value(value: Any) -> None:
    assert cbor2.loads(cbor.encode(value)) == value


@given(st.one_of(st.binary(max_size=60), damaged(values.map(cbor.encode))))
@example(b"\xa2\x01\x02\x00\x02")
@example(b"\x18\x17")
def test_whatever_is_accepted_encodes_to_itself_and_reads_alike_elsewhere(data: bytes) -> None:
    value = accepted(data)
    if not isinstance(value, CborError):
        assert cbor.encode(value) == data
        assert cbor2.loads(data) == value


@given(values.map(cbor.encode), st.data())
def test_no_beginning_of_a_value_is_a_value(data: bytes, draw: st.DataObject) -> None:
    cut = draw.draw(st.integers(0, len(data) - 1))
    assert isinstance(accepted(data[:cut], ROOMY), CborError)


@given(values.map(cbor.encode), st.binary(min_size=1, max_size=3))
def test_nothing_may_follow_a_value(data: bytes, tail: bytes) -> None:
    with pytest.raises(CborError, match="after the end"):
        cbor.decode(data + tail, ROOMY)


REFUSED = {
    "nothing at all": ("", "ends early"),
    "integer of one byte in two": ("1817", "shortest form"),
    "integer of two bytes in three": ("1900ff", "shortest form"),
    "integer of three bytes in five": ("1a0000ffff", "shortest form"),
    "integer of five bytes in nine": ("1b00000000ffffffff", "shortest form"),
    "negative integer in two bytes": ("3817", "shortest form"),
    "integer above int64": ("1b8000000000000000", "outside int64"),
    "integer below int64": ("3b8000000000000000", "outside int64"),
    "byte string length in two bytes": ("581700", "shortest form"),
    "byte string length in three bytes": ("5900ff" + "00" * 255, "shortest form"),
    "text length in two bytes": ("780161", "shortest form"),
    "array length in two bytes": ("980100", "shortest form"),
    "map length in two bytes": ("b8010000", "shortest form"),
    "half of a long integer": ("1a0000", "ends early"),
    "half of a two-byte integer": ("19ff", "ends early"),
    "byte string that runs out": ("4400", "runs past the end"),
    "longer byte string that runs out": ("581900", "ends early"),
    "text that runs out": ("6461", "runs past the end"),
    "array that runs out": ("8200", "items are too many"),
    "array whose item runs out": ("81" + "1a0000", "ends early"),
    "map without its value": ("a100", "items are too many"),
    "indefinite array": ("9fff", "indefinite"),
    "indefinite map": ("bfff", "indefinite"),
    "indefinite byte string": ("5fff", "indefinite"),
    "indefinite text": ("7fff", "indefinite"),
    "reserved length": ("1c", "reserved"),
    "break alone": ("ff", "simple values"),
    "false": ("f4", "simple values"),
    "true": ("f5", "simple values"),
    "undefined": ("f7", "simple values"),
    "null in two bytes": ("f8f6", "simple values"),
    "half float": ("f90000", "floats"),
    "single float": ("fa00000000", "floats"),
    "double float": ("fb0000000000000000", "floats"),
    "tag": ("c000", "tags"),
    "bignum": ("c24100", "tags"),
    "map key twice": ("a200000000", "does not follow"),
    "map keys out of order": ("a201000000", "does not follow"),
    "map key above 23": ("a1181800", "not an integer from 0 to 23"),
    "negative map key": ("a12000", "not an integer from 0 to 23"),
    "text map key": ("a1616100", "not an integer from 0 to 23"),
    "null map key": ("a1f600", "not an integer from 0 to 23"),
    "array map key": ("a18000", "not an integer from 0 to 23"),
    "text that is not UTF-8": ("61ff", "not UTF-8"),
    "text with a surrogate": ("63eda080", "not UTF-8"),
    "text with an overlong form": ("62c080", "not UTF-8"),
    "text not in form C": ("6365cc81", "normal form C"),
    "trailing byte": ("0000", "after the end"),
}


@pytest.mark.parametrize(("sample", "problem"), REFUSED.values(), ids=REFUSED)
def test_each_rule_refuses_its_example(sample: str, problem: str) -> None:
    with pytest.raises(CborError, match=problem):
        cbor.decode(bytes.fromhex(sample))


UNENCODABLE = {
    "float": 1.0,
    "boolean": True,
    "set": {1},
    "bytearray": bytearray(1),
    "integer above int64": 2**63,
    "integer below int64": -(2**63) - 1,
    "text not in form C": "e\u0301",
    "lone surrogate": "\ud800",
    "map key above 23": {24: 0},
    "negative map key": {-1: 0},
    "text map key": {"a": 0},
    "boolean map key": {True: 0},
    "map keys out of order": {1: 0, 0: 0},
    "deep inside": [[{0: [1.5]}]],
}


@pytest.mark.parametrize("value", UNENCODABLE.values(), ids=UNENCODABLE)
def test_a_value_outside_the_profile_is_not_encoded(value: Any) -> None:
    with pytest.raises(CborError):
        cbor.encode(value)


def test_an_enum_is_encoded_as_its_number_and_a_tuple_as_an_array() -> None:
    class Code(int):
        pass

    assert cbor.encode((Code(7), Code(-7))) == cbor.encode([7, -7])
    assert cbor.encode({Code(7): None}) == cbor.encode({7: None})


def test_depth_is_limited_exactly() -> None:
    limits = Limits(size=100, depth=3, items=100)
    assert cbor.decode(b"\x81\x81\x81\x00", limits) == [[[0]]]
    assert cbor.decode(b"\xa1\x00\x81\xa1\x00\x00", limits) == {0: [{0: 0}]}
    for sample in (b"\x81\x81\x81\x80", b"\x81\x81\x81\xa0", b"\x81\x81\x81\x98\x18" + bytes(24)):
        with pytest.raises(CborError, match="nested too deeply"):
            cbor.decode(sample, limits)


def test_items_are_limited_exactly_and_together() -> None:
    limits = Limits(size=1000, depth=4, items=10)
    assert cbor.decode(b"\x8a" + bytes(10), limits) == [0] * 10
    assert cbor.decode(b"\x82\x84" + bytes(4) + b"\x84" + bytes(4), limits) == [[0] * 4] * 2
    assert len(cbor.decode(cbor.encode(dict.fromkeys(range(5))), limits)) == 5
    for sample in (
        b"\x8b" + bytes(11),
        b"\x82\x85" + bytes(5) + b"\x84" + bytes(4),
        cbor.encode(dict.fromkeys(range(6))),
    ):
        with pytest.raises(CborError, match="items are too many"):
            cbor.decode(sample, limits)


def test_size_is_limited_exactly() -> None:
    limits = Limits(size=5, depth=1, items=4)
    assert cbor.decode(b"\x44abcd", limits) == b"abcd"
    with pytest.raises(CborError, match="at most 5"):
        cbor.decode(b"\x45abcde", limits)


@pytest.mark.parametrize("head", ["9b7fffffffffffffff", "bb7fffffffffffffff", "5b7fffffffffffffff"])
def test_a_length_allocates_nothing_for_what_is_not_there(head: str) -> None:
    sample = bytes.fromhex(head) + bytes(1000)
    tracemalloc.start()
    try:
        assert isinstance(accepted(sample), CborError)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024


def test_a_million_levels_are_refused_like_nine() -> None:
    roomy = Limits(size=1 << 21, depth=8, items=1 << 21)
    with pytest.raises(CborError, match="nested too deeply"):
        cbor.decode(b"\x81" * 1_000_000, roomy)


#: The vectors of RFC 8949 Appendix A in the file's order: how many, accepted or not.
APPENDIX_A = (
    ("integers up to 10^12", 10, True),
    ("integers beyond int64, bignums", 4, False),
    ("negative integers", 4, True),
    ("floats", 22, False),
    ("false, true", 2, False),
    ("null", 1, True),
    ("undefined, simple values", 4, False),
    ("tags", 6, False),
    ("byte strings", 2, True),
    ("texts", 7, True),
    ("arrays", 4, True),
    ("maps with small integer keys", 2, True),
    ("maps with text keys", 3, False),
    ("indefinite lengths", 11, False),
)


def test_appendix_a_vector_by_vector(shared: Path) -> None:
    path = shared / "vectors" / "cbor" / "appendix_a.json"
    if not path.is_file():
        pytest.skip(f"no published vectors at {path}")
    vectors = json.loads(path.read_text())
    expected = [verdict for _, count, verdict in APPENDIX_A for _ in range(count)]
    for vector, wanted in zip(vectors, expected, strict=True):
        data = bytes.fromhex(vector["hex"])
        value = accepted(data)
        assert isinstance(value, CborError) is not wanted, vector
        if wanted:
            assert cbor.encode(value) == data
            assert vector["roundtrip"]
            assert value == vector.get("decoded", value)
