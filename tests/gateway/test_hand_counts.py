"""Is a count by hand kept once, beside all other versions, and as severe as everybody says?"""

from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_gateway.core.intake import CountOutcome, RulingResult
from ballotbox_gateway.core.ports import Damaged, DiskFull, Tally
from ballotbox_gateway.core.upward import UpwardBatch, UpwardEntry, UpwardFault, UpwardReply
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.election.register import Register, Role
from ballotbox_protocol.wire.hand_count import HAND_COUNT_MAX, HandCount
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.scene import Scene
from tests.gateway.scripted import (
    CENTRE,
    NOW,
    authority,
    binding,
    corrected,
    counted,
    intake,
    ruling,
)
from tests.gateway.test_replay import again, made_of

GIVEN = authority()
FIRST = counted(GIVEN)
SECOND = corrected(GIVEN, FIRST, lines=(("1", 104), ("1a", 4)))
THIRD = corrected(GIVEN, SECOND, options=(("votes", (60, 30, 10, Mark.ILLEGIBLE)),))
ACCEPTED, HELD = Verdict.ACCEPTED, Verdict.HELD
QUARANTINED, EVIDENCE = Verdict.QUARANTINED, Verdict.EVIDENCE


def take(scene: Scene, count: HandCount) -> CountOutcome:
    scene.now += 1
    return scene.intake.count_by_hand(count.to_bytes(), scene.now)


def mind(scene: Scene, *counts: HandCount) -> list[tuple[Verdict, Reason]]:
    rows = [scene.ledger.report(count.id) for count in counts]
    return [(row.verdict, row.reason) for row in rows if row is not None]


def leaves(scene: Scene) -> list[Leaf]:
    return [decode_leaf(leaf) for leaf in scene.ledger.leaves(0)]


def test_a_count_is_a_leaf_with_a_receipt() -> None:
    scene = Scene()
    outcome = take(scene, FIRST)
    assert (outcome.reason, outcome.new) == (Reason.IN_ORDER, True)
    (leaf,) = leaves(scene)
    assert (leaf.type, leaf.report, leaf.statement) == (
        LeafType.HAND_COUNT,
        FIRST.id,
        FIRST.digest,
    )
    (entry,) = scene.ledger.entries(0, 1)
    assert (entry.report, entry.ruling) == (None, FIRST.to_bytes())
    receipt = Receipt.from_bytes(outcome.receipt)
    assert isinstance(receipt, Receipt)
    proved = verify_receipt(receipt, GIVEN.trusted.register.gateway_keys)
    assert isinstance(proved, VerifiedReceipt)
    assert decode_leaf(proved.leaf) == leaf


def test_the_same_count_again_is_the_same_leaf() -> None:
    scene = Scene()
    before = take(scene, FIRST)
    for same in (FIRST, counted(GIVEN, officers=(1, 2))):
        outcome = take(scene, same)
        assert (outcome.new, outcome.receipt) == (False, before.receipt)
    assert scene.ledger.log_head().size == 1
    assert scene.ledger.entries(0, 1)[0].ruling == FIRST.to_bytes()


def test_corrections_append_and_may_lower_a_count() -> None:
    scene = Scene()
    for count in (FIRST, SECOND, THIRD):
        assert take(scene, count).reason is Reason.IN_ORDER
    assert SECOND.lines < FIRST.lines
    stored = [entry.ruling for entry in scene.ledger.entries(0, 3)]
    assert stored == [count.to_bytes() for count in (FIRST, SECOND, THIRD)]
    assert [leaf.verdict for leaf in leaves(scene)] == [ACCEPTED] * 3


def test_a_count_that_breaks_its_law_is_kept_and_can_be_corrected() -> None:
    scene = Scene()
    wrong = counted(GIVEN, lines=(("1", 106), ("1a", 5)))
    assert take(scene, wrong).reason is Reason.RELATION
    assert mind(scene, wrong) == [(QUARANTINED, Reason.RELATION)]
    right = corrected(GIVEN, wrong, lines=FIRST.lines)
    assert take(scene, right).reason is Reason.IN_ORDER
    assert mind(scene, wrong) == [(QUARANTINED, Reason.RELATION)]


def test_rivals_are_evidence_and_what_corrects_one_waits() -> None:
    scene = Scene()
    other = counted(GIVEN, lines=(("1", 104), ("1a", 4)))
    after = corrected(GIVEN, other)
    take(scene, FIRST)
    take(scene, SECOND)
    take(scene, other)
    take(scene, after)
    dispute = (EVIDENCE, Reason.SAME_SEQUENCE)
    waiting = (HELD, Reason.BOX_DISPUTED)
    assert mind(scene, FIRST, other, SECOND, after) == [dispute, dispute, waiting, waiting]
    told = [(leaf.report, leaf.verdict) for leaf in leaves(scene)]
    assert told == [
        (FIRST.id, ACCEPTED),
        (SECOND.id, ACCEPTED),
        (other.id, EVIDENCE),
        (FIRST.id, EVIDENCE),
        (SECOND.id, HELD),
        (after.id, HELD),
    ]


def test_two_corrections_of_one_version_are_rivals() -> None:
    scene = Scene()
    other = corrected(GIVEN, FIRST, "counted again")
    for count in (FIRST, SECOND, other):
        take(scene, count)
    dispute = (EVIDENCE, Reason.SAME_SEQUENCE)
    assert mind(scene, FIRST, SECOND, other) == [(ACCEPTED, Reason.IN_ORDER), dispute, dispute]


def test_a_correction_waits_for_what_it_corrects() -> None:
    scene = Scene()
    assert take(scene, THIRD).reason is Reason.GAP_BEFORE
    assert take(scene, SECOND).reason is Reason.GAP_BEFORE
    take(scene, FIRST)
    closed = (ACCEPTED, Reason.GAP_CLOSED)
    assert mind(scene, FIRST, SECOND, THIRD) == [(ACCEPTED, Reason.IN_ORDER), closed, closed]


def test_a_correction_has_the_next_number() -> None:
    scene = Scene()
    far = corrected(GIVEN, FIRST, version=3)
    assert take(scene, far).reason is Reason.GAP_BEFORE
    take(scene, FIRST)
    assert mind(scene, far) == [(QUARANTINED, Reason.CORRECTS)]
    take(scene, SECOND)
    assert mind(scene, SECOND) == [(ACCEPTED, Reason.IN_ORDER)], "it is no rival"
    after = corrected(GIVEN, far)
    assert take(scene, after).reason is Reason.GAP_BEFORE


def test_what_officers_without_the_right_sign_competes_with_nothing() -> None:
    scene = Scene()
    alone = counted(GIVEN, officers=(0,), lines=(("1", 104), ("1a", 4)))
    assert take(scene, alone).reason is Reason.OFFICERS
    take(scene, FIRST)
    assert mind(scene, alone, FIRST) == [
        (QUARANTINED, Reason.OFFICERS),
        (ACCEPTED, Reason.IN_ORDER),
    ]
    assert take(scene, corrected(GIVEN, alone)).reason is Reason.GAP_BEFORE


ALONE = counted(GIVEN, officers=(0,))


def test_what_one_officer_signed_counts_once_two_have() -> None:
    """The numbers, and so the id, are the same: nobody can keep a count out by signing it first."""
    scene = Scene()
    assert take(scene, ALONE).reason is Reason.OFFICERS
    outcome = take(scene, FIRST)
    assert (outcome.reason, outcome.new) == (Reason.IN_ORDER, True)
    receipt = Receipt.from_bytes(outcome.receipt)
    assert isinstance(receipt, Receipt)
    assert decode_leaf(receipt.leaf) == leaves(scene)[1]
    assert [(leaf.verdict, leaf.statement) for leaf in leaves(scene)] == [
        (QUARANTINED, ALONE.digest),
        (ACCEPTED, FIRST.digest),
    ]
    stored = [entry.ruling for entry in scene.ledger.entries(0, 2)]
    assert stored == [ALONE.to_bytes(), FIRST.to_bytes()]
    for late in (ALONE, FIRST, counted(GIVEN, officers=(1, 2))):
        assert (take(scene, late).new, scene.ledger.log_head().size) == (False, 2)


def test_the_same_signatures_count_once_their_officers_may_sign() -> None:
    scene = Scene()
    register = GIVEN.trusted.register
    officers = tuple(replace(each, roles=each.roles & ~Role.POLL) for each in register.officers)
    fewer = Register(register.election, 2, register.boxes, register.gateways, officers)
    scene.intake.replace_register(with_register(GIVEN, fewer).trusted)
    assert take(scene, FIRST).reason is Reason.OFFICERS
    whole = Register(register.election, 3, register.boxes, register.gateways, register.officers)
    scene.intake.replace_register(with_register(GIVEN, whole).trusted)
    assert take(scene, FIRST).reason is Reason.IN_ORDER
    made = again(GIVEN, scene.ledger)
    assert made.report(FIRST.id) == scene.ledger.report(FIRST.id)


def test_what_is_wrong_with_it_is_told_once_two_have_signed() -> None:
    scene = Scene()
    for officers, reason in (((0,), Reason.OFFICERS), ((0, 1), Reason.RELATION)):
        wrong = counted(GIVEN, officers, lines=(("1", 106), ("1a", 5)))
        assert take(scene, wrong).reason is reason
    assert [(leaf.verdict, leaf.reason) for leaf in leaves(scene)] == [
        (QUARANTINED, Reason.OFFICERS),
        (QUARANTINED, Reason.RELATION),
    ]


def test_what_two_have_signed_by_now_is_a_rival_and_can_be_corrected() -> None:
    scene = Scene()
    other = counted(GIVEN, lines=(("1", 104), ("1a", 4)))
    after = corrected(GIVEN, FIRST)
    for count in (ALONE, after, FIRST):
        take(scene, count)
    assert mind(scene, FIRST, after) == [(ACCEPTED, Reason.IN_ORDER), (ACCEPTED, Reason.GAP_CLOSED)]
    take(scene, other)
    dispute = (EVIDENCE, Reason.SAME_SEQUENCE)
    assert mind(scene, FIRST, other, after) == [dispute, dispute, (HELD, Reason.BOX_DISPUTED)]
    beside = [entry.ruling for entry in scene.ledger.entries(0, 7)]
    assert [leaf.report for leaf in leaves(scene)][4:] == [other.id, FIRST.id, after.id]
    assert beside[5] == FIRST.to_bytes(), "what both officers signed stands beside each later leaf"
    made = again(GIVEN, scene.ledger)
    for each in (FIRST, other, after):
        assert made.report(each.id) == scene.ledger.report(each.id)


def test_other_stations_and_contests_have_versions_of_their_own() -> None:
    scene = Scene()
    elsewhere = counted(GIVEN, precinct=GIVEN.trusted.election.precincts[1].number)
    council = counted(GIVEN, contest=2, options=(("votes", (310, 0, 0, 0, 0, 0, 0)),))
    for count in (FIRST, elsewhere, council):
        assert take(scene, count).reason is Reason.IN_ORDER


UNVOUCHED: dict[Reason, bytes] = {
    Reason.SIZE: bytes(HAND_COUNT_MAX + 1),
    Reason.BODY: b"\xa0",
    Reason.OTHER_ELECTION: counted(GIVEN, election=bytes(32)).to_bytes(),
    Reason.SIGNATURE: counted(GIVEN, officers=()).to_bytes(),
    Reason.OLD_REGISTER: replace(
        FIRST, signatures=(replace(FIRST.signatures[0], key_id=bytes(8)),)
    ).to_bytes(),
}


@pytest.mark.parametrize("reason", UNVOUCHED)
def test_what_nobody_vouches_for_has_no_leaf_and_leaves_a_sample(reason: Reason) -> None:
    scene = Scene()
    data = UNVOUCHED[reason]
    assert scene.intake.count_by_hand(data, NOW) == CountOutcome(None, reason)
    assert scene.ledger.log_head().size == 0
    (sample,) = scene.ledger.unauthentic()
    assert (sample.digest, sample.reason) == (sha256(data).digest(), reason)
    assert scene.ledger.counts() == {(Tally.UNAUTHENTIC, reason): 1}


def test_nobody_releases_a_count() -> None:
    scene = Scene()
    wrong = counted(GIVEN, lines=(("1", 106), ("1a", 5)))
    take(scene, wrong)
    signed = ruling(GIVEN, RulingKind.RELEASE, wrong.id)
    assert scene.intake.rule(signed, NOW).result is RulingResult.NOT_RELEASABLE


def test_boxes_and_counts_leave_each_other_alone() -> None:
    alone, both = Scene().until(ReportKind.FINAL), Scene()
    both.until(ReportKind.OPEN)
    take(both, FIRST)
    both.send(ReportKind.TURNOUT, accept=10)
    take(both, SECOND)
    for kind in (ReportKind.CLOSE, ReportKind.FINAL):
        both.send(kind)
    heads = [head._replace(last=b"") for head in both.ledger.box_heads()]
    assert [head.box for head in heads] == [both.box.box]
    assert heads[0].facts.counters == alone.ledger.box_heads()[0].facts.counters
    assert both.ledger.log_head().size == alone.ledger.log_head().size + 2


family = st.permutations(range(6))


@settings(max_examples=60, deadline=None)
@given(family)
def test_where_each_stands_does_not_follow_from_the_order(order: list[int]) -> None:
    """Two versions 1, of one of them two corrections, and what follows one of these."""
    other = counted(GIVEN, lines=(("1", 104), ("1a", 4)), precinct=FIRST.precinct)
    versions = [
        FIRST,
        SECOND,
        THIRD,
        corrected(GIVEN, SECOND, "another reason"),
        corrected(GIVEN, FIRST, version=4),
        other,
    ]
    scene = Scene()
    for at in order:
        take(scene, versions[at])
        assert scene.ledger.report(versions[at].id) is not None
    verdicts = [verdict for verdict, _ in mind(scene, *versions)]
    assert verdicts == [EVIDENCE, HELD, EVIDENCE, EVIDENCE, QUARANTINED, EVIDENCE]
    made = again(GIVEN, scene.ledger)
    for each in versions:
        assert made.report(each.id) == scene.ledger.report(each.id)


def test_a_ledger_made_again_keeps_what_another_law_would_not_say() -> None:
    """The law is no longer in use, and the officers have left."""
    scene = Scene()
    wrong = counted(GIVEN, lines=(("1", 106), ("1a", 5)))
    for count in (wrong, corrected(GIVEN, wrong, lines=FIRST.lines)):
        take(scene, count)
    register = GIVEN.trusted.register
    left = Register(register.election, 2, register.boxes, register.gateways, ())
    entries = scene.ledger.entries(0, 2)
    new = made_of(entries, with_register(GIVEN, left))
    assert new.log_head() == scene.ledger.log_head()
    assert new.report(wrong.id) == scene.ledger.report(wrong.id)
    with pytest.raises(Damaged, match="the count of leaf 0 is none"):
        made_of([entries[0]._replace(ruling=b"\xa0")])


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


def test_a_restart_finds_what_was_counted() -> None:
    scene = Scene()
    take(scene, FIRST)
    scene.intake = intake(scene.given, scene.ledger)
    assert take(scene, FIRST).new is False
    assert take(scene, SECOND).reason is Reason.IN_ORDER


def test_nothing_is_said_before_it_is_durable() -> None:
    scene = Scene()
    failing = FailingLedger(scene.ledger)
    scene.intake = intake(scene.given, failing)
    failing.fault = Fault.DISK_FULL
    with pytest.raises(DiskFull):
        take(scene, FIRST)
    assert scene.ledger.log_head().size == 0
    assert take(scene, FIRST).new is True
    assert scene.ledger.log_head().size == 1


def test_a_file_holds_them_whole_and_names_what_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    create(path, binding(GIVEN.trusted))
    with closing(open_ledger(path)) as ledger:
        gateway = intake(GIVEN, ledger)
        for count in (FIRST, SECOND, THIRD):
            gateway.count_by_hand(count.to_bytes(), NOW)
        ledger.require_whole()
    with closing(open_ledger(path)) as ledger:
        ledger.require_whole()
        assert ledger.entries(1, 2)[0].ruling == SECOND.to_bytes()
    other = corrected(GIVEN, FIRST, "otherwise").to_bytes()
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE leaves SET ruling = ? WHERE position = 1", (other,))
    with closing(open_ledger(path)) as ledger, pytest.raises(Damaged, match="beside leaf 1 has"):
        ledger.require_whole()


def test_a_file_keeps_the_signatures_that_were_good_enough(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    create(path, binding(GIVEN.trusted))
    with closing(open_ledger(path)) as ledger:
        gateway = intake(GIVEN, ledger)
        for count in (ALONE, FIRST):
            gateway.count_by_hand(count.to_bytes(), NOW)
    with closing(open_ledger(path)) as ledger:
        ledger.require_whole()
        other = counted(GIVEN, lines=(("1", 104), ("1a", 4)))
        intake(GIVEN, ledger).count_by_hand(other.to_bytes(), NOW)
        beside = [entry.ruling for entry in ledger.entries(0, 4)]
        assert beside == [each.to_bytes() for each in (ALONE, FIRST, other, FIRST)]
        ledger.require_whole()
