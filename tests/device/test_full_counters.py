"""Does a box stop taking sheets, and say so, before it has more of them than a report can tell?"""

from dataclasses import replace

import pytest

from ballotbox_device.core import units
from ballotbox_device.core.events import DropSensed, SheetInserted
from ballotbox_device.core.outputs import DropSheet, Refusal, Refused, SheetAccepted, SheetReturned
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import Genesis
from ballotbox_protocol.election.identifiers import COUNT_MAX, PollState
from ballotbox_protocol.wire.report import IncidentCode
from ballotbox_simulator.disk import KEPT, BoxDisk, PowerCut, PowerPlan
from tests.device.polling_place import AWAY, HOME_1, PollingPlace, authority, report_in, rules
from tests.device.test_watch import feed, incidents

FULL = (IncidentCode.COUNTERS_FULL, COUNT_MAX)
#: Of a style that the election does not have.
FOREIGN = replace(HOME_1, style=99)


def old_box(lifetime):
    """A box that counted so many sheets in other elections, not booted."""
    vested = authority()
    born = Genesis(vested.trusted.digest, vested.boxes[0], lifetime, 3, rules().slots.size, 66)
    disk = BoxDisk()
    for journal in disk.files[::2]:
        journal.append(units.frame(born.record().to_bytes()))
        journal.sync()
    return PollingPlace(disk)


def open_box(lifetime):
    place = old_box(lifetime)
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    return place


def test_the_last_sheet_that_a_report_can_tell_is_taken_and_no_other():
    place = open_box(COUNT_MAX - 2)
    assert [feed(place), feed(place)] == [[], [FULL]]
    for _ in range(2):
        (refused,) = place.on(SheetInserted(AWAY))
        assert (refused.why, refused.state) == (Refusal.COUNTERS_FULL, PollState.OPEN)
    assert place.device.counters.lifetime == COUNT_MAX
    assert place.device.counters.presented == 2
    final = place.finish()
    assert (final.counters.lifetime, final.counters.accepted) == (COUNT_MAX, 2)


def test_full_counters_are_told_at_each_boot_until_the_final():
    place = open_box(COUNT_MAX - 1)
    place.feed(AWAY)
    for _ in range(2):
        place.disk.power_off()
        assert incidents(place.boot()) == [FULL]
        (refused,) = place.on(SheetInserted(AWAY))
        assert refused.why is Refusal.COUNTERS_FULL
    place.finish()
    place.disk.power_off()
    assert incidents(place.boot()) == []


def test_a_box_that_can_count_nothing_more_says_so_before_the_poll_opens():
    place = old_box(COUNT_MAX)
    assert incidents(place.boot()) == [FULL]
    assert incidents(old_box(COUNT_MAX - 1).boot()) == []
    place.act(Action.PRINT_ZERO, Action.OPEN)
    assert isinstance(place.on(SheetInserted(AWAY))[0], Refused)
    assert place.finish().counters.accepted == 0


def test_full_counters_are_told_wherever_power_fails_in_the_last_sheet():
    seen = 0
    for at in range(1_000):
        place = open_box(COUNT_MAX - 1)
        place.facts.in_transport = AWAY
        place.disk.power_on(PowerPlan(at))
        try:
            place.on(SheetInserted(AWAY))
        except PowerCut:
            place.disk.power_off(KEPT, KEPT)
            place.boot()
        else:
            break
        if place.device.counters.lifetime == COUNT_MAX:
            seen += 1
            codes = [each.incident.code for each in map(report_in, place.kept()) if each.incident]
            assert IncidentCode.COUNTERS_FULL in codes
    assert seen > 5


def test_sheets_that_were_given_back_fill_the_counters_too():
    """`presented` alone is full: there is no sheet fallen to tell it at, so the next one tells."""
    place = open_box(0)
    history = place.device._book.history
    history.presented = history.returned = COUNT_MAX - 2
    assert feed(place) == []
    assert isinstance(place.on(SheetInserted(FOREIGN))[0], SheetReturned)
    assert place.device.counters.presented == COUNT_MAX
    refused, *told = place.on(SheetInserted(AWAY))
    assert (refused.why, incidents(told)) == (Refusal.COUNTERS_FULL, [FULL])
    assert len(place.on(SheetInserted(AWAY))) == 1


def test_a_sheet_under_way_at_the_last_number_is_counted():
    place = open_box(COUNT_MAX - 1)
    assert place.device.on(SheetInserted(AWAY), place.now()) == [DropSheet()]
    assert isinstance(place.device.on(SheetInserted(AWAY), place.now())[0], Refused)
    assert isinstance(place.device.on(DropSensed(), place.now())[0], SheetAccepted)


@pytest.mark.parametrize("lifetime", [COUNT_MAX + 1, 2**64 - 1])
def test_a_life_longer_than_any_report_can_tell_is_no_count_of_this_box(lifetime):
    place = old_box(lifetime)
    with pytest.raises(MemoryFault, match=f"tells of {lifetime} sheets in the life of this box"):
        place.boot()
