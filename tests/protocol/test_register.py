"""Does the register say who may speak, in bytes of one form, and forget nobody?"""

import dataclasses
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import (
    BoxEntry,
    ClosedAs,
    Closure,
    GatewayEntry,
    Officer,
    Register,
    Role,
    key_id,
    origin_id,
)
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.register import decode_register, encode_register
from tests.strategies import KEYS, damaged, origins, registers, wides

BOX, SPARE = bytes(16), bytes(15) + b"\x01"
FIRMWARE = (sha256(b"firmware").digest(),)
HERE, THERE = "example/precinct", "example/centre"
UNUSED, REPLACED = (Closure(reason, ()) for reason in (ClosedAs.UNUSED, ClosedAs.REPLACED))
ENTRY = BoxEntry(BOX, KEYS[0].public, 0, 7, FIRMWARE)
NEXT = dataclasses.replace(ENTRY, key=KEYS[1].public, epoch=1)
OTHER = dataclasses.replace(ENTRY, key=KEYS[2].public, box=SPARE, precinct=8)
GATEWAY = GatewayEntry(HERE, KEYS[3].public)
OFFICER = Officer(KEYS[4].public, Role.POLL | Role.RELEASE, 7)
CHIEF = Officer(KEYS[5].public, Role.ELEVATED, None)
VALID: dict[str, Any] = {
    "election": bytes(32),
    "version": 1,
    "boxes": (NEXT, ENTRY, OTHER),
    "gateways": (GATEWAY,),
    "officers": (OFFICER, CHIEF),
}
REGISTER = Register(**VALID)


@given(registers())
def test_a_register_survives_the_wire(register: Register) -> None:
    assert decode_register(encode_register(register)) == register


@given(damaged(registers().map(encode_register)))
def test_whatever_register_is_accepted_encodes_to_itself(data: bytes) -> None:
    try:
        register = decode_register(data)
    except ValueError:
        return
    assert encode_register(register) == data


def test_entries_are_found_by_what_names_them() -> None:
    assert REGISTER.entries_of == {BOX: (ENTRY, NEXT), SPARE: (OTHER,)}
    assert REGISTER.gateway_keys == {HERE: KEYS[3].public}
    assert REGISTER.officer_by_key == {KEYS[4].public: OFFICER, KEYS[5].public: CHIEF}
    assert REGISTER.officers_by_key_id == {
        key_id(KEYS[4].public): (OFFICER,),
        key_id(KEYS[5].public): (CHIEF,),
    }
    assert REGISTER.holders == (NEXT, ENTRY, OTHER, GATEWAY, OFFICER, CHIEF)
    assert origin_id(HERE) == sha256(HERE.encode()).digest()[:16]


def test_officers_whose_key_ids_collide_are_both_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ballotbox_protocol.election.register.key_id", lambda _: b"same")
    register = Register(**VALID)
    assert register.officers_by_key_id == {b"same": (OFFICER, CHIEF)}


def expected(*entries: BoxEntry) -> dict[Any, Any]:
    return dict(Register(**(VALID | {"boxes": entries})).expected)


def test_a_box_is_expected_unless_all_it_ever_was_is_closed_as_unused() -> None:
    def closed(entry: BoxEntry, closure: Closure) -> BoxEntry:
        return dataclasses.replace(entry, closed=closure)

    assert expected(ENTRY, NEXT, OTHER) == {BOX: 7, SPARE: 8}
    assert expected(closed(ENTRY, REPLACED), OTHER) == {BOX: 7, SPARE: 8}
    assert expected(closed(ENTRY, UNUSED), OTHER) == {SPARE: 8}
    # A key epoch that was never used takes nothing back of what another epoch counted.
    assert expected(ENTRY, closed(NEXT, UNUSED)) == {BOX: 7}
    assert expected(closed(ENTRY, REPLACED), closed(NEXT, UNUSED)) == {BOX: 7}
    assert expected(closed(ENTRY, UNUSED), closed(NEXT, UNUSED)) == {}


@given(origins, origins, wides, wides)
def test_a_closure_takes_effect_at_its_position_of_each_log(
    named: str, other: str, position: int, index: int
) -> None:
    closure = Closure(ClosedAs.REVOKED, ((origin_id(named), position),))
    assert closure.covers(origin_id(named), index) is (index >= position)
    assert named == other or closure.covers(origin_id(other), index)


@given(st.sampled_from(list(Role)), st.integers(0, 7), st.sampled_from([None, 7, 8]))
def test_an_officer_may_sign_in_a_held_role_and_place_alone(
    role: Role, held: int, place: int | None
) -> None:
    officer = Officer(KEYS[0].public, Role(held), place)
    assert officer.may(role, 7) is (bool(held & role) and place != 8)


def box(**changes: Any) -> Callable[[], BoxEntry]:
    return lambda: dataclasses.replace(ENTRY, **changes)


REFUSED_PARTS = {
    "box id": (box(box=b"short"), "box.id", "16 bytes"),
    "box id as text": (box(box="0" * 16), "box.id", "16 bytes"),
    "box key": (box(key=bytes(31)), "box.key", "32 bytes"),
    "box epoch": (box(epoch=-1), "box.epoch", "whole number"),
    "box precinct": (box(precinct=None), "box.precinct", "whole number"),
    "no firmware": (box(firmware=()), "box.firmware", "no firmware"),
    "firmware digest": (box(firmware=(*FIRMWARE, b"")), "box.firmware", "32 bytes"),
    "closure's log": (
        lambda: Closure(ClosedAs.UNUSED, ((b"log", 1),)),
        "closed.origin",
        "16 bytes",
    ),
    "closure's position": (
        lambda: Closure(ClosedAs.UNUSED, ((origin_id(HERE), -1),)),
        "closed.position",
        "whole number",
    ),
    "closure at two positions of one log": (
        lambda: Closure(ClosedAs.UNUSED, ((origin_id(HERE), 1), (origin_id(HERE), 2))),
        "closed.positions",
        "share one origin",
    ),
    "gateway without origin": (
        lambda: GatewayEntry("", KEYS[0].public),
        "gateway.origin",
        "1 to 128",
    ),
    "origin too long": (
        lambda: GatewayEntry("x" * 129, KEYS[0].public),
        "gateway.origin",
        "1 to 128",
    ),
    "origin with a space": (lambda: GatewayEntry("a b", KEYS[0].public), "gateway.origin", "space"),
    "origin with a plus": (lambda: GatewayEntry("a+b", KEYS[0].public), "gateway.origin", r"\+"),
    "origin with a letter beyond ASCII": (
        lambda: GatewayEntry("ü", KEYS[0].public),
        "gateway.origin",
        "ASCII",
    ),
    "gateway key": (lambda: GatewayEntry(HERE, b""), "gateway.key", "32 bytes"),
    "officer key": (lambda: Officer(b"", Role.POLL, None), "officer.key", "32 bytes"),
    "officer role": (lambda: Officer(bytes(32), 8, None), "officer.roles", "0 to 7"),
    "officer precinct": (
        lambda: Officer(bytes(32), Role.POLL, -7),
        "officer.precinct",
        "whole number",
    ),
}


@pytest.mark.parametrize(("build", "field", "problem"), REFUSED_PARTS.values(), ids=REFUSED_PARTS)
def test_an_entry_names_the_field_it_refuses(build: Any, field: str, problem: str) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        build()
    assert refusal.value.field == field


REFUSED_WHOLE = {
    "election": ({"election": b""}, "election", "32 bytes"),
    "version as text": ({"version": "1"}, "version", "whole number"),
    "version 0": ({"version": 0}, "version", "starts at 1"),
    "box and epoch twice": (
        {"boxes": (ENTRY, dataclasses.replace(NEXT, epoch=0))},
        "boxes",
        "share one box id and epoch",
    ),
    "box in two precincts": (
        {"boxes": (ENTRY, dataclasses.replace(NEXT, precinct=8))},
        "boxes",
        "two precincts",
    ),
    "origin twice": (
        {"gateways": (GATEWAY, GatewayEntry(HERE, KEYS[9].public))},
        "gateways",
        "share one origin",
    ),
    "key of a box and a gateway": (
        {"gateways": (GatewayEntry(HERE, KEYS[0].public),)},
        "register",
        "share one public key",
    ),
    "key of two officers": (
        {"officers": (OFFICER, dataclasses.replace(CHIEF, key=OFFICER.key))},
        "register",
        "share one public key",
    ),
}


@pytest.mark.parametrize(("changes", "field", "problem"), REFUSED_WHOLE.values(), ids=REFUSED_WHOLE)
def test_a_register_names_the_field_it_refuses(
    changes: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        Register(**(VALID | changes))
    assert refusal.value.field == field


CLOSED = dataclasses.replace(
    REGISTER,
    boxes=(dataclasses.replace(ENTRY, closed=Closure(ClosedAs.REPLACED, ((bytes(16), 5),))),),
)


def spoilt(path: tuple[int, ...], value: Any) -> bytes:
    changed = cbor.decode(encode_register(CLOSED))
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return cbor.encode(changed)


REFUSED_ON_THE_WIRE = {
    "format": ((0,), 2, "format", "2 is not supported"),
    "election": ((1,), bytes(31), "election", "32 bytes"),
    "version": ((2,), 0, "version", "starts at 1"),
    "boxes": ((3,), 0, "boxes", "an array"),
    "box": ((3, 0), [1, 2], "boxes[0]", "6 items"),
    "box id": ((3, 0, 0), b"short", "boxes[0].id", "16 bytes"),
    "box key": ((3, 0, 1), 1, "boxes[0]", "an array of"),
    "firmware": ((3, 0, 4, 0), 1, "boxes[0].firmware[0]", "a byte string"),
    "closure": ((3, 0, 5), 0, "boxes[0].closed", "an array"),
    "closure's reason": ((3, 0, 5, 0), 9, "boxes[0].closed.reason", "not a known code"),
    "closure's pair": ((3, 0, 5, 1, 0), [1], "boxes[0].closed[0]", "an array of"),
    "closure's position": ((3, 0, 5, 1, 0, 1), -1, "boxes[0].closed.position", "whole number"),
    "gateway": ((4, 0), [1], "gateways[0]", "an array of"),
    "gateway origin": ((4, 0, 0), "a b", "gateways[0].origin", "space"),
    "officer": ((5, 1), [1], "officers[1]", "3 items"),
    "officer roles": ((5, 1, 1), 8, "officers[1].roles", "8 are not known"),
    "officer roles below zero": ((5, 1, 1), -1, "officers[1].roles", "-1 are not known"),
    "officer key": ((5, 1, 0), b"", "officers[1].key", "32 bytes"),
    "officer precinct": ((5, 1, 2), "all", "officers[1].precinct", "an integer"),
    "key that nobody knows": ((6,), 0, "register", r"unknown keys \[6\]"),
}


@pytest.mark.parametrize(
    ("path", "value", "field", "problem"), REFUSED_ON_THE_WIRE.values(), ids=REFUSED_ON_THE_WIRE
)
def test_the_wire_form_names_the_field_it_refuses(
    path: tuple[int, ...], value: Any, field: str, problem: str
) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        decode_register(spoilt(path, value))
    assert refusal.value.field == field


def test_a_log_is_found_by_the_id_that_stands_for_it_in_a_table_made_once() -> None:
    register = dataclasses.replace(
        REGISTER, gateways=(GATEWAY, GatewayEntry(THERE, KEYS[6].public))
    )
    found = register.origin_by_id
    assert found == {origin_id(HERE): HERE, origin_id(THERE): THERE}
    assert register.origin_by_id is found
    assert origin_id(THERE) not in REGISTER.origin_by_id
