"""Is a count by hand carried upward like a report, and does the more severe word on it hold?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.upward import UpwardBatch, UpwardEntry, UpwardFault, UpwardReply
from ballotbox_protocol.election.register import Register, Role
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, counted
from tests.gateway.test_hand_counts import (
    ACCEPTED,
    ALONE,
    EVIDENCE,
    FIRST,
    GIVEN,
    QUARANTINED,
    SECOND,
    leaves,
    mind,
    take,
)
from tests.gateway.test_replay import again


class Counting(Levels):
    """A count at the precinct; the centre is of another mind where a test says so."""

    def carried(self, *counts: HandCount) -> Scene:
        for count in counts:
            take(self.lower, count)
        self.carry(self.lower)
        return self.centre

    def batch(self) -> UpwardBatch:
        batch = self.lower.intake.next_upward(CENTRE, 100)
        assert batch is not None
        return batch


def test_counts_are_carried_upward_like_reports() -> None:
    levels = Counting()
    levels.lower.until(ReportKind.BOOT)
    centre = levels.carried(FIRST, SECOND)
    assert mind(centre, FIRST, SECOND) == [(ACCEPTED, Reason.IN_ORDER)] * 2
    assert centre.ledger.log_head().size == 3
    made = again(GIVEN, centre.ledger, CENTRE)
    assert made.report(SECOND.id) == centre.ledger.report(SECOND.id)


def test_a_stretch_taken_in_again_gets_the_same_receipts() -> None:
    levels = Counting()
    take(levels.lower, FIRST)
    batch = levels.batch()
    first, second = levels.take(batch), levels.take(batch)
    assert isinstance(first, UpwardReply)
    assert first == second
    assert UpwardBatch.from_json(batch.to_json()) == batch


def test_what_two_stations_say_makes_rivals_above() -> None:
    levels = Counting()
    other = counted(GIVEN, lines=(("1", 104), ("1a", 4)))
    take(levels.other, other)
    levels.carried(FIRST)
    levels.carry(levels.other)
    dispute = (EVIDENCE, Reason.SAME_SEQUENCE)
    assert mind(levels.centre, FIRST, other) == [dispute, dispute]
    assert mind(levels.lower, FIRST) == [(ACCEPTED, Reason.IN_ORDER)]


def test_the_more_severe_of_two_minds_counts() -> None:
    levels = Counting()
    register = GIVEN.trusted.register
    officers = tuple(replace(each, roles=each.roles & ~Role.POLL) for each in register.officers)
    fewer = Register(register.election, 2, register.boxes, register.gateways, officers)
    levels.lower.intake.replace_register(with_register(GIVEN, fewer).trusted)
    centre = levels.carried(FIRST)
    assert mind(levels.lower, FIRST) == [(QUARANTINED, Reason.OFFICERS)]
    assert mind(centre, FIRST) == [(QUARANTINED, Reason.QUARANTINED_BELOW)]
    row = centre.ledger.report(FIRST.id)
    assert row is not None
    assert row.own_verdict is ACCEPTED
    made = again(GIVEN, centre.ledger, CENTRE)
    assert made.report(FIRST.id) == row


def test_a_second_signature_is_carried_upward() -> None:
    levels = Counting()
    centre = levels.carried(ALONE, FIRST)
    assert mind(centre, FIRST) == [(ACCEPTED, Reason.IN_ORDER)]
    assert [entry.ruling for entry in centre.ledger.entries(0, 2)] == [
        ALONE.to_bytes(),
        FIRST.to_bytes(),
    ]
    made = again(GIVEN, centre.ledger, CENTRE)
    assert made.report(FIRST.id) == centre.ledger.report(FIRST.id)


def test_all_of_it_may_come_upward_in_one_stretch() -> None:
    levels = Counting()
    other = counted(GIVEN, lines=(("1", 104), ("1a", 4)))
    centre = levels.carried(ALONE, FIRST, other)
    assert mind(centre, FIRST, other) == [(EVIDENCE, Reason.SAME_SEQUENCE)] * 2
    beside = [entry.ruling for entry in centre.ledger.entries(0, 9)]
    assert beside == [each.to_bytes() for each in (ALONE, FIRST, other, FIRST)]
    made = again(GIVEN, centre.ledger, CENTRE)
    again_known, known_there = made.report(FIRST.id), centre.ledger.report(FIRST.id)
    assert again_known is not None
    # What a gateway below thinks that makes no difference is not in the log.
    assert known_there == again_known._replace(below=known_there.below if known_there else b"")


def test_a_word_on_what_one_officer_signed_is_no_second_signature() -> None:
    """Below it was accepted, by a register that knew the officer still."""
    levels = Counting()
    log = LowerLog(GIVEN)
    for verdict, reason in ((ACCEPTED, Reason.IN_ORDER), (EVIDENCE, Reason.SAME_SEQUENCE)):
        levels.take(lower_leaf(log, ALONE, verdict, reason))
    assert mind(levels.centre, ALONE) == [(EVIDENCE, Reason.EVIDENCE_BELOW)]
    row = levels.centre.ledger.report(ALONE.id)
    assert row is not None
    assert row.own_reason is Reason.OFFICERS
    assert again(GIVEN, levels.centre.ledger, CENTRE).report(ALONE.id) == row


def lower_leaf(log: LowerLog, count: HandCount, verdict: Verdict, reason: Reason) -> UpwardBatch:
    leaf = Leaf(LeafType.HAND_COUNT, count.id, verdict, reason, count.digest, NOW)
    return log.batch(UpwardEntry(encode_leaf(leaf), None, count.to_bytes()))


def test_a_lower_gateway_that_changes_its_mind_is_heard() -> None:
    levels = Counting()
    log = LowerLog(GIVEN)
    for verdict, reason, told in (
        (ACCEPTED, Reason.IN_ORDER, (ACCEPTED, Reason.IN_ORDER)),
        (EVIDENCE, Reason.SAME_SEQUENCE, (EVIDENCE, Reason.EVIDENCE_BELOW)),
        (EVIDENCE, Reason.SAME_SEQUENCE, (EVIDENCE, Reason.EVIDENCE_BELOW)),
        (ACCEPTED, Reason.GAP_CLOSED, (ACCEPTED, Reason.IN_ORDER)),
    ):
        assert isinstance(levels.take(lower_leaf(log, FIRST, verdict, reason)), UpwardReply)
        assert mind(levels.centre, FIRST) == [told]
    assert [leaf.verdict for leaf in leaves(levels.centre)] == [ACCEPTED, EVIDENCE, ACCEPTED]
    made = again(GIVEN, levels.centre.ledger, CENTRE)
    assert made.report(FIRST.id) == levels.centre.ledger.report(FIRST.id)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (None, "must stand beside a hand count leaf, alone"),
        (b"\xa0", "hand_count: must be an array"),
        (counted(GIVEN, officers=()).to_bytes(), "is another hand count than the leaf commits to"),
        (SECOND.to_bytes(), "is another hand count than the leaf commits to"),
        (
            counted(GIVEN, officers=(1, 2)).to_bytes(),
            "is another hand count than the leaf commits to",
        ),
    ],
)
def test_a_leaf_without_its_count_is_not_taken_in(statement: bytes | None, told: str) -> None:
    levels = Counting()
    take(levels.lower, FIRST)
    batch = levels.batch()
    entry = replace(batch.entries[0], ruling=statement)
    fault = levels.take(replace(batch, entries=(entry,)))
    assert isinstance(fault, UpwardFault)
    assert (fault.field, fault.problem, fault.retry) == ("entries[0].ruling", told, False)


def test_a_count_that_nobody_signed_is_not_taken_in() -> None:
    levels = Counting()
    unsigned = counted(GIVEN, officers=())
    fault = levels.take(lower_leaf(LowerLog(GIVEN), unsigned, ACCEPTED, Reason.IN_ORDER))
    assert isinstance(fault, UpwardFault)
    assert (fault.problem, fault.retry) == ("cannot be taken: SIGNATURE", False)


def test_a_centre_with_an_older_register_asks_for_a_newer_one() -> None:
    levels = Counting()
    register = GIVEN.trusted.register
    left = Register(register.election, 2, register.boxes, register.gateways, register.officers[1:])
    levels.centre.intake.replace_register(with_register(GIVEN, left).trusted)
    take(levels.lower, FIRST)
    fault = levels.take(levels.batch())
    assert isinstance(fault, UpwardFault)
    assert fault.retry
