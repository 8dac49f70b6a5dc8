"""Are the latencies of several processes added as if one had measured them all?"""

from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_simulator.rehearse.core.latency import Latencies

MS = st.lists(st.floats(0, 600_000), max_size=60)


# Thousands of buckets each: few examples take as long as many of another kind.
@settings(max_examples=10)
@given(st.lists(MS, min_size=1, max_size=4))
def test_histograms_of_processes_add_up_to_the_one_of_all(shards):
    merged = Latencies()
    for shard in shards:
        merged.add(Latencies.of(shard).taken())

    assert (
        merged.percentiles() == Latencies.of([ms for shard in shards for ms in shard]).percentiles()
    )


@settings(max_examples=10)
@given(st.lists(st.floats(1, 600_000), min_size=1, max_size=60))
def test_what_is_said_of_a_latency_is_true_to_one_in_a_hundred(values):
    said = Latencies.of(values).percentiles()

    assert said.count == len(values)
    assert abs(said.max_ms - max(values)) <= 0.1 + max(values) / 100
    assert abs(said.min_ms - min(values)) <= 0.1 + min(values) / 100


def test_a_percentile_is_no_mean():
    fast_and_slow = Latencies.of([10.0] * 98 + [5_000.0] * 2)

    assert round(fast_and_slow.at(50.0)) == 10
    assert abs(fast_and_slow.at(99.0) - 5_000) < 50


def test_what_was_taken_is_gone():
    latencies = Latencies.of([1.0, 2.0])

    assert latencies.taken() != ""
    assert latencies.count == 0
    assert latencies.taken() == ""


def test_a_stall_counts_for_all_that_it_kept_from_being_measured():
    silent, honest = Latencies(), Latencies()
    for _ in range(98):
        silent.record(0.0)
        honest.record(0.0, 20.0)
    silent.record(1_000.0)
    honest.record(1_000.0, 20.0)

    assert silent.at(90.0) < 1
    assert honest.at(90.0) > 500


def test_nothing_measured_is_nought():
    said = Latencies().percentiles()

    assert (said.count, said.mean_ms, said.p99_ms, said.max_ms) == (0, 0.0, 0.0, 0.0)
