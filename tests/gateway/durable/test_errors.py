"""Acceptance 3: is anything acknowledged without data when an operation of the disk fails?

A sample of all points; `make soak SET=io_errors` tries them all, on several days.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ballotbox_gateway.ledger.sqlite import SqliteLedger
from tests.gateway.durable.audit import in_memory
from tests.gateway.durable.errors import ErrorTally, points, strike
from tests.gateway.durable.recorder import Fault

SEED, EVERY = 1, 9


@pytest.fixture
def memory() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


def struck(folder: Path, every: int = EVERY) -> ErrorTally:
    tally = ErrorTally()
    for point in points(folder, SEED)[::every]:
        tally.add(strike(folder, SEED, point))
    return tally


@pytest.mark.accept
def test_no_error_is_followed_by_an_acknowledgement_without_data(memory: Path) -> None:
    """Acceptance 3: EIO, ENOSPC, short writes, failed syncs; once and from then on."""
    tally = struck(memory)
    assert tally.findings == []
    assert tally.points > 60
    assert 0 < tally.ended < tally.points


def test_every_operation_is_struck_in_every_way(memory: Path) -> None:
    found = points(memory, SEED)
    assert {point.fault for point in found} == set(Fault)
    assert {point.sticky for point in found} == {True, False}
    assert {point.number for point in found} == set(range(1, found[-1].number + 1))


@pytest.mark.accept
def test_a_ledger_that_hides_its_errors_is_found_out(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acceptance 3, the control: a commit whose error is hidden acknowledges what is not stored."""
    heard = SqliteLedger.commit

    def deaf(ledger: SqliteLedger, batch: object, expected: object) -> None:
        try:
            heard(ledger, batch, expected)
        except Exception:  # noqa: BLE001 - that is its defect
            ledger.sick = None

    monkeypatch.setattr(SqliteLedger, "commit", deaf)
    assert struck(memory, every=40).acked_without_data > 0
