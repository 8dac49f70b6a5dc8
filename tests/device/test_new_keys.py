"""Does a box change its key when two officers and the register say so, and not otherwise?"""

from dataclasses import replace

import pytest

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import (
    RotationRequested,
)
from ballotbox_device.core.outputs import (
    Refusal,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.election.register import BoxEntry, ClosedAs, Closure
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import (
    key_proof_statement,
)
from ballotbox_simulator.authority import FIRMWARE, seeded_key, with_register
from tests.device.polling_place import (
    Chance,
    authority,
    identity_of,
    report_in,
)
from tests.device.test_officers import (
    NEXT_KEY,
    REGISTER,
    ask,
    at_the_opening,
    consent,
    place_under,
)


def place_with_next_key():
    entry = REGISTER.boxes[0]
    following = BoxEntry(entry.box, NEXT_KEY.public, entry.epoch + 1, entry.precinct, (FIRMWARE,))
    return place_under(replace(REGISTER, boxes=(*REGISTER.boxes, following)))


def rotate(place):
    needed = ask(place, RotationRequested(NEXT_KEY))
    (made,) = consent(place, place.authority.consent(needed.payload))
    return made


def test_the_old_key_names_the_new_one_which_proves_itself():
    place = place_with_next_key()
    old = identity_of(authority()).key
    made = rotate(place)
    envelope = cose.parse(made.data)
    report = report_in(made.data)
    assert cose.verify(envelope.statement, envelope.signature, old.public)
    assert report.epoch == 1
    assert report.new_key.key == NEXT_KEY.public
    assert cose.verify(key_proof_statement(report), report.new_key.proof, NEXT_KEY.public)


def test_all_later_reports_are_of_the_new_key_and_epoch():
    place = place_with_next_key()
    rotate(place)
    place.act(Action.PRINT_ZERO)
    envelope = cose.parse(place.kept()[-1])
    assert cose.verify(envelope.statement, envelope.signature, NEXT_KEY.public)
    assert report_in(place.kept()[-1]).epoch == 2
    hello = cose.parse(place.device.outgoing.hello(bytes(16)))
    assert cose.verify(hello.statement, hello.signature, NEXT_KEY.public)


def test_after_a_rotation_the_box_boots_with_the_new_key_alone():
    place = place_with_next_key()
    rotate(place)
    mine = identity_of(authority())
    with pytest.raises(MemoryFault, match="rotated to key"):
        Device(mine, place.rules, place.disk.memory, Chance())
    device = Device(replace(mine, key=NEXT_KEY), place.rules, place.disk.memory, Chance())
    (made,) = device.start(place.now())
    assert report_in(made.data).epoch == 2


def test_once_the_register_closed_the_rotated_key_the_box_boots_with_the_next():
    place = place_with_next_key()
    rotate(place)
    lost = Closure(ClosedAs.REVOKED, ())
    entries = place.rules.trusted.register.entries_of[REGISTER.boxes[0].box]
    ended = tuple(replace(entry, closed=lost) for entry in entries)
    key = seeded_key(1, "the key after the lost one")
    third = replace(entries[-1], key=key.public, epoch=entries[-1].epoch + 1)
    others = REGISTER.boxes[1:]
    newer = replace(REGISTER, version=3, boxes=(*ended, third, *others))
    rules = ElectionRules.of(with_register(place.authority, newer).trusted)
    mine = identity_of(authority())
    with pytest.raises(MemoryFault, match="rotated to key"):
        Device(mine, rules, place.disk.memory, Chance())
    with pytest.raises(MemoryFault, match="rotated to key"):
        Device(replace(mine, key=key), place.rules, place.disk.memory, Chance())
    device = Device(replace(mine, key=key), rules, place.disk.memory, Chance())
    (made,) = device.start(place.now())
    assert report_in(made.data).epoch == third.epoch


def test_a_key_that_the_register_does_not_list_is_refused():
    place = at_the_opening()
    (refused,) = place.on(RotationRequested(NEXT_KEY))
    assert refused.why is Refusal.KEY_NOT_NEXT
    assert "epoch 2" in refused.detail


def test_the_key_of_another_box_is_refused():
    place = at_the_opening()
    other = identity_of(authority(), 1).key
    (refused,) = place.on(RotationRequested(other))
    assert refused.why is Refusal.KEY_NOT_NEXT
