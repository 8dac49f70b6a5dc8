"""Checkpoints: what a log's origin signs about its size and root (C2SP tlog-checkpoint).

A checkpoint is the text of a signed note (C2SP signed-note) with an Ed25519 signature, type 0x01.
This profile is narrower than the specification: printable ASCII names, no extension lines, at most
16 signature lines and 4 KiB, and one byte form per note.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.identifiers import (
    InvalidField,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.election.register import require_origin
from ballotbox_protocol.wire.cose import KEY_SIZE, SIGNATURE_SIZE, Sign, verify
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, HASH_SIZE

#: Sixteen cosignatures with long names need 3.5 KB; a box can hold this much.
NOTE_BYTES_MAX: Final = 4096
SIGNATURE_LINES_MAX: Final = 16
#: The largest size that fits every integer field of the other formats (int64).
SIZE_MAX: Final = (1 << 63) - 1
KEY_ID_SIZE: Final = 4

_TYPE_ED25519: Final = b"\x01"
_DASH: Final = "\N{EM DASH} ".encode()
_TEXT_LINES: Final = 3
#: Longer numbers never reach `int`, whose own limit depends on the interpreter's settings.
_SIZE_DIGITS_MAX: Final = len(str(SIZE_MAX))


@unique
class CheckpointFault(IntEnum):
    """Why the bytes are not a checkpoint of the log they should be of; the codes are stable."""

    TOO_LONG = 1
    NOT_A_NOTE = 2
    BAD_ORIGIN = 3
    BAD_SIZE = 4
    BAD_ROOT = 5
    EXTENSION_LINE = 6
    TOO_MANY_SIGNATURES = 7
    BAD_SIGNATURE_LINE = 8
    REPEATED_SIGNATURE = 9
    NOT_CANONICAL = 10
    OTHER_ORIGIN = 11
    NOT_SIGNED = 12
    WRONG_SIGNATURE = 13


_FAULT_OF_FIELD: Final = {
    "checkpoint.origin": CheckpointFault.BAD_ORIGIN,
    "checkpoint.size": CheckpointFault.BAD_SIZE,
    "checkpoint.root": CheckpointFault.BAD_ROOT,
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's state: its name, its number of leaves and its 32-byte root.

    Raises InvalidField when the origin is not 1..128 printable ASCII characters without space and
    "+", the size not 0..2^63-1, or the root not one of such a log.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        require_origin(self.origin, "checkpoint.origin")
        require_count(self.size, "checkpoint.size", SIZE_MAX)
        require_bytes(self.root, HASH_SIZE, "checkpoint.root")
        fits = self.size > 0 or self.root == EMPTY_ROOT
        require(fits, "checkpoint.root", "must be the root of the empty log when size is 0")

    def text(self) -> bytes:
        """Return the note text, which is what the signatures cover."""
        return b"%b\n%d\n%b\n" % (self.origin.encode(), self.size, b64encode(self.root))


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; what `signature` means depends on the key that (name, key_id) names.

    Raises InvalidField when the name is not as an origin's, the key id not 4 bytes or the signature
    empty.
    """

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        require_origin(self.name, "signature.name")
        require_bytes(self.key_id, KEY_ID_SIZE, "signature.key_id")
        require(len(self.signature) > 0, "signature", "must not be empty")

    def line(self) -> bytes:
        """Return the line with its newline."""
        blob = b64encode(self.key_id + self.signature)
        return b"%b%b %b\n" % (_DASH, self.name.encode(), blob)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A parsed note. Nothing in it is trusted before `check_signature`."""

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]

    def note(self) -> bytes:
        """Return the note's bytes."""
        lines = [signature.line() for signature in self.signatures]
        return b"".join((self.checkpoint.text(), b"\n", *lines))


def note_key_id(name: str, public_key: bytes) -> bytes:
    """Return the key id of an Ed25519 note key: SHA-256(name || LF || 0x01 || key)[:4]."""
    require_bytes(public_key, KEY_SIZE, "public key")
    return sha256(b"%b\n%b%b" % (name.encode(), _TYPE_ED25519, public_key)).digest()[:KEY_ID_SIZE]


def sign_checkpoint(checkpoint: Checkpoint, public_key: bytes, sign: Sign) -> bytes:
    """Return the note of `checkpoint` with the log's own signature, its key named by the origin.

    `sign` makes the 64-byte Ed25519 signature that belongs to `public_key` (else
    InvalidField).
    """
    signature = sign(checkpoint.text())
    require_bytes(signature, SIGNATURE_SIZE, "signature")
    return note_with(checkpoint, public_key, signature)


def note_with(checkpoint: Checkpoint, public_key: bytes, signature: bytes) -> bytes:
    """Return the note of `checkpoint` that carries this signature of the log's own key alone."""
    own = NoteSignature(checkpoint.origin, note_key_id(checkpoint.origin, public_key), signature)
    return SignedCheckpoint(checkpoint, (own,)).note()


def parse_note(data: bytes) -> SignedCheckpoint | CheckpointFault:
    """Take a checkpoint note apart without checking any signature.

    Whatever is accepted gives the same bytes again: `parse_note(data).note() == data`.
    """
    return _parse(data)


#: One note comes with many receipts and is read at several places: the last ones are known.
_KNOWN_MAX: Final = 64


@lru_cache(_KNOWN_MAX)
def _parse(data: bytes) -> SignedCheckpoint | CheckpointFault:
    if len(data) > NOTE_BYTES_MAX:
        return CheckpointFault.TOO_LONG
    text, blank, tail = data.partition(b"\n\n")
    if not blank or not tail.endswith(b"\n"):
        return CheckpointFault.NOT_A_NOTE
    checkpoint = _parse_text(text.split(b"\n"))
    if isinstance(checkpoint, CheckpointFault):
        return checkpoint
    signatures = _parse_signatures(tail[:-1].split(b"\n"))
    if isinstance(signatures, CheckpointFault):
        return signatures
    signed = SignedCheckpoint(checkpoint, signatures)
    # One rule instead of many: leading zeros, spare base64 bits and the like end here.
    return signed if signed.note() == data else CheckpointFault.NOT_CANONICAL


def _parse_text(lines: Sequence[bytes]) -> Checkpoint | CheckpointFault:
    if len(lines) < _TEXT_LINES:
        return CheckpointFault.NOT_A_NOTE
    origin, digits, encoded_root, *extensions = lines
    if extensions:
        return CheckpointFault.EXTENSION_LINE
    if not digits.isdigit() or len(digits) > _SIZE_DIGITS_MAX:
        return CheckpointFault.BAD_SIZE
    try:
        # Latin-1 never fails, and what is not ASCII is then refused as a name.
        return Checkpoint(origin.decode("latin-1"), int(digits), _base64(encoded_root))
    except InvalidField as error:
        return _FAULT_OF_FIELD[error.field]


def _parse_signatures(lines: Sequence[bytes]) -> tuple[NoteSignature, ...] | CheckpointFault:
    if len(lines) > SIGNATURE_LINES_MAX:
        return CheckpointFault.TOO_MANY_SIGNATURES
    signatures: dict[tuple[str, bytes], NoteSignature] = {}
    for line in lines:
        signature = _parse_signature(line)
        if signature is None:
            return CheckpointFault.BAD_SIGNATURE_LINE
        key = (signature.name, signature.key_id)
        if key in signatures:
            return CheckpointFault.REPEATED_SIGNATURE
        signatures[key] = signature
    return tuple(signatures.values())


def _parse_signature(line: bytes) -> NoteSignature | None:
    name, _, encoded = line.removeprefix(_DASH).partition(b" ")
    blob = _base64(encoded)
    if not line.startswith(_DASH):
        return None
    try:
        return NoteSignature(name.decode("latin-1"), blob[:KEY_ID_SIZE], blob[KEY_ID_SIZE:])
    except InvalidField:
        return None


def _base64(encoded: bytes) -> bytes:
    """Return the decoded bytes, b"" (which fits nowhere in a note) when it is no base64."""
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        return b""


def check_signature(signed: SignedCheckpoint, public_key: bytes) -> CheckpointFault | None:
    """Return what is wrong with the log's own signature under `public_key`, None when it holds.

    `public_key` was checked at enrolment. Lines of other keys are ignored.
    """
    signature = own_signature(signed, public_key)
    if signature is None:
        return CheckpointFault.NOT_SIGNED
    fits = len(signature) == SIGNATURE_SIZE
    if fits and verify(signed.checkpoint.text(), signature, public_key):
        return None
    return CheckpointFault.WRONG_SIGNATURE


def own_signature(signed: SignedCheckpoint, public_key: bytes) -> bytes | None:
    """Return what stands in the line of the log's own key, unchecked; None without such a line."""
    origin = signed.checkpoint.origin
    key_id = note_key_id(origin, public_key)
    for line in signed.signatures:
        if line.name == origin and line.key_id == key_id:
            return line.signature
    return None


def verify_checkpoint(note: bytes, origin: str, public_key: bytes) -> Checkpoint | CheckpointFault:
    """Return the checkpoint that the log `origin` signed with `public_key`, or why it is none."""
    signed = parse_note(note)
    if isinstance(signed, CheckpointFault):
        return signed
    if signed.checkpoint.origin != origin:
        return CheckpointFault.OTHER_ORIGIN
    return check_signature(signed, public_key) or signed.checkpoint
