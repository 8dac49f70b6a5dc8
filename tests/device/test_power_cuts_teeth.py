"""Do the power cuts see a box that is wrong? Each test plants one fault and must see it fail."""

import pytest

from ballotbox_device.core import recovery
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import DROPPED, RELEASE, state_record
from ballotbox_device.core.recovery import BOOT_TABLE, Repair
from ballotbox_device.core.reporting import Clerk, LawBroken
from ballotbox_device.core.sheet_path import SheetPath
from ballotbox_device.core.slot_bank import SlotBank
from tests.device.polling_place import HOME_1
from tests.device.power_cuts import DAY, Feed, cut_at, each_cut, operations_of, resume

SHORT_DAY = (*DAY[:2], Feed(HOME_1))
BITS = (0, 0x10)

pytestmark = pytest.mark.teeth


def survive():
    operations = range(operations_of(DAY[:2]), operations_of(SHORT_DAY))
    for place, step in each_cut(operations, SHORT_DAY, BITS):
        resume(place, step, SHORT_DAY)


def assert_cuts_see_it():
    with pytest.raises((AssertionError, MemoryFault, LawBroken)):
        survive()


def test_the_short_day_is_survived_as_it_is():
    survive()


def test_a_release_that_is_not_synced(monkeypatch):
    def insert(self, sheet, intake, *, confirmed):
        self.bank.reserve(self._rules.slots.encode(sheet))
        self._book.append(RELEASE)
        self.bank.sync()
        settle_without_sync(self._book)

    monkeypatch.setattr(SheetPath, "insert", insert)
    assert_cuts_see_it()


def settle_without_sync(book):
    records, book._pending = book._pending, ()
    book._apply(records, book._end + 3)
    book._end += book._pending_size


def test_a_slot_that_is_not_synced(monkeypatch):
    monkeypatch.setattr(SlotBank, "sync", lambda self: None)
    assert_cuts_see_it()


def test_a_journal_that_is_not_synced(monkeypatch):
    monkeypatch.setattr(RecordBook, "settle", settle_without_sync)
    assert_cuts_see_it()


def test_a_slot_written_after_the_drop(monkeypatch):
    def insert(self, sheet, intake, *, confirmed):
        self._book.commit(RELEASE)
        Held.slot = self._rules.slots.encode(sheet)

    def drop(self):
        self.bank.reserve(Held.slot)
        self.bank.mark()
        self._book.append(DROPPED)
        self.bank.sync()
        self._book.settle()

    monkeypatch.setattr(SheetPath, "insert", insert)
    monkeypatch.setattr(SheetPath, "drop", drop)
    assert_cuts_see_it()


class Held:
    slot = b""


def test_a_sheet_counted_before_it_is_released(monkeypatch):
    def insert(self, sheet, intake, *, confirmed):
        self.bank.reserve(self._rules.slots.encode(sheet))
        self._book.append(RELEASE, DROPPED)
        self.bank.mark()
        self.bank.sync()
        self._book.settle()

    monkeypatch.setattr(SheetPath, "insert", insert)
    monkeypatch.setattr(SheetPath, "drop", lambda self: None)
    monkeypatch.setattr("ballotbox_device.core.device.Device._settle", lambda self, e, now: [])
    assert_cuts_see_it()


def test_a_report_handed_out_before_it_is_kept(monkeypatch):
    """Its sequence number is then used again after the cut."""
    sent = {}
    keep = Clerk.keep

    def send_and_keep(self, report, target=None):
        sent[report.sequence] = self._sign(report)
        return keep(self, report, target)

    monkeypatch.setattr(Clerk, "keep", send_and_keep)

    def survive_with_what_was_sent():
        for operation in range(operations_of(DAY[:2])):
            sent.clear()
            place, step = cut_at(operation, DAY[:2])
            place.facts.handed_out.update(sent)
            place.disk.power_off()
            resume(place, step, DAY[:2])

    with pytest.raises(AssertionError):
        survive_with_what_was_sent()


def test_a_state_kept_apart_from_its_report(monkeypatch):
    keep = Clerk.keep

    def keep_in_two_units(self, report, target=None):
        made = keep(self, report)
        if target is not None:
            self._book.commit(state_record(target))
        return made

    monkeypatch.setattr(Clerk, "keep", keep_in_two_units)

    def survive_the_opening():
        for place, step in each_cut(range(operations_of(DAY[:2])), DAY[:2]):
            resume(place, step, DAY[:2])

    with pytest.raises(AssertionError):
        survive_the_opening()


def test_a_torn_tail_that_is_left_in_place(monkeypatch):
    def forget(self):
        self.torn = 0

    monkeypatch.setattr(RecordBook, "cut_torn_tail", forget)
    assert_cuts_see_it()


WRONG_REPAIRS = [
    (findings, repair)
    for findings, right in BOOT_TABLE.items()
    for repair in (
        Repair.NOTHING,
        Repair.ERASE,
        Repair.FINISH_MARK,
        Repair.VOID,
        Repair.RECORD_DROP,
    )
    if repair is not right
]


@pytest.mark.parametrize(("findings", "repair"), WRONG_REPAIRS)
def test_a_wrong_cell_of_the_boot_table(monkeypatch, findings, repair):
    wrong = {**BOOT_TABLE, findings: repair}
    monkeypatch.setattr(recovery, "BOOT_TABLE", wrong)
    assert_cuts_see_it()
