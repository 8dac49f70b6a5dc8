"""Checkpoint notes: one byte form, bounded, and no bit of them can change unseen."""

import sys
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.checkpoint import (
    NOTE_BYTES_MAX,
    SIGNATURE_LINES_MAX,
    SIZE_MAX,
    Checkpoint,
    CheckpointFault,
    NoteSignature,
    SignedCheckpoint,
    check_signature,
    note_key_id,
    parse_note,
    sign_checkpoint,
    verify_checkpoint,
)
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, Tree, leaf_hash

ORIGIN = "gateway.example/precinct-17"
KEY = SigningKey(bytes(range(32)))
PUBLIC = bytes(KEY.verify_key)
OTHER = SigningKey(bytes(32))
CHECKPOINT = Checkpoint(ORIGIN, 3, Tree([leaf_hash(b"%d" % at) for at in range(3)]).root())

names = st.text(st.sampled_from([chr(code) for code in range(0x21, 0x7F) if chr(code) != "+"]))
origins = names.filter(lambda name: 1 <= len(name) <= 128)
checkpoints = st.builds(
    Checkpoint, origins, st.integers(1, SIZE_MAX), st.binary(min_size=32, max_size=32)
)
cosignatures = st.builds(
    NoteSignature,
    origins,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)


def sign(message: bytes) -> bytes:
    return KEY.sign(message).signature


NOTE = sign_checkpoint(CHECKPOINT, PUBLIC, sign)
TEXT, _, LINE = NOTE.partition(b"\n\n")
BLOB = b64decode(LINE.split()[-1])


def note_by_the_book(origin: str, size: int, root: bytes, key: SigningKey) -> bytes:
    """A note made from the words of the specification and nothing of the product."""
    text = f"{origin}\n{size}\n{b64encode(root).decode()}\n"
    key_id = sha256(origin.encode() + b"\x0a\x01" + bytes(key.verify_key)).digest()[:4]
    blob = b64encode(key_id + key.sign(text.encode()).signature).decode()
    return f"{text}\n\u2014 {origin} {blob}\n".encode()


def test_the_note_is_that_of_the_specification() -> None:
    assert note_by_the_book(ORIGIN, 3, CHECKPOINT.root, KEY) == NOTE
    assert CHECKPOINT.text() == TEXT + b"\n"


def test_the_bytes_are_frozen() -> None:
    """A checkpoint once published must verify for ever."""
    frozen = (
        "gateway.example/precinct-17\n3\ncl1SMNto9VdHDcNfHYhlgTrNfrsHrRUndBQd7LrnEyc=\n\n"
        "\u2014 gateway.example/precinct-17 LnnKjNg6JSk+hVnL1HaVY/SXfD0or0sW0ApMLroN7BzluB/L+PlC"
        "vuYNm3Kuaf1pN/IOljbO5rxtn8Suj0cWMf8B2Qc=\n"
    ).encode()
    assert frozen == NOTE
    assert verify_checkpoint(frozen, ORIGIN, PUBLIC) == CHECKPOINT


@given(checkpoints)
def test_what_is_signed_verifies_to_the_same_checkpoint(checkpoint: Checkpoint) -> None:
    note = sign_checkpoint(checkpoint, PUBLIC, sign)
    assert verify_checkpoint(note, checkpoint.origin, PUBLIC) == checkpoint
    assert note == note_by_the_book(checkpoint.origin, checkpoint.size, checkpoint.root, KEY)


def test_the_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert verify_checkpoint(sign_checkpoint(empty, PUBLIC, sign), ORIGIN, PUBLIC) == empty


def test_no_single_bit_can_change() -> None:
    for bit in range(len(NOTE) * 8):
        mutant = bytearray(NOTE)
        mutant[bit // 8] ^= 1 << bit % 8
        assert isinstance(verify_checkpoint(bytes(mutant), ORIGIN, PUBLIC), CheckpointFault)


def test_no_byte_can_go_or_come() -> None:
    for at in range(len(NOTE) + 1):
        for extra in (b"\n", b" ", b"=", b"0", b"\r", b"\0"):
            mutant = NOTE[:at] + extra + NOTE[at:]
            assert isinstance(verify_checkpoint(mutant, ORIGIN, PUBLIC), CheckpointFault)
        if at < len(NOTE):
            assert isinstance(
                verify_checkpoint(NOTE[:at] + NOTE[at + 1 :], ORIGIN, PUBLIC), CheckpointFault
            )
            assert isinstance(verify_checkpoint(NOTE[:at], ORIGIN, PUBLIC), CheckpointFault)


@given(checkpoints, st.lists(cosignatures, max_size=15, unique_by=lambda s: (s.name, s.key_id)))
def test_what_parses_gives_the_same_bytes(
    checkpoint: Checkpoint, others: list[NoteSignature]
) -> None:
    own = parse_note(sign_checkpoint(checkpoint, PUBLIC, sign))
    assert isinstance(own, SignedCheckpoint)
    taken = {(own.signatures[0].name, own.signatures[0].key_id)}
    others = [each for each in others if (each.name, each.key_id) not in taken]
    for signatures in ((*own.signatures, *others), (*others, *own.signatures)):
        signed = SignedCheckpoint(checkpoint, signatures)
        note = signed.note()
        if len(note) > NOTE_BYTES_MAX:
            assert parse_note(note) is CheckpointFault.TOO_LONG
        else:
            assert parse_note(note) == signed
            # Lines of unknown keys, such as witnesses', neither help nor hinder.
            assert verify_checkpoint(note, checkpoint.origin, PUBLIC) == checkpoint


@given(st.data())
def test_mangled_notes_are_refused_or_come_back_unchanged(data: st.DataObject) -> None:
    mutant = bytearray(NOTE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutant)))
        cut = data.draw(st.integers(0, 3))
        mutant[at : at + cut] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b"\n", b"\n\n", b"=", b"+", b" "]))
        )
    parsed = parse_note(bytes(mutant))
    if isinstance(parsed, SignedCheckpoint):
        assert parsed.note() == mutant
        if parsed.checkpoint != CHECKPOINT:
            assert check_signature(parsed, PUBLIC) is not None


def lines(*signatures: bytes) -> bytes:
    return TEXT + b"\n\n" + b"".join(each + b"\n" for each in signatures)


def signature_line(name: str, blob: bytes) -> bytes:
    return f"\u2014 {name} {b64encode(blob).decode()}".encode()


OWN = LINE[:-1]
ROOT_LINE = b64encode(CHECKPOINT.root)
REFUSED = {
    CheckpointFault.TOO_LONG: [
        lines(OWN, signature_line("w", bytes(3200))),
        NOTE + bytes(NOTE_BYTES_MAX),
    ],
    CheckpointFault.NOT_A_NOTE: [
        b"",
        b"\n\n",
        TEXT + b"\n",
        TEXT + b"\n\n",
        NOTE[:-1],
        b"a\n1\n\n" + LINE,
        NOTE.replace(b"\n3\n", b"\n\n"),
        NOTE.replace(ROOT_LINE, b""),
        NOTE.replace(b"\n", b"\r\n"),
    ],
    CheckpointFault.BAD_ORIGIN: [
        NOTE.replace(b"gateway.example", b"gateway example", 1),
        NOTE.replace(b"gateway.example", b"gateway+example", 1),
        NOTE.replace(b"gateway.example", b"gateway\x7fexample", 1),
        NOTE.replace(b"gateway.example", "g\u00e4teway".encode(), 1),
        NOTE.replace(b"gateway.example", b"\xff", 1),
        NOTE.replace(b"gateway.example", b"g" * 120, 1),
        b"\n" + NOTE.partition(b"\n")[2],
    ],
    CheckpointFault.BAD_SIZE: [
        NOTE.replace(b"\n3\n", b"\n%b\n" % size)
        for size in (b"-3", b"+3", b"3 ", b"0x3", b"3_0", b"\xd9\xa3", b"9" * 20, b"9" * 19)
    ],
    CheckpointFault.BAD_ROOT: [
        NOTE.replace(ROOT_LINE, root)
        for root in (
            b"!" * 44,
            b64encode(bytes(31)),
            b64encode(bytes(33)),
            ROOT_LINE[:-1],
            b"\xc3\xa4" * 22,
        )
    ]
    + [NOTE.replace(b"\n3\n", b"\n0\n")],
    CheckpointFault.EXTENSION_LINE: [TEXT + b"\nextension\n\n" + LINE],
    CheckpointFault.TOO_MANY_SIGNATURES: [
        lines(OWN, *(signature_line(f"w{at}", bytes(9)) for at in range(SIGNATURE_LINES_MAX)))
    ],
    CheckpointFault.BAD_SIGNATURE_LINE: [
        lines(OWN, other)
        for other in (
            b"",
            b"- w " + b64encode(bytes(9)),
            b"\xe2\x80\x94w " + b64encode(bytes(9)),
            signature_line("", bytes(9)),
            signature_line("w+w", bytes(9)),
            signature_line("w\u00a0w", bytes(9)),
            signature_line("w w", bytes(9)),
            signature_line("w" * 129, bytes(9)),
            signature_line("w", bytes(4)),
            signature_line("w", bytes(3)),
            signature_line("w", b""),
            "\u2014 w".encode(),
            signature_line("w", bytes(9)) + b"\r",
            signature_line("w", bytes(9)) + b"#",
        )
    ],
    CheckpointFault.REPEATED_SIGNATURE: [
        lines(OWN, OWN),
        lines(signature_line("w", b"key1a"), OWN, signature_line("w", b"key1b")),
    ],
    CheckpointFault.NOT_CANONICAL: [
        NOTE.replace(b"\n3\n", b"\n03\n"),
        # The last base64 digit before "=" has two bits to spare.
        NOTE.replace(ROOT_LINE, ROOT_LINE[:-2] + bytes((ROOT_LINE[-2] + 1,)) + b"="),
        lines(OWN, signature_line("w", bytes(5)).replace(b"A=", b"B=")),
    ],
}


@pytest.mark.parametrize(
    ("fault", "note"), [(fault, note) for fault, notes in REFUSED.items() for note in notes]
)
def test_each_malformation_has_its_code(fault: CheckpointFault, note: bytes) -> None:
    assert note != NOTE
    assert parse_note(note) is fault
    assert verify_checkpoint(note, ORIGIN, PUBLIC) is fault


def test_a_giant_size_is_a_fault_under_any_setting_of_the_interpreter() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        giant = NOTE.replace(b"\n3\n", b"\n%b\n" % (b"9" * 1000))
        assert parse_note(giant) is CheckpointFault.BAD_SIZE
    finally:
        sys.set_int_max_str_digits(limit)


def test_sixteen_signature_lines_are_allowed() -> None:
    witnesses = [signature_line(f"w{at}", bytes(76)) for at in range(SIGNATURE_LINES_MAX - 1)]
    assert verify_checkpoint(lines(*witnesses, OWN), ORIGIN, PUBLIC) == CHECKPOINT


def test_the_largest_size_is_allowed() -> None:
    largest = Checkpoint(ORIGIN, SIZE_MAX, bytes(32))
    assert verify_checkpoint(sign_checkpoint(largest, PUBLIC, sign), ORIGIN, PUBLIC) == largest


def test_a_longest_note_is_allowed() -> None:
    room = NOTE_BYTES_MAX - len(lines(OWN, signature_line("w", b"")))
    note = lines(OWN, signature_line("w" * (1 + room % 4), bytes(room // 4 * 3)))
    assert len(note) == NOTE_BYTES_MAX
    assert verify_checkpoint(note, ORIGIN, PUBLIC) == CHECKPOINT


def test_another_log_or_another_key_is_refused() -> None:
    other_key = bytes(OTHER.verify_key)
    assert verify_checkpoint(NOTE, ORIGIN + "8", PUBLIC) is CheckpointFault.OTHER_ORIGIN
    assert verify_checkpoint(NOTE, ORIGIN, other_key) is CheckpointFault.NOT_SIGNED


def test_the_own_line_needs_own_name_and_own_key_id() -> None:
    for line in (signature_line("w", BLOB), signature_line(ORIGIN, bytes(4) + BLOB[4:])):
        assert verify_checkpoint(lines(line), ORIGIN, PUBLIC) is CheckpointFault.NOT_SIGNED
        assert verify_checkpoint(lines(line, OWN), ORIGIN, PUBLIC) == CHECKPOINT


@pytest.mark.parametrize("signature", [bytes(64), BLOB[4:-1], BLOB[4:] + b"\0", b"\0"])
def test_a_wrong_signature_under_the_own_key_is_refused(signature: bytes) -> None:
    note = lines(signature_line(ORIGIN, BLOB[:4] + signature))
    assert verify_checkpoint(note, ORIGIN, PUBLIC) is CheckpointFault.WRONG_SIGNATURE


def test_a_signature_over_another_checkpoint_is_refused() -> None:
    larger = Checkpoint(ORIGIN, 4, CHECKPOINT.root)
    note = larger.text() + b"\n" + LINE
    assert verify_checkpoint(note, ORIGIN, PUBLIC) is CheckpointFault.WRONG_SIGNATURE


def test_the_codes_are_stable() -> None:
    assert [(fault.name, fault.value) for fault in CheckpointFault] == [
        ("TOO_LONG", 1),
        ("NOT_A_NOTE", 2),
        ("BAD_ORIGIN", 3),
        ("BAD_SIZE", 4),
        ("BAD_ROOT", 5),
        ("EXTENSION_LINE", 6),
        ("TOO_MANY_SIGNATURES", 7),
        ("BAD_SIGNATURE_LINE", 8),
        ("REPEATED_SIGNATURE", 9),
        ("NOT_CANONICAL", 10),
        ("OTHER_ORIGIN", 11),
        ("NOT_SIGNED", 12),
        ("WRONG_SIGNATURE", 13),
    ]


@pytest.mark.parametrize(
    ("origin", "size", "root", "field"),
    [
        ("", 1, bytes(32), "origin"),
        ("a b", 1, bytes(32), "origin"),
        ("a+b", 1, bytes(32), "origin"),
        ("a\n", 1, bytes(32), "origin"),
        ("\u00e9", 1, bytes(32), "origin"),
        ("a" * 129, 1, bytes(32), "origin"),
        ("a", -1, bytes(32), "size"),
        ("a", SIZE_MAX + 1, bytes(32), "size"),
        ("a", 1, bytes(31), "root"),
        ("a", 0, bytes(32), "root"),
    ],
)
def test_an_impossible_checkpoint_is_not_made(
    origin: str, size: int, root: bytes, field: str
) -> None:
    with pytest.raises(InvalidField) as caught:
        Checkpoint(origin, size, root)
    assert caught.value.field == f"checkpoint.{field}"


@pytest.mark.parametrize(
    ("name", "key_id", "signature"),
    [("a b", bytes(4), b"x"), ("a", bytes(3), b"x"), ("a", bytes(4), b"")],
)
def test_an_impossible_signature_line_is_not_made(
    name: str, key_id: bytes, signature: bytes
) -> None:
    with pytest.raises(InvalidField):
        NoteSignature(name, key_id, signature)


def test_a_wrong_signer_or_key_is_our_bug() -> None:
    with pytest.raises(InvalidField):
        sign_checkpoint(CHECKPOINT, PUBLIC, lambda message: sign(message)[:63])
    with pytest.raises(InvalidField):
        note_key_id(ORIGIN, PUBLIC[:31])
    with pytest.raises(InvalidField):
        verify_checkpoint(NOTE, ORIGIN, PUBLIC + b"\0")
