"""Does trust flow from the root key alone, and does everything else end in Distrust?"""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import InvalidField, Mode
from ballotbox_protocol.election.register import (
    BoxEntry,
    GatewayEntry,
    Officer,
    Register,
    Role,
)
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import encode_definition
from ballotbox_protocol.wire.register import encode_register
from ballotbox_protocol.wire.trust import (
    Distrust,
    RootKey,
    establish,
    open_definition,
    open_register,
    parse_root,
    sign_definition,
    sign_register,
)
from tests.strategies import KEYS, damaged

ROOT, SIGNER, SECOND_SIGNER, STRANGER, BOX, GATEWAY, OFFICER = KEYS[:7]
TRUSTED_ROOT = RootKey(Mode.REHEARSAL, ROOT.public)
SEAT = Contest("Seat", ContestKind.CHOOSE_ONE, 1, (Option("A"), Option("B")))
ELECTION = Election(
    name="Rehearsal",
    mode=Mode.REHEARSAL,
    day="2026-06-14",
    contests=(SEAT,),
    styles=(BallotStyle("ALL", ((0,),)),),
    precincts=(Precinct(7, "Hall", 100, (0,)),),
    register_signers=(SIGNER.public, SECOND_SIGNER.public),
)
SIGNED = sign_definition(ELECTION, ROOT.public, ROOT.sign)
_, DIGEST = open_definition(SIGNED, TRUSTED_ROOT)
REGISTER = Register(
    election=DIGEST,
    version=3,
    boxes=(BoxEntry(bytes(16), BOX.public, 0, 7, (bytes(32),)),),
    gateways=(GatewayEntry("example/precinct", GATEWAY.public),),
    officers=(Officer(OFFICER.public, Role.POLL, 7),),
)
SIGNED_REGISTER = sign_register(REGISTER, SIGNER.public, SIGNER.sign)
#: Not a point of prime order: (0, 1), the identity.
UNUSABLE = (1).to_bytes(32, "little")


def test_the_root_vouches_for_definition_and_register() -> None:
    for signer in (SIGNER, SECOND_SIGNER):
        signed = sign_register(REGISTER, signer.public, signer.sign)
        trusted = establish(TRUSTED_ROOT, SIGNED, signed, at_least=3)
        assert (trusted.election, trusted.digest) == (ELECTION, DIGEST)
        assert trusted.register == REGISTER


def signed_by(key: Any, message_type: MessageType, payload: bytes) -> bytes:
    return cose.sign(key.public, key.sign, message_type, payload)


DEFINITIONS_DISTRUSTED = {
    "another root": (
        signed_by(STRANGER, MessageType.DEFINITION, encode_definition(ELECTION)),
        "--root",
    ),
    "another type": (signed_by(ROOT, MessageType.REGISTER, encode_definition(ELECTION)), "--root"),
    "not CBOR": (signed_by(ROOT, MessageType.DEFINITION, b"\xff"), "simple values"),
    "not a definition": (signed_by(ROOT, MessageType.DEFINITION, b"\xa0"), "format: is missing"),
    "another mode": (
        signed_by(
            ROOT,
            MessageType.DEFINITION,
            encode_definition(dataclasses.replace(ELECTION, mode=Mode.OFFICIAL)),
        ),
        "mode is official but the root key signs only rehearsal",
    ),
    "a signer without a usable key": (
        signed_by(
            ROOT,
            MessageType.DEFINITION,
            encode_definition(
                dataclasses.replace(ELECTION, register_signers=(SIGNER.public, UNUSABLE))
            ),
        ),
        r"register_signers\[1\] is not a usable key",
    ),
    "empty": (b"", "not a tagged"),
    "too large": (bytes(cbor.DOCUMENT_LIMITS.size + 1), "at most"),
}


@pytest.mark.parametrize(
    ("signed", "problem"), DEFINITIONS_DISTRUSTED.values(), ids=DEFINITIONS_DISTRUSTED
)
def test_a_definition_is_distrusted_with_its_reason(signed: bytes, problem: str) -> None:
    with pytest.raises(Distrust, match=problem) as distrust:
        establish(TRUSTED_ROOT, signed, SIGNED_REGISTER)
    assert str(distrust.value).startswith("election definition: ")


@pytest.mark.parametrize("mode", [Mode.TEST, Mode.OFFICIAL])
def test_a_root_of_another_mode_vouches_for_nothing(mode: Mode) -> None:
    with pytest.raises(Distrust, match="mode is rehearsal"):
        open_definition(SIGNED, RootKey(mode, ROOT.public))


def changed(**changes: Any) -> bytes:
    payload = encode_register(dataclasses.replace(REGISTER, **changes))
    return signed_by(SIGNER, MessageType.REGISTER, payload)


REGISTERS_DISTRUSTED = {
    "another signer": (
        signed_by(STRANGER, MessageType.REGISTER, encode_register(REGISTER)),
        "no signer named by the definition",
    ),
    "the root itself": (
        signed_by(ROOT, MessageType.REGISTER, encode_register(REGISTER)),
        "no signer named by the definition",
    ),
    "another type": (
        signed_by(SIGNER, MessageType.DEFINITION, encode_register(REGISTER)),
        "no signer named by the definition",
    ),
    "not CBOR": (signed_by(SIGNER, MessageType.REGISTER, b"\xff"), "simple values"),
    "not a register": (signed_by(SIGNER, MessageType.REGISTER, b"\xa0"), "format: is missing"),
    "another election": (changed(election=bytes(32)), "another election"),
    "lower version": (changed(version=2), "version 2 is older than version 3, already in use"),
    "box elsewhere": (
        changed(boxes=(BoxEntry(bytes(16), BOX.public, 0, 8, (bytes(32),)),)),
        "box 00000000000000000000000000000000 stands in no precinct",
    ),
    "officer elsewhere": (
        changed(officers=(Officer(OFFICER.public, Role.POLL, 8),)),
        f"officer {OFFICER.public.hex()} has no precinct",
    ),
    "box without a usable key": (
        changed(boxes=(BoxEntry(bytes(16), UNUSABLE, 0, 7, (bytes(32),)),)),
        "not a usable Ed25519 key",
    ),
    "gateway without a usable key": (
        changed(gateways=(GatewayEntry("example/precinct", UNUSABLE),)),
        "not a usable Ed25519 key",
    ),
    "officer without a usable key": (
        changed(officers=(Officer(UNUSABLE, Role.POLL, None),)),
        "not a usable Ed25519 key",
    ),
}


@pytest.mark.parametrize(
    ("signed", "problem"), REGISTERS_DISTRUSTED.values(), ids=REGISTERS_DISTRUSTED
)
def test_a_register_is_distrusted_with_its_reason(signed: bytes, problem: str) -> None:
    with pytest.raises(Distrust, match=problem) as distrust:
        establish(TRUSTED_ROOT, SIGNED, signed, at_least=3)
    assert str(distrust.value).startswith("register: ")


def test_a_rising_version_is_accepted_and_a_standing_one_too() -> None:
    for version in (3, 4):
        register = open_register(changed(version=version), ELECTION, DIGEST, at_least=3)
        assert register.version == version


@pytest.mark.parametrize("which", [0, 1], ids=["definition", "register"])
def test_a_corrupted_byte_anywhere_is_distrusted(which: int) -> None:
    documents = [SIGNED, SIGNED_REGISTER]
    original = documents[which]
    for at in range(len(original)):
        for change in (0x01, 0x80, 0xFF):
            documents[which] = original[:at] + bytes([original[at] ^ change]) + original[at + 1 :]
            with pytest.raises(Distrust):
                establish(TRUSTED_ROOT, *documents)


@given(st.data())
def test_what_is_signed_but_damaged_before_is_distrusted_or_itself(data: st.DataObject) -> None:
    payload = data.draw(damaged(st.just(encode_definition(ELECTION))))
    signed = signed_by(ROOT, MessageType.DEFINITION, payload)
    try:
        election, _ = open_definition(signed, TRUSTED_ROOT)
    except Distrust:
        pass
    else:
        assert encode_definition(election) == payload
    payload = data.draw(damaged(st.just(encode_register(REGISTER))))
    signed = signed_by(SIGNER, MessageType.REGISTER, payload)
    try:
        register = open_register(signed, ELECTION, DIGEST)
    except Distrust:
        return
    assert encode_register(register) == payload


CANNOT_BE_SIGNED: dict[str, tuple[Callable[[], bytes], str]] = {
    "definition that nobody can open": (
        lambda: sign_definition(
            dataclasses.replace(ELECTION, register_signers=(UNUSABLE,)), ROOT.public, ROOT.sign
        ),
        "not a usable key",
    ),
    "definition under another key than is named": (
        lambda: sign_definition(ELECTION, ROOT.public, STRANGER.sign),
        "does not verify",
    ),
    "definition larger than its limit": (
        lambda: sign_definition(
            dataclasses.replace(
                ELECTION,
                precincts=tuple(Precinct(n, "水" * 200, 0, (0,)) for n in range(28_000)),
            ),
            ROOT.public,
            ROOT.sign,
        ),
        "at most",
    ),
    "register with a key that nobody can use": (
        lambda: sign_register(
            dataclasses.replace(REGISTER, officers=(Officer(UNUSABLE, Role.POLL, 7),)),
            SIGNER.public,
            SIGNER.sign,
        ),
        "not a usable Ed25519 key",
    ),
    "register under another key than is named": (
        lambda: sign_register(REGISTER, SIGNER.public, STRANGER.sign),
        "does not verify",
    ),
}


@pytest.mark.parametrize(("build", "problem"), CANNOT_BE_SIGNED.values(), ids=CANNOT_BE_SIGNED)
def test_what_nobody_could_open_is_not_signed(build: Callable[[], bytes], problem: str) -> None:
    with pytest.raises(Distrust, match=problem):
        build()


def test_a_root_key_is_written_with_its_mode() -> None:
    for mode in Mode:
        root = RootKey(mode, ROOT.public)
        assert parse_root(str(root)) == root
        assert str(root) == f"{mode.name.lower()}:{ROOT.public.hex()}"
    assert parse_root(f"  rehearsal:{ROOT.public.hex().upper()}\n") == TRUSTED_ROOT


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must start with one of test, rehearsal, official"),
        (ROOT.public.hex(), "must start with one of"),
        (f"Official:{ROOT.public.hex()}", "must start with one of"),
        ("official:", "64 hexadecimal digits"),
        ("official:" + "0g" * 32, "64 hexadecimal digits"),
        (f"official:{ROOT.public.hex()[2:]}", "64 hexadecimal digits"),
        (f"official:{UNUSABLE.hex()}", "not a usable Ed25519 key"),
    ],
)
def test_a_root_key_names_what_is_wrong_with_it(text: str, problem: str) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        parse_root(text)
    assert refusal.value.field == "root"


def test_a_box_is_found_by_the_header_of_what_it_signs() -> None:
    trusted = establish(TRUSTED_ROOT, SIGNED, sign_register(REGISTER, SIGNER.public, SIGNER.sign))
    (entry,) = trusted.register.boxes
    for found, message_type in (
        (trusted.reporters, MessageType.REPORT),
        (trusted.greeters, MessageType.HELLO),
    ):
        signed = cose.sign(BOX.public, BOX.sign, message_type, b"payload")
        assert found[cose.parse(signed).protected] is entry
        assert len(found) == 1
