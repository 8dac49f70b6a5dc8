"""One election of three boxes, an empty log of it, and a box whose morning is in that log."""

import pytest

from tests.tabulation.log_builder import LogBuilder, authority_of, count, simple_ballots


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=3)


@pytest.fixture
def log(authority):
    return LogBuilder(authority)


@pytest.fixture
def pen(log):
    """The pen of the first box after its morning: its next report has sequence 3."""
    pen = log.pen(0)
    log.morning(pen)
    return pen


@pytest.fixture(scope="module")
def numbers(authority):
    """Row and counters of nine ballots."""
    return count(authority, simple_ballots(9))


@pytest.fixture
def day(authority):
    """A log of the first box's ordinary day of nine ballots, with the pens of all boxes."""
    builder = LogBuilder(authority)
    builder.pens = [builder.pen(number) for number in range(3)]
    builder.final = builder.day(builder.pens[0], simple_ballots(9))
    return builder
