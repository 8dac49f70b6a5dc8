"""Two officers release or name; nobody else does, and nothing else is changed by it."""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.head import Facts
from ballotbox_gateway.core.intake import Outcome, RulingOutcome, RulingResult
from ballotbox_gateway.core.ports import Place
from ballotbox_protocol.election.identifiers import NO_REPORT
from ballotbox_protocol.election.register import Officer, Register, Role
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import JournalHead, ReportKind, decode_report
from ballotbox_protocol.wire.statements import STATEMENT_MAX, Ruling, RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.proofs import receipted, resend_of
from tests.gateway.scene import Scene
from tests.gateway.scripted import ORIGIN, ScriptedBox, report_id, ruling

K = ReportKind
RELEASE, NAME = RulingKind.RELEASE, RulingKind.NAME


def rule(scene: Scene, kind: RulingKind, message: bytes, officers: tuple = (0, 1)) -> RulingOutcome:
    return scene.intake.rule(ruling(scene.given, kind, report_id(message), officers), scene.now)


def quarantined(scene: Scene) -> bytes:
    message = scene.box.report(K.INCIDENT, firmware=bytes(32))
    assert scene.answer(message).outcome is Outcome.QUARANTINED
    return message


def rivals(scene: Scene, kind: ReportKind = K.TURNOUT) -> tuple[bytes, bytes]:
    """Deliver two reports of one sequence; the box remembers the first."""
    rival = scene.box.forge(kind, journal=JournalHead(90, bytes(32)))
    first = scene.box.report(kind)
    scene.admit(first, rival)
    return first, rival


def test_release_is_a_leaf_with_the_ruling_beside_it_and_a_new_receipt() -> None:
    scene = Scene()
    message = quarantined(scene)
    outcome = rule(scene, RELEASE, message)
    assert outcome.result is RulingResult.APPLIED
    ((box, receipt),) = outcome.also
    assert box == scene.box.box
    assert receipted(scene.given, receipt) == (report_id(message), Verdict.ACCEPTED)
    (entry,) = scene.ledger.entries(1, 2)
    assert entry.ruling == ruling(scene.given, RELEASE, report_id(message))
    assert entry.report is None
    assert scene.answer(message).message == receipt


def test_release_of_what_is_accepted_changes_nothing() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    scene.admit(message)
    assert rule(scene, RELEASE, message).result is RulingResult.ALREADY
    assert scene.ledger.log_head().size == 1


@pytest.mark.parametrize("officers", [(), (0,), (0, 0), (0, 1, 1), (0, 3), (0, 1, 3)])
def test_ruling_takes_two_different_officers_and_no_one_else(officers: tuple[int, ...]) -> None:
    scene = Scene()
    message = quarantined(scene)
    stranger = replace(scene.given, officer_keys=(*scene.given.officer_keys, scene.box.key))
    bytes_ = ruling(stranger, RELEASE, report_id(message), officers)
    assert scene.intake.rule(bytes_, scene.now).result is RulingResult.OFFICERS
    assert scene.row(message).verdict is Verdict.QUARANTINED


@pytest.mark.parametrize(
    "changes", [{"roles": Role.POLL | Role.ELEVATED}, {"precinct": 2}], ids=["role", "precinct"]
)
def test_ruling_takes_officers_of_that_role_and_precinct(changes: dict[str, object]) -> None:
    scene = Scene()
    message = quarantined(scene)
    register = scene.given.trusted.register
    officers: list[Officer] = [
        replace(each, **changes) if at == 1 else each for at, each in enumerate(register.officers)
    ]
    officers[2] = replace(officers[2], precinct=register.boxes[0].precinct)
    amended = Register(register.election, 2, register.boxes, register.gateways, tuple(officers))
    scene.intake.replace_register(with_register(scene.given, amended).trusted)
    assert rule(scene, RELEASE, message).result is RulingResult.OFFICERS
    assert rule(scene, RELEASE, message, (0, 2)).result is RulingResult.APPLIED


@pytest.mark.parametrize("data", [b"", b"\xa0", bytes(STATEMENT_MAX + 1)])
def test_what_is_no_ruling_is_malformed(data: bytes) -> None:
    assert Scene().intake.rule(data, 1).result is RulingResult.MALFORMED


def test_ruling_of_another_election_or_an_unknown_report_says_so() -> None:
    scene = Scene()
    message = quarantined(scene)
    other = Ruling(bytes(32), RELEASE, report_id(message)).to_bytes()
    assert scene.intake.rule(other, 1).result is RulingResult.OTHER_ELECTION
    unknown = ruling(scene.given, RELEASE, bytes(32))
    outcome = scene.intake.rule(unknown, 1)
    assert outcome.result is RulingResult.UNKNOWN_REPORT
    assert "check the id" in outcome.explanation


def held_final() -> tuple[Scene, bytes, bytes]:
    """A final that waits for one turnout report: the scene, that report and the final."""
    scene = Scene().until(K.OPEN)
    missing = scene.box.report(K.TURNOUT, accept=10)
    scene.admit(scene.box.report(K.CLOSE))
    final = scene.box.report(K.FINAL)
    assert scene.answer(final).reason is Reason.GAP_BEFORE
    return scene, missing, final


def test_held_final_is_released_once_while_its_gap_is_open() -> None:
    scene, missing, final = held_final()
    assert rule(scene, RELEASE, final).result is RulingResult.APPLIED
    receipt = scene.answer(final).message
    scene.admit(missing)
    assert scene.answer(final).message == receipt
    head = scene.ledger.box_head(scene.box.box)
    assert (head.sequence, head.waiting) == (5, 0)
    assert scene.send(K.INCIDENT).reason is Reason.IN_ORDER


def test_held_final_that_the_gap_accepted_needs_no_release() -> None:
    scene, missing, final = held_final()
    scene.admit(missing)
    assert scene.row(final).reason is Reason.GAP_CLOSED
    assert rule(scene, RELEASE, final).result is RulingResult.ALREADY


def test_final_inside_the_gap_of_a_released_one_does_not_count() -> None:
    scene = Scene().until(K.CLOSE)
    box = ScriptedBox(scene.given, 1, last=scene.box.last, last_id=scene.box.last_id)
    first = box.report(K.FINAL)
    second = box.forge(K.FINAL)
    scene.admit(second)
    rule(scene, RELEASE, second)
    assert scene.answer(first).reason is Reason.KIND_ORDER
    assert scene.row(second).verdict is Verdict.ACCEPTED


def test_second_final_cannot_be_released() -> None:
    scene = Scene().until(K.FINAL)
    second = scene.box.report(K.FINAL)
    assert scene.answer(second).reason is Reason.KIND_ORDER
    assert rule(scene, RELEASE, second).result is RulingResult.NOT_RELEASABLE


def test_nothing_is_built_on_a_word_in_quarantine_until_it_is_released() -> None:
    scene = Scene().until(K.BOOT)
    zero = scene.box.report(K.ZERO, firmware=bytes(32))
    scene.admit(zero)
    assert scene.send(K.OPEN).reason is Reason.KIND_ORDER
    scene = Scene().until(K.BOOT)
    scene.admit(zero := scene.box.report(K.ZERO, firmware=bytes(32)))
    rule(scene, RELEASE, zero)
    assert scene.send(K.OPEN).reason is Reason.IN_ORDER
    assert scene.ledger.box_head(scene.box.box).facts.lifetime_at_zero == 100


def test_release_of_an_old_report_does_not_turn_back_the_ratchets() -> None:
    scene = Scene().until(K.OPEN)
    old = quarantined(scene)
    assert scene.send(K.BOOT).outcome is Outcome.ACCEPTED
    rule(scene, RELEASE, old)
    assert scene.ledger.box_head(scene.box.box).facts.boot == 2


def test_correction_released_late_is_the_one_that_counts() -> None:
    scene = Scene().until(K.FINAL)
    final = scene.box.last_id
    correction = scene.box.report(K.CORRECTION, corrects=final, firmware=bytes(32))
    assert scene.answer(correction).reason is Reason.FIRMWARE
    assert scene.send(K.INCIDENT).outcome is Outcome.ACCEPTED
    rule(scene, RELEASE, correction)
    facts = scene.ledger.box_head(scene.box.box).facts
    assert (facts.final, facts.correction) == (final, report_id(correction))
    assert scene.send(K.CORRECTION, corrects=report_id(correction)).reason is Reason.IN_ORDER


def test_correction_released_late_does_not_count_before_a_later_one() -> None:
    scene = Scene().until(K.FINAL)
    final = scene.box.last_id
    late = scene.box.report(K.CORRECTION, corrects=final, firmware=bytes(32))
    scene.admit(late)
    assert scene.send(K.CORRECTION, corrects=final).reason is Reason.IN_ORDER
    rule(scene, RELEASE, late)
    facts = scene.ledger.box_head(scene.box.box).facts
    assert (facts.correction, facts.correction_sequence) == (scene.box.last_id, 7)


def test_corrections_released_in_the_wrong_order_count_by_their_sequence() -> None:
    scene = Scene().until(K.FINAL)
    final = scene.box.last_id
    early, late = (
        scene.box.report(K.CORRECTION, corrects=final, firmware=bytes(32)) for _ in range(2)
    )
    scene.admit(early, late)
    scene.send(K.INCIDENT)
    for each in (late, early):
        assert rule(scene, RELEASE, each).result is RulingResult.APPLIED
    facts = scene.ledger.box_head(scene.box.box).facts
    assert (facts.correction, facts.correction_sequence) == (report_id(late), 7)


def test_ordinary_word_released_late_changes_no_fact() -> None:
    scene = Scene().until(K.BOOT)
    old = quarantined(scene)
    scene.send(K.INCIDENT)
    before = scene.ledger.box_head(scene.box.box).facts
    rule(scene, RELEASE, old)
    assert scene.ledger.box_head(scene.box.box).facts == before


def test_second_zero_report_released_late_does_not_move_the_lifetime() -> None:
    scene = Scene().until(K.ZERO)
    second = scene.box.report(K.ZERO, counters=scene.counters(lifetime=200))
    assert scene.answer(second).outcome is Outcome.QUARANTINED
    scene.box.last = replace(scene.box.last, counters=scene.counters(lifetime=100))
    assert scene.send(K.OPEN).reason is Reason.IN_ORDER
    rule(scene, RELEASE, second)
    assert scene.ledger.box_head(scene.box.box).facts.lifetime_at_zero == 100


def test_zero_report_released_late_sets_what_the_lifetime_counts_from() -> None:
    scene = Scene().until(K.BOOT)
    zero = scene.box.report(K.ZERO, firmware=bytes(32))
    opened = scene.box.report(K.OPEN)
    assert [each.outcome for each in scene.admit(zero, opened).answers] == [Outcome.QUARANTINED] * 2
    rule(scene, RELEASE, opened)
    rule(scene, RELEASE, zero)
    assert scene.send(K.TURNOUT, accept=1).reason is Reason.IN_ORDER
    cheat = scene.counters(lifetime=scene.counters().lifetime + 1)
    assert scene.send(K.TURNOUT, counters=cheat).reason is Reason.LAW_LIFETIME


def test_dispute_holds_what_comes_later_until_one_is_named() -> None:
    scene = Scene().until(K.OPEN)
    first, _ = rivals(scene)
    later = scene.box.report(K.TURNOUT)
    assert scene.answer(later).reason is Reason.BOX_DISPUTED
    assert rule(scene, RELEASE, later).result is RulingResult.NOT_RELEASABLE
    outcome = rule(scene, NAME, first)
    assert outcome.result is RulingResult.APPLIED
    told = [receipted(scene.given, message) for _, message in outcome.also]
    assert told == [(report_id(first), Verdict.ACCEPTED), (report_id(later), Verdict.ACCEPTED)]


def test_naming_the_rival_sets_aside_what_was_built_on_the_other() -> None:
    scene = Scene().until(K.OPEN)
    twin = ScriptedBox(scene.given, 1, last=scene.box.last, last_id=scene.box.last_id)
    mine = [scene.box.report(K.TURNOUT, accept=5), scene.box.report(K.TURNOUT, accept=5)]
    other = [twin.report(K.TURNOUT, accept=1), twin.report(K.TURNOUT, accept=1)]
    scene.admit(*mine, other[0])
    assert rule(scene, NAME, other[0]).result is RulingResult.APPLIED
    # The counters of the abandoned branch are higher: facts must be those of the named one.
    assert scene.answer(other[1]).reason is Reason.IN_ORDER
    assert [scene.row(each).verdict for each in mine] == [Verdict.EVIDENCE, Verdict.QUARANTINED]
    assert scene.row(mine[1]).reason is Reason.PREVIOUS
    assert rule(scene, RELEASE, mine[1]).result is RulingResult.NOT_RELEASABLE
    third = scene.box.report(K.TURNOUT)
    assert scene.answer(third).reason is Reason.PREVIOUS
    assert scene.answer(twin.report(K.TURNOUT)).reason is Reason.IN_ORDER


def test_followers_of_the_branch_that_lost_are_set_aside_when_the_dispute_ends() -> None:
    scene = Scene().until(K.OPEN)
    quarantined(scene)
    twin = ScriptedBox(scene.given, 1, last=scene.box.last, last_id=scene.box.last_id)
    other = [twin.report(K.TURNOUT, accept=1), twin.report(K.TURNOUT, accept=1)]
    scene.admit(scene.box.report(K.TURNOUT), other[0])
    mine = scene.box.report(K.TURNOUT)
    scene.admit(mine)
    rule(scene, NAME, other[0])
    assert (scene.row(mine).verdict, scene.row(mine).reason) == (
        Verdict.QUARANTINED,
        Reason.PREVIOUS,
    )
    assert scene.answer(other[1]).reason is Reason.IN_ORDER


def test_followers_of_the_named_one_that_came_while_its_rival_stood_take_their_place() -> None:
    """A forged report came first, and the box's own in the wrong order, twice in one day."""
    scene = Scene().until(K.OPEN)
    for _ in range(2):
        forger = ScriptedBox(scene.given, 1, last=scene.box.last, last_id=scene.box.last_id)
        forged = forger.report(K.TURNOUT, accept=1)
        mine = [scene.box.report(K.TURNOUT, accept=5) for _ in range(3)]
        scene.admit(forged)
        assert scene.answer(mine[1]).reason is Reason.PREVIOUS
        scene.admit(mine[0], mine[2])
        assert rule(scene, NAME, mine[0]).result is RulingResult.APPLIED
        assert [scene.row(each).verdict for each in mine] == [Verdict.ACCEPTED] * 3
        assert scene.row(forged).verdict is Verdict.EVIDENCE
        assert scene.send(K.TURNOUT, accept=2).reason is Reason.IN_ORDER


def test_naming_back_and_forth_keeps_what_officers_spoke_for() -> None:
    scene = Scene().until(K.OPEN)
    early = scene.box.forge(K.TURNOUT, accept=1)
    scene.admit(scene.box.report(K.TURNOUT))
    released = quarantined(scene)
    rule(scene, RELEASE, released)
    late, late_rival = rivals(scene)
    scene.admit(early)
    rule(scene, NAME, late)
    rule(scene, NAME, early)
    head = scene.ledger.box_head(scene.box.box)
    assert (head.sequence, head.disputed, head.waiting) == (5, 0, 0)
    assert scene.row(released).verdict is Verdict.ACCEPTED
    assert scene.row(late).verdict is Verdict.ACCEPTED
    assert scene.row(late_rival).verdict is Verdict.EVIDENCE


def test_what_officers_spoke_for_waits_until_the_named_branch_comes_to_it() -> None:
    scene = Scene().until(K.OPEN)
    twin = ScriptedBox(scene.given, 1, last=scene.box.last, last_id=scene.box.last_id)
    scene.send(K.TURNOUT)
    scene.send(K.TURNOUT)
    released = quarantined(scene)
    rule(scene, RELEASE, released)
    named, following = twin.report(K.TURNOUT, accept=1), twin.report(K.TURNOUT)
    scene.admit(named)
    rule(scene, NAME, named)
    head = scene.ledger.box_head(scene.box.box)
    assert (head.sequence, head.waiting, scene.row(released).place) == (3, 1, Place.WAITING)
    scene.admit(following)
    head = scene.ledger.box_head(scene.box.box)
    assert (head.sequence, head.waiting, scene.row(released).place) == (5, 0, Place.CHAIN)


def test_facts_after_a_naming_are_those_below_it_and_the_named_word() -> None:
    scene = Scene().until(K.FINAL)
    scene.send(K.CORRECTION, corrects=scene.box.last_id, firmware=bytes(32))
    before = scene.ledger.box_head(scene.box.box).facts
    named = scene.box.forge(K.INCIDENT, journal=JournalHead(90, bytes(32)))
    scene.send(K.INCIDENT)
    scene.send(K.BOOT)
    scene.admit(named)
    assert rule(scene, NAME, named).result is RulingResult.APPLIED
    word = decode_report(cose.parse(named).payload)
    assert scene.ledger.box_head(scene.box.box).facts == before.after(word, report_id(named))


def test_naming_what_came_first_leaves_what_was_built_on_it() -> None:
    scene = Scene().until(K.OPEN)
    rival = scene.box.forge(K.TURNOUT, accept=1)
    first, later = scene.box.report(K.TURNOUT), scene.box.report(K.TURNOUT)
    scene.admit(first, later, rival)
    size = scene.ledger.log_head().size
    rule(scene, NAME, first)
    assert scene.row(later).reason is Reason.IN_ORDER
    assert scene.ledger.log_head().size == size + 1
    assert scene.ledger.box_head(scene.box.box).last == report_id(later)


def test_third_rival_opens_a_settled_dispute_again() -> None:
    scene = Scene().until(K.OPEN)
    third = scene.box.forge(K.TURNOUT, accept=2)
    first, _ = rivals(scene)
    rule(scene, NAME, first)
    assert scene.answer(third).outcome is Outcome.EVIDENCE
    assert scene.row(first).verdict is Verdict.EVIDENCE
    assert scene.ledger.box_head(scene.box.box).disputed == 1


def test_third_rival_joins_an_open_dispute() -> None:
    scene = Scene().until(K.OPEN)
    third = scene.box.forge(K.TURNOUT, accept=2)
    first, rival = rivals(scene)
    assert scene.answer(third).outcome is Outcome.EVIDENCE
    assert scene.ledger.box_head(scene.box.box).disputed == 1
    assert rule(scene, NAME, rival).result is RulingResult.APPLIED
    verdicts = [scene.row(each).verdict for each in (first, rival, third)]
    assert verdicts == [Verdict.EVIDENCE, Verdict.ACCEPTED, Verdict.EVIDENCE]


def test_only_evidence_of_an_open_dispute_can_be_named() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    scene.admit(message)
    assert rule(scene, NAME, message).result is RulingResult.NOT_DISPUTED
    first, rival = rivals(scene, K.ZERO)
    assert rule(scene, NAME, first).result is RulingResult.APPLIED
    assert rule(scene, NAME, first).result is RulingResult.ALREADY
    assert rule(scene, NAME, rival).result is RulingResult.NOT_DISPUTED
    assert rule(scene, RELEASE, rival).result is RulingResult.NOT_RELEASABLE


def test_rivals_beyond_a_gap_wait_for_both() -> None:
    scene = Scene().until(K.ZERO)
    missing = scene.box.report(K.OPEN)
    first, rival = rivals(scene)
    assert scene.answer(missing).reason is Reason.BOX_DISPUTED
    outcome = rule(scene, NAME, rival)
    assert outcome.result is RulingResult.APPLIED
    assert scene.row(missing).reason is Reason.GAP_CLOSED
    assert scene.row(first).verdict is Verdict.EVIDENCE
    assert scene.ledger.box_head(scene.box.box).last == report_id(rival)


def test_naming_asks_for_what_is_still_missing() -> None:
    scene = Scene().until(K.ZERO)
    scene.box.report(K.OPEN)
    first, _ = rivals(scene)
    scene.now += 60
    message = rule(scene, NAME, first).also[-1][1]
    assert resend_of(scene.given, message, ORIGIN).sequence == 2


def test_final_whose_rival_is_named_no_longer_counts() -> None:
    scene = Scene().until(K.OPEN)
    scene.box.report(K.CLOSE)
    rival = scene.box.forge(K.INCIDENT)
    final = scene.box.report(K.FINAL)
    scene.admit(final)
    rule(scene, RELEASE, final)
    scene.admit(rival)
    assert rule(scene, NAME, rival).result is RulingResult.APPLIED
    assert scene.ledger.box_head(scene.box.box).facts.final == NO_REPORT
    assert scene.row(final).verdict is Verdict.EVIDENCE


def named_beyond_a_gap(scene: Scene, released: bytes, rival: bytes) -> Facts:
    """Release a report that waits, name its rival, and return what is believed then."""
    scene.admit(released)
    assert rule(scene, RELEASE, released).result is RulingResult.APPLIED
    scene.admit(rival)
    assert rule(scene, NAME, rival).result is RulingResult.APPLIED
    return scene.ledger.box_head(scene.box.box).facts


@pytest.mark.parametrize("kind", [K.CORRECTION, K.INCIDENT])
def test_released_correction_whose_rival_is_named_no_longer_counts(kind: ReportKind) -> None:
    scene = Scene().until(K.FINAL)
    final = scene.box.last_id
    first = scene.box.report(K.CORRECTION, corrects=final)
    scene.admit(first)
    scene.box.report(K.INCIDENT)
    again = {"corrects": report_id(first)}
    changes = {"journal": JournalHead(90, bytes(32))} | (again if kind is K.CORRECTION else {})
    rival = scene.box.forge(kind, **changes)
    facts = named_beyond_a_gap(scene, scene.box.report(K.CORRECTION, **again), rival)
    counts = rival if kind is K.CORRECTION else first
    assert (facts.final, facts.correction) == (final, report_id(counts))


def test_lifetime_of_a_released_zero_report_whose_rival_is_named_no_longer_counts() -> None:
    scene = Scene().until(K.BOOT)
    scene.box.report(K.INCIDENT)
    rival = scene.box.forge(K.ZERO, counters=scene.counters(lifetime=200))
    facts = named_beyond_a_gap(scene, scene.box.report(K.ZERO), rival)
    assert facts.lifetime_at_zero == 200


def test_naming_never_makes_a_second_final() -> None:
    scene = Scene().until(K.FINAL)
    first, _ = rivals(scene, K.FINAL)
    assert rule(scene, NAME, first).result is RulingResult.NOT_RELEASABLE
    scene = Scene().until(K.CLOSE)
    first, rival = rivals(scene, K.FINAL)
    assert rule(scene, NAME, rival).result is RulingResult.APPLIED
    assert scene.ledger.box_head(scene.box.box).facts.final == report_id(rival)


def test_named_final_counts_in_place_of_one_that_its_branch_leaves_behind() -> None:
    scene = Scene().until(K.CLOSE)
    rival = scene.box.forge(K.FINAL)
    scene.send(K.INCIDENT)
    final = scene.box.report(K.FINAL)
    scene.admit(final, rival)
    assert rule(scene, NAME, rival).result is RulingResult.APPLIED
    assert scene.row(final).reason is Reason.PREVIOUS
    assert scene.ledger.box_head(scene.box.box).facts.final == report_id(rival)


def test_naming_a_quarantined_rival_makes_its_word_believed() -> None:
    scene = Scene().until(K.ZERO)
    bad = scene.box.report(K.OPEN, firmware=bytes(32))
    rival = scene.box.forge(K.TURNOUT, sequence=2)
    scene.admit(bad, rival)
    rule(scene, NAME, bad)
    assert scene.send(K.TURNOUT).reason is Reason.IN_ORDER


@pytest.mark.parametrize("released", [True, False])
def test_final_beyond_a_branch_counts_only_if_it_was_released(*, released: bool) -> None:
    scene = Scene().until(K.OPEN)
    rival = scene.box.forge(K.TURNOUT, accept=1)
    scene.admit(scene.box.report(K.TURNOUT))
    scene.box.report(K.CLOSE)
    final = scene.box.report(K.FINAL)
    scene.admit(final)
    if released:
        rule(scene, RELEASE, final)
    scene.admit(rival)
    rule(scene, NAME, rival)
    counts = report_id(final) if released else NO_REPORT
    assert scene.ledger.box_head(scene.box.box).facts.final == counts
    assert scene.row(final).verdict is (Verdict.ACCEPTED if released else Verdict.HELD)


# While other sequences are disputed too


def test_released_final_still_counts_when_a_rival_beyond_it_is_named() -> None:
    scene = Scene().until(K.TURNOUT)
    early = scene.box.forge(K.CLOSE, journal=JournalHead(90, bytes(32)))
    scene.send(K.CLOSE)
    final = scene.box.report(K.FINAL, firmware=bytes(32))
    scene.admit(final)
    rule(scene, RELEASE, final)
    _, named = rivals(scene, K.INCIDENT)
    second = scene.box.forge(K.FINAL)
    scene.admit(scene.box.report(K.INCIDENT), second, early)
    for each in (early, named):
        assert rule(scene, NAME, each).result is RulingResult.APPLIED
        head = scene.ledger.box_head(scene.box.box)
        assert (head.facts.final, head.facts.sequence, head.sequence) == (report_id(final), 4, 4)
    assert rule(scene, NAME, second).result is RulingResult.NOT_RELEASABLE


@pytest.mark.parametrize("released", [True, False])
def test_final_that_has_a_rival_does_not_count_beyond_a_branch(*, released: bool) -> None:
    scene = Scene().until(K.TURNOUT)
    early = scene.box.forge(K.CLOSE, journal=JournalHead(90, bytes(32)))
    scene.send(K.CLOSE)
    rival = scene.box.forge(K.INCIDENT)
    final = scene.box.report(K.FINAL, **({"firmware": bytes(32)} if released else {}))
    scene.admit(final)
    if released:
        assert rule(scene, RELEASE, final).result is RulingResult.APPLIED
    scene.admit(rival, early)
    assert rule(scene, NAME, early).result is RulingResult.APPLIED
    assert scene.row(final).place is Place.WAITING
    assert scene.ledger.box_head(scene.box.box).facts.final == NO_REPORT


def test_followers_of_the_named_one_wait_while_a_later_sequence_is_disputed() -> None:
    scene = Scene().until(K.OPEN)
    forged = scene.box.forge(K.TURNOUT, accept=1)
    named, follower = scene.box.report(K.TURNOUT), scene.box.report(K.TURNOUT)
    scene.admit(forged, follower, named)
    later, _ = rivals(scene)
    assert rule(scene, NAME, named).result is RulingResult.APPLIED
    row, head = scene.row(follower), scene.ledger.box_head(scene.box.box)
    assert (row.place, row.reason, head.waiting) == (Place.WAITING, Reason.BOX_DISPUTED, 2)
    assert rule(scene, NAME, later).result is RulingResult.APPLIED
    head = scene.ledger.box_head(scene.box.box)
    assert (scene.row(follower).place, head.waiting, head.sequence) == (Place.CHAIN, 0, 5)


def test_follower_of_the_named_one_gives_way_to_what_officers_spoke_for() -> None:
    scene = Scene().until(K.OPEN)
    forger = ScriptedBox(scene.given, 1, last=scene.box.last, last_id=scene.box.last_id)
    third = scene.box.forge(K.TURNOUT, accept=9)
    forged = forger.report(K.TURNOUT, accept=1)
    released = forger.report(K.TURNOUT, firmware=bytes(32))
    mine, follower = scene.box.report(K.TURNOUT), scene.box.report(K.TURNOUT)
    scene.admit(forged, mine)
    rule(scene, NAME, forged)
    scene.admit(follower, released)
    rule(scene, RELEASE, released)
    scene.admit(third)
    assert rule(scene, NAME, mine).result is RulingResult.APPLIED
    head = scene.ledger.box_head(scene.box.box)
    assert (head.last, head.waiting) == (report_id(released), 0)
    assert scene.row(follower).reason is Reason.PREVIOUS
