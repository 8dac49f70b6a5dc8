"""Does one damaged copy of a memory cost nothing, and do two that contradict each other stop?"""

import itertools

import pytest

from ballotbox_device.core import units
from ballotbox_device.core.events import Requested, SheetInserted, TurnoutDue
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.journal_copies import JournalCopies
from ballotbox_device.core.outputs import ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Medium, Memory, MemoryFault
from ballotbox_device.core.recovery import Repair
from ballotbox_device.core.slot_copies import SlotCopies
from ballotbox_device.core.slot_format import SlotCondition
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from ballotbox_simulator.disk import LOST, BoxDisk
from tests.device.polling_place import (
    AWAY,
    HOME_1,
    PollingPlace,
    hand_count,
    report_in,
    rules,
)
from tests.device.test_memory import BEGUN, FED, RELEASE, RETURNED

MENDED = (IncidentCode.MEMORY_REPAIRED, Repair.SECOND_COPY)
PAIR = pytest.mark.parametrize("copy", [0, 1], ids=["first", "second"])


def journals(disk):
    return disk.files[::2]


def slot_files(disk):
    return disk.files[1::2]


def incidents(outputs):
    reports = [report_in(each.data) for each in outputs if isinstance(each, ReportMade)]
    return [(each.incident.code, each.incident.detail) for each in reports if each.incident]


def written(*records):
    disk = BoxDisk()
    for journal, record in itertools.product(journals(disk), records):
        journal.append(units.frame(record.to_bytes()))
        journal.sync()
    return disk


def test_a_memory_has_one_medium_or_two():
    medium = Medium(*BoxDisk(copies=1).files)
    for media in ((), (medium,) * 3):
        with pytest.raises(InvalidField, match=r"memory\.media: must be one copy or two"):
            Memory(media)
    assert Memory((medium,)).media == (medium,)


# The journal


@PAIR
def test_any_changed_byte_of_one_journal_is_mended(copy):
    whole = written(*BEGUN, FED, RETURNED)
    content = whole.journal.read()
    for at in range(len(content)):
        disk = whole.copy()
        journals(disk)[copy].rot(at, 0x40)
        book = RecordBook(disk.memory)
        assert (book.history.returned, book.mended) == (1, 0)
        book.mend()
        assert book.mended == 1
        disk.power_off(LOST)
        assert [each.read() for each in journals(disk)] == [content, content]


@PAIR
@pytest.mark.parametrize("lost", [1, 10, 25])
def test_a_journal_that_only_lacks_its_end_is_what_a_power_cut_leaves(copy, lost):
    disk = written(*BEGUN, FED, RETURNED)
    content = disk.journal.read()
    journals(disk)[copy].truncate(len(content) - lost)
    book = RecordBook(disk.memory)
    book.mend()
    assert (book.history.returned, book.mended) == (1, 0)
    assert [each.read() for each in journals(disk)] == [content, content]


def test_two_journals_that_are_damaged_at_different_places_mend_each_other():
    disk = written(*BEGUN, FED, RETURNED, FED)
    content = disk.journal.read()
    disk.journal.rot(5, 0x01)
    disk.second_journal.rot(len(content) - 20, 0x01)
    book = RecordBook(disk.memory)
    book.mend()
    assert (book.history.presented, book.mended) == (2, 2)
    assert [each.read() for each in journals(disk)] == [content, content]


def test_two_journals_that_are_damaged_at_one_place_stop_the_box():
    disk = written(*BEGUN, FED, RETURNED)
    for journal in journals(disk):
        journal.rot(5, 0x01)
    with pytest.raises(MemoryFault, match="the journal is damaged at byte 0: a good unit follows"):
        RecordBook(disk.memory)


@PAIR
def test_a_unit_lost_in_both_journals_is_no_torn_tail_while_one_goes_on_behind_it(copy):
    disk = written(*BEGUN, FED, RETURNED)
    last = len(units.frame(RETURNED.to_bytes()))
    size = len(disk.journal.read())
    for journal in journals(disk):
        journal.rot(size - last - 1, 0x01)
    journals(disk)[copy].rot(size - 1, 0x01)
    # The longer of the two, which alone would pass for a torn tail.
    journals(disk)[copy].append(b"\xb5\x00")
    with pytest.raises(MemoryFault, match=f"a good unit follows at byte {size - last}"):
        RecordBook(disk.memory)


def test_two_journals_that_tell_different_things_stop_the_box():
    disk = written(*BEGUN, FED)
    offset = len(disk.journal.read())
    disk.journal.append(units.frame(RETURNED.to_bytes()))
    disk.second_journal.append(units.frame(RELEASE.to_bytes()))
    with pytest.raises(MemoryFault, match=f"tell different things at {offset}"):
        RecordBook(disk.memory)


@PAIR
@pytest.mark.parametrize("shorter", [b"", b"\xb5\x00", b"\xb5\xff"])
def test_the_longer_of_two_torn_tails_is_cut_from_both(copy, shorter):
    disk = written(*BEGUN, FED)
    content = disk.journal.read()
    tail = units.frame(RETURNED.to_bytes())
    for number, journal in enumerate(journals(disk)):
        journal.append(tail[:5] if number == copy else shorter)
    book = RecordBook(disk.memory)
    assert book.torn == 5
    book.mend()
    assert (book.torn, book.mended) == (0, 0)
    assert [each.read() for each in journals(disk)] == [content, content]


@PAIR
def test_a_part_that_has_rotted_is_mended_when_it_is_read(copy):
    disk = written(*BEGUN, FED, RETURNED)
    content = disk.journal.read()
    port = JournalCopies(disk.memory)
    journals(disk)[copy].rot(8, 0x10)
    assert port.read_at(20, 8) == content[20:28]
    assert port.mended == 0
    assert port.read_at(4, 8) == content[4:12]
    assert port.mended == 1
    assert [each.read() for each in journals(disk)] == [content, content]


# The slots


SLOT = rules().slots.encode(HOME_1)
OTHER = rules().slots.encode(AWAY)
COUNTED = b"\xff" + SLOT[1:]
SLOTS = {
    "empty": rules().slots.empty,
    "reserved": SLOT,
    "counted": COUNTED,
    "torn": b"\x03" + SLOT[1:],
    "half marked": b"\x3f" + SLOT[1:],
    "rotten": b"\xff" + SLOT[1:-1] + bytes((SLOT[-1] ^ 1,)),
}
#: What two different slots in one place are made to; any other pair stops the box.
AGREED = {
    ("empty", "reserved"): "reserved",
    ("reserved", "counted"): "counted",
    ("empty", "torn"): "empty",
    ("empty", "rotten"): "empty",
    ("reserved", "torn"): "reserved",
    ("reserved", "half marked"): "reserved",
    ("reserved", "rotten"): "reserved",
    ("counted", "torn"): "counted",
    ("counted", "half marked"): "counted",
    ("counted", "rotten"): "counted",
}


def slots_with(first, second, place=3):
    disk = BoxDisk()
    for slots, slot in zip(slot_files(disk), (first, second), strict=True):
        slots.extend(8 * len(SLOT))
        slots.write(place * len(SLOT), slot)
        slots.sync()
    return disk, SlotCopies(disk.memory, rules().slots)


def test_each_sample_is_in_its_condition():
    conditions = [rules().slots.condition(slot) for slot in SLOTS.values()]
    assert conditions == [
        SlotCondition.EMPTY,
        SlotCondition.RESERVED,
        SlotCondition.COUNTED,
        SlotCondition.TORN,
        SlotCondition.HALF_MARKED,
        SlotCondition.ROTTEN,
    ]


@pytest.mark.parametrize("pair", list(itertools.permutations(SLOTS, 2)), ids=" | ".join)
def test_what_two_slots_in_one_place_are_made_to(pair):
    disk, copies = slots_with(*(SLOTS[each] for each in pair))
    agreed = AGREED.get(pair) or AGREED.get(pair[::-1])
    if agreed is None:
        before = [each.read() for each in slot_files(disk)]
        with pytest.raises(MemoryFault, match=r"slot 3( |$)"):
            copies.read()
        assert [each.read() for each in slot_files(disk)] == before
        return
    content = copies.read()
    assert content[3 * len(SLOT) : 4 * len(SLOT)] == SLOTS[agreed]
    assert copies.mended == 1
    disk.power_off(LOST)
    assert [each.read() for each in slot_files(disk)] == [content, content]
    assert (copies.read(), copies.mended) == (content, 1)


@pytest.mark.parametrize(("name", "state"), [("torn", 0x01), ("half marked", 0x1F)])
def test_two_slots_that_one_power_cut_left_unfinished_are_made_alike(name, state):
    first, second = SLOTS[name], bytes((state,)) + SLOT[1:]
    assert first != second
    _, copies = slots_with(first, second)
    assert copies.read()[3 * len(SLOT) : 4 * len(SLOT)] == first


@pytest.mark.parametrize(
    ("first", "second"),
    [(SLOT, OTHER), (COUNTED, b"\xff" + OTHER[1:]), (SLOTS["rotten"], COUNTED[:-1] + b"\0")],
)
def test_two_slots_in_one_condition_that_say_different_things_stop_the_box(first, second):
    _, copies = slots_with(first, second)
    with pytest.raises(MemoryFault, match=r"slot 3( |$)"):
        copies.read()


def test_every_slot_that_was_mended_is_counted():
    disk, copies = slots_with(COUNTED, COUNTED)
    disk.slots.rot(0, 0x01)
    disk.second_slots.rot(3 * len(SLOT) + 4, 0x01)
    assert copies.read() == bytes(3 * len(SLOT)) + COUNTED + bytes(4 * len(SLOT))
    assert copies.mended == 2


@PAIR
def test_slots_that_grew_on_one_medium_alone_grow_on_the_other(copy):
    disk, copies = slots_with(COUNTED, COUNTED)
    slot_files(disk)[copy].extend(16 * len(SLOT))
    content = copies.read()
    assert len(content) == 16 * len(SLOT)
    assert [each.read() for each in slot_files(disk)] == [content, content]
    assert copies.mended == 0


@PAIR
def test_slots_are_blank_when_both_copies_are(copy):
    disk, copies = slots_with(rules().slots.empty, rules().slots.empty)
    assert copies.is_blank()
    slot_files(disk)[copy].write(0, b"\x01")
    assert not copies.is_blank()
    copies.wipe(16 * len(SLOT))
    assert copies.is_blank()
    assert [each.read() for each in slot_files(disk)] == [bytes(16 * len(SLOT))] * 2


# A whole box


def used_place():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    place.feed(HOME_1)
    place.feed(AWAY)
    return place


def damage(place, copy, part):
    """Change a bit in the middle of one copy of the journal, or in a counted slot."""
    if part == "journal":
        journals(place.disk)[copy].rot(100, 0x04)
    else:
        slots = slot_files(place.disk)[copy]
        slots.rot(slots.read().index(0xFF) + 4, 0x04)


@PAIR
@pytest.mark.parametrize("part", ["journal", "slots"])
def test_a_box_boots_from_the_sound_copy_and_reports_the_other_once(copy, part):
    place = used_place()
    damage(place, copy, part)
    assert incidents(place.boot()) == [MENDED]
    assert incidents(place.boot()) == []
    first, second = journals(place.disk)
    assert first.read() == second.read()
    place.check()


@PAIR
def test_slots_that_rot_while_the_poll_is_open_are_mended_before_they_are_counted(copy):
    place = used_place()
    damage(place, copy, "slots")
    made = place.on(Requested(Action.CLOSE)) + place.on(Requested(Action.FINISH))
    assert incidents(made) == [MENDED]
    reports = [report_in(each.data) for each in made if isinstance(each, ReportMade)]
    assert [each.kind for each in reports][1:] == [ReportKind.FINAL, ReportKind.INCIDENT]
    assert reports[1].votes == hand_count([HOME_1, AWAY])
    place.check()


@PAIR
def test_a_report_that_rots_in_one_copy_is_sent_and_told_with_the_next_event(copy):
    place = used_place()
    report = place.kept()[1]
    journals(place.disk)[copy].rot(place.disk.journal.read().index(report) + 9, 0x80)
    assert place.device.outgoing.report(1) == report
    assert incidents(place.on(TurnoutDue())) == [MENDED]
    assert incidents(place.on(TurnoutDue())) == []


@pytest.mark.parametrize("part", ["journal", "slots"])
def test_a_box_whose_copies_are_damaged_at_one_place_stops(part):
    place = used_place()
    for copy in (0, 1):
        damage(place, copy, part)
    with pytest.raises(MemoryFault, match="damaged"):
        place.boot()


def test_what_is_no_event_is_a_fault_of_the_program():
    place = used_place()
    with pytest.raises(AssertionError, match="no event: 'rain'"):
        place.device.on("rain", place.now())
    with pytest.raises(MemoryFault, match="boot it anew"):
        place.device.on(SheetInserted(AWAY), place.now())


@PAIR
def test_whoever_looks_on_reads_the_sound_copy_and_mends_nothing(copy):
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    place.feed(HOME_1)
    (kept,) = [each for each in place.device._book.history.reports if each.kind is ReportKind.ZERO]
    sound = place.disk.copy()
    journals(place.disk)[copy].rot(kept.offset + 9, 1)
    slots = slot_files(place.disk)[copy]
    slots.rot(next(at for at, byte in enumerate(slots.read()) if byte) + 1, 1)
    found = [file.read() for file in place.disk.files]
    looked_at = Memory(place.disk.memory.media, read_only=True)
    read = RecordBook(looked_at).read(kept.offset, kept.size)
    assert read == sound.journal.read_at(kept.offset, kept.size)
    assert SlotCopies(looked_at, rules().slots).read() == sound.slots.read()
    assert [file.read() for file in place.disk.files] == found


def test_whoever_looks_on_lets_a_shorter_copy_be():
    disk = BoxDisk()
    slots, _ = slot_files(disk)
    slots.extend(rules().slots.size)
    looked_at = Memory(disk.memory.media, read_only=True)
    assert SlotCopies(looked_at, rules().slots).read() == bytes(rules().slots.size)
    assert [len(file.read()) for file in slot_files(disk)] == [rules().slots.size, 0]
