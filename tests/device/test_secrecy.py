"""Could anyone link an order or a time to a choice, from disk, reports or outputs?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.events import DropSensed, SheetInserted, TurnoutDue
from ballotbox_device.core.outputs import ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.slot_bank import SlotBank
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.report import ReportKind
from tests.device.polling_place import AWAY, PollingPlace, contests_of, instant, marks, report_in
from tests.device.test_sheets import ELECTION, marks_of, sheets_of

SHEETS = st.lists(sheets_of(ELECTION), min_size=1, max_size=12)


def vote(sheets, *, seed=0, times=None):
    """Return the place after all sheets were fed, and all that the box put out meanwhile."""
    place = PollingPlace(seed=seed)
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    said = []
    for number, sheet in enumerate(sheets):
        now = instant(times[number] if times else 100)
        said += place.device.on(SheetInserted(sheet), now)
        said += place.device.on(DropSensed(), now)
    said += place.device.on(TurnoutDue(), instant(90_000))
    return place, said


def journals(place):
    """What the journal says on each medium."""
    return [file.read() for file in place.disk.files[::2]]


def slots_of(place):
    size = place.rules.slots.size
    content = place.disk.slots.read()
    return [content[n : n + size] for n in range(0, len(content), size)]


def filled(place):
    return [n for n, slot in enumerate(slots_of(place)) if slot[0]]


@given(st.data())
def test_other_choices_leave_no_trace_outside_the_slots(data):
    """Same styles, same order, other marks: journal and outputs are the same, byte for byte."""
    sheets = data.draw(SHEETS)
    others = [
        Sheet(sheet.style, sheet.number, tuple(data.draw(marks_of(ELECTION.contests[index]))
                                               for index in contests_of(sheet)))
        for sheet in sheets
    ]  # fmt: skip
    one, said_one = vote(sheets)
    two, said_two = vote(others)
    assert journals(one) == journals(two)
    assert said_one == said_two
    assert filled(one) == filled(two)


@given(st.data())
def test_another_order_leaves_the_same_slots_and_the_same_journal(data):
    """The slots are a set, and not even style and sheet number stand in the journal's order."""
    sheets = data.draw(SHEETS)
    order = data.draw(st.permutations(sheets))
    one, _ = vote(sheets)
    two, _ = vote(order)
    assert journals(one) == journals(two)
    assert sorted(slots_of(one)) == sorted(slots_of(two))
    assert filled(one) == filled(two)


@given(SHEETS, st.data())
def test_the_time_of_a_ballot_is_not_written_down(sheets, data):
    times = [data.draw(st.integers(100, 80_000)) for _ in sheets]
    one, said_one = vote(sheets)
    two, said_two = vote(sheets, times=times)
    assert journals(one) == journals(two)
    assert one.disk.slots.read() == two.disk.slots.read()
    assert said_one == said_two


def test_places_come_from_the_entropy_port_alone():
    sheets = [AWAY] * 20
    one, _ = vote(sheets, seed=1)
    two, _ = vote(sheets, seed=2)
    assert filled(one) != filled(two)
    assert journals(one) == journals(two)


def test_a_reason_of_return_is_not_written_down():
    unreadable = Sheet(1, 0, (marks(0),), readable=False)
    unknown = Sheet(9, 0, ())
    one, two = PollingPlace(), PollingPlace()
    for place, sheet in ((one, unreadable), (two, unknown)):
        place.boot()
        place.act(Action.PRINT_ZERO, Action.OPEN)
        place.feed(sheet)
    assert journals(one) == journals(two)
    assert set(one.disk.slots.read()) == {0}


def test_votes_leave_the_box_with_its_final_and_not_before():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    place.feed(AWAY)
    place.turnout()
    place.act(Action.CLOSE, Action.REOPEN, Action.PAUSE, Action.CLOSE)
    place.disk.power_off()
    place.boot()
    place.act(Action.ADMIT_PORTABLE, Action.END_PORTABLE)
    made = [report_in(o.data) for o in place.outputs if isinstance(o, ReportMade)]
    assert len(made) == 8
    assert all(report.votes is None for report in made)
    assert place.finish().kind is ReportKind.FINAL


# Teeth: boxes that betray the voter, each in one way.


def give_places_in_order(monkeypatch):
    monkeypatch.setattr(SlotBank, "_draw", lambda self: self._used_count)


def journal_the_first_mark(monkeypatch):
    from ballotbox_device.core.records import FED, RETURNED
    from ballotbox_device.core.sheet_path import SheetPath

    release = SheetPath.release

    def telling(self, sheet):
        if sheet.marks[0] == Marks():
            self._book.commit(RETURNED, FED)
        release(self, sheet)

    monkeypatch.setattr(SheetPath, "release", telling)


def place_by_choice(monkeypatch):
    reserve = SlotBank.reserve
    chosen = []

    def choosing(self, slot):
        used = int.from_bytes(self._used, "little")
        chosen.append(next(n for n in range(slot[4], 1_000) if not used >> n & 1))
        return reserve(self, slot)

    monkeypatch.setattr(SlotBank, "reserve", choosing)
    monkeypatch.setattr(SlotBank, "_draw", lambda self: chosen.pop())
    monkeypatch.setattr("ballotbox_device.core.slot_bank.CAPACITY_MIN", 300)


@pytest.mark.teeth
def test_places_in_order_are_seen(monkeypatch):
    give_places_in_order(monkeypatch)
    with pytest.raises(AssertionError):
        test_places_come_from_the_entropy_port_alone()


@pytest.mark.teeth
@pytest.mark.parametrize("fault", [journal_the_first_mark, place_by_choice])
def test_a_telling_box_is_seen(monkeypatch, fault):
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        test_other_choices_leave_no_trace_outside_the_slots()
