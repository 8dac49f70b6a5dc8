"""Is nothing set aside for ever because a newer register came later here than elsewhere?"""

from dataclasses import replace

from ballotbox_gateway.core.intake import Outcome
from ballotbox_gateway.core.upward import UpwardFault, UpwardReply
from ballotbox_protocol.election.register import Officer, Role
from ballotbox_protocol.wire.report import NewKey, ReportKind, key_proof_statement
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Authority, seeded_key, with_register
from tests.gateway.below import Levels
from tests.gateway.scene import Scene, amended, next_epoch
from tests.gateway.scripted import intake, report_id, ruling

K = ReportKind


def rotation(scene: Scene) -> bytes:
    """The box's change to its next key, which this scene's register does not list yet."""
    entry, key = next_epoch(scene.box)
    bare = scene.box.next_report(
        K.KEY_ROTATION, new_key=NewKey(entry.key, bytes(64)), signatures=()
    )
    return scene.box.report(
        K.KEY_ROTATION, new_key=NewKey(entry.key, key.sign(key_proof_statement(bare)))
    )


def with_new_officer(given: Authority) -> Authority:
    """The authority after it registered one more officer, who signs first from now on."""
    key = seeded_key(9, "new officer")
    officer = Officer(key.public, Role.POLL | Role.ELEVATED | Role.RELEASE, None)
    register = given.trusted.register
    newer = replace(register, version=register.version + 1, officers=(*register.officers, officer))
    return replace(with_register(given, newer), officer_keys=(key, *given.officer_keys))


def test_a_rotation_that_is_ahead_of_the_register_waits_for_it() -> None:
    scene = Scene().until(K.OPEN)
    size = scene.ledger.log_head().size
    message = rotation(scene)
    answer = scene.answer(message)
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.OLD_REGISTER)
    assert answer.message is None
    assert scene.ledger.log_head().size == size
    scene.with_entries(next_epoch(scene.box)[0])
    assert scene.answer(message).outcome is Outcome.ACCEPTED


def test_a_report_signed_by_an_officer_of_a_newer_register_waits_for_it() -> None:
    scene = Scene().until(K.ZERO)
    newer = with_new_officer(scene.given)
    scene.box.given = newer
    message = scene.box.report(K.OPEN)
    answer = scene.answer(message)
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.OLD_REGISTER)
    scene.intake.replace_register(newer.trusted)
    assert scene.answer(message).outcome is Outcome.ACCEPTED


def test_a_waiting_rotation_is_judged_by_the_register_of_the_day_it_is_judged() -> None:
    """A register that lost the entry could not be put in beside this one, only at a start."""
    scene = Scene().until(K.OPEN)
    without = replace(scene.given.trusted.register, version=3)
    missing = scene.box.report(K.TURNOUT)
    scene.with_entries(next_epoch(scene.box)[0])
    message = rotation(scene)
    assert scene.answer(message).reason is Reason.GAP_BEFORE
    scene.intake = intake(with_register(scene.given, without), scene.ledger)
    scene.admit(missing)
    assert scene.row(message).reason is Reason.NEW_KEY


def waits(field: str) -> UpwardFault:
    """What an upper gateway says until it has the newer register."""
    problem = "rests on a key that the register in use does not list"
    return UpwardFault(field, problem, "give this gateway the newer register", retry=True)


def test_a_rotation_waits_below_until_the_upper_gateway_has_the_register() -> None:
    levels = Levels()
    levels.lower.until(K.OPEN)
    levels.carry(levels.lower)
    message = rotation(levels.lower)
    newer = amended(levels.given, next_epoch(levels.box)[0])
    levels.lower.intake.replace_register(newer.trusted)
    levels.lower.admit(message)
    batch = levels.lower.intake.next_upward("rehearsal.example/centre", 10)
    assert levels.take(batch) == waits("entries[0].report")
    levels.centre.intake.replace_register(newer.trusted)
    assert isinstance(levels.take(batch), UpwardReply)
    assert levels.centre.row(message).verdict is Verdict.ACCEPTED


def test_a_ruling_of_a_new_officer_waits_below_until_the_upper_gateway_knows_them() -> None:
    levels = Levels()
    levels.lower.until(K.OPEN)
    message = levels.box.report(K.TURNOUT, firmware=bytes(32))
    levels.lower.admit(message)
    levels.carry(levels.lower)
    newer = with_new_officer(levels.given)
    levels.lower.intake.replace_register(newer.trusted)
    levels.lower.intake.rule(
        ruling(newer, RulingKind.RELEASE, report_id(message)), levels.lower.now
    )
    batch = levels.lower.intake.next_upward("rehearsal.example/centre", 10)
    assert levels.take(batch) == waits("entries[0].ruling")
    assert levels.centre.row(message).verdict is Verdict.QUARANTINED
    levels.centre.intake.replace_register(newer.trusted)
    assert isinstance(levels.take(batch), UpwardReply)
    assert levels.centre.row(message).verdict is Verdict.ACCEPTED
