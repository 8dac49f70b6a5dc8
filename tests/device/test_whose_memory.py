"""Does a box refuse a memory, an election or a key that is not its own?"""

import pytest

from ballotbox_device.core.device import Device
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import Genesis
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.disk import BoxDisk
from tests.device.polling_place import Chance, authority, identity_of, rules
from tests.device.test_memory import BOX, GENESIS, journal_of, used_place


def device_on(disk, number=0, name="Test of a box"):
    return Device(identity_of(authority(name), number), rules(name), disk.memory, Chance())


def test_the_memory_of_another_box_is_refused():
    with pytest.raises(MemoryFault, match=BOX.hex()):
        device_on(used_place().disk, number=1)


def test_the_memory_of_another_election_is_refused():
    with pytest.raises(MemoryFault, match="two officers must clear it first"):
        device_on(used_place().disk, name="Another election")


def test_slots_of_another_size_are_refused():
    other = Genesis(GENESIS.election, BOX, 0, 0, GENESIS.slot_size + 1, 64)
    with pytest.raises(MemoryFault, match="this firmware uses"):
        device_on(journal_of(other.record()))


def test_a_box_that_the_register_does_not_know_is_refused():
    stranger = identity_of(authority())
    stranger = type(stranger)(bytes(16), stranger.key, stranger.firmware)
    with pytest.raises(InvalidField, match=r"box: 0+ is not in version 1 of the register"):
        Device(stranger, rules(), BoxDisk().memory, Chance())


def test_a_key_that_is_not_the_boxs_is_refused():
    mine, other = identity_of(authority()), identity_of(authority(), 1)
    confused = type(mine)(mine.box, other.key, mine.firmware)
    with pytest.raises(InvalidField, match=r"key: .* is not the register's key of box"):
        Device(confused, rules(), BoxDisk().memory, Chance())
