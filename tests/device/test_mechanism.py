"""Whatever people and parts do: do the containers hold the sheets that the box has counted?"""

from collections import Counter
from dataclasses import replace
from itertools import product
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize
from hypothesis.stateful import run_state_machine_as_test as run

from ballotbox_device.core.habits import Habits, habits_of
from ballotbox_device.core.profile import DropTimeout, SecondChance
from ballotbox_device.host.profile_file import load_profile, profile_names
from ballotbox_device.machine.scanner import ScanFault
from ballotbox_device.machine.transport import Drop
from tests.device.mechanism_days import BOTH_WAYS, Place
from tests.device.mechanism_model import CAPACITY, CHOSEN, TAKEN
from tests.device.sheets_in_hand import PAPERS

ALWAYS = {
    *(fault.name for fault in ScanFault),
    *(drop.name for drop in Drop),
    *(set(PAPERS) - {*TAKEN, "blank"}),
    *("not now", "full", "two officers", "first", "stranger", "turnout", "reprint", "power cut"),
    *("cover", "dirty", "battery empty", "printer jam", "paper out", "container changed"),
    *("clock step", "clock drift", "answered True", "answered False", "memory rot", "memory full"),
}
FROM_PORTABLE = {"from a portable box", "not from a portable box"}
ONLY = {
    SecondChance.ASK_VOTER: {"asks voter", "voter insists", "voter takes it back"},
    SecondChance.RETURN: {"returned"},
    SecondChance.ACCEPT: set(),
}
HANGING = {DropTimeout.ACCEPT: {"stuck"}}


def days(share):
    """So many days for each example that a property has: a day takes as long as many of them."""
    return settings(max_examples=int(settings().max_examples * share), stateful_step_count=25)


def test_what_lies_in_the_containers_is_what_was_counted():
    everywhere = Counter()
    for timeout, chance in product(DropTimeout, SecondChance):

        class Here(Place):
            habits = Habits(
                drop_timeout=timeout, second_chance=chance, capacity=CAPACITY, capacity_warning=7
            )
            seen: ClassVar[Counter] = Counter()

        run(Here, settings=days(0.25))

        expected = ONLY[chance] | HANGING.get(timeout, set())
        assert sorted(name for name in expected if not Here.seen[name]) == []
        everywhere += Here.seen
    assert sorted(name for name in ALWAYS | FROM_PORTABLE if not everywhere[name]) == []


#: Kinds whose days are quickly tried; those of the others are tried with `make accept`.
QUICK = {"sbb"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=() if each in QUICK else pytest.mark.accept)
        for each in profile_names()
    ],
)
def test_so_it_is_with_the_box_of_each_profile(name):
    class Here(Place):
        habits = replace(habits_of(load_profile(name)), capacity=CAPACITY, capacity_warning=7)
        has_battery = load_profile(name).battery
        seen: ClassVar[Counter] = Counter()

        # A box that knows no way back from the close is seldom open for long.
        @initialize(count=st.sampled_from([0, CAPACITY + 1]), drops=st.permutations(list(Drop)))
        def crowd(self, count, drops):
            for drop in drops:
                self.mend()
                self.feed("away", None, drop, confirmed=False)
            self.mend()
            for _ in range(count):
                self.feed("away", None, Drop.FALLS, confirmed=False)

    run(Here, settings=days(1.4))

    returned, back = Here.habits.returned, Here.habits.second_chance
    expected = ALWAYS - {kind for kind, why in CHOSEN.items() if why not in returned}
    expected |= ONLY[back] if CHOSEN["blank"] in returned else set()
    expected |= HANGING.get(Here.habits.drop_timeout, set())
    expected |= FROM_PORTABLE if Here.habits.actions >= BOTH_WAYS else set()
    if not Here.has_battery:
        expected = expected - {"battery empty"} | {"no mains"}
    assert sorted(name for name in expected if not Here.seen[name]) == []
