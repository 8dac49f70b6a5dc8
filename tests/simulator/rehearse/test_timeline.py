"""Do the series of a result say what the processes told, second by second?"""

from ballotbox_simulator.rehearse.core.latency import Latencies
from ballotbox_simulator.rehearse.core.timeline import (
    PartKey,
    Timeline,
    mean_between,
    rates,
    reached,
    sustained,
)

GATEWAY = PartKey("gateway", "gateway", "ballotbox-gateway")


def told(
    made: int, receipted: int, *ms: float, connections: int = 1, finals: tuple[int, int] = (0, 0)
) -> dict[str, object]:
    return {
        "trouble": "",
        "connections": connections,
        "reconnects": 0,
        "made": made,
        "receipted": receipted,
        "refused": 0,
        "sheets": 0,
        "finals_made": finals[0],
        "finals_receipted": finals[1],
        "finals": Latencies.of(ms[:1]).taken(),
        "receipts": Latencies.of(ms).taken(),
        "connects": "",
        "lag": "",
    }


def test_processes_are_added_and_one_that_is_late_stands_where_it_stood() -> None:
    timeline = Timeline()
    timeline.tell(10, 0, told(5, 3))
    timeline.tell(10, 1, told(7, 7))
    timeline.tell(11, 0, told(9, 8))
    timeline.tell(12, 0, told(9, 9))
    timeline.tell(12, 1, told(9, 9))

    series = timeline.series(10.5, [])

    assert series.at_s == (-0.5, 0.5, 1.5)
    assert series.made == (12, 16, 18)
    assert series.receipted == (10, 15, 18)
    assert series.backlog == (2, 1, 0)
    assert series.connections == (2, 2, 2)
    assert series.receipts_per_s == (0.0, 5.0, 3.0)
    assert timeline.latest("made") == 18


def test_percentiles_are_of_all_processes_together_and_only_of_what_was_asked() -> None:
    timeline = Timeline()
    timeline.tell(10, 0, told(1, 1, *[10.0] * 90))
    timeline.tell(10, 1, told(1, 1, *[900.0] * 10))
    timeline.tell(11, 0, told(1, 1, 5.0))

    series = timeline.series(0.0, [])

    assert series.latency_p50_ms[0] == 10.0
    assert series.latency_p99_ms[0] > 890
    assert timeline.merged("receipts").count == 101
    assert timeline.merged("receipts", 10).count == 1
    assert timeline.before("receipts", 10).count == 100


def test_an_order_is_seen_to_be_done_when_every_process_told_a_later_second() -> None:
    timeline = Timeline()
    timeline.tell(10, 0, told(1, 1))
    timeline.tell(11, 0, told(1, 1))
    assert not timeline.all_told(10, 2)

    timeline.tell(11, 1, told(1, 1))

    assert timeline.all_told(10, 2)
    assert not timeline.all_told(11, 2)


def test_a_part_that_was_killed_begins_its_use_anew() -> None:
    timeline = Timeline()
    for second, cpu_s in ((9, 1.0), (10, 2.0), (11, 2.5), (13, 0.25)):
        timeline.use(second, "gateway", cpu_s, 50.0 + second)
    timeline.status(12, 5, None)

    (part,) = timeline.series(9.5, [GATEWAY]).parts

    assert part.cpu_cores == (None, 1.0, 0.5, None, None)
    assert part.memory_mib == (59.0, 60.0, 61.0, None, 63.0)
    assert part.cpu_s == 1.75
    assert part.memory_peak_mib == 63.0


def test_when_a_number_was_reached_is_told_between_the_seconds() -> None:
    assert reached((1.0, 2.0, 3.0), (0, 10, 20), 15) == 2.5
    assert reached((1.0, 2.0, 3.0), (0, 10, 20), 0) == 1.0
    assert reached((1.0, 2.0, 3.0), (0, 10, 20), 21) is None


def test_the_rate_that_lasts_is_not_the_peak() -> None:
    per_s = rates(range(13), [0, 100, *[110 + 10 * each for each in range(11)]])

    assert max(per_s) == 100.0
    assert sustained(per_s) == 19.0
    assert sustained((4.0, 8.0)) == 6.0
    assert sustained(()) == 0.0


def test_a_mean_is_of_what_was_measured_between_two_moments() -> None:
    assert mean_between((1.0, 2.0, 3.0, 4.0), (9.0, 1.0, None, 3.0), 1.0, 4.0) == 2.0
    assert mean_between((1.0,), (9.0,), 5.0, 6.0) == 0.0


def test_reports_since_the_close_are_told_apart_from_those_of_the_day() -> None:
    timeline = Timeline()
    timeline.tell(10, 0, told(900, 900))
    assert timeline.finals_reached(0.99) is None
    timeline.tell(11, 0, told(1_000, 1_000, 5.0, finals=(100, 0)))
    timeline.tell(12, 0, told(1_000, 1_000, 7.0, finals=(100, 90)))
    assert timeline.finals_reached(0.99) is None
    timeline.tell(13, 0, told(1_000, 1_000, finals=(100, 100)))

    assert timeline.finals_reached(0.99) == 12.9
    assert timeline.merged("finals").count == 2


def test_the_worst_second_of_a_window_is_found() -> None:
    timeline = Timeline()
    for second, lag_ms in ((10, 9_000.0), (11, 5.0), (12, 2_000.0), (13, 9_000.0)):
        timeline.tell(second, 0, told(1, 1) | {"lag": Latencies.of([lag_ms] * 9).taken()})

    assert abs(timeline.worst("lag", 10, 12) - 2_000.0) < 20
    assert timeline.worst("lag", 13, 20) == 0.0
    assert timeline.between("lag", 10, 12).count == 18
