"""The receipt: proof that a log signed for a leaf, to be kept and checked offline.

A receipt is the leaf's canonical bytes, the checkpoint of the log that holds it and the inclusion
proof between the two, in deterministic CBOR. What the leaf says is not this module's concern.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache
from typing import Final

from ballotbox_protocol.election.identifiers import (
    InvalidField,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.checkpoint import (
    NOTE_BYTES_MAX,
    SIZE_MAX,
    CheckpointFault,
    check_signature,
    parse_note,
)
from ballotbox_protocol.wire.merkle import HASH_SIZE, Tree, leaf_hash, verify_inclusion

VERSION: Final = 1
#: A leaf carries digests and codes, never a whole report.
LEAF_BYTES_MAX: Final = 4096
#: The audit path in a log of the largest size, 2^63-1.
PATH_LENGTH_MAX: Final = 63
#: The parts at their limits need 10,358 bytes, 10 map items and 63 hashes.
RECEIPT_LIMITS: Final = cbor.Limits(size=12 * 1024, depth=2, items=128)

_KEYS: Final = frozenset(range(5))
_HEAD: Final = bytes((0xA5, 0, VERSION, 1))
_PATH_HEADS: Final = tuple(
    b"\x03" + cbor.encode([0] * length)[: -length or None] for length in range(PATH_LENGTH_MAX + 1)
)
_HASH_HEAD: Final = bytes((0x58, HASH_SIZE))


@unique
class ReceiptFault(IntEnum):
    """Why the bytes are not a receipt, or the receipt proves nothing; the codes are stable."""

    NOT_CBOR = 1
    BAD_SHAPE = 2
    UNKNOWN_VERSION = 3
    BAD_CHECKPOINT = 4
    UNKNOWN_ORIGIN = 5
    NOT_SIGNED = 6
    WRONG_SIGNATURE = 7
    NOT_INCLUDED = 8


def _require_length(data: bytes, maximum: int, field: str) -> None:
    fits = type(data) is bytes and 1 <= len(data) <= maximum
    require(fits, field, f"must be 1 to {maximum} bytes")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A leaf, its index, its audit path and the checkpoint note; nothing is trusted yet.

    Raises InvalidField when a part is outside its limits.
    """

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    note: bytes

    def __post_init__(self) -> None:
        _require_length(self.leaf, LEAF_BYTES_MAX, "receipt.leaf")
        require_count(self.index, "receipt.index", SIZE_MAX - 1)
        fits = len(self.path) <= PATH_LENGTH_MAX
        require(fits, "receipt.path", f"must be at most {PATH_LENGTH_MAX} hashes")
        for each in self.path:
            require_bytes(each, HASH_SIZE, "receipt.path")
        _require_length(self.note, NOTE_BYTES_MAX, "receipt.note")

    def to_bytes(self) -> bytes:
        """Return the one encoding of the receipt."""
        return cbor.encode({0: VERSION, 1: self.leaf, 2: self.index, 3: self.path, 4: self.note})

    @staticmethod
    def from_bytes(data: bytes) -> "Receipt | ReceiptFault":
        """Return the receipt that `data` encodes, or why it is none; nothing is verified yet."""
        return _read(data)


def encode_receipts(
    tree: Tree, size: int, note: bytes, leaves: Iterable[tuple[int, bytes]]
) -> Iterator[bytes]:
    """Yield the encoded receipt of each (index, leaf) under one checkpoint note of that size.

    The same bytes as `Receipt(...).to_bytes()`, at a fraction of the cost: a gateway makes one for
    every report it admits. Raises InvalidField for a leaf or note outside its limits.
    """
    _require_length(note, NOTE_BYTES_MAX, "receipt.note")
    tail = b"\x04" + cbor.encode(note)
    for index, leaf in leaves:
        _require_length(leaf, LEAF_BYTES_MAX, "receipt.leaf")
        path = tree.inclusion(index, size)
        yield b"".join(
            (
                _HEAD,
                cbor.encode(leaf),
                b"\x02",
                cbor.encode(index),
                _PATH_HEADS[len(path)],
                _HASH_HEAD.join((b"", *path)),
                tail,
            )
        )


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a verified receipt proves: this leaf is number `index` of the log (size, root)."""

    origin: str
    size: int
    root: bytes
    index: int
    leaf: bytes


#: A box and the road to it may ask for one receipt again: the last ones are known.
_KNOWN_MAX: Final = 32


@lru_cache(_KNOWN_MAX)
def _read(data: bytes) -> Receipt | ReceiptFault:
    try:
        fields = cbor.decode(data, RECEIPT_LIMITS)
    except cbor.CborError:
        return ReceiptFault.NOT_CBOR
    return _from_fields(fields)


def _from_fields(fields: object) -> Receipt | ReceiptFault:
    if type(fields) is not dict or type(fields.get(0)) is not int:
        return ReceiptFault.BAD_SHAPE
    if fields[0] != VERSION:
        return ReceiptFault.UNKNOWN_VERSION
    if fields.keys() != _KEYS or type(fields[3]) is not list:
        return ReceiptFault.BAD_SHAPE
    try:
        return Receipt(fields[1], fields[2], tuple(fields[3]), fields[4])
    except InvalidField:
        return ReceiptFault.BAD_SHAPE


def verify_receipt(receipt: Receipt, keys: Mapping[str, bytes]) -> VerifiedReceipt | ReceiptFault:
    """Return what the receipt proves, or why it proves nothing.

    `keys` are the public keys of the logs that count, by origin; each was checked at enrolment.
    """
    signed = parse_note(receipt.note)
    if isinstance(signed, CheckpointFault):
        return ReceiptFault.BAD_CHECKPOINT
    origin, size, root = signed.checkpoint.origin, signed.checkpoint.size, signed.checkpoint.root
    if origin not in keys:
        return ReceiptFault.UNKNOWN_ORIGIN
    fault = check_signature(signed, keys[origin])
    if fault is not None:
        not_signed = fault is CheckpointFault.NOT_SIGNED
        return ReceiptFault.NOT_SIGNED if not_signed else ReceiptFault.WRONG_SIGNATURE
    if not verify_inclusion(leaf_hash(receipt.leaf), receipt.index, size, receipt.path, root):
        return ReceiptFault.NOT_INCLUDED
    return VerifiedReceipt(origin, size, root, receipt.index, receipt.leaf)
