"""Do the power cuts see a box that is wrong? Each test plants one fault and must see it fail."""

import pytest

from ballotbox_device.core import recovery, slot_copies
from ballotbox_device.core.events import DropSensed
from ballotbox_device.core.feeding import Feeding
from ballotbox_device.core.history import History
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.journal_copies import JournalCopies
from ballotbox_device.core.outputs import DropSheet, SheetAccepted
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import DROPPED, RELEASE, answer_record, state_record
from ballotbox_device.core.recovery import BOOT_TABLE, Repair
from ballotbox_device.core.reporting import Clerk, LawBroken
from ballotbox_device.core.sheet_path import SheetPath
from ballotbox_device.core.slot_bank import SlotBank
from ballotbox_device.core.slot_copies import SlotCopies
from ballotbox_protocol.wire.report import ReportKind
from tests.device.examined_cuts import Examiner, require_all
from tests.device.poll_day import ASKS_VOTERS, OPENING, SHORT_DAY, Script, Station, go_through
from tests.device.power_cuts import PLAIN, Grain, moments_of, states
from tests.device.reached_cells import SHEETS, cells_reached, examine_cell

GRAIN = Grain(fine=0, every=1_000_000, bits=(0, 0x10))
#: The step of the first sheet.
SHEET = len(OPENING)
FAULTS = (AssertionError, MemoryFault, LawBroken)
OPENED = Script(ASKS_VOTERS, OPENING, in_box=0, asked=0)

pytestmark = pytest.mark.teeth


@pytest.fixture(autouse=True)
def days_of_their_own():
    """The days that a planted fault has changed are not those of another test."""
    cells_reached()
    moments_of.cache_clear()
    yield
    moments_of.cache_clear()


def survive(script=SHORT_DAY, step=SHEET):
    moments = moments_of(script)
    before = sum(moment.step < step for moment in moments)
    require_all(script, range(before, len(moments)), GRAIN)


def assert_cuts_see_it(script=SHORT_DAY, step=SHEET):
    with pytest.raises(FAULTS):
        survive(script, step)


def test_the_short_day_is_survived_as_it_is():
    survive()


def test_a_release_that_is_not_synced(monkeypatch):
    def release(self, sheet):
        self.bank.reserve(self._rules.slots.encode(sheet))
        self._book.append(RELEASE)
        self.bank.sync()
        settle_without_sync(self._book)

    monkeypatch.setattr(SheetPath, "release", release)
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
    def release(self, sheet):
        self._book.commit(RELEASE)
        Held.slot = self._rules.slots.encode(sheet)

    def drop(self):
        self.bank.reserve(Held.slot)
        self.bank.mark()
        self._book.append(DROPPED)
        self.bank.sync()
        self._book.settle()

    monkeypatch.setattr(SheetPath, "release", release)
    monkeypatch.setattr(SheetPath, "drop", drop)
    assert_cuts_see_it()


class Held:
    slot = b""


def test_a_sheet_counted_before_it_is_released(monkeypatch):
    def release(self, sheet):
        self.bank.reserve(self._rules.slots.encode(sheet))
        self._book.append(RELEASE, DROPPED)
        self.bank.mark()
        self.bank.sync()
        self._book.settle()

    monkeypatch.setattr(SheetPath, "release", release)
    monkeypatch.setattr(SheetPath, "drop", lambda self: None)
    monkeypatch.setattr(Feeding, "_may", lambda self, step: True)
    assert_cuts_see_it()


def test_a_sheet_let_fall_before_anything_is_written(monkeypatch):
    """A cut in the writing then finds a sheet in the box and nothing about it."""
    release, feed = SheetPath.release, Station.feed

    def feed_here(self, sheet, **how):
        Here.place = self
        return feed(self, sheet, **how)

    def fall_first(self, sheet):
        Here.place.let_fall()
        release(self, sheet)

    monkeypatch.setattr(Station, "feed", feed_here)
    monkeypatch.setattr(Station, "_drop", lambda self: DropSensed())
    monkeypatch.setattr(SheetPath, "release", fall_first)
    assert_cuts_see_it()


class Here:
    place = None


def test_a_report_handed_out_before_it_is_kept(monkeypatch):
    """Its sequence number is then used again after the cut."""
    keep = Clerk.keep

    def send_and_keep(self, report, target=None, *others):
        Sender.place.facts.handed_out[report.sequence] = self._sign(report)
        return keep(self, report, target, *others)

    class Sender:
        place = None

    def go(place, steps):
        Sender.place = place
        monkeypatch.setattr(Clerk, "keep", send_and_keep)
        go_through(place, steps)
        monkeypatch.setattr(Clerk, "keep", keep)

    monkeypatch.setattr("tests.device.power_cuts.go_through", go)
    with pytest.raises(FAULTS):
        require_all(OPENED, range(len(moments_of(OPENED))), GRAIN)


def test_a_state_kept_apart_from_its_report(monkeypatch):
    keep = Clerk.keep

    def keep_in_two_units(self, report, target=None, *others):
        made = keep(self, report, None, *others)
        if target is not None:
            self._book.commit(state_record(target))
        return made

    monkeypatch.setattr(Clerk, "keep", keep_in_two_units)
    with pytest.raises(FAULTS):
        require_all(OPENED, range(len(moments_of(OPENED))), GRAIN)


def test_a_torn_tail_that_is_left_in_place(monkeypatch):
    def forget(self):
        self.torn = 0

    monkeypatch.setattr(RecordBook, "mend", forget)
    assert_cuts_see_it()


def test_an_answer_acted_upon_before_it_is_written(monkeypatch):
    def answer(self, *, dropped):
        if dropped:
            self._finish_mark()
        else:
            self._erase()
        self._book.commit(answer_record(dropped=dropped))

    monkeypatch.setattr(SheetPath, "answer", answer)
    assert_cuts_see_it(SHEETS, step=SHEET + 1)


def test_a_question_that_is_put_again_after_its_answer(monkeypatch):
    """A box that takes every sheet in its past for one in doubt."""
    ask = Station._ask

    def ask_twice(self):
        made = ask(self)
        self.facts.asked += 1
        return made

    monkeypatch.setattr(Station, "_ask", ask_twice)
    assert_cuts_see_it()


@pytest.mark.parametrize("never", [True, False])
def test_an_answer_whose_report_is_forgotten(monkeypatch, never):
    """A cut between the answer and its report; any other incident report takes its place."""
    follow = History._follow

    def forget(self, report, identity):
        follow(self, report, identity)
        self.owed = None

    if never:
        monkeypatch.setattr(Feeding, "incident_owed", lambda self, now: [])
    else:
        monkeypatch.setattr(History, "_follow", forget)
    assert_cuts_see_it(SHEETS, step=SHEET + 1)


# Two copies: faults that one copy alone would not have.


@pytest.mark.parametrize("copies", [SlotCopies, JournalCopies])
def test_a_write_that_reaches_one_copy_alone(monkeypatch, copies):
    """The count after a drop stands on the first medium only: what is told is not on both."""
    name = "write" if copies is SlotCopies else "append"
    monkeypatch.setattr(copies, name, only_to_the_first(getattr(copies, name)))
    assert not told_on_both()


@pytest.mark.parametrize("copies", [SlotCopies, JournalCopies])
def test_a_second_copy_that_is_not_synced(monkeypatch, copies):
    monkeypatch.setattr(copies, "sync", only_to_the_first(copies.sync))
    assert not told_on_both()


def only_to_the_first(method):
    def planted(self, *arguments):
        ports, self._ports = self._ports, self._ports[:1]
        method(self, *arguments)
        self._ports = ports

    return planted


def told_on_both():
    """Tell whether all that a box tells stands on either medium by itself, were power to fail."""
    place = Station()
    sound = []

    def look(outputs):
        for output in outputs:
            if isinstance(output, DropSheet | SheetAccepted):
                unsynced = [file._unsynced for file in place.disk.files]
                first, slots, second, second_slots = (f.read() for f in place.disk.files)
                sound.append(not any(unsynced) and (first, slots) == (second, second_slots))
        return take(outputs)

    take, place._take = place._take, look
    go_through(place, SHORT_DAY.steps)
    assert len(sound) == 2
    return all(sound)


def test_what_is_told_stands_on_both_as_it_is():
    assert told_on_both()


def test_copies_of_slots_mended_from_the_worse(monkeypatch):
    agreed = slot_copies._agreed

    def worse(left, right, slot_format, number):
        return right if agreed(left, right, slot_format, number) == left else left

    monkeypatch.setattr(slot_copies, "_agreed", worse)
    assert_cuts_see_it()


def test_copies_of_the_journal_that_are_not_brought_together(monkeypatch):
    monkeypatch.setattr(JournalCopies, "mend", lambda self, end: None)
    assert_cuts_see_it()


def test_a_boot_report_handed_out_before_it_is_kept(monkeypatch):
    """Only a second cut, in the boot after the first, finds its sequence number used again."""
    keep, boot = Clerk.keep, Station.boot

    def boot_here(self):
        Here.place = self
        return boot(self)

    def send_and_keep(self, report, target=None, *others):
        if report.kind is ReportKind.BOOT:
            sent, data = Here.place.facts.handed_out, self._sign(report)
            assert sent.setdefault(report.sequence, data) == data
        return keep(self, report, target, *others)

    cut_twice()
    monkeypatch.setattr(Station, "boot", boot_here)
    monkeypatch.setattr(Clerk, "keep", send_and_keep)
    survive()
    with pytest.raises(FAULTS):
        cut_twice()


def cut_twice():
    """Cut the boot after some cuts of a sheet, by what is lost and kept."""
    moments = [each for each in moments_of(SHORT_DAY) if each.step == SHEET]
    for moment in moments[::7]:
        examiner = Examiner(SHORT_DAY, moment, follow=False)
        for files in states(moment, PLAIN):
            examiner.examine_again(files, PLAIN)


WRONG_REPAIRS = [
    (findings, repair)
    for findings, right in BOOT_TABLE.items()
    for repair in Repair
    if repair is not right
    # Where there is no sheet, to ask is to do nothing.
    and (right, repair) != (Repair.NOTHING, Repair.ASK)
]


@pytest.mark.parametrize("findings", BOOT_TABLE)
def test_the_right_cells_of_the_boot_table(findings):
    examine_cell(findings)


@pytest.mark.parametrize(("findings", "repair"), WRONG_REPAIRS)
def test_a_wrong_cell_of_the_boot_table(monkeypatch, findings, repair):
    wrong = {**BOOT_TABLE, findings: repair}
    monkeypatch.setattr(recovery, "BOOT_TABLE", wrong)
    with pytest.raises(FAULTS):
        examine_cell(findings)
