"""Is every flipped bit of either copy of the memory reported, and mended from the other copy?

Here a sample; `make soak SET=rot` flips every bit.
"""

import pytest

from ballotbox_device.core import slot_copies
from ballotbox_device.core.device import Device
from ballotbox_device.core.journal_copies import JournalCopies
from ballotbox_device.core.slot_copies import SlotCopies
from tests.device.examined_cuts import Examiner
from tests.device.memory_rot import AT_REST, Rot, RotOfReports, RotOfVotes, images, tells_rot
from tests.device.poll_day import DAY
from tests.device.power_cuts import FIRST

IMAGES = range(len(AT_REST) + 4)
#: One bit of so many; a prime, so that every bit of a byte has its turn.
STRIDE = 1_499


def tried(rot, bits):
    for bit in bits:
        rot.try_bit(bit)
    return rot.tally


def assert_all_well(tally):
    assert tally.bits
    assert tally.findings == []
    assert (tally.undetected, tally.unrepaired) == (0, 0)


def test_there_is_an_image_of_every_place_of_a_sheet():
    assert len(images()) == len(IMAGES)
    assert sum(image.settled for image in images()) == len(AT_REST)


@pytest.mark.parametrize("number", IMAGES)
def test_a_bit_that_flips_at_rest_is_mended_at_boot(number):
    assert_all_well(tried(Rot(number), range(number, images()[number].bits, STRIDE)))


def test_a_bit_of_a_report_that_flips_is_mended_when_it_is_read_for_sending():
    rot = RotOfReports()
    assert_all_well(tried(rot, range(0, rot.bits, 1_009)))


def test_a_bit_of_a_slot_that_flips_is_mended_when_the_votes_are_read():
    rot = RotOfVotes()
    assert_all_well(tried(rot, range(0, rot.bits, 101)))


@pytest.mark.parametrize("early", [0, 2])
def test_power_may_fail_while_both_journals_are_mended(early):
    """Each copy has what rotted in the other, until one of them is whole."""
    image = images()[0]
    files = list(image.files)
    for place, share in ((early, 0.25), (2 - early, 0.75)):
        rotten = bytearray(files[place])
        rotten[int(share * len(rotten))] ^= 1
        files[place] = bytes(rotten)
    examiner = Examiner(DAY, image.moment)
    assert tells_rot(examiner.examine(tuple(files)).said)
    examiner.examine_again(tuple(files), FIRST)
    assert examiner.tally.second > 50


def edges(image):
    """Bits in the middle of each file."""
    start = 0
    for content in image.files:
        yield from range(start + 4 * len(content), start + 4 * len(content) + 8)
        start += 8 * len(content)


def first_of_two(self):
    return self._ports[0].read()


def planted(monkeypatch, target, name, fault):
    """Return what flips at rest find when a fault is planted."""
    rot = Rot(0)
    monkeypatch.setattr(target, name, fault)
    return tried(rot, edges(rot.image))


@pytest.mark.teeth
def test_edges_are_well_as_it_is():
    assert_all_well(tried(Rot(0), edges(images()[0])))


@pytest.mark.teeth
@pytest.mark.parametrize("copies", [JournalCopies, SlotCopies])
def test_a_boot_that_reads_the_first_copy_alone_is_seen(monkeypatch, copies):
    tally = planted(monkeypatch, copies, "read", first_of_two)
    assert tally.unrepaired


@pytest.mark.teeth
def test_slots_mended_from_the_worse_copy_are_seen(monkeypatch):
    agreed = slot_copies._agreed

    def worse(left, right, slot_format, number):
        return right if agreed(left, right, slot_format, number) == left else left

    assert planted(monkeypatch, slot_copies, "_agreed", worse).unrepaired


@pytest.mark.teeth
def test_a_journal_that_is_not_mended_is_seen(monkeypatch):
    assert planted(monkeypatch, JournalCopies, "mend", lambda self, end: None).unrepaired


@pytest.mark.teeth
def test_rot_that_is_mended_in_silence_is_seen(monkeypatch):
    tally = planted(monkeypatch, Device, "_copy_mended", lambda self, now: [])
    assert (tally.undetected, tally.unrepaired) == (tally.bits, 0)


@pytest.mark.teeth
def test_reports_sent_from_the_first_copy_alone_are_seen(monkeypatch):
    rot = RotOfReports()

    def from_the_first(self, offset, size):
        return self._ports[0].read_at(offset, size)

    monkeypatch.setattr(JournalCopies, "read_at", from_the_first)
    assert tried(rot, range(1, 17, 2)).undetected == 8


@pytest.mark.teeth
def test_votes_read_from_the_first_copy_alone_are_seen(monkeypatch):
    rot = RotOfVotes()
    monkeypatch.setattr(SlotCopies, "read", first_of_two)
    assert tried(rot, range(1, 65, 8)).undetected == 8
