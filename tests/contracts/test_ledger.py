"""What every ledger promises: a batch whole or not at all, on what it was judged by, for good."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.head import BoxHead, Facts
from ballotbox_gateway.core.ports import (
    UNAUTHENTIC_ROWS_MAX,
    Batch,
    Binding,
    Conflict,
    Delivery,
    Entry,
    Ledger,
    LogHead,
    LowerLog,
    LowerStep,
    NewLeaf,
    Place,
    StoredCheckpoint,
    StoredRefusal,
    StoredReport,
    Tally,
    Unauthentic,
)
from ballotbox_gateway.ledger import postgresql_opening
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import COUNT_MAX, BoxId, PollState, ReportId
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, Frontier, leaf_hash
from ballotbox_protocol.wire.verdict import Reason, Verdict

BINDING = Binding("example.org/log", bytes(range(32)), 3)
EMPTY = LogHead(0, EMPTY_ROOT)
BOX, OTHER_BOX = BoxId(b"\x01" * 16), BoxId(b"\x02" * 16)


class OnMemory:
    """Keeps its promise as long as the process lives."""

    def __init__(self, _folder: Path) -> None:
        self.ledger: Ledger = MemoryLedger(BINDING)

    def again(self) -> Ledger:
        return self.ledger


class OnSqlite:
    """Every look at it goes through a new connection to the file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger"
        create(self._path, BINDING)
        self.ledger: Ledger = open_ledger(self._path)

    def again(self) -> Ledger:
        self.ledger.close()
        self.ledger = open_ledger(self._path)
        return self.ledger


class OnPostgresql:
    """Every look at it goes through a new connection to the server."""

    def __init__(self, settings: Postgresql) -> None:
        self._settings = settings
        postgresql_opening.create(settings, BINDING)
        self.ledger: Ledger = postgresql_opening.open_ledger(settings)

    def again(self) -> Ledger:
        self.ledger.close()
        self.ledger = postgresql_opening.open_ledger(self._settings)
        return self.ledger


Medium = OnMemory | OnSqlite | OnPostgresql


@pytest.fixture(params=[OnMemory, OnSqlite, OnPostgresql])
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Medium]:
    if request.param is OnPostgresql:
        medium = OnPostgresql(request.getfixturevalue("new_schema")())
    else:
        medium = request.param(tmp_path)
    yield medium
    medium.ledger.close()


def report_id(number: int) -> ReportId:
    return ReportId(number.to_bytes(32))


def row(first: int, sequence: int = 0, box: BoxId = BOX, **changes: object) -> StoredReport:
    fields = {
        "id": report_id(first),
        "box": box,
        "sequence": sequence,
        "place": Place.CHAIN,
        "first": first,
        "newest": first,
        "verdict": Verdict.ACCEPTED,
        "reason": Reason.IN_ORDER,
        "own_verdict": Verdict.ACCEPTED,
        "own_reason": Reason.IN_ORDER,
        "ruled": False,
        "below": b"",
        "data": b"report %d" % first,
    } | changes
    return StoredReport(**fields)


def leaf(position: int, report_first: int | None = None, **changes: object) -> NewLeaf:
    first = position if report_first is None else report_first
    return NewLeaf(position, b"leaf %d" % position, first, None, None)._replace(**changes)


def checkpoint(size: int) -> StoredCheckpoint:
    """The checkpoint of `leaf 0` and so on: a ledger may hold what is signed against it."""
    frontier = Frontier()
    frontier.extend(leaf_hash(b"leaf %d" % at) for at in range(size))
    return StoredCheckpoint(size, frontier.root(), b"note %d" % size)


def head_at(size: int) -> LogHead:
    return LogHead(size, checkpoint(size).root) if size else EMPTY


def append(ledger: Ledger, first: int, count: int, **more: object) -> None:
    """Commit `count` accepted reports of BOX, one leaf each, in one batch."""
    positions = range(first, first + count)
    batch = Batch(
        leaves=[leaf(at) for at in positions],
        reports=[row(at, sequence=at) for at in positions],
        heads=[BoxHead(BOX, version=ledger.box_head(BOX).version + 1, sequence=positions[-1])],
        checkpoint=checkpoint(first + count),
    )
    ledger.commit(replace(batch, **more), head_at(first))


def snapshot(ledger: Ledger) -> object:
    """Everything that can be read."""
    return (
        ledger.binding(),
        ledger.log_head(),
        list(ledger.leaves(0)),
        ledger.entries(0, 100),
        ledger.box_heads(),
        [ledger.reports_of(box, 0, None) for box in (BOX, OTHER_BOX)],
        ledger.refusals(),
        ledger.unauthentic(),
        ledger.counts(),
        [ledger.checkpoint_at(size) for size in range(12)],
        ledger.lower_log("below"),
        ledger.next_note(),
        ledger.contradictions(),
        ledger.delivered("above"),
        [ledger.upper_receipt("above", at) for at in range(12)],
    )


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
