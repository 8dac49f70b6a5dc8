"""Is a plan that a machine cannot hold refused before anything starts, with what to change?"""

from dataclasses import replace
from pathlib import Path

import pytest

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.rehearse.conductor import load_of, require_room
from ballotbox_simulator.rehearse.core.bottleneck import Busy, bottleneck, bottleneck_elsewhere
from ballotbox_simulator.rehearse.core.limits import Load, Machine, limits_of, sources_needed
from ballotbox_simulator.rehearse.machine import read_machine
from ballotbox_simulator.rehearse.plan_file import load_plan, read_plan

ROOMY = Machine(2, 20_000, 28_232, 16_000, 4_096, 4_096)
DAY = load_plan("ordinary-day")


def test_an_ordinary_day_fits_a_machine_of_two_cores() -> None:
    limits = require_room(DAY, ROOMY)

    assert all(each.enough for each in limits)
    assert {"open files", "local ports", "memory", "cores"} <= {each.name for each in limits}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"open_files": 1_024}, "open files: 15,128 files are needed, 1,024 are allowed"),
        ({"ports": 100}, "local ports: 30,000 ports are needed"),
        ({"memory_available_mib": 200}, "memory: "),
        ({"cores": 1}, ""),
    ],
)
def test_what_is_too_little_is_named_with_what_to_change(change, words: str) -> None:
    machine = replace(ROOMY, **change)
    if not words:
        assert all(each.enough for each in require_room(DAY, machine))
        return

    with pytest.raises(Problem) as problem:
        require_room(DAY, machine)

    assert words in str(problem.value)
    assert "Nothing was started" in str(problem.value)


def test_more_processes_than_a_machine_can_feed_are_refused() -> None:
    text = 'title = "a"\n[[boxes]]\ncount = 100\n[tester]\nworkers = 9\n'

    with pytest.raises(Problem, match=r"set tester\.workers to 2 or fewer"):
        require_room(read_plan("a.toml", text, Path()), ROOMY)


def test_there_are_no_more_processes_than_boxes() -> None:
    text = 'title = "a"\n[[boxes]]\ncount = 1\n'

    assert load_of(read_plan("a.toml", text, Path()), ROOMY).workers == 1


def test_sources_are_spread_so_that_ports_in_waiting_are_enough() -> None:
    load = Load(100_000, 40, 2, embedded=True, spread=True, parts=2)

    assert sources_needed(load, ROOMY) == 8


def test_every_program_of_a_set_up_takes_its_room() -> None:
    text = 'title = "a"\n[[boxes]]\ncount = 5\n'
    over = '[embedded]\nledger = "postgresql"\ngateways = 2\n'

    def parts(more: str) -> int:
        return load_of(read_plan("a.toml", text + more, Path()), ROOMY).parts

    assert [parts(each) for each in ("", "[embedded]\ncentre = true\n", over)] == [2, 3, 4]


def test_over_a_network_one_source_address_is_all_there_is() -> None:
    load = Load(20_000, 40, 2, embedded=False, spread=False, parts=0)

    found = {each.name: each.enough for each in limits_of(load, ROOMY)}

    assert not found["local ports"]
    assert found["open files"]


def test_this_machine_tells_its_limits() -> None:
    machine = read_machine()

    assert machine.cores >= 1
    assert machine.open_files >= 256
    assert machine.memory_available_mib > 0


def test_the_part_that_was_busiest_is_the_bottleneck() -> None:
    found = bottleneck([Busy("gateway", 0.95), Busy("broker", 0.3)], 4)

    assert (found.part, found.share) == ("gateway", 0.95)
    assert "gateway kept one core busy for 95%" in found.words


def test_a_full_machine_is_the_bottleneck_of_all_its_parts() -> None:
    parts = [Busy("tester 1", 0.8), Busy("gateway", 0.7), Busy("broker", 0.45)]

    assert bottleneck(parts, 2).part == "machine"


def test_a_part_of_several_processes_is_held_against_all_cores() -> None:
    found = bottleneck([Busy("gateway 1", 0.5), Busy("database", 1.2, 4)], 4)

    assert (found.part, found.share) == ("gateway 1", 0.5)
    alone = bottleneck([Busy("gateway 1", 0.1), Busy("database", 1.2, 4)], 4)
    assert (alone.part, alone.share) == ("database", 0.3)
    assert "database was the busiest, 30% of 4 cores" in alone.words


def test_a_machine_that_idles_is_no_bottleneck() -> None:
    assert "The plan's own pace decided" in bottleneck([Busy("gateway", 0.2)], 2).words


def test_other_work_on_the_machine_is_told_from_ours() -> None:
    found = bottleneck([Busy("tester 1", 0.2), Busy("gateway", 0.1)], 2, everything=1.95)

    assert found.part == "other work"
    assert "kept 1.6 of 2 cores busy, and this rehearsal had 0.3" in found.words


def test_a_tester_elsewhere_does_not_fill_this_machine_but_may_be_the_limit() -> None:
    far = Busy("tester 2", 0.97, here=False)
    here = [Busy("gateway", 0.9), Busy("broker", 0.3)]

    assert bottleneck([*here, far], 2).part == "tester 2"
    near = bottleneck([*here, replace(far, here=True)], 2)
    assert near.part == "machine"
    assert bottleneck([*here, replace(far, cores=0.8)], 2).part == "gateway"


def test_of_an_office_no_limit_is_made_up() -> None:
    calm, busy = (
        bottleneck_elsewhere([Busy("tester 1", 0.4)]),
        bottleneck_elsewhere([Busy("tester 1", 0.9)]),
    )

    assert (calm.part, calm.share) == ("not seen", 0.0)
    assert "watch their machines" in calm.words
    assert (busy.part, busy.share) == ("tester", 0.9)
