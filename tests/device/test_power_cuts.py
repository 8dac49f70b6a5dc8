"""Is every sheet in the box counted exactly once, wherever and however power fails?

Here a sample; `make soak SET=powercuts` cuts at every byte of every write, and the boots once more.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_device.core.events import DropSensed, SheetInserted
from ballotbox_device.core.outputs import AskDropped, AskVoter
from ballotbox_device.core.recovery import BOOT_TABLE
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_simulator.disk import KEPT, LOST, PowerCut, PowerPlan, Torn
from tests.device.examined_cuts import Examiner, examine_moment, require_all
from tests.device.poll_day import DAY, OPENING, SCRIPTS, SHORT_DAY, Station, go_through
from tests.device.polling_place import HOME_1, OVERVOTED
from tests.device.power_cuts import FIRST, PLAIN, Grain, moments_of, states
from tests.device.reached_cells import cells_reached


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_day_without_a_cut_counts_every_sheet(script):
    place = Station(habits=script.habits)
    go_through(place, script.steps)
    assert (len(place.facts.in_box), place.facts.asked) == (script.in_box, script.asked)
    place.check()


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_cut_of_the_day_is_survived(script):
    moments = len(moments_of(script))
    assert require_all(script, range(moments), PLAIN, follow_every=5) > 2 * moments


@pytest.mark.parametrize("script", SCRIPTS)
def test_torn_writes_of_the_day_are_survived(script):
    moments = len(moments_of(script))
    assert require_all(script, range(0, moments, 9), FIRST) > moments


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_second_cut_in_the_boot_after_the_first_is_survived(script):
    tally = examine_moment(script, len(moments_of(script)) // 3, PLAIN, again=PLAIN)
    assert tally.findings == []
    assert tally.second > 50


def test_the_day_goes_on_after_a_cut():
    moments = moments_of(DAY)
    for moment in moments[::11]:
        examiner = Examiner(DAY, moment, to_the_end=True)
        for files in list(states(moment, PLAIN))[::3]:
            examiner.examine(files)


def test_one_sheet_is_survived_in_every_mixture_of_bits():
    """Each bit of the state byte by itself, and every file torn at any byte from either end."""
    before = sum(moment.step < len(OPENING) for moment in moments_of(SHORT_DAY))
    masks = Grain(fine=16, every=61, bits=(0, 0x01, 0x0F, 0x10, 0xF0, 0xA5))
    moments = range(before, len(moments_of(SHORT_DAY)), 3)
    assert require_all(SHORT_DAY, moments, masks) > 500


def test_cuts_reach_every_cell_of_the_boot_table():
    assert cells_reached() == set(BOOT_TABLE)


OUTCOMES = st.one_of(
    st.just(LOST),
    st.just(KEPT),
    st.builds(Torn, st.integers(0, 40), st.integers(0, 255), st.booleans()),
)
CUTS = st.lists(st.tuples(st.integers(0, 40), st.tuples(*[OUTCOMES] * 4)), max_size=6)


@settings(max_examples=30)
@given(CUTS)
def test_cuts_upon_cuts_are_survived(cuts):
    place = Station()
    waiting = list(cuts)
    step = 0
    place.disk.power_on(PowerPlan(waiting[0][0]) if waiting else None)
    booted = False
    while step < len(DAY.steps):
        try:
            if not booted:
                place.boot()
                booted = True
                if DAY.steps[step].is_done(place):
                    step += 1
                    continue
            place.facts.in_box_before = len(place.facts.in_box)
            DAY.steps[step].do(place)
            step += 1
        except PowerCut:
            _, outcomes = waiting.pop(0)
            place.disk.power_off(*outcomes)
            place.disk.power_on(PowerPlan(waiting[0][0]) if waiting else None)
            booted = False
    place.disk.power_on()
    place.check()


def opened():
    place = Station()
    go_through(place, OPENING)
    place.facts.in_transport = HOME_1
    place.device.on(SheetInserted(HOME_1), place.now())
    return place


@pytest.mark.parametrize("fell", [False, True])
def test_a_cut_between_release_and_sensor_is_asked_about_once(fell):
    place = opened()
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


def test_a_sheet_in_doubt_is_asked_about_again_until_somebody_answers():
    place = opened()
    place.let_fall()
    for _ in range(3):
        place.disk.power_off()
        assert AskDropped() in place.new_device().start(place.now())
    place.disk.power_off()
    place.boot()
    assert (place.facts.asked, place.device.counters.accepted) == (1, 1)
    place.check()


def test_a_latched_sensor_answers_for_a_person():
    place = opened()
    place.let_fall()
    place.disk.power_off()
    device = place.new_device()
    assert AskDropped() in device.start(place.now())
    device.on(DropSensed(), place.now())
    assert device.counters.accepted == 1


def test_a_held_sheet_goes_back_after_a_cut():
    place = Station()
    go_through(place, OPENING)
    outputs = place.device.on(SheetInserted(OVERVOTED), place.now())
    assert outputs == [AskVoter(ReturnReason.OVERVOTED)]
    place.disk.power_off()
    place.boot()
    counters = place.device.counters
    assert (counters.presented, counters.returned, place.facts.asked) == (1, 1, 0)
    place.check()
