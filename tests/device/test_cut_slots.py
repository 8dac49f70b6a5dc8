"""Do slots that were cut short come back from the other copy, and else stop the box with words?"""

import itertools

import pytest

from ballotbox_device.core.events import SheetInserted
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.slot_bank import CAPACITY_MIN, least_capacity
from tests.device.polling_place import AWAY, PollingPlace
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
