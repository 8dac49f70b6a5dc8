"""Acceptance 15: does a gateway's memory stay flat through a day of 24 hours?"""

import pytest

from tests.gateway.durable.long_day import HOURS, PER_LEAF_MAX, lived, per_leaf

BOXES, PER_HOUR = 8, 150


@pytest.mark.accept
def test_memory_stays_flat_through_a_day(record_property) -> None:
    """Acceptance 15: a simulated day of 24 hours: what grows is the tree of the log alone."""
    hours = lived(BOXES, PER_HOUR)
    record_property("memory of a day", f"{per_leaf(hours):.0f} bytes a leaf, {hours[-1]}")
    assert hours[-1].leaves == BOXES * (HOURS * PER_HOUR + 2)
    assert hours[-1].receipts > hours[-1].leaves
    assert per_leaf(hours) <= PER_LEAF_MAX


@pytest.mark.accept
def test_a_gateway_that_forgets_nothing_is_found_out() -> None:
    """Acceptance 15, the control: reports kept in memory show."""
    assert per_leaf(lived(BOXES, PER_HOUR, keeps=True)) > PER_LEAF_MAX
