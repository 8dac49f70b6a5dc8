"""Is an election cleared wholly or not at all, and a life never forgotten, whatever power does?"""

import pytest

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import ClearingRequested
from ballotbox_device.core.ports import MemoryFault
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_simulator.disk import PowerCut, PowerPlan
from tests.device.polling_place import (
    Chance,
    PollingPlace,
    authority,
    identity_of,
    instant,
    rules,
)
from tests.device.power_cuts import pairs, run

NEXT = "Runoff"
SEALED = PollingPlace()
assert run(SEALED) is None
SHEETS = len(SEALED.facts.in_box)


def sealed():
    place = SEALED.copy()
    place.boot()
    place.disk.power_off()
    return place


def next_device(disk):
    return Device(identity_of(authority(NEXT)), rules(NEXT), disk.memory, Chance())


def clear(place):
    place.boot()
    place.on(ClearingRequested())


def serve_the_next(place):
    next_device(place.disk).start(instant())


def each_cut(begin, work):
    """Yield the place after each cut of `work`, which starts at the place that `begin` gives."""
    whole = begin()
    whole.disk.power_on()
    work(whole)
    for operation in range(whole.disk.operations):
        place = begin()
        place.disk.power_on(PowerPlan(operation))
        with pytest.raises(PowerCut):
            work(place)
        for journal, slots in pairs(place):
            found = place.copy()
            found.disk.power_off(journal, slots)
            yield found


def test_every_cut_while_clearing_leaves_all_or_nothing():
    kept = cleared = 0
    for place in each_cut(sealed, clear):
        try:
            place.boot()
        except MemoryFault:
            assert_ready_for_the_next(place)
            cleared += 1
        else:
            assert place.device.state is PollState.SEALED
            place.check()
            kept += 1
    assert kept > 10
    assert cleared > 10


def assert_ready_for_the_next(place):
    device = next_device(place.disk)
    device.start(instant())
    assert device.counters.lifetime == SHEETS
    assert device.counters.accepted == 0
    assert not any(place.disk.slots.read())
    assert device.boot == place.facts.boots


def cleared_place():
    place = sealed()
    clear(place)
    place.disk.power_off()
    return place


def test_every_cut_while_the_next_election_begins_is_survived():
    for place in each_cut(cleared_place, serve_the_next):
        device = next_device(place.disk)
        device.start(instant())
        assert device.counters.lifetime == SHEETS
        assert device.state is PollState.SETUP
        assert not any(place.disk.slots.read())
        assert device.outgoing.count >= 1
        with pytest.raises(MemoryFault, match="two officers must clear it first"):
            place.boot()


@pytest.mark.teeth
def test_slots_erased_before_the_clearing_is_written_are_seen(monkeypatch):
    from ballotbox_device.core.device import Device as Box

    carry_out = Box._carry_out

    def erase_first(self, draft, event):
        if draft.report is None:
            self._bank.prepare(0)
        return carry_out(self, draft, event)

    monkeypatch.setattr(Box, "_carry_out", erase_first)
    with pytest.raises((AssertionError, MemoryFault)):
        test_every_cut_while_clearing_leaves_all_or_nothing()


def test_nothing_of_the_cleared_election_is_sent():
    place = cleared_place()
    device = next_device(place.disk)
    device.start(instant())
    (only,) = device.outgoing.waiting(None, 99)
    assert only == 0
