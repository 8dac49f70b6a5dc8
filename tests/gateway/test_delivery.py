"""Upward delivery: sent again until receipted, and the cursor moves with the receipts alone."""

from copy import deepcopy
from dataclasses import replace

import pytest

from ballotbox_gateway.core import delivery as delivery_module
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_gateway.core.upward import (
    ENTRIES_MAX,
    UpwardBatch,
    UpwardConflict,
    UpwardFault,
    UpwardReply,
)
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.below import Levels, LowerLog, entry_of
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, ScriptedBox, authority, intake, memory

K = ReportKind


@pytest.fixture
def levels() -> Levels:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    return levels


def stretch(levels: Levels, limit: int = 3) -> tuple[UpwardBatch, UpwardReply]:
    batch = levels.lower.intake.next_upward(CENTRE, limit)
    reply = levels.take(batch)
    assert isinstance(reply, UpwardReply)
    return batch, reply


def test_same_stretch_is_offered_until_its_receipts_are_stored(levels: Levels) -> None:
    gateway = levels.lower.intake
    batch, reply = stretch(levels)
    assert gateway.next_upward(CENTRE, 3) == batch
    assert gateway.upward_receipted(batch, reply, CENTRE, NOW) is None
    assert gateway.next_upward(CENTRE, 3).first == 3
    restarted = intake(levels.given, levels.lower.ledger)
    assert restarted.next_upward(CENTRE, 3) == gateway.next_upward(CENTRE, 3)


def test_stretch_ends_where_its_checkpoint_does_whatever_the_limit(levels: Levels) -> None:
    for limit, stop in ((-1, 1), (0, 1), (1, 1), (5, 5), (ENTRIES_MAX + 1, 7)):
        batch = levels.lower.intake.next_upward(CENTRE, limit)
        assert batch.stop == stop
        assert f"\n{stop}\n".encode() in batch.checkpoint
        assert levels.take(replace(batch)) is not None
    assert batch.checkpoint == levels.lower.ledger.checkpoint_at(7).note


def test_each_upper_gateway_has_its_own_cursor(levels: Levels) -> None:
    levels.carry(levels.lower)
    assert levels.lower.intake.next_upward("rehearsal.example/precinct-2", 9).first == 0


def faulty(levels: Levels) -> dict[str, tuple[UpwardBatch, UpwardReply, str]]:
    batch, reply = stretch(levels)
    first, second, third = reply.receipts
    parsed = Receipt.from_bytes(first)
    other = LowerLog(levels.given).batch(
        entry_of(ScriptedBox(levels.given, 2).report(K.BOOT), Verdict.ACCEPTED, Reason.IN_ORDER)
    )
    foreign = levels.take(other).receipts[0]
    leaf = encode_leaf(Leaf(LeafType.REPORT, bytes(32), Verdict.ACCEPTED, Reason.IN_ORDER, None, 0))
    own = levels.lower.admit(levels.box.said[0]).answers[0].message.payload

    def with_first(receipt: bytes) -> UpwardReply:
        return replace(reply, receipts=(receipt, second, third))

    return {
        "origin: another": (batch, replace(reply, origin=ORIGIN), CENTRE),
        "origin: unknown": (batch, reply, "example.org/nobody"),
        "receipts: one too few": (batch, replace(reply, receipts=reply.receipts[:2]), CENTRE),
        "receipts[0]: no receipt": (batch, with_first(b"\x80"), CENTRE),
        "receipts[0]: of another report": (batch, with_first(foreign), CENTRE),
        "receipts[1]: in another order": (
            batch,
            replace(reply, receipts=(first, third, second)),
            CENTRE,
        ),
        "receipts[0]: leaf not in the log": (
            batch,
            with_first(replace(parsed, leaf=leaf).to_bytes()),
            CENTRE,
        ),
        "receipts[0]: signed by the lower gateway": (batch, with_first(own), CENTRE),
        "first: a stretch delivered before": (
            replace(batch, first=1, entries=batch.entries[1:]),
            replace(reply, receipts=reply.receipts[1:]),
            CENTRE,
        ),
    }


_FAULTS = (
    "origin: another",
    "origin: unknown",
    "receipts: one too few",
    "receipts[0]: no receipt",
    "receipts[0]: of another report",
    "receipts[1]: in another order",
    "receipts[0]: leaf not in the log",
    "receipts[0]: signed by the lower gateway",
    "first: a stretch delivered before",
)


@pytest.mark.parametrize("case", _FAULTS)
def test_reply_that_proves_less_moves_nothing(levels: Levels, case: str) -> None:
    batch, reply, upper = faulty(levels)[case]
    fault = levels.lower.intake.upward_receipted(batch, reply, upper, NOW)
    assert isinstance(fault, UpwardFault)
    assert fault.field == case.partition(": ")[0]
    assert levels.lower.ledger.delivered(CENTRE) == 0
    assert levels.lower.ledger.upper_receipt(CENTRE, 0) is None


def test_upper_leaf_that_is_no_leaf_proves_nothing(levels: Levels) -> None:
    """The centre's own key signed it, but what it signed is not a decision."""
    batch, reply = stretch(levels, 1)
    forged = LowerLog(levels.given, CENTRE)
    forged._leaves.append(b"\x80")
    receipt = Receipt(b"\x80", 0, (), forged.note()).to_bytes()
    fault = levels.lower.intake.upward_receipted(
        batch, replace(reply, receipts=(receipt,)), CENTRE, NOW
    )
    assert fault.field == "receipts[0]"


def test_delivery_goes_on_while_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = Levels()
    ledger = FailingLedger(levels.lower.ledger)
    levels.lower.intake = intake(levels.given, ledger)
    day = levels.box.day()
    levels.lower.admit(*day)
    for stop in (3, 6):
        batch, reply = stretch(levels)
        assert batch.stop == stop
        ledger.fault = Fault.DISK_FULL
        assert levels.lower.intake.upward_receipted(batch, reply, CENTRE, NOW) is None
        ledger.fault = Fault.DISK_FULL
        assert ledger.delivered(CENTRE) == 0
    assert levels.centre.ledger.log_head().size == 6
    ledger.fault = None
    levels.carry(levels.lower)
    assert ledger.delivered(CENTRE) == len(day)
    assert all(ledger.upper_receipt(CENTRE, at) for at in range(len(day)))


def test_receipts_that_cannot_be_stored_are_kept_in_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery_module, "_UNSTORED_MAX", 2)
    levels = Levels()
    ledger = FailingLedger(levels.lower.ledger)
    levels.lower.intake = intake(levels.given, ledger)
    levels.lower.admit(*levels.box.day())
    batch, reply = stretch(levels)
    ledger.fault = Fault.DISK_FULL
    with pytest.raises(DiskFull):
        levels.lower.intake.upward_receipted(batch, reply, CENTRE, NOW)
    levels.carry(levels.lower)
    assert ledger.delivered(CENTRE) == 7


@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.NOT_APPLIED])
def test_cursor_moves_with_the_receipts_or_not_at_all(fault: Fault) -> None:
    levels = Levels()
    ledger = FailingLedger(levels.lower.ledger)
    levels.lower.intake = intake(levels.given, ledger)
    levels.lower.admit(*levels.box.day())
    batch, reply = stretch(levels)
    ledger.fault = fault
    with pytest.raises(LedgerFailure):
        levels.lower.intake.upward_receipted(batch, reply, CENTRE, NOW)
    stored = [ledger.upper_receipt(CENTRE, at) is not None for at in range(3)]
    assert stored == [ledger.delivered(CENTRE) == 3] * 3
    levels.carry(levels.lower)
    assert ledger.delivered(CENTRE) == 7


def test_lost_reply_is_asked_for_again_by_exactly_the_stretch_that_was_taken(
    levels: Levels,
) -> None:
    gateway = levels.lower.intake
    stretch(levels, 5)
    longer = gateway.next_upward(CENTRE, 7)
    conflict = levels.take(longer)
    assert conflict == UpwardConflict(5)
    assert gateway.upward_conflict(conflict, CENTRE) is None
    levels.carry(levels.lower, limit=7)
    assert levels.lower.ledger.delivered(CENTRE) == 7


def test_upper_gateway_that_lost_leaves_gets_them_again(levels: Levels) -> None:
    levels.carry(levels.lower)
    fresh = Scene(levels.given, CENTRE)
    levels.centre = fresh
    levels.lower.send(K.INCIDENT)
    conflict = levels.take(levels.lower.intake.next_upward(CENTRE, 9))
    assert conflict == UpwardConflict(0)
    levels.lower.intake.upward_conflict(conflict, CENTRE)
    levels.carry(levels.lower)
    assert fresh.ledger.log_head().size == 8


def test_upper_gateway_that_holds_more_than_there_is_means_an_old_ledger(levels: Levels) -> None:
    fault = levels.lower.intake.upward_conflict(UpwardConflict(8), CENTRE)
    assert isinstance(fault, UpwardFault)
    assert "older copy" in fault.fix
    assert levels.lower.ledger.delivered(CENTRE) == 0


def test_a_probe_shows_the_last_receipted_leaf_and_finds_out_who_forgot(levels: Levels) -> None:
    assert levels.lower.intake.probe_upward(CENTRE) is None
    levels.carry(levels.lower)
    size = levels.lower.ledger.log_head().size
    probe = levels.lower.intake.probe_upward(CENTRE)
    assert (probe.first, probe.stop) == (size - 1, size)
    assert isinstance(levels.take(probe), UpwardReply)
    forgetful = Levels(levels.given).centre
    conflict = forgetful.intake.admit_from_below(probe, NOW)
    assert conflict == UpwardConflict(0)
    assert levels.lower.intake.upward_conflict(conflict, CENTRE) is None
    assert levels.lower.intake.next_upward(CENTRE, 100).first == 0


def put_back(levels: Levels, copy: MemoryLedger) -> None:
    """Start the precinct's gateway again over an older copy of its ledger."""
    levels.lower.ledger = copy
    levels.lower.intake = intake(levels.given, copy)


def test_a_probe_of_a_gateway_that_was_put_back_says_so(levels: Levels) -> None:
    levels.carry(levels.lower, limit=3)
    older = deepcopy(levels.lower.ledger)
    levels.lower.send(K.INCIDENT)
    levels.carry(levels.lower)
    put_back(levels, older)
    assert older.delivered(CENTRE) == older.log_head().size == 7
    conflict = levels.take(levels.lower.intake.probe_upward(CENTRE))
    assert conflict == UpwardConflict(8)
    assert "older copy" in levels.lower.intake.upward_conflict(conflict, CENTRE).fix


@pytest.mark.parametrize("delivered", [0, 3, 7])
@pytest.mark.parametrize("again", [1, 2, 3])
def test_a_gateway_that_was_put_back_and_grows_again_gets_no_receipts(
    levels: Levels, delivered: int, again: int
) -> None:
    """Shorter than what the centre has, as long, and longer: it is another log each time."""
    if delivered:
        batch, reply = stretch(levels, delivered)
        levels.lower.intake.upward_receipted(batch, reply, CENTRE, NOW)
    older = deepcopy(levels.lower.ledger)
    later = [levels.box.report(K.INCIDENT) for _ in range(3)]
    levels.lower.admit(*later[:2])
    levels.carry(levels.lower)
    put_back(levels, older)
    levels.lower.now += 60
    levels.lower.admit(*later[:again])
    assert isinstance(fault_of_delivery(levels), UpwardFault)
    assert older.delivered(CENTRE) == delivered


def fault_of_delivery(levels: Levels) -> UpwardFault | None:
    """Deliver until the centre, or the gateway itself, finds fault with it."""
    gateway = levels.lower.intake
    while (batch := gateway.next_upward(CENTRE, 9)) is not None:
        answer = levels.take(batch)
        if isinstance(answer, UpwardConflict):
            answer = gateway.upward_conflict(answer, CENTRE)
        elif isinstance(answer, UpwardReply):
            answer = gateway.upward_receipted(batch, answer, CENTRE, NOW)
        if answer is not None:
            return answer
    return None


def test_nothing_to_deliver_is_nothing() -> None:
    given = authority()
    assert intake(given, memory(given)).next_upward(CENTRE, 9) is None
