"""Do tries spread out, and does a peer that only seems well stay backed off?"""

from hypothesis import given
from hypothesis import strategies as st

from ballotbox_gateway.adapters.backoff import HEALTHY_S, REFUSED_CAP_S, Backoff


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.1, 5), st.floats(5, 60))
def test_each_delay_is_drawn_from_a_doubling_ceiling_up_to_the_cap(draws, first, cap):
    rest = iter(draws)
    backoff = Backoff(lambda: next(rest), first, cap)
    for failures, draw in enumerate(draws):
        assert backoff.failed() == draw * min(cap, first * 2**failures)


def test_only_a_connection_that_lasted_is_a_success():
    backoff = Backoff(lambda: 1.0, 1.0, 60.0)
    assert [backoff.failed() for _ in range(3)] == [1.0, 2.0, 4.0]
    backoff.lasted(HEALTHY_S / 2)
    assert backoff.failed() == 8.0
    backoff.lasted(HEALTHY_S)
    assert backoff.failed() == 1.0
    backoff.succeeded()
    assert backoff.failed() == 1.0


def test_a_refusal_that_lasts_is_tried_more_and_more_rarely():
    backoff = Backoff(lambda: 1.0, 1.0, 60.0)
    delays = [backoff.refused() for _ in range(12)]
    assert delays[:9] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]
    assert delays[-1] == REFUSED_CAP_S
    assert backoff.failed() == 60.0
    backoff.succeeded()
    assert backoff.refused() == 1.0
