"""Does a box go on with a new key once its old one is closed, and never while it is not?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import Outcome
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.scene import Scene, amended, next_epoch
from tests.gateway.scripted import CENTRE, ORIGIN, sign_report

K = ReportKind
HERE = origin_id(ORIGIN)


def size(scene):
    return scene.ledger.log_head().size


def closed(scene, *positions, reason=ClosedAs.REVOKED):
    return replace(scene.given.trusted.register.boxes[0], closed=Closure(reason, positions))


def with_new_key(scene, kind=K.TURNOUT):
    entry, key = next_epoch(scene.box)
    return sign_report(scene.box.next_report(kind, epoch=entry.epoch), key)


def test_a_revoked_key_is_refused_from_its_position_on_and_what_was_before_stays():
    scene = Scene().until(K.TURNOUT)
    before = [scene.row(message) for message in scene.box.said]
    scene.with_entries(closed(scene, (HERE, size(scene))))
    answer = scene.send(K.TURNOUT)
    assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.CLOSED_ENTRY)
    assert [scene.row(message) for message in scene.box.said[:-1]] == before
    assert {row.verdict for row in before} == {Verdict.ACCEPTED}
    again = scene.answer(scene.box.said[0])
    assert (again.outcome, again.reason) == (Outcome.DUPLICATE, Reason.IN_ORDER)


def test_a_position_ahead_holds_from_there_alone():
    scene = Scene().until(K.OPEN)
    scene.with_entries(closed(scene, (HERE, size(scene) + 1)))
    assert scene.send(K.TURNOUT, accept=1).outcome is Outcome.ACCEPTED
    assert scene.send(K.TURNOUT, accept=1).reason is Reason.CLOSED_ENTRY


def test_a_box_whose_key_was_lost_goes_on_with_the_next_without_a_rotation():
    scene = Scene().until(K.TURNOUT)
    entry, _ = next_epoch(scene.box)
    scene.with_entries(closed(scene, (HERE, size(scene))), entry)
    answer = scene.answer(with_new_key(scene))
    assert (answer.outcome, answer.reason) == (Outcome.ACCEPTED, Reason.IN_ORDER)


@pytest.mark.parametrize("ahead", [1, 7])
def test_while_the_old_key_still_holds_the_next_one_needs_a_rotation(ahead):
    scene = Scene().until(K.TURNOUT)
    entry, _ = next_epoch(scene.box)
    scene.with_entries(closed(scene, (HERE, size(scene) + ahead)), entry)
    answer = scene.answer(with_new_key(scene))
    assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.EPOCH)


def test_nor_does_the_next_key_do_where_the_old_one_is_open():
    scene = Scene().until(K.TURNOUT)
    scene.with_entries(next_epoch(scene.box)[0])
    assert scene.answer(with_new_key(scene)).reason is Reason.EPOCH


def test_an_old_key_never_speaks_after_the_next_one():
    scene = Scene().until(K.TURNOUT)
    entry, _ = next_epoch(scene.box)
    scene.with_entries(closed(scene, (HERE, size(scene))), entry)
    spoken = with_new_key(scene)
    assert scene.answer(spoken).outcome is Outcome.ACCEPTED
    scene.box.last = replace(scene.box.last, sequence=scene.box.last.sequence + 1)
    assert scene.send(K.TURNOUT).outcome is not Outcome.ACCEPTED


def register(scene, version, *entries):
    boxes = (*entries, *scene.given.trusted.register.boxes[len(entries) :])
    return with_register(
        scene.given, replace(scene.given.trusted.register, version=version, boxes=boxes)
    ).trusted


def test_a_register_made_from_one_before_the_end_is_refused():
    scene = Scene().until(K.OPEN)
    opened = scene.given.trusted.register.boxes[0]
    scene.with_entries(closed(scene, (HERE, 1)))
    with pytest.raises(
        InvalidField, match=r"version 3 undoes the end of box 0+1, which version 2 closed: have"
    ):
        scene.intake.replace_register(register(scene, 3, opened))
    assert scene.send(K.TURNOUT).reason is Reason.CLOSED_ENTRY


def test_two_registers_of_one_version_are_not_taken_for_each_other():
    scene = Scene().until(K.OPEN)
    scene.with_entries(closed(scene, (HERE, 1)))
    same = scene.given.trusted
    scene.intake.replace_register(same)
    other = register(scene, 2, closed(scene, (HERE, 99), (origin_id(CENTRE), 0)))
    with pytest.raises(InvalidField, match="is not the version 2 in use: have the next version"):
        scene.intake.replace_register(other)
    scene.intake.replace_register(amended(scene.given).trusted)
