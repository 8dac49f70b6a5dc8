"""COSE_Sign1 (RFC 9052) with Ed25519 (RFC 9864, alg -19): the one envelope of every signed message.

The verification rule is part of the format: the public key is a valid point of prime order,
checked once at enrolment (`check_public_key`), and the signature passes libsodium's Ed25519
verification. libsodium recomputes R and compares bytes, so with a checked key a low-order or
non-canonical R cannot pass; verifiers built on other libraries check R as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

from nacl import bindings
from nacl.exceptions import BadSignatureError

from ballotbox_protocol.election import identifiers, register
from ballotbox_protocol.wire import cbor

ALGORITHM: Final = -19
KEY_SIZE: Final = 32
KEY_ID_SIZE: Final = identifiers.KEY_ID_SIZE
SIGNATURE_SIZE: Final = 64
#: Returns the hint at a key that headers and officers' signatures carry.
key_id: Final = register.key_id

#: Signs the bytes it is given with one Ed25519 key and returns the 64-byte signature.
Sign = Callable[[bytes], bytes]

#: Few keys sign much, and a report is read at several places until its receipt comes: the last
#: headers and envelopes are known.
_KNOWN_MAX: Final = 32

_TAG_SIGN1_ARRAY4: Final = b"\xd2\x84"
_SIGNATURE_HEAD: Final = b"\x58\x40"
_TAIL: Final = len(_SIGNATURE_HEAD) + SIGNATURE_SIZE
_CONTEXT: Final = b"\x84\x6aSignature1"
_USUAL_START: Final = _TAG_SIGN1_ARRAY4 + b"\x58"
#: A length from here on stands behind the head.
_LONG: Final = 24
#: After the empty header: how many bytes the length of the payload takes, and the least it can be.
_USUAL_PAYLOADS: Final = {b"\xa0\x58": (1, _LONG), b"\xa0\x59": (2, 0x100)}
_NO_PAYLOAD: Final = (0, 1 << 32)


class MessageType(StrEnum):
    """The `typ` header (RFC 9596): keeps one kind of signed statement from passing as another."""

    DEFINITION = "bbx-definition"
    REGISTER = "bbx-register"
    REPORT = "bbx-report"
    CONSENT = "bbx-consent"
    KEY_PROOF = "bbx-key-proof"
    RULING = "bbx-ruling"
    REFUSAL = "bbx-refusal"
    RESEND = "bbx-resend"
    HELLO = "bbx-hello"
    CLEARANCE = "bbx-clearance"
    REPRINT = "bbx-reprint"
    REPLACEMENT = "bbx-replacement"
    HAND_COUNT = "bbx-hand-count"
    PUBLICATION = "bbx-publication"
    RULES_RELEASE = "bbx-rules-release"
    KEY_CARD = "bbx-key-card"


class EnvelopeError(ValueError):
    """The bytes are not a COSE_Sign1 message of this profile; the message says why."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The three variable parts of a COSE_Sign1 message; nothing in them is trusted yet."""

    protected: bytes
    payload: bytes
    signature: bytes

    @property
    def statement(self) -> bytes:
        """The Sig_structure (RFC 9052 section 4.4) that the signature covers."""
        return sig_structure(self.protected, self.payload)


@lru_cache(_KNOWN_MAX)
def protected_header(public_key: bytes, message_type: MessageType) -> bytes:
    """Return the encoded protected header {1: -19, 4: key id, 16: typ}."""
    return cbor.encode({1: ALGORITHM, 4: key_id(public_key), 16: str(message_type)})


def sig_structure(protected: bytes, payload: bytes) -> bytes:
    """Return the bytes to be signed: ["Signature1", protected, h'', payload]."""
    heads = _bstr_head(len(protected)), _bstr_head(len(payload))
    return b"".join((_CONTEXT, heads[0], protected, b"\x40", heads[1], payload))


def statement_id(statement: bytes) -> bytes:
    """Return SHA-256 of a Sig_structure: re-signed copies of one statement share one id."""
    return sha256(statement).digest()


def message_id(data: bytes) -> bytes:
    """Return the id of the statement in a message that was parsed before, and has a long header.

    Long: of 24 to 255 bytes, as that of a report. For other bytes it returns a digest that names
    nothing. It takes a quarter of the time of `parse`: a start asks it of each report there is.
    """
    end = 4 + int.from_bytes(data[3:4])
    return sha256(b"%b%b\x40%b" % (_CONTEXT, data[2:end], data[end + 1 : -_TAIL])).digest()


def sign(public_key: bytes, sign_bytes: Sign, message_type: MessageType, payload: bytes) -> bytes:
    """Return the COSE_Sign1 message over `payload`, tagged 18, with an empty unprotected header."""
    protected = protected_header(public_key, message_type)
    signature = sign_bytes(sig_structure(protected, payload))
    return assemble(protected, payload, signature)


def assemble(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """Return the message made of parts that are already encoded and signed."""
    return b"".join(
        (
            _TAG_SIGN1_ARRAY4,
            _bstr_head(len(protected)),
            protected,
            b"\xa0",
            _bstr_head(len(payload)),
            payload,
            _SIGNATURE_HEAD,
            signature,
        )
    )


def parse(data: bytes, size_limit: int = cbor.REPORT_LIMITS.size) -> Envelope:
    """Take the envelope apart without decoding what is inside.

    Raises EnvelopeError unless the bytes are exactly tag 18, a 4-item array, byte strings in
    shortest form, an empty unprotected header and a 64-byte signature.
    """
    if len(data) > size_limit:
        raise EnvelopeError(f"{len(data)} bytes, at most {size_limit} are allowed")
    return _parse(data)


#: Header, payload and signature of a message, and the statement that the signature covers; nothing
#: in them is trusted. A plain tuple: a log's reader makes one for each report.
Parts = tuple[bytes, bytes, bytes, bytes]


def take_apart(data: bytes, first: int = 0, stop: int | None = None) -> Parts:
    """Return what `parse` does, of a message of a report's size that is met once and not kept.

    The message is what stands from `first` to `stop`, all of `data` when not given. Raises
    EnvelopeError.
    """
    stop = len(data) if stop is None else stop
    size = stop - first
    places = _usual_places(data, first, stop) if size <= cbor.REPORT_LIMITS.size else None
    if places is None:
        envelope = parse(data[first:stop])
        return envelope.protected, envelope.payload, envelope.signature, envelope.statement
    middle, start, end = places
    # The heads of header and payload are the same in the message and in the statement.
    statement = b"%b%b\x40%b" % (_CONTEXT, data[first + 2 : middle], data[middle + 1 : end])
    return data[first + 4 : middle], data[start:end], data[end + 2 : stop], statement


@lru_cache(_KNOWN_MAX)
def _parse(data: bytes) -> Envelope:
    places = _usual_places(data, 0, len(data))
    if places is None:
        return _parse_any(data)
    middle, start, end = places
    return Envelope(data[4:middle], data[start:end], data[end + 2 :])


def _usual_places(data: bytes, first: int, stop: int) -> tuple[int, int, int] | None:
    """Return where the header ends and the payload begins and ends, None of what is not usual.

    As every report is: a header of 24 to 255 bytes and a payload of 24 to 65,535. The message
    stands from `first` to `stop`.
    """
    at = first + 3
    if data[first:at] == _USUAL_START and stop - first > _TAIL and data[at] >= _LONG:
        middle, end = at + 1 + data[at], stop - _TAIL
        width, least = _USUAL_PAYLOADS.get(data[middle : middle + 2], _NO_PAYLOAD)
        start = middle + 2 + width
        size = end - start
        whole = size >= least and data[end : end + 2] == _SIGNATURE_HEAD
        if whole and int.from_bytes(data[middle + 2 : start]) == size:
            return middle, start, end
    return None


def _parse_any(data: bytes) -> Envelope:
    if data[:2] != _TAG_SIGN1_ARRAY4:
        raise EnvelopeError("not a tagged COSE_Sign1 array of four items")
    protected, position = _bstr(data, 2)
    if data[position : position + 1] != b"\xa0":
        raise EnvelopeError("the unprotected header is not the empty map")
    payload, position = _bstr(data, position + 1)
    if data[position : position + 2] != _SIGNATURE_HEAD:
        raise EnvelopeError("the signature is not a byte string of 64 bytes")
    signature = data[position + 2 :]
    if len(signature) != SIGNATURE_SIZE:
        raise EnvelopeError("the message does not end with its 64-byte signature")
    return Envelope(protected, payload, signature)


def _bstr_head(length: int) -> bytes:
    if length < 24:
        return bytes((0x40 | length,))
    if length < 0x100:
        return bytes((0x58, length))
    if length < 0x10000:
        return b"\x59" + length.to_bytes(2)
    return b"\x5a" + length.to_bytes(4)


def _bstr(data: bytes, position: int) -> tuple[bytes, int]:
    initial = data[position] if position < len(data) else -1
    if 0x40 <= initial < 0x58:
        start, length = position + 1, initial - 0x40
    elif 0x58 <= initial <= 0x5A:
        width = 1 << (initial - 0x58)
        start = position + 1 + width
        length = int.from_bytes(data[position + 1 : start])
        if length < (24 if width == 1 else 1 << (4 * width)):
            raise EnvelopeError(f"byte {position}: string length not in its shortest form")
    else:
        raise EnvelopeError(f"byte {position}: a byte string is expected")
    if start + length > len(data):
        raise EnvelopeError(f"byte {position}: string of {length} bytes runs past the end")
    return data[start : start + length], start + length


def verify(statement: bytes, signature: bytes, public_key: bytes) -> bool:
    """Tell whether `signature` is the key's over `statement`, by the rule of this module.

    `public_key` must have passed `check_public_key` once.
    """
    # libsodium takes the first 64 bytes as the signature and reads 32 of the key, unasked.
    if len(signature) != SIGNATURE_SIZE or len(public_key) != KEY_SIZE:
        return False
    try:
        bindings.crypto_sign_open(signature + statement, public_key)
    except BadSignatureError:
        return False
    return True


def check_public_key(public_key: bytes) -> bool:
    """Tell whether the key is a canonical point of prime order; ask once, at enrolment."""
    return len(public_key) == KEY_SIZE and bindings.crypto_core_ed25519_is_valid_point(public_key)


def open_with(data: bytes, public_key: bytes, message_type: MessageType, size_limit: int) -> bytes:
    """Return the payload of a message signed by `public_key` as `message_type`.

    Raises EnvelopeError when the form, the header or the signature is wrong.
    """
    envelope = parse(data, size_limit)
    if envelope.protected != protected_header(public_key, message_type):
        raise EnvelopeError(f"not a {message_type} signed by the expected key")
    if not verify(envelope.statement, envelope.signature, public_key):
        raise EnvelopeError("the signature does not verify")
    return envelope.payload
