"""What does each of three attackers learn of who chose what? One property each, and its control.

The outsider sees all that leaves a box before its final, and its event log. The heir reads the
whole memory after the final. The visitor copies the memory once while the poll is open.
"""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_device.core.event_log import event_log
from ballotbox_device.core.events import SheetInserted
from ballotbox_device.core.outputs import ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.scan import Scan, Side
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.slot_bank import SlotBank
from ballotbox_device.host.panel_output import line_of, say
from ballotbox_device.paper.paper import PAPERS
from ballotbox_device.paper.tape import build_tape
from ballotbox_device.paper.text import tape_text
from tests.device.polling_place import AWAY, HOME_1, HOME_2, PollingPlace, marks
from tests.device.test_sheets import ELECTION, sheets_of

GENERATED = 1_796_500_000
SHEETS = st.lists(sheets_of(ELECTION), min_size=2, max_size=8)


class Relabelled:
    """The entropy port; each draw is moved on by the same number of places."""

    def __init__(self, seed: int, shift: int = 0) -> None:
        self._number = seed
        self._shift = shift

    def below(self, bound: int) -> int:
        self._number = (self._number * 1_103_515_245 + 12_345) % (1 << 31)
        return (self._number % bound + self._shift) % bound


def opened(entropy=None):
    place = PollingPlace()
    place.entropy = entropy
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    return place


def voted(sheets, entropy=None):
    place = opened(entropy)
    for sheet in sheets:
        place.feed(sheet)
    place.turnout()
    return place


def slots_in(place):
    size = place.rules.slots.size
    content = place.disk.slots.read()
    return [content[n : n + size] for n in range(0, len(content), size)]


# The outsider


def outside(place):
    """All that is on lines, in logs, on the panel and on paper before the final."""
    panel = [line_of(say(output)) for output in place.outputs]
    tapes = [
        tape_text(build_tape(output.data, place.authority.trusted, width))
        for output in place.outputs
        if isinstance(output, ReportMade)
        for width in PAPERS.values()
    ]
    log = event_log(place.disk.journal.read(), GENERATED)
    return panel, tapes, log, place.kept()


def swapped(sheets, one, other):
    """The sheets with the choices of two exchanged, which are of one style and sheet."""
    changed = list(sheets)
    changed[one], changed[other] = sheets[other], sheets[one]
    return changed


@st.composite
def exchanges(draw):
    """Sheets, and two of them of one style and sheet."""
    sheets = draw(SHEETS)
    twin = draw(st.sampled_from(sheets))
    alike = sheets_of(ELECTION).filter(lambda s: (s.style, s.number) == (twin.style, twin.number))
    sheets.insert(draw(st.integers(0, len(sheets))), draw(alike))
    pairs = [
        (a, b)
        for a, one in enumerate(sheets)
        for b, other in enumerate(sheets)
        if a < b and (one.style, one.number) == (other.style, other.number)
    ]
    return sheets, *draw(st.sampled_from(pairs))


def sees_no_exchange(sheets, one, other):
    return outside(voted(sheets)) == outside(voted(swapped(sheets, one, other)))


@settings(max_examples=25)
@given(exchanges())
def test_the_outsider_sees_no_exchange_of_choices(case):
    assert sees_no_exchange(*case)


# The heir


def left_behind(sheets, entropy=None):
    """The journal and the slots as they lie after the final."""
    place = voted(sheets, entropy)
    place.finish()
    return place.disk.journal.read(), slots_in(place)


def order_is_gone(sheets, order):
    _, one = left_behind(sheets)
    _, other = left_behind(order)
    return sorted(one) == sorted(other) and [bool(s[0]) for s in one] == [bool(s[0]) for s in other]


@settings(max_examples=30)
@given(st.data())
def test_the_heir_finds_the_same_slots_whoever_came_first(data):
    sheets = data.draw(SHEETS)
    assert order_is_gone(sheets, data.draw(st.permutations(sheets)))


def draws_are_all(sheets, seed, shift):
    journal, slots = left_behind(sheets, Relabelled(seed))
    moved_journal, moved = left_behind(sheets, Relabelled(seed, shift))
    places = range(len(slots))
    return journal == moved_journal and moved == [slots[(n - shift) % len(slots)] for n in places]


@settings(max_examples=30)
@given(SHEETS, st.integers(0, 1_000), st.integers(1, 30))
def test_the_heir_finds_the_draws_of_the_entropy_port_and_nothing_else(sheets, seed, shift):
    """Other draws move the slots as they are moved themselves, and change nothing else."""
    assert draws_are_all(sheets, seed, shift)


# The visitor


def copied(place):
    return tuple(file.read() for file in place.disk.files)


def copies_alike(sheets, order):
    one, other = voted(sheets), voted(order)
    same = one.disk.journal.read() == other.disk.journal.read()
    return same and Counter(slots_in(one)) == Counter(slots_in(other))


@settings(max_examples=40)
@given(st.data())
def test_the_visitor_sees_the_sheets_so_far_and_no_order(data):
    """The copy follows from how many sheets came, from the draws, and from the set of them."""
    sheets = data.draw(SHEETS)
    assert copies_alike(sheets, data.draw(st.permutations(sheets)))


@settings(max_examples=40)
@given(st.data())
def test_the_visitor_sees_one_sheet_in_flight_and_its_choices(data):
    """What JOURNAL.md admits: one slot is reserved, and it is the last voter's."""
    *before, last = data.draw(SHEETS)
    place = voted(before)
    place.device.on(SheetInserted(last), place.now())
    reserved = [slot for slot in slots_in(place) if slot[0] == 0x0F]
    assert reserved == [place.rules.slots.encode(last)]


def test_a_sheet_that_waits_for_its_voter_is_in_no_file():
    """A scan that goes back leaves no trace of what it showed."""
    faint, dark = (
        Scan((Side((1, 0), (value, 0, 0, 0, 0, 0)), Side()), layers=2) for value in (3, 90)
    )
    one, other = opened(), opened()
    one.on(SheetInserted(faint))
    other.on(SheetInserted(dark))
    assert copied(one) == copied(other)


# Controls: boxes that betray the voter to one of them.

OTHER_HOME = Sheet(0, 0, (marks(1), marks(0)))
SOME = [HOME_1, OTHER_HOME, AWAY, HOME_2, HOME_1]


@pytest.mark.teeth
def test_a_box_that_tells_the_outsider_is_seen(monkeypatch):
    from ballotbox_device.core import feeding
    from ballotbox_device.core.records import CONTAINER

    release = feeding.Feeding._release

    def telling(self, sheet):
        if 0 in sheet.marks[0].options:
            self._path._book.commit(CONTAINER)
        return release(self, sheet)

    monkeypatch.setattr(feeding.Feeding, "_release", telling)
    assert not sees_no_exchange([HOME_1, OTHER_HOME], 0, 1)


@pytest.mark.teeth
def test_a_box_that_tells_the_heir_the_order_is_seen(monkeypatch):
    assert draws_are_all(SOME, 7, 11)
    monkeypatch.setattr(SlotBank, "_draw", lambda self: self._used_count)
    assert not draws_are_all(SOME, 7, 11)


@pytest.mark.teeth
def test_a_box_that_writes_the_number_of_the_sheet_is_seen(monkeypatch):
    from ballotbox_device.core.slot_format import SlotFormat

    encode = SlotFormat.encode
    count = iter(range(1 << 30))

    def numbered(self, sheet):
        slot = bytearray(encode(self, sheet))
        slot[-5] ^= next(count) & 1
        return bytes(slot)

    monkeypatch.setattr(SlotFormat, "encode", numbered)
    assert not copies_alike(SOME, SOME[::-1])
