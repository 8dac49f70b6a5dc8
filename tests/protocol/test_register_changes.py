"""Does each change of a register give the next version, lose nothing and say what it did?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.identifiers import BoxId, InvalidField, PrecinctId
from ballotbox_protocol.election.register import ClosedAs, Closure, Officer, Role, origin_id
from ballotbox_protocol.election.register_changes import (
    changes,
    close_box,
    common_firmware,
    enrol_box,
    enrol_gateway,
    enrol_officer,
    next_version,
    reopened,
    replace_lost_key,
    rotate_key,
)
from tests.gateway.scripted import ORIGIN, authority

REGISTER = authority().trusted.register
BOX = REGISTER.boxes[0].box
KEY = bytes([7]) * 32
NEW = BoxId(bytes(15) + b"\x63")
AT_12 = Closure(ClosedAs.REVOKED, ((origin_id(ORIGIN), 12),))


def refused(change, *args):
    with pytest.raises(InvalidField) as caught:
        change(REGISTER, *args)
    return str(caught.value)


def test_a_new_key_is_the_next_epoch_and_the_one_before_stays():
    after = rotate_key(REGISTER, BOX, KEY)
    first, second = after.entries_of[BOX]
    assert first == REGISTER.boxes[0]
    assert second == replace(first, key=KEY, epoch=first.epoch + 1)
    assert changes(REGISTER, after) == [
        f"box {BOX.hex()} epoch 2: added, key 0707070707070707…, precinct 1"
    ]


def test_an_end_closes_every_open_epoch_and_no_other_box():
    before = rotate_key(REGISTER, BOX, KEY)
    after = close_box(before, BOX, AT_12)
    assert [entry.closed for entry in after.entries_of[BOX]] == [AT_12, AT_12]
    assert after.entries_of.keys() == REGISTER.entries_of.keys()
    assert [e for e in after.boxes if e.box != BOX] == [e for e in REGISTER.boxes if e.box != BOX]
    assert changes(before, after) == [
        f"box {BOX.hex()} epoch {epoch}: closed as revoked from leaf 12 of {ORIGIN} on"
        for epoch in (1, 2)
    ]
    assert BOX in after.expected


def test_a_lost_key_is_closed_and_the_box_goes_on_with_the_next():
    after = replace_lost_key(REGISTER, BOX, KEY, AT_12)
    assert [entry.closed for entry in after.entries_of[BOX]] == [AT_12, None]
    started = close_box(REGISTER, BOX, Closure(ClosedAs.UNUSED, ()))
    assert changes(REGISTER, started) == [
        f"box {BOX.hex()} epoch 1: closed as unused from the start on"
    ]
    late = close_box(after, BOX, replace(AT_12, positions=()))
    assert late.entries_of[BOX][0].closed == AT_12


def test_boxes_gateways_and_officers_are_added():
    officer = Officer(bytes([9]) * 32, Role.POLL, None)
    after = enrol_box(REGISTER, NEW, KEY, PrecinctId(2), common_firmware(REGISTER))
    after = enrol_officer(enrol_gateway(after, "new.example", bytes([8]) * 32), officer)
    assert changes(REGISTER, after) == [
        f"box {NEW.hex()} epoch 0: added, key 0707070707070707…, precinct 2",
        "gateway new.example: added, key 0808080808080808…",
        "officer 0909090909090909…: added, poll in all precincts",
    ]
    assert changes(after, REGISTER)[-1] == "officer 0909090909090909…: removed"
    assert f"box {NEW.hex()} epoch 0: is missing" in changes(after, REGISTER)
    assert next_version(after).version == REGISTER.version + 1


def test_what_makes_no_sense_is_refused_and_names_the_next_step():
    assert "give it a new key instead" in refused(enrol_box, BOX, KEY, PrecinctId(1), (KEY,))
    assert "enrol it first" in refused(rotate_key, NEW, KEY)
    assert "enrol it first" in refused(close_box, NEW, AT_12)
    elsewhere = Closure(ClosedAs.REVOKED, ((origin_id("nowhere"), 1),))
    assert "no gateway has the log" in refused(close_box, BOX, elsewhere)
    with pytest.raises(InvalidField, match="is closed already"):
        close_box(close_box(REGISTER, BOX, AT_12), BOX, AT_12)
    with pytest.raises(InvalidField, match="share one public key"):
        rotate_key(REGISTER, BOX, REGISTER.boxes[1].key)
    other = enrol_box(REGISTER, NEW, KEY, PrecinctId(1), (KEY,))
    with pytest.raises(InvalidField, match="is not the same for all boxes"):
        common_firmware(other)


def test_an_end_that_was_forgotten_is_found():
    closed = close_box(REGISTER, BOX, AT_12)
    assert reopened(REGISTER, closed) is None
    assert reopened(closed, closed) is None
    assert reopened(closed, REGISTER) == BOX
    assert changes(closed, REGISTER) == [f"box {BOX.hex()} epoch 1: is open again"]
    keyed = replace(REGISTER, boxes=(replace(REGISTER.boxes[0], key=KEY), *REGISTER.boxes[1:]))
    assert changes(REGISTER, keyed) == [
        f"box {BOX.hex()} epoch 1: has another key, 0707070707070707…"
    ]
    moved = replace(
        REGISTER, boxes=(replace(REGISTER.boxes[0], firmware=(KEY,)), *REGISTER.boxes[1:])
    )
    assert changes(REGISTER, moved) == [
        f"box {BOX.hex()} epoch 1: may run firmware 0707070707070707…"
    ]


def test_every_field_that_changes_is_told():
    box, officer, gateway = REGISTER.boxes[0], REGISTER.officers[0], REGISTER.gateways[0]
    changed = replace(box, precinct=PrecinctId(2), firmware=(KEY,), closed=AT_12)
    after = replace(
        REGISTER,
        boxes=tuple(changed if e.box == BOX else e for e in REGISTER.boxes),
        officers=(replace(officer, roles=Role(0), precinct=PrecinctId(1)), *REGISTER.officers[1:]),
        gateways=(replace(gateway, key=KEY), *REGISTER.gateways[1:]),
    )
    assert changes(REGISTER, after) == [
        f"box {BOX.hex()} epoch 1: is in precinct 2, was in 1",
        f"box {BOX.hex()} epoch 1: may run firmware 0707070707070707…",
        f"box {BOX.hex()} epoch 1: closed as revoked from leaf 12 of {ORIGIN} on",
        f"gateway {gateway.origin}: has another key 0707070707070707…",
        f"officer {officer.key.hex()[:16]}…: is now nothing in precinct 1",
    ]
