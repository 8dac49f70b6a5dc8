"""Whose signatures carry a report: two officers in the role it needs, for the box's precinct."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.report import NewKey, ReportKind, key_proof_statement
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import Plan, make_authority, seeded_key, with_register
from tests.gateway.scene import Scene, next_epoch
from tests.gateway.scripted import ORIGIN

K = ReportKind


def scene_of(role: Role, precinct: int | None = None) -> Scene:
    """A box whose day two officers sign who may sign all; two more have this role alone."""
    given = make_authority(Plan(seed=1, boxes=2, origins=(ORIGIN,), officers=4))
    register = given.trusted.register
    limited = (replace(each, roles=role, precinct=precinct) for each in register.officers[2:])
    officers = (*register.officers[:2], *limited)
    return Scene(with_register(given, replace(register, officers=officers)))


def rotation(scene: Scene, *, listed: bool = True) -> Reason:
    entry, key = next_epoch(scene.box)
    scene.with_entries(entry)
    if not listed:
        key = seeded_key(9, "a key of the box's own choice")
    bare = scene.box.next_report(
        K.KEY_ROTATION, new_key=NewKey(key.public, bytes(64)), signatures=()
    )
    proof = key.sign(key_proof_statement(bare))
    return scene.send(K.KEY_ROTATION, new_key=NewKey(key.public, proof)).reason


#: After which report, what is signed by the officers of one role, and the role it needs.
SIGNED: dict[str, tuple[ReportKind, Callable[[Scene], Reason], Role]] = {
    "opening": (K.ZERO, lambda scene: scene.send(K.OPEN).reason, Role.POLL),
    "closing": (K.OPEN, lambda scene: scene.send(K.CLOSE).reason, Role.POLL),
    "opening again": (K.CLOSE, lambda scene: scene.send(K.OPEN).reason, Role.ELEVATED),
    "rotation": (K.OPEN, rotation, Role.POLL),
    "correction": (
        K.FINAL,
        lambda scene: scene.send(K.CORRECTION, corrects=scene.box.last_id).reason,
        Role.ELEVATED,
    ),
}
EACH = pytest.mark.parametrize(("last", "send", "needed"), SIGNED.values(), ids=SIGNED)


@EACH
@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_report_is_carried_by_the_role_it_needs_and_by_no_other(
    last: ReportKind, send: Callable[[Scene], Reason], needed: Role, role: Role
) -> None:
    scene = scene_of(role).until(last)
    scene.box.officers = (2, 3)
    assert send(scene) is (Reason.IN_ORDER if role is needed else Reason.OFFICERS)


@EACH
@pytest.mark.parametrize("away", [0, 1])
def test_officers_of_one_precinct_carry_its_reports_and_no_others(
    last: ReportKind, send: Callable[[Scene], Reason], needed: Role, away: int
) -> None:
    precinct = scene_of(needed).given.trusted.register.boxes[0].precinct
    scene = scene_of(needed, precinct + away).until(last)
    scene.box.officers = (2, 3)
    assert send(scene) is (Reason.OFFICERS if away else Reason.IN_ORDER)


def test_new_key_that_the_register_does_not_list_waits_for_a_newer_register() -> None:
    assert rotation(scene_of(Role.POLL).until(K.OPEN), listed=False) is Reason.OLD_REGISTER
