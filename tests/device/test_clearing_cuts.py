"""Is an election cleared wholly or not at all, and a life never forgotten, whatever power does?"""

import pytest

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import ClearingRequested
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_protocol.election.identifiers import PollState
from tests.device.examined_cuts import Examiner
from tests.device.poll_day import (
    ASKS_VOTERS,
    OPENING,
    Act,
    Fall,
    Feed,
    Script,
    Spread,
    Station,
    go_through,
)
from tests.device.polling_place import AWAY, HOME_1, authority, identity_of, instant, rules
from tests.device.power_cuts import Grain, states, witness

NEXT = "Runoff"
SHORT_POLL = Script(
    ASKS_VOTERS,
    (
        *OPENING,
        Feed(HOME_1),
        Feed(AWAY, Fall.FALLS_UNSEEN),
        Act(Action.CLOSE, PollState.CLOSED),
        Act(Action.FINISH, PollState.FINAL),
        Act(Action.SEAL, PollState.SEALED),
    ),
    in_box=2,
    asked=1,
)
SHEETS = SHORT_POLL.in_box
GRAIN = Grain(fine=16, every=97)


def sealed():
    place = Station()
    go_through(place, SHORT_POLL.steps)
    place.disk.power_off()
    return place


def next_device(disk):
    return Device(identity_of(authority(NEXT)), rules(NEXT), disk.memory, Spread(0))


def clear(place):
    place.boot()
    place.on(ClearingRequested())


def serve_the_next(place):
    next_device(place.disk).start(instant())


def each_cut(place, work):
    """Yield the place after each cut of `work`."""
    for moment in witness(place, work):
        examiner = Examiner(SHORT_POLL, moment)
        for files in states(moment, GRAIN):
            yield examiner.found(files)


def test_every_cut_while_clearing_leaves_all_or_nothing():
    kept = cleared = 0
    for place in each_cut(sealed(), clear):
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
    assert_empty(place.disk)
    assert device.boot == place.facts.boots


def assert_empty(disk):
    assert disk.journal.read() == disk.second_journal.read()
    assert not any(disk.slots.read() + disk.second_slots.read())


def cleared_place():
    place = sealed()
    clear(place)
    place.disk.power_off()
    return place


def test_every_cut_while_the_next_election_begins_is_survived():
    for place in each_cut(cleared_place(), serve_the_next):
        device = next_device(place.disk)
        device.start(instant())
        assert device.counters.lifetime == SHEETS
        assert device.state is PollState.SETUP
        assert_empty(place.disk)
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


@pytest.mark.teeth
def test_only_one_copy_erased_is_seen(monkeypatch):
    from ballotbox_device.core.slot_copies import SlotCopies

    wipe = SlotCopies.wipe

    def wipe_one(self, size):
        ports = self._ports
        self._ports = ports[:1]
        wipe(self, size)
        self._ports = ports

    place = sealed()
    monkeypatch.setattr(SlotCopies, "wipe", wipe_one)
    clear(place)
    with pytest.raises(AssertionError):
        assert_empty(place.disk)


def test_nothing_of_the_cleared_election_is_sent():
    place = cleared_place()
    device = next_device(place.disk)
    device.start(instant())
    (only,) = device.outgoing.waiting(None, 99)
    assert only == 0
