"""Is a root that several hold believed when enough of them signed, and never otherwise?"""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField, Mode
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import election_digest, encode_definition
from ballotbox_protocol.wire.joint import JointDocument, decode_joint, encode_joint, join
from ballotbox_protocol.wire.key_card import make_card, read_card
from ballotbox_protocol.wire.root_document import Holder, RootDocument, decode_root, encode_root
from ballotbox_protocol.wire.trust import (
    Distrust,
    RootKey,
    SharedRoot,
    establish,
    open_definition,
    parse_root,
    sign_definition,
)
from tests.vectors import day

HOLDERS = [day.KEYS[name] for name in ("officer 1", "officer 2", "officer 3")]
STRANGER = day.KEYS["gateway"]
DRAFT = replace(decode_joint(day.JOINT_DEFINITION), signatures=())
REGISTER = replace(decode_joint(day.JOINT_REGISTER), signatures=())


def signed(draft, *keys):
    for key in keys:
        draft = draft.signed_with(key.public, key.sign)
    return encode_joint(draft)


def refused(data, root=day.SHARED):
    with pytest.raises(Distrust) as caught:
        open_definition(data, root)
    return str(caught.value)


def test_the_root_as_it_is_written_is_read_again():
    assert parse_root(str(day.SHARED)) == day.SHARED
    for wrong in ("test:shared:12", "shared:" + "0" * 64, "test:shared:" + "g" * 64):
        with pytest.raises(InvalidField):
            parse_root(wrong)


@pytest.mark.parametrize("count", [2, 3])
def test_enough_holders_in_any_order_are_believed(count):
    for keys in permutations(HOLDERS, count):
        election, digest = open_definition(signed(DRAFT, *keys), day.SHARED)
        assert election == day.JOINT_ELECTION
        assert digest == election_digest(encode_definition(day.JOINT_ELECTION))


def test_too_few_and_one_who_signs_twice_are_not():
    assert "signatures: 0 of the 2 that are needed" in refused(signed(DRAFT))
    for key in HOLDERS:
        assert "signatures: 1 of the 2 that are needed" in refused(signed(DRAFT, key))
        assert "signatures[1]: is the second of one person" in refused(signed(DRAFT, key, key))


def test_a_stranger_and_a_wrong_signature_spoil_the_whole():
    told = "is of nobody who may sign this, or is wrong"
    assert told in refused(signed(DRAFT, *HOLDERS, STRANGER))
    document = decode_joint(day.JOINT_DEFINITION)
    for index, byte in ((0, 0), (1, 63)):
        given_ = list(document.signatures)
        damaged = bytearray(given_[index].signature)
        damaged[byte] ^= 1
        given_[index] = replace(given_[index], signature=bytes(damaged))
        assert told in refused(encode_joint(replace(document, signatures=tuple(given_))))


def test_holders_who_lower_what_is_needed_make_another_root():
    root = decode_root(day.ROOT_DOCUMENT)
    mine = replace(root, holders=(*root.holders[:2], Holder("officer 3", STRANGER.public)))
    for other in (mine, replace(root, needed=3), replace(root, mode=Mode.OFFICIAL)):
        swapped = replace(DRAFT, root=encode_root(other))
        assert "is another one than the root given" in refused(signed(swapped, *HOLDERS[:2]))


def test_the_two_kinds_of_root_never_pass_for_each_other():
    key = HOLDERS[0]
    alone = sign_definition(day.ELECTION, key.public, key.sign)
    assert "root: is one that several hold" in refused(alone)
    assert "is --root the right key?" in refused(
        day.JOINT_DEFINITION, RootKey(Mode.TEST, key.public)
    )
    official = SharedRoot(Mode.OFFICIAL, day.SHARED.digest)
    assert "root.mode: is not the mode that --root says" in refused(day.JOINT_DEFINITION, official)
    assert "joint.type: is not a definition" in refused(day.JOINT_REGISTER)


def test_a_register_needs_the_signers_that_its_definition_says():
    trusted = establish(day.SHARED, day.JOINT_DEFINITION, day.JOINT_REGISTER)
    assert trusted.register.boxes == day.REGISTER.boxes
    for keys, told in (
        ((), "signatures: 0 of the 2"),
        (HOLDERS[:1], "signatures: 1 of the 2"),
        ((HOLDERS[0], HOLDERS[0]), "the second of one person"),
        ((HOLDERS[0], STRANGER), "of nobody who may sign this"),
    ):
        with pytest.raises(Distrust) as caught:
            establish(day.SHARED, day.JOINT_DEFINITION, signed(REGISTER, *keys))
        assert told in str(caught.value)


def test_one_signer_in_the_form_of_one_does_not_do_where_two_are_needed():
    key, payload = HOLDERS[0], REGISTER.payload
    alone = cose.sign(key.public, key.sign, MessageType.REGISTER, payload)
    with pytest.raises(Distrust, match="signatures: 1 of 2 that are needed"):
        establish(day.SHARED, day.JOINT_DEFINITION, alone)
    with pytest.raises(Distrust, match=r"joint\.type: is not a register"):
        establish(day.SHARED, day.JOINT_DEFINITION, day.JOINT_DEFINITION)


def test_a_signature_under_a_register_is_none_under_a_definition():
    crossed = JointDocument(MessageType.DEFINITION, DRAFT.root, DRAFT.payload)
    register = JointDocument(MessageType.REGISTER, b"", DRAFT.payload)
    signatures = decode_joint(signed(register, *HOLDERS)).signatures
    assert "is of nobody" in refused(encode_joint(replace(crossed, signatures=signatures)))


def test_joined_signatures_make_the_same_bytes_whoever_joins_them():
    keys = [key.public for key in HOLDERS]
    apart = [decode_joint(signed(DRAFT, key)) for key in HOLDERS]
    made = {
        encode_joint(join(several).in_order(keys)) for several in permutations([*apart, apart[0]])
    }
    assert made == {signed(DRAFT, *HOLDERS)}


def test_only_signatures_of_the_same_document_are_joined():
    root = decode_root(day.ROOT_DOCUMENT)
    others = [
        REGISTER,
        replace(DRAFT, payload=encode_definition(day.ELECTION)),
        replace(DRAFT, root=encode_root(replace(root, needed=3))),
    ]
    for other in others:
        with pytest.raises(InvalidField, match="document 2: says something else than the first"):
            join([DRAFT, other])


@given(st.integers(0, len(day.JOINT_DEFINITION) * 8 - 1))
def test_no_flipped_bit_is_believed(bit):
    damaged = bytearray(day.JOINT_DEFINITION)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Distrust):
        open_definition(bytes(damaged), day.SHARED)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"needed": 1}, "root.needed"),
        ({"needed": 4}, "root.needed"),
        ({"holders": ()}, "root.holders"),
        (
            {"holders": (Holder("A", HOLDERS[0].public), Holder("B", HOLDERS[0].public))},
            "root.holders.key",
        ),
        (
            {"holders": (Holder("A", HOLDERS[0].public), Holder("A", HOLDERS[1].public))},
            "root.holders.name",
        ),
        ({"holders": tuple(Holder(str(n), HOLDERS[0].public) for n in range(17))}, "root.holders"),
    ],
)
def test_a_root_that_would_be_one_person_s_or_nobody_s_is_none(change, field):
    with pytest.raises(InvalidField) as caught:
        replace(decode_root(day.ROOT_DOCUMENT), **change)
    assert caught.value.field == field


def test_a_root_document_is_read_whole_or_refused():
    root = RootDocument(
        Mode.TEST, 2, (Holder("A", HOLDERS[0].public), Holder("B", HOLDERS[1].public))
    )
    assert decode_root(encode_root(root)) == root
    assert root.names([HOLDERS[1].public, HOLDERS[0].public]) == "A, B"
    fields = cbor.decode(encode_root(root))
    for wrong, field in (
        ({**fields, 4: 1}, "root"),
        ({**fields, 0: 2}, "format"),
        ({**fields, 3: [["A", bytes(32)], ["B", HOLDERS[1].public]]}, "root.holders[0].key"),
        ({**fields, 3: [["A"], ["B", HOLDERS[1].public]]}, "root.holders[0]"),
    ):
        with pytest.raises(InvalidField) as caught:
            decode_root(cbor.encode(wrong))
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([2, "bbx-definition", b"r", b"p", []], "joint.format"),
        ([1, "bbx-report", b"", b"p", []], "joint.type"),
        ([1, "bbx-definition", b"", b"p", []], "joint.root"),
        ([1, "bbx-register", b"r", b"p", []], "joint.root"),
        ([1, "bbx-register", b"", b"p", [[bytes(7), bytes(64)]]], "joint.signatures[0]"),
        ([1, "bbx-register", b"", b"p", [[bytes(8), bytes(63)]]], "joint.signatures[0]"),
        ([1, "bbx-register", b"", b"p", [[bytes(8), bytes(64)]] * 17], "joint.signatures"),
        ([1, "bbx-register", b"", b"p"], "joint"),
    ],
)
def test_bytes_that_are_no_joint_document_are_refused_for_their_field(items, field):
    with pytest.raises(InvalidField) as caught:
        decode_joint(cbor.encode(items))
    assert caught.value.field == field


def test_more_signatures_than_there_can_be_are_not_joined():
    keys = [day.KEYS[name] for name in day.KEYS]
    many = [replace(DRAFT, payload=DRAFT.payload).signed_with(k.public, k.sign) for k in keys]
    more = [d.signed_with(d.root[:32], lambda _, n=n: bytes([n]) * 64) for n, d in enumerate(many)]
    with pytest.raises(InvalidField, match="at most 16"):
        join([*many, *more])


def test_a_card_is_read_and_a_card_of_another_s_key_is_none():
    first, second = HOLDERS[:2]
    assert read_card(day.KEY_CARD) == Holder("officer 1", first.public)
    forged = make_card("officer 1", first.public, second.sign)
    with pytest.raises(InvalidField, match="card: the signature does not verify"):
        read_card(forged)
    for data in (b"", day.JOINT_DEFINITION, day.DEFINITION):
        with pytest.raises(ValueError, match=r"card|byte"):
            read_card(data)
    with pytest.raises(InvalidField, match="name"):
        make_card("", first.public, first.sign)
