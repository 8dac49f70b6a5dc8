"""Does the statement that closes a log say one thing, and need two officers for it?"""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import sign_as_officer
from ballotbox_protocol.wire.replacement import Replacement, decode_replacement
from ballotbox_simulator.authority import Plan, make_authority
from tests.strategies import damaged, digests, origins, signature_lists, wides

replacements = st.builds(
    Replacement, digests, origins, origins.map(lambda origin: origin[:100] + "~b"), wides,
    signature_lists,
)  # fmt: skip
GIVEN = make_authority(Plan(seed=1, boxes=1))
OLD, NEW = "old.example", "new.example"
PLAIN = Replacement(GIVEN.trusted.digest, OLD, NEW, 7)


@given(replacements)
def test_it_survives_and_is_named_by_what_is_signed(replacement: Replacement) -> None:
    data = replacement.to_bytes()
    assert decode_replacement(data) == replacement
    assert replacement.digest == sha256(data).digest()
    unsigned = replace(replacement, signatures=())
    assert replacement.payload() == unsigned.payload()
    assert replacement.id == unsigned.id == sha256(unsigned.payload()).digest()
    assert cbor.decode(data)[:4] == cbor.decode(replacement.payload())


@given(damaged(replacements.map(Replacement.to_bytes)))
def test_whatever_is_accepted_encodes_to_itself(data: bytes) -> None:
    try:
        replacement = decode_replacement(data)
    except ValueError:
        return
    assert replacement.to_bytes() == data


@pytest.mark.parametrize(
    ("field", "value"),
    [("election", b""), ("replaced", "a b"), ("origin", ""), ("origin", OLD), ("kept", -1)],
)
def test_a_field_that_says_nothing_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidField, match=rf"replacement\.{field}"):
        replace(PLAIN, **{field: value})


def signed(*numbers: int, message_type: MessageType = MessageType.REPLACEMENT) -> Replacement:
    signatures = tuple(
        sign_as_officer(key.public, key.sign, message_type, PLAIN.payload())
        for key in (GIVEN.officer_keys[number] for number in numbers)
    )
    return replace(PLAIN, signatures=signatures)


def test_two_officers_who_may_release_sign_it_wherever_they_are() -> None:
    register = GIVEN.trusted.register
    assert signed(0, 1).is_signed(register)
    apart = tuple(replace(each, precinct=at) for at, each in enumerate(register.officers, start=1))
    assert signed(0, 1).is_signed(replace(register, officers=apart))
    other = tuple(replace(each, roles=Role.POLL | Role.ELEVATED) for each in register.officers)
    assert not signed(0, 1).is_signed(replace(register, officers=other))
    assert not signed(0).is_signed(register)
    assert not signed(0, 0).is_signed(register)
    assert not signed(0, 1, message_type=MessageType.RULING).is_signed(register)
