"""Do slots that were cut short come back from the other copy, and else stop the box with words?"""

import itertools
from dataclasses import replace

import pytest

from ballotbox_device.core import units
from ballotbox_device.core.device import Device
from ballotbox_device.core.events import SheetInserted
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import Genesis
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.slot_bank import CAPACITY_MIN, capacity_for, least_capacity
from ballotbox_protocol.election.definition import Precinct
from ballotbox_simulator.authority import Plan, make_authority, with_register
from ballotbox_simulator.disk import KEPT, LOST, BoxDisk, PowerCut, PowerPlan, Torn
from tests.device.polling_place import AWAY, STYLES, Chance, PollingPlace, identity_of, instant
from tests.device.test_mending import MENDED, PAIR, incidents, slot_files, used_place


def cut(place, copy, kept, part=0):
    """Cut the slots of one copy behind the first that are kept, and a part of the next."""
    slots = slot_files(place.disk)[copy]
    slots.load(slots.read()[: kept * place.rules.slots.size + part])


@PAIR
@pytest.mark.parametrize(("kept", "part"), [(0, 0), (0, 1), (8, 3)])
def test_slots_cut_short_on_one_medium_are_mended_from_the_other(copy, kept, part):
    place = used_place()
    whole = place.disk.slots.read()
    cut(place, copy, kept, part)
    assert incidents(place.boot()) == [MENDED]
    assert [each.read() for each in slot_files(place.disk)] == [whole, whole]
    assert incidents(place.boot()) == []
    place.check()


@PAIR
@pytest.mark.parametrize("state", [0x01, 0x0F, 0xFF])
def test_what_one_cut_copy_has_left_of_a_slot_that_is_empty_in_the_other_is_no_slot(copy, state):
    """Power failed while this copy alone was written, and then its medium lost its end."""
    place = fed_nothing()
    empty = place.disk.slots.read()
    written = slot_files(place.disk)[copy]
    start = 65 * place.rules.slots.size
    written.load(empty[:start] + bytes((state, 0, 0)))
    assert incidents(place.boot()) == [MENDED]
    assert [each.read() for each in slot_files(place.disk)] == [empty, empty]
    assert incidents(place.boot()) == []


@PAIR
def test_a_copy_that_lost_only_zeros_of_a_slot_is_whole_again_without_a_word(copy):
    place = fed_nothing()
    empty = place.disk.slots.read()
    cut(place, copy, 65, 3)
    assert incidents(place.boot()) == []
    assert [each.read() for each in slot_files(place.disk)] == [empty, empty]


def cut_behind_the_sheets(place, copy):
    """Cut one copy behind the slot after its sheets; return its number, both copies."""
    written = place.disk.slots.read().index(0xFF) // place.rules.slots.size
    cut(place, copy, written + 1)
    files = slot_files(place.disk)
    return written, files[copy], files[1 - copy]


@PAIR
def test_a_slot_that_rotted_where_the_other_copy_is_cut_short_behind_it_is_mended(copy):
    place = used_place()
    whole = place.disk.slots.read()
    written, _, long = cut_behind_the_sheets(place, copy)
    long.rot(written * place.rules.slots.size + 4, 0x04)
    assert incidents(place.boot()) == [MENDED]
    assert [each.read() for each in slot_files(place.disk)] == [whole, whole]
    place.check()


@PAIR
def test_a_slot_that_rotted_before_the_other_copy_was_filled_again_stops_the_box(copy):
    """There the shorter copy is empty because nothing was written yet, and tells of no sheet."""
    place = used_place()
    size = place.rules.slots.size
    written, short, long = cut_behind_the_sheets(place, copy)
    short.load(short.read()[: written * size] + bytes(size))
    long.rot(written * size + 4, 0x04)
    for _ in range(2):
        with pytest.raises(MemoryFault, match=f"slot {written} is damaged in the one copy"):
            place.boot()
    assert long.read()[written * size] == 0xFF


@PAIR
def test_a_half_marked_slot_of_the_shorter_copy_is_not_emptied(copy):
    """A sheet dropped for it: that the longer copy has nothing there is a contradiction."""
    place = used_place()
    size = place.rules.slots.size
    whole = place.disk.slots.read()
    written, short, long = cut_behind_the_sheets(place, copy)
    start = written * size
    short.load(short.read()[:start] + b"\x1f" + whole[start + 1 : start + size])
    long.load(whole[:start] + bytes(size) + whole[start + size :])
    with pytest.raises(MemoryFault, match=f"the two copies of slot {written} tell different"):
        place.boot()


class FromTheEnd:
    """The entropy port, which draws the last slot first."""

    drawn = 0

    def below(self, bound):
        self.drawn += 1
        return bound - self.drawn


@PAIR
@pytest.mark.parametrize("kept", [0, 8, 65])
@pytest.mark.parametrize("outcome", [KEPT, LOST, Torn(0), Torn(2)], ids=repr)
def test_power_may_fail_wherever_a_copy_is_filled_again(copy, kept, outcome):
    """A slot that is not yet written again must not look like one that was never used."""
    place = PollingPlace()
    place.entropy = FromTheEnd()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    for _ in range(3):
        place.feed(AWAY)
    place.disk.power_off()
    place.entropy = None
    whole = place.disk.slots.read()
    cut(place, copy, kept)
    assert whole[-1]
    for at in range(1_000):
        again = place.copy()
        again.disk.power_on(PowerPlan(at))
        try:
            again.boot()
        except PowerCut:
            again.disk.power_off(outcome)
            again.boot()
        else:
            break
        assert [each.read() for each in slot_files(again.disk)] == [whole, whole]
        again.check()
    assert at > 5


def fed_nothing():
    place = PollingPlace()
    place.boot()
    return place


def released_one():
    """Power fails when the first sheet of the day has been released: its slot is all there is."""
    place = fed_nothing()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    place.device.on(SheetInserted(AWAY), place.now())
    place.disk.power_off()
    return place


def released_beyond_the_first_slots():
    """The same with the first sheet for which slots had to be added."""
    place = fed_nothing()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    for _ in range(62):
        place.feed(AWAY)
    place.device.on(SheetInserted(AWAY), place.now())
    place.disk.power_off()
    return place


@pytest.mark.parametrize(
    ("day", "kept", "slots"),
    [
        *itertools.product([fed_nothing, released_one, used_place], [0, 1, 65], [66]),
        *itertools.product([released_beyond_the_first_slots], [0, 66, 131], [132]),
    ],
)
def test_slots_cut_short_on_both_media_stop_the_box_with_a_remedy(day, kept, slots):
    """No sheet may be missing or be thought given back because its slot is not there."""
    place = day()
    for copy in (0, 1):
        cut(place, copy, kept)
    found = [file.read() for file in place.disk.files]
    told = rf"cut short in every copy: {kept} of {slots} .* count its paper by hand$"
    for _ in range(2):
        with pytest.raises(MemoryFault, match=told):
            place.boot()
    assert [file.read() for file in place.disk.files] == found


@pytest.mark.parametrize(
    ("allocated", "given", "least"),
    [
        (66, 0, 66),
        (66, 62, 66),
        (66, 63, 132),
        (66, 124, 132),
        (66, 125, 264),
        (0, 0, 0),
        (0, 1, CAPACITY_MIN),
    ],
)
def test_the_slots_that_sheets_were_given_tell_how_many_there_are(allocated, given, least):
    assert least_capacity(allocated, given) == least


@pytest.mark.parametrize(("before", "now"), [(0, 1), (1, 0)], ids=["to a larger", "to a smaller"])
def test_the_slots_are_those_of_the_genesis_when_the_box_goes_to_another_precinct(before, now):
    """Power fails behind the genesis; a newer register sends the box elsewhere before it is back.

    The journal tells how many slots there are: with fewer of them every later boot would find them
    cut short.
    """
    places = (Precinct(1, "Small", 100, (0, 1)), Precinct(2, "Large", 900, (0, 1)))
    vested = make_authority(Plan(7, 2, precincts=places, styles=STYLES))
    register = vested.trusted.register
    entry = replace(register.boxes[0], precinct=places[now].number)
    moved = replace(register, version=2, boxes=(entry, register.boxes[1]))
    vested = with_register(vested, moved)
    rules = ElectionRules.of(vested.trusted)
    slots = capacity_for(rules.trusted.election, places[before])
    assert slots != capacity_for(rules.trusted.election, places[now])
    born = Genesis(vested.trusted.digest, vested.boxes[0], 0, 0, rules.slots.size, slots)
    disk = BoxDisk()
    for journal in disk.files[::2]:
        journal.append(units.frame(born.record().to_bytes()))
        journal.sync()
    for _ in range(2):
        box = Device(identity_of(vested), rules, disk.memory, Chance())
        box.start(instant())
    assert [len(each.read()) for each in slot_files(disk)] == [slots * rules.slots.size] * 2
