"""Receipts: what one proves is exactly what the log signed, and any change voids it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.checkpoint import (
    NOTE_BYTES_MAX,
    SIZE_MAX,
    Checkpoint,
    sign_checkpoint,
)
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.receipt import (
    LEAF_BYTES_MAX,
    PATH_LENGTH_MAX,
    RECEIPT_LIMITS,
    Receipt,
    ReceiptFault,
    VerifiedReceipt,
    encode_receipts,
    verify_receipt,
)

ORIGIN = "gateway.example/precinct-17"
KEY = SigningKey(bytes(range(32)))
KEYS = {ORIGIN: bytes(KEY.verify_key)}
LEAVES = [b"leaf %d" % index for index in range(300)]
TREE = Tree([leaf_hash(leaf) for leaf in LEAVES])


def sign(message: bytes) -> bytes:
    return KEY.sign(message).signature


def note_of(size: int) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, TREE.root(size)), KEYS[ORIGIN], sign)


def receipt_of(index: int, size: int) -> Receipt:
    return Receipt(LEAVES[index], index, tuple(TREE.inclusion(index, size)), note_of(size))


RECEIPT = receipt_of(4, 11)
FIELDS: dict[int, Any] = {
    0: 1,
    1: RECEIPT.leaf,
    2: RECEIPT.index,
    3: list(RECEIPT.path),
    4: RECEIPT.note,
}


@given(st.data())
def test_a_receipt_proves_its_leaf(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    receipt = receipt_of(index, size)
    back = Receipt.from_bytes(receipt.to_bytes())
    assert back == receipt
    expected = VerifiedReceipt(ORIGIN, size, TREE.root(size), index, LEAVES[index])
    assert verify_receipt(receipt, KEYS) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 300])
def test_receipts_of_a_batch_are_the_same_bytes(size: int) -> None:
    numbered = list(enumerate(LEAVES[:size]))
    expected = [receipt_of(index, size).to_bytes() for index, _ in numbered]
    assert list(encode_receipts(TREE, size, note_of(size), numbered)) == expected


def test_receipts_of_a_batch_keep_the_limits() -> None:
    for leaf in (b"", bytes(LEAF_BYTES_MAX + 1)):
        with pytest.raises(InvalidField, match=r"receipt\.leaf"):
            list(encode_receipts(TREE, 3, note_of(3), [(0, leaf)]))
    for note in (b"", bytes(NOTE_BYTES_MAX + 1)):
        with pytest.raises(InvalidField, match=r"receipt\.note"):
            list(encode_receipts(TREE, 3, note, [(0, b"leaf 0")]))


def test_the_bytes_are_frozen() -> None:
    """A receipt once issued must verify for ever."""
    frozen = bytes.fromhex(
        "a5000101466c65616620310201038258201bb97dcc21635d47e2663efdfd0a174686d98dd701352dd2cd06e8"
        "b43fd3d3055820ab37ba34d1dfe29015de717a6d5764a8fb029c3a7a0f5b64b93b54351885bf7c0458c96761"
        "74657761792e6578616d706c652f70726563696e63742d31370a330a31506b736a37754a6367367a74565a33"
        "7839667672642f72454e4561476f5367756f3861497a4e2f7170553d0a0ae2809420676174657761792e6578"
        "616d706c652f70726563696e63742d3137204c6e6e4b6a477149364e5869532f57434a694b6a6c7a4e433046"
        "476a616c5077626b64372f56536d5242707a644f6e7772597536707a474b5854384530687658476b686d4c49"
        "55544d64416f344a30584f6a356958592f796751383d0a"
    )
    assert receipt_of(1, 3).to_bytes() == frozen
    receipt = Receipt.from_bytes(frozen)
    assert isinstance(receipt, Receipt)
    expected = VerifiedReceipt(ORIGIN, 3, TREE.root(3), 1, b"leaf 1")
    assert verify_receipt(receipt, KEYS) == expected


def test_no_single_bit_can_change() -> None:
    data = RECEIPT.to_bytes()
    for bit in range(len(data) * 8):
        mutant = bytearray(data)
        mutant[bit // 8] ^= 1 << bit % 8
        receipt = Receipt.from_bytes(bytes(mutant))
        if isinstance(receipt, Receipt):
            assert isinstance(verify_receipt(receipt, KEYS), ReceiptFault)


def test_no_byte_can_go_or_come() -> None:
    data = RECEIPT.to_bytes()
    for at in range(len(data)):
        assert Receipt.from_bytes(data[:at]) is ReceiptFault.NOT_CBOR
    assert Receipt.from_bytes(data + b"\0") is ReceiptFault.NOT_CBOR


@given(st.binary(max_size=200))
def test_whatever_decodes_encodes_to_the_same_bytes(data: bytes) -> None:
    for candidate in (data, RECEIPT.to_bytes()[:4] + data):
        receipt = Receipt.from_bytes(candidate)
        if isinstance(receipt, Receipt):
            assert receipt.to_bytes() == candidate


def without(key: int) -> dict[int, Any]:
    return {k: value for k, value in FIELDS.items() if k != key}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (7, ReceiptFault.BAD_SHAPE),
        (list(FIELDS.values()), ReceiptFault.BAD_SHAPE),
        (without(0), ReceiptFault.BAD_SHAPE),
        (FIELDS | {0: b"1"}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {0: 0}, ReceiptFault.UNKNOWN_VERSION),
        (FIELDS | {0: 2}, ReceiptFault.UNKNOWN_VERSION),
        ({0: 2}, ReceiptFault.UNKNOWN_VERSION),
        *((without(key), ReceiptFault.BAD_SHAPE) for key in range(1, 5)),
        (FIELDS | {5: None}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {1: "leaf 4"}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {1: b""}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {1: bytes(LEAF_BYTES_MAX + 1)}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {2: b"4"}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {2: -1}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {2: SIZE_MAX}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: None}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: b""}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: [bytes(31)]}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: [bytes(33)]}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: ["x" * 32]}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: [7]}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: [bytes(32)] * (PATH_LENGTH_MAX + 1)}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {3: [[bytes(32)]]}, ReceiptFault.NOT_CBOR),
        (FIELDS | {4: None}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {4: b""}, ReceiptFault.BAD_SHAPE),
        (FIELDS | {4: bytes(NOTE_BYTES_MAX + 1)}, ReceiptFault.BAD_SHAPE),
    ],
)
def test_a_misshapen_receipt_is_refused(value: object, fault: ReceiptFault) -> None:
    assert Receipt.from_bytes(cbor.encode(value)) is fault


def test_the_largest_receipt_is_allowed_and_nothing_longer() -> None:
    path = (bytes(32),) * PATH_LENGTH_MAX
    largest = Receipt(bytes(LEAF_BYTES_MAX), SIZE_MAX - 1, path, bytes(NOTE_BYTES_MAX))
    data = largest.to_bytes()
    assert len(data) == 10_358
    assert Receipt.from_bytes(data) == largest
    assert Receipt.from_bytes(bytes(RECEIPT_LIMITS.size + 1)) is ReceiptFault.NOT_CBOR


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ((b"", 0, (), b"n"), "leaf"),
        ((b"l", -1, (), b"n"), "index"),
        ((b"l", 0, (bytes(31),), b"n"), "path"),
        ((b"l", 0, (bytes(32),) * 64, b"n"), "path"),
        ((b"l", 0, (), b""), "note"),
    ],
)
def test_an_impossible_receipt_is_not_made(parts: tuple[Any, ...], field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        Receipt(*parts)
    assert caught.value.field == f"receipt.{field}"


def changed(**parts: Any) -> Receipt:
    fields = {name: getattr(RECEIPT, name) for name in ("leaf", "index", "path", "note")}
    return Receipt(**(fields | parts))


@pytest.mark.parametrize(
    ("receipt", "keys", "fault"),
    [
        (changed(note=b"no note"), KEYS, ReceiptFault.BAD_CHECKPOINT),
        (RECEIPT, {}, ReceiptFault.UNKNOWN_ORIGIN),
        (RECEIPT, {ORIGIN + "8": KEYS[ORIGIN]}, ReceiptFault.UNKNOWN_ORIGIN),
        (RECEIPT, {ORIGIN: bytes(SigningKey(bytes(32)).verify_key)}, ReceiptFault.NOT_SIGNED),
        (
            changed(note=RECEIPT.note.replace(b"\n11\n", b"\n12\n")),
            KEYS,
            ReceiptFault.WRONG_SIGNATURE,
        ),
        (changed(leaf=LEAVES[5]), KEYS, ReceiptFault.NOT_INCLUDED),
        (changed(index=5), KEYS, ReceiptFault.NOT_INCLUDED),
        (changed(index=11), KEYS, ReceiptFault.NOT_INCLUDED),
        (changed(path=RECEIPT.path[:-1]), KEYS, ReceiptFault.NOT_INCLUDED),
        (changed(path=(*RECEIPT.path, bytes(32))), KEYS, ReceiptFault.NOT_INCLUDED),
        (changed(path=RECEIPT.path[::-1]), KEYS, ReceiptFault.NOT_INCLUDED),
        (changed(note=note_of(12)), KEYS, ReceiptFault.NOT_INCLUDED),
    ],
)
def test_a_receipt_that_proves_nothing_says_why(
    receipt: Receipt, keys: dict[str, bytes], fault: ReceiptFault
) -> None:
    assert verify_receipt(receipt, keys) is fault


def test_the_codes_are_stable() -> None:
    assert [(fault.name, fault.value) for fault in ReceiptFault] == [
        ("NOT_CBOR", 1),
        ("BAD_SHAPE", 2),
        ("UNKNOWN_VERSION", 3),
        ("BAD_CHECKPOINT", 4),
        ("UNKNOWN_ORIGIN", 5),
        ("NOT_SIGNED", 6),
        ("WRONG_SIGNATURE", 7),
        ("NOT_INCLUDED", 8),
    ]
