"""Is every sheet in the box counted exactly once, wherever and however power fails?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.events import DropSensed, SheetInserted
from ballotbox_device.core.outputs import AskDropped
from ballotbox_simulator.disk import KEPT, LOST, PowerCut, PowerPlan, Torn
from tests.device.polling_place import HOME_1, PollingPlace
from tests.device.power_cuts import DAY, Feed, cut_at, each_cut, operations_of, resume, run

OPERATIONS = operations_of()


def test_a_day_without_a_cut_counts_every_sheet():
    place = PollingPlace()
    assert run(place) is None
    place.check()
    assert len(place.facts.in_box) == 5
    assert place.facts.asked == 0


@pytest.mark.parametrize("part", range(6))
def test_every_cut_of_the_day_is_survived(part):
    checked = 0
    for place, step in each_cut(range(part, OPERATIONS, 6)):
        resume(place, step)
        checked += 1
    assert checked > OPERATIONS


def test_the_day_goes_on_after_every_cut():
    for operation in range(OPERATIONS):
        for journal in (LOST, KEPT):
            for slots in (LOST, KEPT):
                place, step = cut_at(operation)
                place.disk.power_off(journal, slots)
                resume(place, step, to_the_end=True)


ONE_SHEET = (*DAY[:2], Feed(HOME_1))
BEFORE_THE_SHEET = operations_of(DAY[:2])


def test_one_sheet_is_survived_in_every_mixture_of_bits():
    """Each bit of the state byte by itself, and both files torn in the middle of any byte."""
    masks = (0, 0x01, 0x0F, 0x10, 0xF0, 0xA5)
    operations = range(BEFORE_THE_SHEET, operations_of(ONE_SHEET))
    for place, step in each_cut(operations, ONE_SHEET, masks):
        resume(place, step, ONE_SHEET)


OUTCOMES = st.one_of(
    st.just(LOST),
    st.just(KEPT),
    st.builds(Torn, st.integers(0, 40), st.integers(0, 255), st.booleans()),
)
CUTS = st.lists(st.tuples(st.integers(0, 24), OUTCOMES, OUTCOMES), max_size=6)


@given(CUTS, st.integers(0, 3))
def test_cuts_upon_cuts_are_survived(cuts, seed):
    place = PollingPlace(seed=seed)
    waiting = list(cuts)
    step = 0
    place.disk.power_on(PowerPlan(waiting[0][0]) if waiting else None)
    booted = False
    while step < len(DAY):
        try:
            if not booted:
                place.boot()
                booted = True
                if DAY[step].is_done(place):
                    step += 1
                    continue
            place.facts.in_box_before = len(place.facts.in_box)
            DAY[step].do(place)
            step += 1
        except PowerCut:
            _, journal, slots = waiting.pop(0)
            place.disk.power_off(journal, slots)
            place.disk.power_on(PowerPlan(waiting[0][0]) if waiting else None)
            booted = False
    place.disk.power_on()
    place.check()


@pytest.mark.parametrize("fell", [False, True])
def test_a_cut_between_release_and_sensor_is_asked_about_once(fell):
    place = PollingPlace()
    run(place, DAY[:2])
    place.facts.in_transport = HOME_1
    place.device.on(SheetInserted(HOME_1), place.now())
    if fell:
        place.let_fall()
    place.disk.power_off()
    place.boot()
    assert place.facts.asked == 1
    assert place.device.counters.accepted == int(fell)
    assert place.device.counters.returned == int(not fell)
    place.disk.power_off()
    place.boot()
    assert place.facts.asked == 1
    place.check()


def test_a_latched_sensor_answers_for_a_person():
    place = PollingPlace()
    run(place, DAY[:2])
    place.facts.in_transport = HOME_1
    place.device.on(SheetInserted(HOME_1), place.now())
    place.let_fall()
    place.disk.power_off()
    device = place.new_device()
    assert AskDropped() in device.start(place.now())
    device.on(DropSensed(), place.now())
    assert device.counters.accepted == 1
