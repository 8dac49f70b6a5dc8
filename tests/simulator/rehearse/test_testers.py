"""Does what the processes of a tester say of themselves come into series, parts and verdict?"""

from dataclasses import replace

from ballotbox_simulator.rehearse.core.document import RehearsalProcess
from ballotbox_simulator.rehearse.core.latency import Latencies
from ballotbox_simulator.rehearse.core.limits import Load, Machine
from ballotbox_simulator.rehearse.core.shares import Place
from ballotbox_simulator.rehearse.core.tester_words import pressed, with_processes
from ballotbox_simulator.rehearse.core.timeline import Timeline
from ballotbox_simulator.rehearse.testers import SeatedTesters

HERE = Place("here", "a" * 36, Machine(2, 20_000, 28_232, 16_000, 4_096))
FAR = Place("far", "b" * 36, Machine(4, 20_000, 28_232, 16_000, 4_096))
COUNTS = ("connections", "reconnects", "made", "receipted", "refused", "sheets")
IDLE = RehearsalProcess("tester 1", "", 10, 0.1, 60.0, 3.0, 2, 0.5)
BUSY = RehearsalProcess("tester 2", "far", 1_000, 0.9, 95.0, 1_500.0, 4, 3.25)


def told(
    second: int, cpu_s: float, memory_mib: float, busy_s: float, lag_ms: float, late_s: float = 0.0
):
    none = Latencies().taken()
    return {
        "second": second,
        **dict.fromkeys((*COUNTS, "finals_made", "finals_receipted"), 0),
        **dict.fromkeys(("receipts", "finals", "connects"), none),
        "lag": Latencies.of([lag_ms]).taken(),
        "trouble": "",
        "late_s": late_s,
        "cpu_s": cpu_s,
        "memory_mib": memory_mib,
        "busy_s": busy_s,
    }


def heard() -> tuple[SeatedTesters, Timeline]:
    timeline = Timeline()
    testers = SeatedTesters(timeline, HERE, [30, 20])
    testers.seat([HERE, FAR])
    for second in range(1, 5):
        testers.hear(0, told(second, 5.0 + 0.25 * second, 50.0, 700.0 + second, 2.0))
        testers.hear(1, told(second, 9.0 + 0.5 * second, 60.0 + second, 80.0 + 1.5 * second, 40.0))
    return testers, timeline


def test_a_process_elsewhere_is_a_part_like_any_other_and_so_is_its_machine() -> None:
    testers, timeline = heard()

    parts = {part.name: part for part in timeline.series(0.0, list(testers.parts())).parts}

    assert [*parts] == ["machine", "machine far", "tester 1", "tester 2"]
    assert (parts["tester 2"].machine, parts["tester 1"].machine) == ("far", "")
    assert parts["tester 1"].cpu_cores == (None, 0.25, 0.25, 0.25)
    assert parts["tester 2"].cpu_cores == (None, 0.5, 0.5, 0.5)
    assert parts["tester 2"].memory_mib == (61.0, 62.0, 63.0, 64.0)
    assert parts["machine far"].cpu_cores == (None, 1.5, 1.5, 1.5)
    assert all(each is None for each in parts["machine"].cpu_cores)


def test_what_is_told_late_is_no_dearer_for_it() -> None:
    timeline = Timeline()
    testers = SeatedTesters(timeline, HERE, [30])
    testers.seat([HERE])
    for second, late_s in ((1, 0.0), (2, 0.6), (3, 0.0)):
        used = 0.5 * (second + late_s)
        testers.hear(0, told(second, used, 50.0, 700.0, 2.0, late_s))

    (*_, tester) = timeline.series(0.0, list(testers.parts())).parts

    assert tester.cpu_cores == (None, 0.5, 0.5)


def test_the_lag_of_each_process_is_its_own() -> None:
    _, timeline = heard()

    assert 1 < timeline.worst_lag_of(0, 0, 9) < 3
    assert 39 < timeline.worst_lag_of(1, 0, 9) < 42
    assert timeline.worst_lag_of(1, 4, 9) == 0
    assert timeline.worst("lag", 0, 9) == timeline.worst_lag_of(1, 0, 9)


def test_cores_are_those_of_every_machine_once() -> None:
    testers, _ = heard()
    testers.seat([HERE, FAR, FAR])

    assert testers.cores == 6
    assert [testers.cores_of(number) for number in range(3)] == [2, 4, 4]
    assert SeatedTesters(Timeline(), HERE, [5]).cores == 2


def test_what_does_not_fit_is_refused_and_told_of_its_machine() -> None:
    testers, _ = heard()
    testers.seat([HERE, replace(FAR, machine=replace(FAR.machine, open_files=100))])

    (why,) = testers.refusals(Load(50, 40, 2, embedded=False, spread=False, parts=0))

    assert why.startswith("far: open files: 148 files are needed, 100 are allowed")
    assert [each.name for each in testers.machines] == ["here", "far"]
    assert {each.name: each.enough for each in testers.limits}["open files"] is False


def test_the_words_name_the_process_that_they_rest_on() -> None:
    well = with_processes("The tester kept up.", [IDLE, BUSY], valid=True)
    late = with_processes("the tester was the limit", [IDLE, replace(BUSY, cores=0.0)], valid=False)

    assert well.startswith("The tester kept up. Busiest was tester 2 on far, with 1,000 boxes: ")
    assert "kept 0.90 of a core busy, when its machine was busy with 3.25 of 4" in well
    assert "held 95 MiB" in well
    assert "latest was tester 2 on far" in late
    assert "1,500 ms late" in late
    assert with_processes("the tester failed", [], valid=False) == "the tester failed"


def test_a_process_that_had_little_of_its_core_left_is_remarked_upon() -> None:
    (remark,) = pressed([IDLE, BUSY])

    assert remark.startswith("the tester may have set the pace: tester 2 on far, with 1,000 boxes")
