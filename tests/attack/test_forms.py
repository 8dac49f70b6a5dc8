"""Do bytes that are made to hurt a reader, or to mean two things, end at the first one?"""

import random
import tracemalloc
import zlib
from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace

import base45
import pytest

from ballotbox_gateway.core.intake import Outcome
from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.frame import MAX_PAYLOAD, FrameDecoder, encode_frame, encoded_size
from ballotbox_protocol.wire.paper import (
    PAPER_LIMITS,
    PaperCopy,
    PaperError,
    paper_parts,
    read_paper,
)
from ballotbox_protocol.wire.register import box_item, encode_register
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.trust import Distrust, establish
from ballotbox_protocol.wire.verdict import Reason
from tests.attack.marker import Without
from tests.gateway.scene import Scene
from tests.gateway.scripted import authority
from tests.protocol import edwards25519
from tests.tabulation.log_builder import LogBuilder, authority_of, count, simple_ballots

K = ReportKind
_DECODER = "ballotbox_protocol.wire.cbor:_Decoder"

_DEEP = 10**6
_BOMBS = {
    "arrays in arrays": b"\x81" * _DEEP + b"\x00",
    "maps in maps": b"\xa1\x00" * _DEEP + b"\x00",
    "2^63 - 1 items": b"\x9b" + b"\x7f" + b"\xff" * 7,
    "2^64 - 1 bytes": b"\x5b" + b"\xff" * 8,
    "a million items of ten thousand": b"\x9a\x00\x0f\x42\x40" + b"\x9a\x00\x00\x27\x10" * 10**6,
    "wide": b"\x9a\x00\x98\x96\x80" + bytes(10**7),
}


@pytest.mark.attack(19, says=[Reason.BODY], without=Without(f"{_DECODER}._spend", lambda *_: None))
def test_bombs_end_before_anything_is_made_for_them() -> None:
    for name, bomb in _BOMBS.items():
        tracemalloc.start()
        try:
            assert _refusal(bomb) == "CborError", name
            assert tracemalloc.get_traced_memory()[1] < 64 * 1024, name
        finally:
            tracemalloc.stop()
    scene = Scene()
    key = scene.box.key
    for bomb in (b"\x81" * 16_000 + b"\x00", _BOMBS["2^63 - 1 items"]):
        answer = scene.answer(cose.sign(key.public, key.sign, MessageType.REPORT, bomb))
        assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.BODY)


def _refusal(data: bytes) -> str:
    try:
        cbor.decode(data, cbor.DOCUMENT_LIMITS)
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        return type(error).__name__
    return ""


def _reads_any_keys(self: object, length: int, depth: int) -> dict:
    """A reader that takes keys in any order, and the last of two."""
    flat = self.values(2 * length, depth - 1)
    return dict(zip(flat[::2], flat[1::2], strict=True))


_OTHER_FORMS = {
    "a key twice": b"\xa2\x00\x01\x00\x02",
    "keys falling": b"\xa2\x01\x00\x00\x00",
    "a key that is text": b"\xa1\x61a\x00",
    "a key beyond 23": b"\xa1\x18\x18\x00",
    "a long zero": b"\x18\x00",
    "a longer 255": b"\x19\x00\xff",
    "a list without end": b"\x9f\x00\xff",
    "a bignum": b"\xc2\x41\x01",
    "true": b"\xf5",
    "a float": b"\xf9\x00\x00",
    "bytes after the end": b"\x00\x00",
    "text not composed": b"\x63e\xcc\x81",
}


@pytest.mark.attack(21, says=[Reason.BODY], without=Without(f"{_DECODER}._map", _reads_any_keys))
def test_a_message_has_one_form() -> None:
    for name, form in _OTHER_FORMS.items():
        assert _refusal(form) == "CborError", name
    chance = random.Random(21)
    report = cose.parse(Scene().until(K.OPEN).box.report(K.TURNOUT)).payload
    for _ in range(5_000):
        mutant = _mutated(report, chance)
        try:
            read = cbor.decode(mutant)
        except cbor.CborError:
            continue
        assert cbor.encode(read) == mutant


def _mutated(data: bytes, chance: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(mutant))
        match chance.randrange(3):
            case 0:
                mutant[at] = chance.randrange(256)
            case 1:
                del mutant[at]
            case _:
                mutant.insert(at, chance.choice(b"\x00\x17\x18\x81\xa1\xf6"))
    return bytes(mutant)


_PARSE = cose._parse


def _reads_any_header(data: bytes) -> cose.Envelope:
    """A reader that passes over whatever stands in the unprotected header."""
    return _PARSE(data.replace(b"\xa1\x18\x63\x00", b"\xa0", 1))


@pytest.mark.attack(
    21,
    says=[Reason.ENVELOPE],
    without=Without("ballotbox_protocol.wire.cose:_parse", _reads_any_header),
)
def test_an_envelope_has_one_form() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    header, at = cose.parse(message).protected, message.index(b"\xa0", 2)
    for other in (
        message[1:],
        message[:at] + b"\xa1\x18\x63\x00" + message[at + 1 :],
        message[:2] + b"\x59\x00" + bytes([len(header)]) + message[4:],
        message + b"\x00",
        b"\xd2" + message,
    ):
        assert scene.answer(other).reason is Reason.ENVELOPE


_VERIFY = cose.verify


def _reduces(statement: bytes, signature: bytes, public_key: bytes) -> bool:
    """A verifier that does not ask for S below the order of the base point."""
    s = int.from_bytes(signature[32:], "little") % edwards25519.ORDER
    return _VERIFY(statement, signature[:32] + s.to_bytes(32, "little"), public_key)


@pytest.mark.attack(
    22, says=[Reason.SIGNATURE], without=Without("ballotbox_protocol.wire.cose:verify", _reduces)
)
def test_a_signature_has_one_form() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    r, s = message[-64:-32], int.from_bytes(message[-32:], "little")
    for times in range(1, 16):
        other = s + times * edwards25519.ORDER
        if other < 2**256:
            forged = message[:-64] + r + other.to_bytes(32, "little")
            assert scene.answer(forged).reason is Reason.SIGNATURE
    assert scene.answer(message).outcome is Outcome.ACCEPTED


@pytest.mark.attack(
    22, without=Without("ballotbox_protocol.wire.cose:check_public_key", lambda _: True)
)
def test_a_key_of_low_order_never_enters_a_register() -> None:
    """Under such a key one signature fits many messages."""
    given = authority()
    register = given.trusted.register
    for point in edwards25519.torsion():
        weak = _with_key(register.boxes[0], edwards25519.encode(point))
        boxes = (weak, *register.boxes[1:])
        body = encode_register(replace(register, boxes=boxes))
        key = given.register_key
        signed = cose.sign(key.public, key.sign, MessageType.REGISTER, body)
        with pytest.raises(Distrust, match="not a usable"):
            establish(given.root, given.definition, signed)


def _with_key(entry: BoxEntry, key: bytes) -> BoxEntry:
    return replace(entry, key=key)


@pytest.mark.attack(20, without=Without("ballotbox_protocol.wire.paper:_tag", lambda _: "00000000"))
def test_parts_of_two_tapes_make_no_third() -> None:
    """The parts are renumbered and relabelled as one tape's: only their digest tells."""
    given = authority_of(boxes=2)
    tapes = [_parts(given, ballots) for ballots in (9, 8)]
    (first, _), (_, second) = tapes
    label = first.split(":")[2]
    other = second.split(":")[2]
    with pytest.raises(PaperError):
        read_paper([first, second.replace(other, label)])
    assert read_paper(tapes[0])


_NO_LIMITS = cbor.Limits(size=2**40, depth=8, items=2**40)


@pytest.mark.attack(20, without=Without("ballotbox_protocol.wire.paper:PAPER_LIMITS", _NO_LIMITS))
def test_codes_that_hold_more_than_a_tape_are_not_read() -> None:
    entry = box_item(authority().trusted.register.boxes[0])
    data = cbor.encode([1, bytes(PAPER_LIMITS.size), entry])
    digest = sha256(data).hexdigest()[:8].upper()
    text = f"BBX1:1/1:{digest}:{base45.b45encode(data).decode()}:"
    with pytest.raises(PaperError, match="are allowed"):
        read_paper([text])


def _parts(given: object, ballots: int) -> tuple[str, ...]:
    row, counters = count(given, simple_ballots(ballots))
    consent = given.consent(b"\x80")
    final = LogBuilder(given).pen(0).final(row, counters, signatures=consent)
    return paper_parts(PaperCopy(final.data, given.trusted.register.boxes[0]))


_NO_CRC = SimpleNamespace(crc32=lambda _: 0)


@pytest.mark.attack(23, without=Without("ballotbox_protocol.wire.frame:zlib", _NO_CRC))
def test_noise_splices_and_floods_on_a_line_make_no_message() -> None:
    chance = random.Random(23)
    payloads = [chance.randbytes(chance.randrange(1, 400)) for _ in range(40)]
    for _ in range(30):
        decoder, stream = FrameDecoder(), bytearray()
        for payload in payloads:
            stream += _abused(encode_frame(payload), chance)
        found = []
        while stream:
            size = chance.randrange(1, 700)
            found += decoder.feed(bytes(stream[:size]))
            del stream[:size]
            assert decoder.buffered <= encoded_size(MAX_PAYLOAD)
        assert all(each in payloads for each in found)
        assert decoder.feed(b"\x00" + encode_frame(b"and again"))[-1:] == [b"and again"]


def _abused(frame: bytes, chance: random.Random) -> bytes:
    """A frame with flipped bits, a piece lost or doubled, noise around it, or whole."""
    at = chance.randrange(len(frame))
    return [
        frame,
        frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :],
        frame[:at],
        frame[at:],
        frame[:at] + frame[at // 2 :],
        chance.randbytes(300) + frame + b"\x1b]0;title\x07\x1b[2J",
        b"AT+RESET\r\n" + frame,
    ][chance.randrange(7)]


@pytest.mark.attack(
    23,
    says=[Reason.SIGNATURE],
    without=Without("ballotbox_protocol.wire.cose:verify", lambda *_: True),
)
def test_who_can_write_good_frames_still_signs_nothing() -> None:
    scene = Scene()
    message = bytearray(scene.box.report(K.BOOT))
    message[-100] ^= 1
    (payload,) = FrameDecoder().feed(encode_frame(bytes(message)))
    assert zlib.crc32(payload) == zlib.crc32(bytes(message))
    answer = scene.answer(payload)
    assert (answer.outcome, answer.reason) == (Outcome.UNAUTHENTIC, Reason.SIGNATURE)
    assert scene.ledger.log_head().size == 0
