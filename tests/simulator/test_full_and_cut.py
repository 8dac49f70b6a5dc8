"""Is it seen when a box counts more sheets than a report can tell, or keeps copies that differ?"""

from dataclasses import replace

import pytest

from ballotbox_device.core.outputs import Refusal
from ballotbox_device.core.watch import Watch
from ballotbox_protocol.wire.report import IncidentCode
from ballotbox_simulator.world.counter_audit import LIFETIME_MAX, untold
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import HOUR
from ballotbox_simulator.world.run import run_world
from ballotbox_simulator.world.world import World

K = FaultKind
PLAN = DayPlan(boxes=2, ballots=6, portable=2, road=RoadChoice.MQTT)


def lived(*strikes, plan=PLAN):
    world = World(Day(1, plan, strikes=strikes))
    run_world(world, raising=True)
    return world


def full(room):
    return Strike(K.COUNTERS_FULL, 0, 0, detail=room)


def told(world, box):
    reports = [world.auditor.signed[each] for each in world.auditor.signed_by[box.name]]
    return [
        each for each in reports if each.incident and each.incident.code.name == "COUNTERS_FULL"
    ]


@pytest.mark.parametrize("room", [0, 3, 9])
def test_a_box_takes_what_a_report_can_tell_and_its_poll_ends_all_the_same(room):
    world = lived(full(room))
    assert world.auditor.findings == []
    box, other = world.boxes
    assert len(box.container) == min(room, 8)
    assert len(other.container) == 8
    assert bool(told(world, box)) is (room <= 8)
    assert box.device.counters.lifetime == LIFETIME_MAX - max(0, room - 8)
    assert box.device.counters.accepted == len(box.container)


def words(world):
    return " ".join(str(each) for each in world.auditor.findings)


def test_a_sheet_beyond_the_last_number_is_objected_to(monkeypatch):
    monkeypatch.setattr(Watch, "hindrance", lambda _self: None)
    world = World(Day(1, PLAN, strikes=(full(3),)))
    run_world(world)
    assert "a sheet was let in that no report can tell" in words(world)


def test_a_box_that_keeps_silent_about_it_is_objected_to(monkeypatch):
    monkeypatch.setattr(Watch, "counters_full", lambda _self, _now: [])
    assert "its counters are full, and no report says so" in words(lived(full(3)))


def test_a_box_that_says_so_too_early_is_objected_to(monkeypatch):
    hindrance = Watch.hindrance

    def early(watch):
        accepted = watch._book.history.accepted
        return Refusal.COUNTERS_FULL if accepted >= 2 else hindrance(watch)

    monkeypatch.setattr(Watch, "hindrance", early)
    assert "a sheet is refused for full counters, which are not full" in words(lived(full(4)))


def test_what_is_said_of_counters_is_held_against_the_paper():
    world = lived(full(3), plan=replace(PLAN, ballots=3, portable=0))
    box, other = world.boxes
    assert not untold(box, told(world, box))
    assert not untold(other, told(world, other))
    assert untold(box, ()) == "its counters are full, and no report says so"
    assert untold(other, told(world, box)).endswith("are full, and they are not")


#: By `detail`: which copy, whether it ends within what is left of a slot, and where.
@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("rest", [0, 2])
@pytest.mark.parametrize("at", [1, 200])
def test_a_copy_that_is_cut_short_costs_nothing(copy, rest, at):
    world = lived(Strike(K.SLOTS_CUT, 12 * HOUR, 0, detail=copy + rest + 4 * at))
    assert world.auditor.blows.struck[K.SLOTS_CUT] == 1
    assert world.auditor.findings == []
    box = next(world.boxes)
    codes = [world.auditor.signed[each].incident for each in world.auditor.signed_by[box.name]]
    assert any(each and each.code is IncidentCode.MEMORY_REPAIRED for each in codes)


def test_both_copies_cut_short_stop_the_box_and_it_is_named():
    world = lived(Strike(K.SLOTS_CUT_BOTH, 12 * HOUR, 0, detail=4 * 9))
    assert world.auditor.findings == []
    box = next(world.boxes)
    assert "the slots are cut short in every copy" in box.stopped
    (missing,) = world.auditor.published["boxes"]["missing"]
    assert missing["box"] == box.kit.identity.box.hex()


def test_copies_that_differ_behind_a_boot_are_objected_to():
    world = World(Day(1, PLAN))
    world.schedule.run_until(12 * HOUR)
    box = next(world.boxes)
    world.auditor.booted(box, 1)
    assert world.auditor.findings == []
    box.disk.slots.rot(0, 1)
    world.auditor.booted(box, 1)
    assert "the copies of the memory differ behind a boot" in words(world)
