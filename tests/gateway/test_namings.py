"""When officers name one of two rivals, what stands then, and what was built on the other?"""

import pytest

from ballotbox_gateway.core.head import Facts
from ballotbox_gateway.core.intake import Outcome, RulingResult
from ballotbox_gateway.core.ports import Place
from ballotbox_protocol.election.identifiers import NO_REPORT
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import JournalHead, ReportKind, decode_report
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.proofs import receipted, resend_of
from tests.gateway.scene import Scene
from tests.gateway.scripted import ORIGIN, ScriptedBox, report_id
from tests.gateway.test_rulings import NAME, RELEASE, K, quarantined, rivals, rule


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
