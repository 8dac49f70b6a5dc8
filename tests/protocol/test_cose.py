"""Is there one envelope, and does a signature in it verify for its key, its type and no other?"""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import Envelope, EnvelopeError, MessageType
from ballotbox_protocol.wire.keyfile import PrivateKey
from tests.protocol import edwards25519 as curve
from tests.strategies import KEYS, damaged

KEY, OTHER = KEYS[0], KEYS[1]
sizes = st.sampled_from([0, 23, 24, 255, 256, 16_000, 65_535, 65_536])
payloads = st.one_of(st.binary(max_size=300), sizes.map(bytes))
types = st.sampled_from(MessageType)
LIMIT = 1 << 20


def signed(payload: bytes = b"ballots", kind: MessageType = MessageType.REPORT) -> bytes:
    return cose.sign(KEY.public, KEY.sign, kind, payload)


def vectors_in(folder: Path) -> list[dict]:
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    if not found:
        pytest.skip(f"no published vectors in {folder}")
    return found


@given(payloads, types)
def test_what_is_signed_opens_with_its_key_and_type_alone(
    payload: bytes, kind: MessageType
) -> None:
    message = signed(payload, kind)
    assert cose.open_with(message, KEY.public, kind, LIMIT) == payload
    for key, other in ((OTHER.public, kind), *((KEY.public, t) for t in MessageType if t != kind)):
        with pytest.raises(EnvelopeError):
            cose.open_with(message, key, other, LIMIT)


@given(payloads, types)
def test_an_envelope_is_taken_apart_and_put_together_again(
    payload: bytes, kind: MessageType
) -> None:
    message = signed(payload, kind)
    envelope = cose.parse(message, LIMIT)
    assert envelope.payload == payload
    assert envelope.protected == cose.protected_header(KEY.public, kind)
    assert cose.assemble(envelope.protected, envelope.payload, envelope.signature) == message


@given(st.one_of(st.binary(max_size=100), damaged(st.just(signed()))))
def test_whatever_parses_is_the_only_form_of_its_parts(data: bytes) -> None:
    try:
        envelope = cose.parse(data)
    except EnvelopeError:
        return
    assert cose.assemble(envelope.protected, envelope.payload, envelope.signature) == data


@given(payloads)
def test_the_envelope_is_cbor(payload: bytes) -> None:
    message = signed(payload)
    envelope = cose.parse(message, LIMIT)
    parts = [envelope.protected, {}, payload, envelope.signature]
    assert message == b"\xd2" + cbor.encode(parts)
    structure = ["Signature1", envelope.protected, b"", payload]
    assert envelope.statement == cbor.encode(structure)
    assert cose.statement_id(envelope.statement) == sha256(cbor.encode(structure)).digest()


def parts_of(data: bytes) -> tuple[bytes, ...] | str:
    """What `parse` says of a message and its statement, or of what is wrong with it."""
    try:
        envelope = cose.parse(data)
    except EnvelopeError as error:
        return str(error)
    return envelope.protected, envelope.payload, envelope.signature, envelope.statement


@given(
    st.binary(max_size=100)
    | st.builds(signed, st.binary(max_size=700), st.sampled_from(MessageType))
    | damaged(st.builds(signed, st.binary(min_size=20, max_size=400)))
    | st.just(signed(bytes(cbor.REPORT_LIMITS.size)))
)
def test_a_message_that_is_met_once_has_the_same_parts(data: bytes) -> None:
    try:
        found: tuple[bytes, ...] | str = tuple(cose.take_apart(data))
    except EnvelopeError as error:
        found = str(error)
    assert found == parts_of(data)


def test_the_header_names_algorithm_key_and_type() -> None:
    header = cbor.decode(cose.protected_header(KEY.public, MessageType.HELLO))
    assert header == {1: -19, 4: sha256(KEY.public).digest()[:8], 16: "bbx-hello"}


def test_no_bit_of_a_message_can_be_flipped() -> None:
    message = signed(b"33 vote lines")
    for bit in range(8 * len(message)):
        flipped = bytearray(message)
        flipped[bit >> 3] ^= 1 << (bit & 7)
        with pytest.raises(EnvelopeError):
            cose.open_with(bytes(flipped), KEY.public, MessageType.REPORT, LIMIT)


def head(length: int, width: int) -> bytes:
    return bytes([0x57 + width.bit_length()]) + length.to_bytes(width)


PROTECTED = cose.protected_header(KEY.public, MessageType.REPORT)
GOOD = (
    b"\xd2\x84",
    head(len(PROTECTED), 1) + PROTECTED,
    b"\xa0",
    b"\x43abc",
    b"\x58\x40" + bytes(64),
)
MISSHAPEN = {
    "nothing": (b"", "not a tagged"),
    "no tag": (b"".join((b"\x84", *GOOD[1:])), "not a tagged"),
    "tag 17": (b"".join((b"\xd1\x84", *GOOD[1:])), "not a tagged"),
    "tag 18 in two bytes": (b"".join((b"\xd8\x12\x84", *GOOD[1:])), "not a tagged"),
    "five items": (b"".join((b"\xd2\x85", *GOOD[1:])), "not a tagged"),
    "header as a map": (b"".join((GOOD[0], b"\xa0", *GOOD[2:])), "a byte string is expected"),
    "header of indefinite length": (b"".join((GOOD[0], b"\x5f\xff", *GOOD[2:])), "expected"),
    "nothing after the head": (GOOD[0], "a byte string is expected"),
    "header length in three bytes": (
        b"".join((GOOD[0], head(len(PROTECTED), 2), PROTECTED, *GOOD[2:])),
        "shortest form",
    ),
    "payload length in two bytes": (b"".join((*GOOD[:3], b"\x58\x03abc", GOOD[4])), "shortest"),
    "payload length in five bytes": (
        b"".join((*GOOD[:3], head(3, 4), b"abc", GOOD[4])),
        "shortest form",
    ),
    "payload length in nine bytes": (
        b"".join((*GOOD[:3], head(3, 8), b"abc", GOOD[4])),
        "a byte string is expected",
    ),
    "payload that runs out": (b"".join((*GOOD[:3], b"\x59\xff\xff", GOOD[4])), "runs past"),
    "half of a length": (b"".join((*GOOD[:3], b"\x59\x01")), "runs past|shortest"),
    "no payload": (b"".join(GOOD[:3]), "a byte string is expected"),
    "null payload": (b"".join((*GOOD[:3], b"\xf6", GOOD[4])), "a byte string is expected"),
    "unprotected header with a key": (
        b"".join((*GOOD[:2], b"\xa1\x04\x41\x31", *GOOD[3:])),
        "not the empty map",
    ),
    "unprotected header as null": (b"".join((*GOOD[:2], b"\xf6", *GOOD[3:])), "not the empty map"),
    "signature of 63 bytes": (b"".join((*GOOD[:4], b"\x58\x3f" + bytes(63))), "64 bytes"),
    "signature cut short": (b"".join(GOOD)[:-1], "64-byte signature"),
    "a byte after the signature": (b"".join(GOOD) + b"\x00", "64-byte signature"),
}


@pytest.mark.parametrize(("sample", "problem"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_each_rule_of_the_envelope_refuses_its_example(sample: bytes, problem: str) -> None:
    assert cose.parse(b"".join(GOOD)).payload == b"abc"
    with pytest.raises(EnvelopeError, match=problem):
        cose.parse(sample)


def test_the_size_is_limited_exactly() -> None:
    message = signed()
    assert cose.parse(message, len(message)).payload == b"ballots"
    with pytest.raises(EnvelopeError, match="at most"):
        cose.parse(message, len(message) - 1)


def test_a_string_needs_its_shortest_head_at_every_width() -> None:
    for length in (0, 23, 24, 255, 256, 65_535, 65_536):
        payload = bytes(length)
        message = cose.assemble(b"", payload, bytes(64))
        assert cose.parse(message, LIMIT) == Envelope(b"", payload, bytes(64))
        assert message == b"\xd2" + cbor.encode([b"", {}, payload, bytes(64)])


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("said", [0, 23, 24, 25, 255, 256, 257, 65_535])
@pytest.mark.parametrize("there", [0, 23, 24, 255, 256, 65_535])
def test_beside_a_long_header_too_a_payload_is_what_its_shortest_head_says(
    said: int, there: int, width: int
) -> None:
    said %= 256**width
    message = b"".join((*GOOD[:3], head(said, width), bytes(there), GOOD[4]))
    fits = said == there and said >= 24 and width == (1 if said < 256 else 2)
    if fits:
        assert cose.parse(message, LIMIT) == Envelope(PROTECTED, bytes(there), bytes(64))
        for at, wrong in ((2, 0x59), (2, 0x57), (len(GOOD[0] + GOOD[1]), 0xA1), (-66, 0x59)):
            broken = bytearray(message)
            broken[at] = wrong
            with pytest.raises(EnvelopeError):
                cose.parse(bytes(broken), LIMIT)
    else:
        with pytest.raises(EnvelopeError):
            cose.parse(message, LIMIT)


def test_the_published_eddsa_example_is_reproduced_and_refused(shared: Path) -> None:
    (vector,) = vectors_in(shared / "vectors" / "cose" / "eddsa-examples")
    key = PrivateKey.from_seed(bytes.fromhex(vector["input"]["sign0"]["key"]["d_hex"]))
    assert key.public.hex() == vector["input"]["sign0"]["key"]["x_hex"]
    payload = vector["input"]["plaintext"].encode()
    protected = cbor.encode({1: -8, 3: 0})
    structure = cose.sig_structure(protected, payload)
    assert structure == bytes.fromhex(vector["intermediates"]["ToBeSign_hex"])
    message = cose.assemble(protected, payload, key.sign(structure))
    published = bytes.fromhex(vector["output"]["cbor"])
    unprotected = cbor.encode({4: b"11"})
    assert message.replace(b"\xa0\x54", unprotected + b"\x54") == published
    assert cose.verify(structure, published[-64:], key.public)
    with pytest.raises(EnvelopeError, match="unprotected header is not the empty map"):
        cose.parse(published)
    with pytest.raises(EnvelopeError, match="not a bbx-report"):
        cose.open_with(message, key.public, MessageType.REPORT, LIMIT)


def test_the_published_sign1_examples_have_our_structure_and_are_refused(shared: Path) -> None:
    vectors = vectors_in(shared / "vectors" / "cose" / "sign1-tests")
    assert len(vectors) == 9
    for vector in vectors:
        published = bytes.fromhex(vector["output"]["cbor"])
        with pytest.raises(EnvelopeError):
            cose.parse(published)
        to_sign = bytes.fromhex(vector["intermediates"]["ToBeSign_hex"])
        sign0 = vector["input"]["sign0"]
        if "external" not in sign0:
            # "Signature1" and its array head are 12 bytes; the header follows as a byte string.
            protected = cbor.decode(b"\x81" + to_sign[12 : 13 + to_sign[12] - 0x40])[0]
            payload = vector["input"]["plaintext"].encode()
            assert cose.sig_structure(protected, payload) == to_sign


def test_the_published_sign1_tags_and_headers_are_refused_for_what_they_are(shared: Path) -> None:
    """With the unprotected header emptied, what was made wrong on purpose is still refused."""
    folder = shared / "vectors" / "cose" / "sign1-tests"
    problems = {
        "sign-fail-01.json": "not a tagged",
        "sign-pass-03.json": "not a tagged",
        "sign-fail-03.json": "not a bbx-report",
        "sign-fail-04.json": "not a bbx-report",
        "sign-fail-06.json": "not a bbx-report",
    }
    for name, problem in problems.items():
        path = folder / name
        if not path.is_file():
            pytest.skip(f"no published vector {path}")
        published = bytes.fromhex(json.loads(path.read_text())["output"]["cbor"])
        emptied = published.replace(cbor.encode({4: b"11"}), b"\xa0")
        assert emptied != published
        with pytest.raises(EnvelopeError, match=problem):
            cose.open_with(emptied, KEY.public, MessageType.REPORT, LIMIT)


@given(payload=st.binary(max_size=300), kind=types, bit=st.integers(0, 511))
def test_a_foreign_library_verifies_ours_and_refuses_a_flipped_bit(
    payload: bytes, kind: MessageType, bit: int
) -> None:
    message = bytearray(signed(payload, kind))
    key = COSEKey.new({1: 1, 3: -19, -1: 6, -2: KEY.public, 2: cose.key_id(KEY.public)})
    assert COSE.new().decode(bytes(message), key) == payload
    message[len(message) - 64 + (bit >> 3)] ^= 1 << (bit & 7)
    with pytest.raises(CWTError):
        COSE.new().decode(bytes(message), key)


def test_wycheproof(shared: Path) -> None:
    path = shared / "vectors" / "wycheproof" / "ed25519_test.json"
    if not path.is_file():
        pytest.skip(f"no published vectors at {path}")
    suite = json.loads(path.read_text())
    wrong, asked = [], 0
    for group in suite["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        assert cose.check_public_key(public)
        for test in group["tests"]:
            message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
            asked += 1
            if cose.verify(message, signature, public) is not (test["result"] == "valid"):
                wrong.append(test["tcId"])
    assert (wrong, asked) == ([], suite["numberOfTests"])
    assert asked == 151


def test_a_signature_of_another_length_is_none() -> None:
    message = b"prefix" + b"message"
    signature = KEY.sign(message)
    assert cose.verify(message, signature, KEY.public)
    # The signer signed "prefixmessage"; it must not pass as one over "message".
    assert not cose.verify(b"message", signature + b"prefix", KEY.public)
    assert not cose.verify(message, signature[:-1], KEY.public)
    assert not cose.verify(message, b"", KEY.public)
    assert not cose.verify(signature[63:] + message, signature[:63], KEY.public)
    assert not cose.verify(message, signature, KEY.public[:-1])


# What libsodium settles once A is checked: https://eprint.iacr.org/2020/1244 lists where
# implementations differ: points of small order and encodings that are not canonical, in A and in R.


def non_canonical() -> list[bytes]:
    """Every encoding with y >= p of a point that exists, and -0 as an x coordinate."""
    numbers = [
        y + curve.P | sign << 255
        for y in range(19)
        for sign in (0, 1)
        if curve.recover_x(y, sign) is not None
    ]
    numbers += [y | 1 << 255 for y in (1, curve.P - 1)]
    return [number.to_bytes(32, "little") for number in numbers]


def forge(r: bytes, r_scalar: int, message: bytes) -> bytes:
    """The signature whose S fits this R, made with the secret key as only its owner could."""
    scalar = curve.scalar_of(KEY.seed)
    s = (r_scalar + curve.challenge(r, KEY.public, message) * scalar) % curve.ORDER
    return r + s.to_bytes(32, "little")


MESSAGE = b"one ballot, one vote"


def test_the_curve_of_the_tests_makes_real_signatures() -> None:
    r = curve.encode(curve.multiply(4711, curve.BASE))
    assert curve.encode(curve.multiply(curve.scalar_of(KEY.seed), curve.BASE)) == KEY.public
    assert cose.verify(MESSAGE, forge(r, 4711, MESSAGE), KEY.public)


def test_a_key_of_small_order_or_of_another_form_is_not_enrolled() -> None:
    assert cose.check_public_key(KEY.public)
    small = [curve.encode(point) for point in curve.torsion()]
    assert len(set(small)) == 8
    mixed = [
        curve.encode(curve.add(point, curve.multiply(99, curve.BASE)))
        for point in curve.torsion()
        if point != curve.IDENTITY
    ]
    shapes = [b"", KEY.public[:-1], KEY.public + b"\x00", bytes(32), b"\xff" * 32]
    off_curve = [y.to_bytes(32, "little") for y in range(60) if curve.recover_x(y, 0) is None]
    assert len(off_curve) > 10
    for key in (*small, *mixed, *non_canonical(), *shapes, *off_curve):
        assert not cose.check_public_key(key), key.hex()


def test_with_a_checked_the_byte_comparison_settles_r() -> None:
    """No R passes but the canonical encoding of a point that the equation gives exactly."""
    for point in curve.torsion():
        r = curve.encode(point)
        # Satisfies the equation multiplied by the cofactor; the identity satisfies it exactly.
        assert not cose.verify(MESSAGE, forge(r, 0, MESSAGE), KEY.public), r.hex()
        mixed = curve.encode(curve.add(curve.multiply(4711, curve.BASE), point))
        honest = point == curve.IDENTITY
        assert cose.verify(MESSAGE, forge(mixed, 4711, MESSAGE), KEY.public) is honest
    for r in non_canonical():
        assert not cose.verify(MESSAGE, forge(r, 0, MESSAGE), KEY.public), r.hex()


def test_s_has_one_form() -> None:
    signature = KEY.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little")
    for other in (s + curve.ORDER, s + 2 * curve.ORDER, s | 1 << 255):
        assert not cose.verify(MESSAGE, signature[:32] + other.to_bytes(32, "little"), KEY.public)
