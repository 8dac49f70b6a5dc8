"""Does a rehearsed day bring every sheet and every close, and each at its time?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.rehearse.core.curve import divided, moments, shares
from ballotbox_simulator.rehearse.core.day_clock import DayClock, written

WEIGHTS = st.lists(st.floats(0, 100), min_size=1, max_size=30).filter(lambda all_: sum(all_) > 0.1)
HOUR = 3_600


@given(WEIGHTS, st.integers(0, 5_000))
def test_every_sheet_comes_in_some_part_of_the_day(curve, count):
    parts = shares(curve, count)

    assert sum(parts) == count
    assert len(parts) == len(curve)
    for part, weight in zip(parts, curve, strict=True):
        assert abs(part - count * weight / sum(curve)) <= 1


@given(WEIGHTS, st.integers(1, 500), st.floats(0.1, 1_000))
def test_every_box_closes_within_the_burst_and_in_order(shape, count, spread):
    times = moments(count, shape, spread)

    assert len(times) == count
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= spread * 1.000_001


def test_the_burst_has_the_shape_that_was_asked_for():
    times = moments(150, (8.0, 4.0, 2.0, 1.0), 40.0)

    assert [sum(low <= each < low + 10 for each in times) for low in (0, 10, 20, 30)] == [
        80,
        40,
        20,
        10,
    ]


@given(st.integers(1, 5_000), st.integers(1, 64))
def test_every_box_has_one_process(count, parts):
    ranges = divided(count, parts)

    assert [number for each in ranges for number in each] == list(range(count))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


def test_hours_pass_as_fast_as_asked_morning_and_close_in_real_time():
    clock = DayClock(8 * HOUR, 20 * HOUR, 100.0, morning_s=50)

    assert clock.begin_s == 8 * HOUR - 50
    assert clock.real_s(8 * HOUR - 50) == 0
    assert clock.real_s(8 * HOUR) == 50
    assert clock.real_s(9 * HOUR) == 50 + 36
    assert clock.lasts_s == 50 + 12 * 36
    assert clock.real_s(20 * HOUR + 5) == 50 + 12 * 36 + 5


def test_as_fast_as_it_can_has_no_hours_but_a_morning_and_a_close():
    clock = DayClock(8 * HOUR, 20 * HOUR, None, morning_s=50)

    assert clock.lasts_s == 50
    assert clock.real_s(8 * HOUR - 20) == 30
    assert clock.real_s(20 * HOUR + 5) == 55


@pytest.mark.parametrize(
    ("opening", "closing", "compression"),
    [(8, 8, 1.0), (9, 8, 1.0), (0, 8, 1.0), (8, 31, 1.0), (8, 20, 0.5)],
)
def test_a_day_that_cannot_be_is_refused(opening, closing, compression):
    with pytest.raises(InvalidField, match="day"):
        DayClock(opening * HOUR, closing * HOUR, compression)


def test_times_are_written_as_people_read_them():
    assert written(20 * HOUR + 65) == "20:01:05"
