"""Is a profile that makes no box refused, and one that leaves a step out obeyed?"""

import pytest

from ballotbox_device.core.events import Requested
from ballotbox_device.core.habits import PLAIN, Habits, habits_of
from ballotbox_device.core.outputs import Refusal, Refused
from ballotbox_device.core.poll import TRANSITIONS, Action, allowed
from ballotbox_device.core.profile import NEEDED_ACTIONS
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.core.signals import BLOCKING, Part
from ballotbox_device.host.profile_file import load_profile, profile_names
from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField, PollState
from tests.device.polling_place import PollingPlace
from tests.device.test_poll import TO

WRONG = {
    "no way to a zero report": (
        {"actions": frozenset(Action) - {Action.PRINT_ZERO}},
        "actions",
        "must have print_zero: without them",
    ),
    "no step at all": ({"actions": frozenset()}, "actions", "close, finish, open, print_zero"),
    "a container for nothing": ({"capacity": 0}, "capacity", "at least 1"),
    "a warning at nothing": ({"capacity_warning": 0}, "capacity_warning", "at least 1"),
    "a capacity below nothing": ({"capacity": -1}, "capacity", "whole number"),
    "a capacity in words": ({"capacity": "many"}, "capacity", "whole number"),
    "a warning of old": (
        {"capacity": 10, "capacity_warning": 11},
        "capacity_warning",
        "at most the capacity",
    ),
    "more than can be counted": ({"capacity": COUNT_MAX + 1}, "capacity", "whole number"),
}


@pytest.mark.parametrize(("changes", "field", "problem"), WRONG.values(), ids=WRONG)
def test_habits_that_make_no_box_are_refused(changes, field, problem):
    with pytest.raises(InvalidField) as refusal:
        Habits(**changes)
    assert refusal.value.field == field
    assert problem in refusal.value.problem


def test_what_may_be_left_out_or_alike():
    assert Habits(actions=NEEDED_ACTIONS).actions == NEEDED_ACTIONS
    assert Habits(capacity=10, capacity_warning=10).capacity_warning == 10
    assert Habits(capacity_warning=10).capacity is None
    assert Habits(capacity=1).capacity_warning is None
    assert PLAIN.actions == frozenset(Action)


def place_without(action, state):
    """A box that does not know `action`, in a state to which it got with other boxes' steps."""
    place = PollingPlace()
    place.boot()
    place.act(*TO[state])
    place.habits = Habits(actions=frozenset(Action) - {action})
    place.boot()
    return place


LEFT_OUT = [cell for cell in TRANSITIONS if cell[1] not in NEEDED_ACTIONS]


@pytest.mark.parametrize(("state", "action"), LEFT_OUT)
def test_a_step_that_a_box_does_not_have_is_neither_done_nor_offered(state, action):
    place = place_without(action, state)
    before = [file.read() for file in place.disk.files]
    others = tuple(each for each in allowed(state) if each is not action)
    assert place.on(Requested(action)) == [Refused(Refusal.NOT_IN_THIS_STATE, state, others)]
    assert [file.read() for file in place.disk.files] == before


def test_the_shortest_poll_needs_no_more_than_the_needed_steps():
    place = PollingPlace()
    place.habits = Habits(actions=NEEDED_ACTIONS)
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN, Action.CLOSE, Action.FINISH)
    assert place.device.state is PollState.FINAL


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_chooses_the_habits(name):
    profile = load_profile(name)
    habits = habits_of(profile)
    assert (habits.actions, habits.drop_timeout) == (profile.actions, profile.drop_timeout)
    assert (habits.second_chance, habits.feeds_max) == (profile.second_chance, profile.feeds_max)
    assert habits.capacity == profile.capacity
    assert habits.capacity_warning == profile.capacity_warning
    assert (Part.COVER in habits.blocking) is profile.cover_open_stops
    assert (Part.BATTERY in habits.blocking) is profile.battery
    assert habits.blocking <= BLOCKING
    assert habits.returned - {ReturnReason.NO_STAMP} == profile.returned - {ReturnReason.NO_STAMP}
    assert (ReturnReason.NO_STAMP in habits.returned) >= profile.stamp_required


def test_a_box_offers_the_steps_it_knows():
    place = PollingPlace()
    place.habits = Habits(actions=NEEDED_ACTIONS)
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    assert place.device.allowed == (Action.CLOSE,)
