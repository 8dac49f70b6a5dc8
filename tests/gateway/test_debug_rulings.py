"""Can any ruling let a report of a debug box count in an official election, here or above?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import Outcome, RulingResult
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.wire.report import JournalHead, ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Authority
from tests.gateway.below import Levels
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, authority, report_id, ruling

K = ReportKind
RELEASE, NAME = RulingKind.RELEASE, RulingKind.NAME


def official() -> Authority:
    """The election as an official one; the signatures that vouch for it are not asked for here."""
    given = authority()
    election = replace(given.trusted.election, mode=Mode.OFFICIAL)
    return replace(given, trusted=replace(given.trusted, election=election))


def rule(scene: Scene, kind: RulingKind, message: bytes) -> RulingResult:
    outcome = scene.intake.rule(ruling(scene.given, kind, report_id(message)), scene.now)
    assert (outcome.result is RulingResult.APPLIED) == bool(outcome.also)
    if outcome.result is RulingResult.DEBUG:
        assert "debug box" in outcome.explanation
    return outcome.result


@pytest.mark.parametrize("origin", [ORIGIN, CENTRE])
def test_no_release_of_a_debug_report_in_an_official_election(origin: str) -> None:
    scene = Scene(official(), origin)
    message = scene.box.report(K.BOOT, debug=True)
    assert scene.answer(message).reason is Reason.DEBUG
    assert rule(scene, RELEASE, message) is RulingResult.DEBUG
    assert scene.row(message).verdict is Verdict.QUARANTINED
    assert scene.ledger.log_head().size == 1


def test_no_release_of_a_debug_report_that_waits_for_another() -> None:
    scene = Scene(official())
    scene.box.report(K.BOOT)
    message = scene.box.report(K.ZERO, debug=True)
    assert scene.answer(message).outcome is Outcome.HELD
    assert rule(scene, RELEASE, message) is RulingResult.DEBUG
    assert scene.row(message).verdict is Verdict.HELD


def test_of_two_rivals_only_the_one_without_debug_can_be_named() -> None:
    scene = Scene(official())
    rival = scene.box.forge(K.BOOT, journal=JournalHead(90, bytes(32)), debug=True)
    first = scene.box.report(K.BOOT)
    scene.admit(first, rival)
    assert rule(scene, NAME, rival) is RulingResult.DEBUG
    assert rule(scene, NAME, first) is RulingResult.APPLIED


def test_in_a_rehearsal_and_without_debug_a_release_is_in_force() -> None:
    for given, debug in ((authority(), True), (official(), False)):
        scene = Scene(given)
        message = scene.box.report(K.BOOT, debug=debug, firmware=bytes(32))
        assert scene.answer(message).reason is Reason.FIRMWARE
        assert rule(scene, RELEASE, message) is RulingResult.APPLIED


def test_the_centre_does_not_follow_a_gateway_that_released_one() -> None:
    levels = Levels(official())
    # A gateway that does not know better, below.
    levels.lower = Scene(authority(), ORIGIN)
    message = levels.box.report(K.BOOT, debug=True, firmware=bytes(32))
    levels.lower.admit(message)
    assert rule(levels.lower, RELEASE, message) is RulingResult.APPLIED
    levels.carry(levels.lower)
    assert levels.lower.row(message).verdict is Verdict.ACCEPTED
    assert levels.centre.row(message).verdict is Verdict.QUARANTINED
    outcome = levels.centre.intake.rule(ruling(levels.given, RELEASE, report_id(message)), NOW)
    assert outcome.result is RulingResult.DEBUG
