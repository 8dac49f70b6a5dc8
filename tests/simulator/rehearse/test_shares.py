"""Is each machine of a tester held against its own share of a plan, before any box connects?"""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_simulator.rehearse.core.limits import Load, Machine, limits_of
from ballotbox_simulator.rehearse.core.shares import (
    Place,
    names_of,
    place_of,
    share_refusals,
    shared_out,
    tightest,
)
from ballotbox_simulator.rehearse.machine import read_container_room, read_place

ROOMY = Machine(2, 20_000, 28_232, 16_000, 4_096, 4_096)
HERE = Place("here", "a" * 36, ROOMY)
ONE = Place("one", "b" * 36, ROOMY)
OTHER = Place("other", "c" * 36, ROOMY)
#: At an office: broker and gateway are none of these machines.
OFFICE = Load(8_000, 40, 4, embedded=False, spread=False, parts=0)


@given(
    st.integers(1, 60_000),
    st.integers(1, 16),
    st.booleans(),
    st.sampled_from([1_024, 20_000, 1_000_000]),
)
def test_shares_of_one_machine_are_the_whole_plan(boxes, workers, embedded, files) -> None:
    workers = min(boxes, workers)
    machine = replace(ROOMY, open_files=files)
    load = Load(boxes, 40, workers, embedded=embedded, spread=embedded, parts=2 * embedded)
    own = replace(HERE, machine=machine)
    each = [boxes // workers + (at < boxes % workers) for at in range(workers)]

    (share,) = shared_out(load, own, [own] * workers, each)

    assert share.limits == limits_of(load, machine)
    assert (share.boxes, share.processes) == (boxes, workers)


def test_processes_that_share_a_machine_share_its_ports() -> None:
    apart = shared_out(OFFICE, HERE, [ONE, OTHER], [8_000, 8_000])
    together = shared_out(OFFICE, HERE, [ONE, ONE], [8_000, 8_000])

    assert share_refusals(apart) == []
    (refusal,) = share_refusals(together)
    assert refusal.startswith("one: local ports: 32,000 ports are needed, 28,232 are allowed: ")


def test_a_share_that_does_not_fit_names_its_machine_and_what_to_change() -> None:
    tight = replace(OTHER, machine=replace(ROOMY, open_files=1_024))

    (refusal,) = share_refusals(shared_out(OFFICE, HERE, [ONE, tight], [4_000, 4_000]))

    assert refusal.startswith("other: open files: 4,128 files are needed, 1,024 are allowed")
    assert "ulimit -n 4128" in refusal


def test_of_one_machine_the_least_that_was_seen_free_counts() -> None:
    late = replace(ONE, machine=replace(ROOMY, memory_available_mib=100))
    poor = replace(ONE, machine=replace(ROOMY, open_files=1_000))

    files, memory = sorted(
        share_refusals(shared_out(OFFICE, HERE, [late, poor], [1_000, 1_000])), reverse=True
    )

    assert files.startswith("one: open files: 1,128 files are needed, 1,000 are allowed")
    assert memory.startswith("one: memory: ")


def test_a_poor_process_beside_the_broker_is_not_taken_for_the_broker() -> None:
    load = Load(12, 8, 2, embedded=True, spread=True, parts=2)
    poor = replace(HERE, machine=replace(ROOMY, open_files=132))

    (refusal,) = share_refusals(shared_out(load, HERE, [HERE, poor], [6, 6]))

    assert refusal.startswith("here: open files: 134 files are needed, 132 are allowed: each proc")


def test_where_broker_and_gateway_are_all_boxes_are_counted() -> None:
    load = replace(OFFICE, embedded=True, parts=2)

    _, one, here = shared_out(load, HERE, [OTHER, ONE], [5_000, 3_000])

    assert (here.name, here.boxes, here.processes) == ("here", 0, 0)
    assert {each.name: each.needed for each in here.limits}["open files"] == 8_000 + 128
    assert {each.name: each.needed for each in one.limits}["open files"] == 3_000 + 128


def test_two_machines_of_one_name_are_told_apart() -> None:
    twin = replace(ONE, boot="d" * 36)

    assert set(names_of([ONE, twin, OTHER]).values()) == {
        "one (bbbbbbbb)",
        "one (dddddddd)",
        "other",
    }


def test_each_limit_is_told_of_the_machine_that_is_fullest() -> None:
    small = replace(ONE, machine=replace(ROOMY, open_files=2_000, memory_available_mib=9_000))
    found = {
        each.name: each.available
        for each in tightest(shared_out(OFFICE, HERE, [small, OTHER], [1_000, 7_000]))
    }

    # 1,128 of 2,000 files there, 14,000 of 28,232 ports and more of the memory here.
    assert found["open files"] == 2_000
    assert found["local ports"] == 28_232
    assert found["memory"] == 16_000


def test_a_place_is_told_and_read_again() -> None:
    place = read_place()

    assert place_of(place.told()) == place
    assert len(place.boot) == 36


@pytest.mark.parametrize(
    ("limit", "used", "spare", "room"),
    [(2**30, 2**29, 2**28, 768), (2**30, 2**31, 0, 0), ("max", 0, 0, None)],
)
def test_the_limit_of_a_container_is_the_room_that_there_is(
    tmp_path: Path, limit, used, spare, room
) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {spare}\n")

    assert read_container_room(tmp_path) == room
    assert read_container_room(tmp_path / "none") is None
