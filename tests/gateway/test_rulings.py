"""Two officers release or name; nobody else does, and nothing else is changed by it."""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import Outcome, RulingOutcome, RulingResult
from ballotbox_protocol.election.register import Officer, Register, Role
from ballotbox_protocol.wire.report import JournalHead, ReportKind
from ballotbox_protocol.wire.statements import STATEMENT_MAX, Ruling, RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.proofs import receipted
from tests.gateway.scene import Scene
from tests.gateway.scripted import ScriptedBox, report_id, ruling

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


# While other sequences are disputed too
