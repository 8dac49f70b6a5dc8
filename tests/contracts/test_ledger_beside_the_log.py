"""What every ledger keeps beside its leaves: checkpoints, refusals, samples, other logs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ballotbox_gateway.core.ports import (
    UNAUTHENTIC_ROWS_MAX,
    Batch,
    Delivery,
    LowerLog,
    LowerStep,
    StoredRefusal,
    Tally,
    Unauthentic,
)
from ballotbox_protocol.wire.verdict import Reason
from tests.contracts.ledgers import (
    BOX,
    EMPTY,
    MEDIA,
    Medium,
    append,
    checkpoint,
    head_at,
    leaf,
    medium_of,
    report_id,
    row,
)


@pytest.fixture(params=MEDIA)
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Medium]:
    yield from medium_of(request, tmp_path)


def test_checkpoints_are_found_by_leaf_by_size_and_up_to_a_size(medium: Medium) -> None:
    for first, count in ((0, 2), (2, 3), (5, 1)):
        append(medium.ledger, first, count)
    ledger = medium.again()
    assert [ledger.checkpoint_of_leaf(at) for at in range(7)] == [
        *[checkpoint(2)] * 2,
        *[checkpoint(5)] * 3,
        checkpoint(6),
        None,
    ]
    assert [ledger.checkpoint_at(size) is not None for size in range(7)] == [
        size in (2, 5, 6) for size in range(7)
    ]
    assert [ledger.checkpoint_up_to(size) for size in (1, 2, 4, 5, 99)] == [
        None,
        checkpoint(2),
        checkpoint(2),
        checkpoint(5),
        checkpoint(6),
    ]


def test_refusals_counts_and_samples_need_no_leaf(medium: Medium) -> None:
    refusal = StoredRefusal(report_id(9), Reason.OTHER_BOX, BOX, b"data", b"answer")
    sample = Unauthentic(b"d" * 32, Reason.SIGNATURE, "mqtt", b"sample", 2, 70)
    counts = {(Tally.REFUSED, Reason.OTHER_BOX): 1, (Tally.UNAUTHENTIC, Reason.SIGNATURE): 2}
    batch = Batch(refusals=[refusal], unauthentic=[sample], counts=counts)
    medium.ledger.commit(batch, EMPTY)
    more = Batch(unauthentic=[sample._replace(times=3, time=80)], counts=counts)
    medium.again().commit(more, EMPTY)
    ledger = medium.again()
    assert ledger.refusal(report_id(9)) == refusal
    assert ledger.refusals() == [refusal]
    assert ledger.unauthentic() == [sample._replace(times=5, time=80)]
    assert ledger.counts() == {key: 2 * count for key, count in counts.items()}


def test_oldest_samples_give_way(medium: Medium) -> None:
    samples = [
        Unauthentic(bytes(30) + number.to_bytes(2), Reason.SIZE, "mqtt", b"", 1, 0)
        for number in range(UNAUTHENTIC_ROWS_MAX + 3)
    ]
    medium.ledger.commit(Batch(unauthentic=samples), EMPTY)
    assert medium.again().unauthentic() == samples[3:]


def test_lower_log_is_followed_step_by_step(medium: Medium) -> None:
    first = LowerLog("below", 1, (b"h" * 32,), b"note one")
    batch = Batch(
        leaves=[leaf(0, note=0)],
        reports=[row(0)],
        checkpoint=checkpoint(1),
        lower=LowerStep(0, first, 0),
    )
    medium.ledger.commit(batch, EMPTY)
    second = LowerLog("below", 3, (b"i" * 32, b"j" * 32), b"note two")
    medium.again().commit(Batch(lower=LowerStep(1, second, 1)), head_at(1))
    ledger = medium.again()
    assert (ledger.lower_log("below"), ledger.next_note()) == (second, 2)
    assert ledger.entries(0, 1)[0].note == b"note one"


def test_what_contradicts_the_log_stands_beside_lower_checkpoints_and_disturbs_none(
    medium: Medium,
) -> None:
    ledger = medium.ledger
    assert ledger.contradictions() == []
    notes = [b"example.org/log\n%d\nroot\n" % size for size in (7, 9)]
    ledger.commit(Batch(contradictions=notes[:1]), EMPTY)
    lower = LowerLog("below", 1, (bytes(32),), b"below\n1\nroot\n")
    append(ledger, 0, 1, lower=LowerStep(0, lower, ledger.next_note()))
    ledger.commit(Batch(contradictions=notes[1:]), head_at(1))
    again = medium.again()
    assert again.contradictions() == notes
    assert again.lower_log("below") == lower


def test_delivery_moves_with_its_receipts(medium: Medium) -> None:
    append(medium.ledger, 0, 3)
    receipts = [(0, b"receipt 0"), (1, b"receipt 1")]
    medium.ledger.commit(Batch(delivery=Delivery("above", 0, 2, receipts)), head_at(3))
    ledger = medium.again()
    assert (ledger.delivered("above"), ledger.delivered("elsewhere")) == (2, 0)
    found = [ledger.upper_receipt("above", at) for at in range(3)]
    assert found == [b"receipt 0", b"receipt 1", None]
    ledger.commit(Batch(delivery=Delivery("above", 2, 1)), head_at(3))
    ledger.commit(Batch(delivery=Delivery("above", 1, 2, [(1, b"newer")])), head_at(3))
    ledger = medium.again()
    assert (ledger.delivered("above"), ledger.upper_receipt("above", 1)) == (2, b"newer")
