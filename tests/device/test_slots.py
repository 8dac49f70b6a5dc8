"""Are slots drawn as chance says, found again as they were left, and added before they run out?"""

import pytest

from ballotbox_device.core.identity import precinct_of
from ballotbox_device.core.ports import EntropyFault, MemoryFault
from ballotbox_device.core.slot_bank import CAPACITY_MIN, SlotBank, capacity_for
from ballotbox_device.core.slot_copies import SlotCopies
from ballotbox_device.core.slot_format import SlotCondition
from ballotbox_simulator.disk import LOST, BoxDisk
from tests.device.polling_place import AWAY, HOME_1, HOME_2, Chance, PollingPlace, authority, rules


class Scripted:
    """An entropy port that gives what it is told to."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def below(self, bound):
        number = self.numbers.pop(0)
        assert 0 <= number < bound
        return number


def bank_of(entropy, capacity=CAPACITY_MIN, copies=2):
    disk = BoxDisk(copies)
    bank = SlotBank(SlotCopies(disk.memory, rules().slots), rules().slots, entropy)
    bank.prepare(capacity)
    bank.survey(CAPACITY_MIN)
    return bank, disk


def test_a_sheet_goes_where_chance_says_and_never_over_another():
    bank, disk = bank_of(Scripted(5, 5, 63, 5, 63, 0))
    slot, size = rules().slots.encode(AWAY), rules().slots.size
    places = []
    for _ in range(3):
        bank.reserve(slot)
        places.append(bank.odd.position)
        bank.mark()
    assert places == [5, 63, 0]
    assert bank.counted == 3
    found = disk.slots.read()
    assert [n for n in range(64) if found[n * size]] == [0, 5, 63]


@pytest.mark.parametrize("place", [5, 63])
def test_an_erased_place_is_empty_again(place):
    bank, _ = bank_of(Scripted(place, place))
    bank.reserve(rules().slots.encode(AWAY))
    bank.erase()
    assert bank.is_blank()
    bank.reserve(rules().slots.encode(AWAY))
    assert bank.odd.position == place


def test_a_port_that_never_finds_a_place_is_no_entropy():
    bank, _ = bank_of(Scripted(*[0] * 1_001))
    bank.reserve(rules().slots.encode(AWAY))
    bank.mark()
    with pytest.raises(EntropyFault, match="1000 draws below 64"):
        bank.reserve(rules().slots.encode(AWAY))


def test_the_bank_doubles_when_nearly_full():
    bank, disk = bank_of(Chance())
    slot, size = rules().slots.encode(AWAY), rules().slots.size
    for _ in range(100):
        bank.reserve(slot)
        bank.mark()
    assert len(disk.slots.read()) == 128 * size
    again = SlotBank(SlotCopies(disk.memory, rules().slots), rules().slots, Chance())
    again.survey(CAPACITY_MIN)
    assert (again.counted, again.first_sheets) == (100, 100)


def test_positions_are_drawn_evenly():
    """Chi-square over 64 places, 64,000 first draws: 63 degrees, 0.1 % bound 103.4."""
    hits = [0] * 64
    chance = Chance(3)
    for _ in range(64_000 // 50):
        bank, _ = bank_of(chance)
        for _ in range(50):
            bank.reserve(b"\x0f" * rules().slots.size)
            hits[bank.odd.position] += 1
            bank.mark()
    expected = sum(hits) / 64
    assert sum((hit - expected) ** 2 / expected for hit in hits) < 103.4


@pytest.mark.parametrize("call", ["mark", "erase"])
def test_no_slot_is_finished_that_was_not_reserved(call):
    bank, _ = bank_of(Chance())
    with pytest.raises(MemoryFault, match="fault of the program"):
        getattr(bank, call)()


def test_no_two_slots_are_reserved():
    bank, _ = bank_of(Chance())
    bank.reserve(rules().slots.encode(AWAY))
    with pytest.raises(MemoryFault, match="fault of the program"):
        bank.reserve(rules().slots.encode(AWAY))


def test_capacity_is_a_tenth_more_than_can_come():
    election = authority().trusted.election
    precinct = precinct_of(authority().trusted, authority().boxes[0])
    assert (precinct.registered, capacity_for(election, precinct)) == (30, 66)
    small = type(precinct)(1, "Small", 3, (1,))
    assert capacity_for(election, small) == CAPACITY_MIN
    place = PollingPlace()
    place.boot()
    assert len(place.disk.slots.read()) == 66 * rules().slots.size


def fill(bank, sheets):
    for _ in range(sheets):
        bank.reserve(rules().slots.encode(AWAY))
        bank.mark()


def test_the_bank_doubles_when_fifteen_of_sixteen_slots_are_in_use():
    bank, disk = bank_of(Chance())
    size = rules().slots.size
    fill(bank, 59)
    bank.reserve(rules().slots.encode(AWAY))
    bank.erase()
    fill(bank, 1)
    assert len(disk.slots.read()) == 64 * size
    fill(bank, 1)
    assert len(disk.slots.read()) == 128 * size


def test_a_bank_without_any_slot_grows_to_the_least_before_the_first_sheet():
    disk, chance = BoxDisk(), Chance()
    bank = SlotBank(SlotCopies(disk.memory, rules().slots), rules().slots, chance)
    bank.survey(0)
    fill(bank, 1)
    assert chance.draws == [CAPACITY_MIN]
    assert len(disk.slots.read()) == CAPACITY_MIN * rules().slots.size


def test_a_bank_holds_nothing_before_it_was_read_and_the_same_however_often():
    _, disk = bank_of(Chance())
    bank = SlotBank(SlotCopies(disk.memory, rules().slots), rules().slots, Chance(1))
    assert (bank.counted, bank.first_sheets, bank.odd) == (0, 0, None)
    bank.survey(CAPACITY_MIN)
    fill(bank, 3)
    bank.survey(CAPACITY_MIN)
    assert (bank.counted, bank.first_sheets, bank.odd) == (3, 3, None)


def test_a_bank_that_is_emptied_forgets_its_counts():
    bank, disk = bank_of(Chance())
    fill(bank, 2)
    bank.reserve(rules().slots.encode(AWAY))
    bank.prepare(CAPACITY_MIN)
    assert (bank.counted, bank.first_sheets, bank.odd) == (0, 0, None)
    assert bank.is_blank()
    assert len(disk.slots.read()) == CAPACITY_MIN * rules().slots.size


@pytest.mark.parametrize("sheet", [HOME_1, HOME_2])
def test_a_reserved_slot_is_known_as_another_boot_would_find_it(sheet):
    bank, disk = bank_of(Chance())
    bank.reserve(rules().slots.encode(sheet))
    again = SlotBank(SlotCopies(disk.memory, rules().slots), rules().slots, Chance())
    again.survey(CAPACITY_MIN)
    assert bank.odd == again.odd
    assert bank.odd.first_sheet is (sheet is HOME_1)


def test_a_doubled_bank_is_durable_before_a_sheet_is_written_to_it():
    bank, disk = bank_of(Chance())
    fill(bank, 60)
    bank.sync()
    bank.reserve(rules().slots.encode(AWAY))
    size = rules().slots.size
    for slots in disk.files[1::2]:
        slots.fail(LOST)
        found = slots.read()
        assert len(found) == 128 * size
        assert sum(map(bool, found[::size])) == 60


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (0, "hold 1 whole sheets, but 2 were counted"),
        (3, "slot 7 is damaged"),
        (4, "slot 7 is damaged"),
        (-1, "slot 7 is damaged"),
    ],
    ids=["state", "sheet", "choices", "check sum"],
)
def test_a_slot_that_rots_while_the_poll_is_open_is_not_left_out_of_the_totals(offset, words):
    bank, disk = bank_of(Scripted(5, 7), copies=1)
    slot, size = rules().slots.encode(AWAY), rules().slots.size
    for _ in range(2):
        bank.reserve(slot)
        bank.mark()
    layout = rules().layout
    whole = bank.totals(layout)
    disk.slots.rot(7 * size + offset % size, 0x10)
    with pytest.raises(MemoryFault, match=words):
        bank.totals(layout)
    disk.slots.rot(7 * size + offset % size, 0x10)
    assert bank.totals(layout) == whole


def test_an_empty_slot_shows_that_it_is_empty():
    slots = rules().slots
    assert slots.condition(slots.empty) is SlotCondition.EMPTY
    assert slots.condition(slots.encode(AWAY)) is SlotCondition.RESERVED
