"""What every ledger promises: a batch whole or not at all, on what it was judged by, for good."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ballotbox_gateway.core.head import BoxHead, Facts
from ballotbox_gateway.core.ports import (
    Batch,
    Conflict,
    Delivery,
    Entry,
    LogHead,
    LowerLog,
    LowerStep,
    Place,
    StoredRefusal,
    Tally,
    Unauthentic,
)
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import COUNT_MAX, BoxId, PollState
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.contracts.ledgers import (
    BINDING,
    BOX,
    EMPTY,
    MEDIA,
    OTHER_BOX,
    Medium,
    append,
    checkpoint,
    head_at,
    leaf,
    medium_of,
    report_id,
    row,
    snapshot,
)


@pytest.fixture(params=MEDIA)
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Medium]:
    yield from medium_of(request, tmp_path)


def test_new_ledger_is_empty_and_bound(medium: Medium) -> None:
    ledger = medium.again()
    assert ledger.binding() == BINDING
    assert ledger.log_head() == EMPTY
    assert list(ledger.leaves(0)) == []
    assert ledger.box_head(BOX) == BoxHead(BOX)
    assert ledger.report(report_id(0)) is None
    assert ledger.refusal(report_id(0)) is None
    assert ledger.checkpoint_of_leaf(0) is None
    assert ledger.checkpoint_up_to(9) is None
    assert (ledger.lower_log("below"), ledger.next_note()) == (None, 0)
    assert (ledger.delivered("above"), ledger.upper_receipt("above", 0)) == (0, None)


def test_committed_batch_is_there_for_good(medium: Medium) -> None:
    append(medium.ledger, 0, 3)
    append(medium.again(), 3, 2)
    ledger = medium.again()
    assert ledger.log_head() == head_at(5)
    assert list(ledger.leaves(0)) == [b"leaf %d" % at for at in range(5)]
    assert list(ledger.leaves(4)) == [b"leaf 4"]
    assert ledger.entries(2, 4) == [
        Entry(at, b"leaf %d" % at, b"report %d" % at, None, None) for at in (2, 3)
    ]
    assert ledger.report(report_id(4)) == row(4, sequence=4)
    assert ledger.box_head(BOX) == BoxHead(BOX, version=2, sequence=4)
    assert ledger.box_heads() == [ledger.box_head(BOX)]


def test_reading_gives_back_what_was_written_to_the_last_field(medium: Medium) -> None:
    facts = Facts(
        sequence=7,
        epoch=2,
        boot=COUNT_MAX,
        journal_size=2**53 - 1,
        state=PollState.SEALED,
        counters=Counters(COUNT_MAX, 1, 2, 3, 4, 5, 6, COUNT_MAX),
        lifetime_at_zero=COUNT_MAX,
        final=report_id(5),
        correction=report_id(6),
        correction_sequence=6,
        firmware=COUNT_MAX,
    )
    head = BoxHead(OTHER_BOX, 1, 7, report_id(7), 2, 1, branched=True, facts=facts)
    odd = row(
        0,
        box=OTHER_BOX,
        sequence=COUNT_MAX,
        place=Place.ASIDE,
        newest=1,
        verdict=Verdict.EVIDENCE,
        reason=Reason.EVIDENCE_BELOW,
        own_verdict=Verdict.HELD,
        own_reason=Reason.BOX_DISPUTED,
        ruled=True,
        below=b"below",
    )
    leaves = [leaf(0), leaf(1, report_first=0, ruling=b"ruling")]
    batch = Batch(leaves=leaves, reports=[odd], heads=[head], checkpoint=checkpoint(2))
    medium.ledger.commit(batch, EMPTY)
    ledger = medium.again()
    assert ledger.box_head(OTHER_BOX) == head
    assert ledger.report(odd.id) == odd
    assert repr(ledger.report(odd.id)) == repr(odd), "codes come back as what they were"
    assert ledger.reports_of(OTHER_BOX, COUNT_MAX, None) == [odd]
    assert ledger.entries(1, 2) == [Entry(1, b"leaf 1", None, b"ruling", None)]


def test_moved_report_takes_the_place_of_the_old_row(medium: Medium) -> None:
    append(medium.ledger, 0, 2)
    moved = row(0, place=Place.ASIDE, newest=2, verdict=Verdict.EVIDENCE, below=b"x", ruled=True)
    leaves = [leaf(2, report_first=0)]
    batch = Batch(leaves=leaves, moved=[moved], checkpoint=checkpoint(3))
    medium.ledger.commit(batch, head_at(2))
    ledger = medium.again()
    assert ledger.report(report_id(0)) == moved
    assert ledger.entries(2, 3)[0].report == b"report 0"


def test_a_report_moves_without_a_leaf_when_only_what_is_known_of_it_changes(
    medium: Medium,
) -> None:
    """A lower gateway's word that changes no verdict is heard, and makes no leaf."""
    append(medium.ledger, 0, 2)
    medium.ledger.commit(Batch(moved=[row(0, below=b"x" * 17)]), head_at(2))
    ledger = medium.again()
    assert ledger.report(report_id(0)) == row(0, below=b"x" * 17)
    assert ledger.log_head().size == 2


def test_reports_of_a_box_come_by_sequence_then_arrival(medium: Medium) -> None:
    rows = [row(0, sequence=5), row(1, sequence=3), row(2, sequence=5), row(3, box=OTHER_BOX)]
    batch = Batch(leaves=[leaf(at) for at in range(4)], reports=rows, checkpoint=checkpoint(4))
    medium.ledger.commit(batch, EMPTY)
    ledger = medium.again()
    assert ledger.reports_of(BOX, 0, None) == [rows[1], rows[0], rows[2]]
    assert ledger.reports_of(BOX, 4, None) == [rows[0], rows[2]]
    assert ledger.reports_of(BOX, 0, 5) == [rows[1]]


def test_what_is_not_accepted_of_a_stretch_of_boxes_comes_box_by_box(medium: Medium) -> None:
    held, beyond = Verdict.HELD, BoxId(b"\x03" * 16)
    rows = [
        row(0, box=OTHER_BOX, verdict=Verdict.EVIDENCE),
        row(1, sequence=5, verdict=held),
        row(2, sequence=3, verdict=Verdict.QUARANTINED),
        row(3, sequence=4),
        row(4, box=beyond, verdict=held),
    ]
    batch = Batch(leaves=[leaf(at) for at in range(5)], reports=rows, checkpoint=checkpoint(5))
    medium.ledger.commit(batch, EMPTY)
    ledger = medium.again()
    assert ledger.set_aside(BOX, OTHER_BOX) == [rows[2], rows[1], rows[0]]
    assert ledger.set_aside(beyond, beyond) == [rows[4]]
    assert ledger.set_aside(BoxId(bytes(16)), BoxId(bytes(16))) == []


def test_register_version_is_remembered(medium: Medium) -> None:
    medium.ledger.commit(Batch(register_version=8), EMPTY)
    assert medium.again().binding() == replace(BINDING, register_version=8)


_STALE: dict[str, tuple[Batch, LogHead]] = {
    "log size": (Batch(register_version=9), head_at(1)),
    "log root": (Batch(register_version=9), LogHead(2, bytes(32))),
    "box head behind": (Batch(heads=[BoxHead(BOX, version=1)]), head_at(2)),
    "box head ahead": (Batch(heads=[BoxHead(BOX, version=3)]), head_at(2)),
    "box head not there": (Batch(heads=[BoxHead(OTHER_BOX, version=2)]), head_at(2)),
    "report known": (
        Batch(leaves=[leaf(2)], reports=[row(2, id=report_id(0))], checkpoint=checkpoint(3)),
        head_at(2),
    ),
    "refusal known": (
        Batch(refusals=[StoredRefusal(report_id(9), Reason.BODY, BOX, b"", b"")]),
        head_at(2),
    ),
    "lower log": (
        Batch(lower=LowerStep(0, LowerLog("below", 2, (bytes(32),), b""), 1)),
        head_at(2),
    ),
    "lower note": (
        Batch(lower=LowerStep(1, LowerLog("below", 2, (bytes(32),), b""), 0)),
        head_at(2),
    ),
    "delivery": (Batch(delivery=Delivery("above", 0, 2)), head_at(2)),
}


@pytest.mark.parametrize("case", _STALE)
def test_batch_judged_on_something_else_changes_nothing(medium: Medium, case: str) -> None:
    append(
        medium.ledger,
        0,
        2,
        refusals=[StoredRefusal(report_id(9), Reason.BODY, BOX, b"", b"")],
        lower=LowerStep(0, LowerLog("below", 1, (bytes(32),), b"note"), 0),
        delivery=Delivery("above", 0, 1),
    )
    before = snapshot(medium.ledger)
    batch, expected = _STALE[case]
    crowded = replace(
        batch,
        unauthentic=[Unauthentic(bytes(32), Reason.SIZE, "mqtt", b"", 1, 0)],
        counts={(Tally.UNAUTHENTIC, Reason.SIZE): 1},
    )
    with pytest.raises(Conflict):
        medium.ledger.commit(crowded, expected)
    assert snapshot(medium.ledger) == before
    assert snapshot(medium.again()) == before
    append(medium.ledger, 2, 1)
