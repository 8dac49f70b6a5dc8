"""Does the simulated disk forget what a real one may forget, and nothing that was synced?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_simulator.disk import (
    KEPT,
    LOST,
    BoxDisk,
    PowerCut,
    PowerPlan,
    Torn,
    torn_bytes,
)

SYNCED = b"synced."


def disk_with(*appends):
    disk = BoxDisk()
    disk.journal.append(SYNCED)
    disk.slots.extend(8)
    disk.journal.sync()
    disk.slots.sync()
    for data in appends:
        disk.journal.append(data)
    return disk


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (LOST, b""),
        (KEPT, b"onetwo"),
        (Torn(0), b"one"),
        (Torn(2), b"onetw"),
        (Torn(1, 0xFF), b"onetw"),
        (Torn(2, 0x40), b"onetw\x40"),
        (Torn(3), b"onetwo"),
        (Torn(1, from_end=True), b"one\0\0o"),
        (Torn(3, from_end=True), b"onetwo"),
    ],
)
def test_what_was_not_synced_may_be_lost_kept_or_torn(outcome, found):
    disk = disk_with(b"one", b"two")
    disk.power_off(outcome, LOST)
    assert disk.journal.read() == SYNCED + found


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (LOST, b"\0\0\0\0"),
        (KEPT, b"\x0fabc"),
        (Torn(0, 0x03), b"\x03\0\0\0"),
        (Torn(1), b"\x0f\0\0\0"),
        (Torn(2, from_end=True), b"\0\0bc"),
        (Torn(2, 0xF0, from_end=True), b"\0\x60bc"),
    ],
)
def test_a_write_in_place_tears_into_what_was_there(outcome, found):
    disk = disk_with()
    disk.slots.write(2, b"\x0fabc")
    disk.power_off(LOST, outcome)
    assert disk.slots.read() == b"\0\0" + found + b"\0\0"


def test_the_files_fail_apart():
    disk = disk_with(b"one")
    disk.slots.write(0, b"x")
    disk.power_off(LOST, KEPT)
    assert (disk.journal.read(), disk.slots.read()[:1]) == (SYNCED, b"x")


def test_a_truncation_is_lost_like_any_write():
    disk = disk_with()
    disk.journal.truncate(2)
    assert disk.journal.read() == SYNCED[:2]
    disk.power_off(LOST, LOST)
    assert disk.journal.read() == SYNCED
    disk.journal.truncate(2)
    disk.power_off(Torn(0), LOST)
    assert disk.journal.read() == SYNCED[:2]


@given(st.lists(st.binary(max_size=4), max_size=4), st.integers(0, 6), st.integers(0, 255))
def test_what_was_synced_is_found_whatever_happens(appends, kept, bits):
    for outcome in (LOST, KEPT, Torn(kept, bits), Torn(kept, bits, from_end=True)):
        disk = disk_with(*appends)
        disk.power_off(outcome, outcome)
        assert disk.journal.read().startswith(SYNCED)


@given(st.binary(max_size=6), st.binary(min_size=1, max_size=6), st.integers(0, 7), st.booleans())
def test_a_torn_write_shows_old_bytes_and_new_ones(old, new, kept, from_end):
    old = old[: len(new)].ljust(len(new), b"-")
    found = torn_bytes(old, new, Torn(kept, from_end=from_end))
    split = max(len(new) - kept, 0) if from_end else min(kept, len(new))
    assert found == (old[:split] + new[split:] if from_end else new[:split] + old[split:])


@pytest.mark.parametrize("at", range(4))
def test_power_fails_in_the_operation_that_was_planned(at):
    disk = disk_with()
    disk.power_on(PowerPlan(at))
    steps = [
        lambda: disk.journal.append(b"a"),
        lambda: disk.slots.write(0, b"b"),
        disk.slots.sync,
        disk.journal.sync,
    ]
    for step in steps[:at]:
        step()
    assert disk.operations == at
    with pytest.raises(PowerCut):
        steps[at]()
    disk.power_off()
    assert disk.journal.read() == SYNCED
    assert disk.slots.read() == (b"b" if at == 3 else b"\0") + bytes(7)


def test_rot_flips_bits_of_what_was_synced():
    disk = disk_with()
    disk.journal.rot(1, 0x20)
    disk.power_off()
    assert disk.journal.read() == b"sYnced."


def test_slots_do_not_grow_by_writing():
    with pytest.raises(ValueError, match="extend it first"):
        disk_with().slots.write(7, b"ab")
