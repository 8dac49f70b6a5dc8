"""Do moments, orders and counts come over from one machine to another as they were meant?"""

import json

from hypothesis import given
from hypothesis import strategies as st

from ballotbox_simulator.rehearse.cluster.clocks import order_for, told_from
from ballotbox_simulator.rehearse.cluster.shard_statistics import Counted, counted
from ballotbox_simulator.rehearse.core.latency import Latencies

SHIFTS = st.floats(-1e9, 1e9)


@given(st.sampled_from(["start", "close"]), st.floats(0, 1e6), SHIFTS)
def test_a_moment_that_was_ordered_is_the_same_moment_elsewhere(what, moment, shift) -> None:
    order, there = json.loads(order_for(json.dumps([what, moment]), shift))

    assert order == what
    assert abs(there - shift - moment) < 1e-3


@given(st.sampled_from(["connect", "cut", "mend", "storm", "clone", "silence", "end"]), SHIFTS)
def test_what_is_no_moment_stays_as_it_is(what, shift) -> None:
    assert json.loads(order_for(json.dumps([what, 3]), shift)) == [what, 3]


@given(st.integers(0, 10**6), st.integers(-(10**8), 10**8), st.floats(-0.4, 0.4))
def test_a_second_is_a_whole_second_of_the_reader(second, shift, skew) -> None:
    told = told_from({"say": "second", "second": second + shift, "made": 5}, shift + skew)

    assert told == {"say": "second", "second": second, "made": 5}


def test_the_last_close_is_a_moment_and_nothing_else_is_touched() -> None:
    assert told_from({"say": "closed", "at": 12.5}, 2.0)["at"] == 10.5
    assert told_from({"say": "ended", "at": 12.5}, 2.0)["at"] == 12.5


def test_every_receipt_and_connection_is_counted_once_and_refusals_failed() -> None:
    told = {
        "receipts": Latencies.of([5.0] * 7 + [900.0] * 2).taken(),
        "connects": Latencies.of([3.0]).taken(),
        "refused": 4,
    }

    found = list(counted(told, refused_before=1))

    good = [each for each in found if not each.failed]
    assert sum(each.count for each in good if each.name == "receipt") == 9
    assert sum(each.count for each in good if each.name == "connect") == 1
    slow = max(good, key=lambda each: each.ms)
    assert slow.count == 2
    assert abs(slow.ms - 900) < 20
    assert [each for each in found if each.failed] == [Counted("receipt", 3, 0.0, failed=True)]


def test_a_second_in_which_nothing_came_counts_nothing() -> None:
    assert list(counted({"receipts": "", "connects": "", "refused": 2}, refused_before=2)) == []
