"""Can two officers say which of several counts by hand stands, and do all gateways then agree?"""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_gateway.core.outcome import RulingResult
from ballotbox_gateway.core.upward import UpwardEntry, UpwardFault, UpwardReply
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.service.count_records import stored_counts
from ballotbox_protocol.election.register import Register, Role
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.statements import RulingKind, decode_ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog
from tests.gateway.scene import Scene
from tests.gateway.scripted import (
    CENTRE,
    NOW,
    ORIGIN,
    OTHER,
    authority,
    binding,
    corrected,
    counted,
    intake,
    ruling,
)
from tests.gateway.test_hand_counts import mind, take
from tests.gateway.test_replay import again

GIVEN = authority()
SHORT = (("1", 104), ("1a", 4))
FIRST = counted(GIVEN)
RIVAL = counted(GIVEN, lines=SHORT)
AFTER_FIRST = corrected(GIVEN, FIRST, lines=SHORT)
AFTER_RIVAL = corrected(GIVEN, RIVAL, lines=FIRST.lines)
ACCEPTED, HELD = Verdict.ACCEPTED, Verdict.HELD
QUARANTINED, EVIDENCE = Verdict.QUARANTINED, Verdict.EVIDENCE
NAMED = (ACCEPTED, Reason.NAMED)
LOST = (EVIDENCE, Reason.SAME_SEQUENCE)
WAITS = (HELD, Reason.BOX_DISPUTED)


def name(scene: Scene, count: HandCount, officers: tuple = (0, 1)) -> RulingResult:
    scene.now += 1
    signed = ruling(GIVEN, RulingKind.NAME, count.id, officers)
    return scene.intake.rule(signed, scene.now).result


def force(scene: Scene) -> list[int]:
    """The leaves of the version in force, of the station that all of these counts are of."""
    told = stored_counts(scene.ledger, FIRST.precinct, FIRST.contest)
    return [each["leaf"] for each in told["counts"] if each["in_force"]]


def forked(*counts: HandCount) -> Scene:
    scene = Scene()
    for each in counts:
        take(scene, each)
    return scene


def assert_made_again(scene: Scene, *counts: HandCount) -> None:
    made = again(scene.given, scene.ledger, scene.origin)
    for each in counts:
        assert made.report(each.id) == scene.ledger.report(each.id)


def test_the_one_that_is_named_stands_and_the_other_stays_evidence() -> None:
    scene = forked(FIRST, RIVAL)
    assert force(scene) == []
    size = scene.ledger.log_head().size
    assert name(scene, RIVAL) is RulingResult.APPLIED
    assert mind(scene, FIRST, RIVAL) == [LOST, NAMED]
    entries = scene.ledger.entries(size, scene.ledger.log_head().size)
    leaves = [decode_leaf(entry.leaf) for entry in entries]
    assert [(leaf.type, leaf.report, leaf.verdict, leaf.reason) for leaf in leaves] == [
        (LeafType.RULING, RIVAL.id, *NAMED),
        (LeafType.HAND_COUNT, RIVAL.id, *NAMED),
    ]
    assert decode_ruling(entries[0].ruling or b"").report == RIVAL.id
    assert entries[1].ruling == RIVAL.to_bytes()
    assert force(scene) == [size + 1]
    assert_made_again(scene, FIRST, RIVAL)


def test_what_follows_the_named_one_is_in_force_and_what_follows_the_other_waits() -> None:
    scene = forked(FIRST, AFTER_FIRST, RIVAL, AFTER_RIVAL)
    assert name(scene, RIVAL) is RulingResult.APPLIED
    closed = (ACCEPTED, Reason.GAP_CLOSED)
    told = mind(scene, FIRST, AFTER_FIRST, RIVAL, AFTER_RIVAL)
    assert told == [LOST, WAITS, NAMED, closed]
    last = corrected(GIVEN, AFTER_RIVAL, "a bundle was found")
    assert take(scene, last).reason is Reason.IN_ORDER
    assert force(scene) == [scene.ledger.log_head().size - 1]
    assert_made_again(scene, FIRST, AFTER_FIRST, RIVAL, AFTER_RIVAL, last)


def test_two_corrections_of_one_version_are_settled_in_the_same_way() -> None:
    other = corrected(GIVEN, FIRST, "counted again")
    scene = forked(FIRST, AFTER_FIRST, other)
    assert name(scene, other) is RulingResult.APPLIED
    assert mind(scene, FIRST, AFTER_FIRST, other) == [(ACCEPTED, Reason.IN_ORDER), LOST, NAMED]


def test_a_third_that_comes_later_is_evidence_too() -> None:
    scene = forked(FIRST, RIVAL)
    name(scene, FIRST)
    third = counted(GIVEN, lines=(("1", 103), ("1a", 3)))
    assert take(scene, third).reason is Reason.SAME_SEQUENCE
    assert mind(scene, FIRST, RIVAL, third) == [NAMED, LOST, LOST]
    assert len(force(scene)) == 1


def test_it_is_said_once_and_by_no_second_naming_of_a_rival() -> None:
    scene = forked(FIRST, RIVAL)
    name(scene, FIRST)
    size = scene.ledger.log_head().size
    assert name(scene, FIRST, (1, 2)) is RulingResult.ALREADY
    assert name(scene, RIVAL) is RulingResult.NAMED_OTHERWISE
    assert scene.ledger.log_head().size == size


def test_only_what_excludes_another_can_be_named() -> None:
    wrong = counted(GIVEN, lines=(("1", 106), ("1a", 5)))
    alone = forked(FIRST, AFTER_FIRST)
    assert name(alone, AFTER_FIRST) is RulingResult.NOT_DISPUTED
    scene = forked(FIRST, AFTER_FIRST, wrong)
    assert mind(scene, FIRST, wrong) == [LOST, (QUARANTINED, Reason.RELATION)]
    for count in (wrong, AFTER_FIRST):
        assert name(scene, count) is RulingResult.NOT_DISPUTED
    assert name(scene, RIVAL) is RulingResult.UNKNOWN_REPORT
    assert name(scene, FIRST) is RulingResult.APPLIED
    assert mind(scene, FIRST, wrong) == [NAMED, (QUARANTINED, Reason.RELATION)]


def test_two_officers_of_corrections_are_needed() -> None:
    scene = forked(FIRST, RIVAL)
    size = scene.ledger.log_head().size
    assert name(scene, FIRST, (0,)) is RulingResult.OFFICERS
    assert name(scene, FIRST, (0, 0)) is RulingResult.OFFICERS
    register = GIVEN.trusted.register
    for missing, told in ((Role.ELEVATED, "OFFICERS"), (Role.RELEASE, "APPLIED")):
        officers = tuple(replace(each, roles=each.roles & ~missing) for each in register.officers)
        fewer = Register(register.election, 2, register.boxes, register.gateways, officers)
        scene.intake = intake(with_register(GIVEN, fewer), scene.ledger)
        assert name(scene, FIRST).name == told
    assert scene.ledger.log_head().size == size + 2


def test_a_file_holds_the_naming_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    create(path, binding(GIVEN.trusted))
    with closing(open_ledger(path)) as ledger:
        gateway = intake(GIVEN, ledger)
        for count in (FIRST, RIVAL):
            gateway.count_by_hand(count.to_bytes(), NOW)
        gateway.rule(ruling(GIVEN, RulingKind.NAME, FIRST.id), NOW)
        ledger.require_whole()
    with closing(open_ledger(path)) as ledger:
        ledger.require_whole()
        row = ledger.report(FIRST.id)
        assert row is not None
        assert (row.verdict, row.reason, row.ruled) == (*NAMED, True)
        other = corrected(GIVEN, FIRST, "once more")
        assert intake(GIVEN, ledger).count_by_hand(other.to_bytes(), NOW).reason is Reason.IN_ORDER


def test_the_centre_follows_the_officers_of_a_precinct() -> None:
    levels = Levels()
    for each in (FIRST, AFTER_RIVAL, RIVAL):
        take(levels.lower, each)
    levels.carry(levels.lower)
    assert mind(levels.centre, FIRST, RIVAL) == [LOST, LOST]
    assert mind(levels.centre, AFTER_RIVAL)[0][0] is HELD
    name(levels.lower, RIVAL)
    levels.carry(levels.lower)
    for scene in (levels.lower, levels.centre):
        assert mind(scene, FIRST, RIVAL) == [LOST, NAMED]
        assert mind(scene, AFTER_RIVAL)[0][0] is ACCEPTED
        assert len(force(scene)) == 1
    assert_made_again(levels.lower, FIRST, RIVAL, AFTER_RIVAL)
    made = again(GIVEN, levels.centre.ledger, CENTRE)
    assert made.log_head() == levels.centre.ledger.log_head()


def test_officers_at_the_centre_settle_what_only_the_centre_sees() -> None:
    levels = Levels()
    take(levels.lower, FIRST)
    take(levels.other, RIVAL)
    for below in (levels.lower, levels.other):
        levels.carry(below)
    assert name(levels.centre, FIRST) is RulingResult.APPLIED
    assert mind(levels.centre, FIRST, RIVAL) == [NAMED, LOST]
    take(levels.lower, AFTER_FIRST)
    levels.carry(levels.lower)
    assert mind(levels.centre, AFTER_FIRST)[0][0] is ACCEPTED


def test_a_naming_at_the_centre_overrules_what_is_evidence_below() -> None:
    levels = Levels()
    for each in (FIRST, RIVAL):
        take(levels.lower, each)
    levels.carry(levels.lower)
    assert name(levels.centre, FIRST) is RulingResult.APPLIED
    assert mind(levels.centre, FIRST, RIVAL) == [NAMED, LOST]
    third = counted(GIVEN, lines=(("1", 103), ("1a", 3)))
    take(levels.lower, third)
    levels.carry(levels.lower)
    assert mind(levels.centre, FIRST, RIVAL, third) == [NAMED, LOST, LOST]


def test_namings_that_contradict_each_other_settle_nothing() -> None:
    levels = Levels()
    for below, count in ((levels.lower, FIRST), (levels.other, RIVAL)):
        for each in (FIRST, RIVAL):
            take(below, each)
        name(below, count)
        levels.carry(below)
    assert mind(levels.lower, FIRST, RIVAL) == [NAMED, LOST]
    assert mind(levels.other, FIRST, RIVAL) == [LOST, NAMED]
    assert mind(levels.centre, FIRST, RIVAL) == [LOST, LOST]
    assert force(levels.centre) == []


def test_a_naming_from_below_is_kept_when_a_version_is_signed_again() -> None:
    levels = Levels()
    for each in (FIRST, RIVAL):
        take(levels.lower, each)
    name(levels.lower, FIRST)
    register = GIVEN.trusted.register
    officers = tuple(replace(each, roles=each.roles & ~Role.POLL) for each in register.officers)
    for version, known in ((2, officers), (3, register.officers)):
        newer = Register(register.election, version, register.boxes, register.gateways, known)
        levels.centre.intake.replace_register(with_register(GIVEN, newer).trusted)
        if version == 2:
            levels.carry(levels.lower)
            assert mind(levels.centre, FIRST) == [(QUARANTINED, Reason.OFFICERS)]
    for each in (FIRST, RIVAL):
        take(levels.centre, each)
    assert mind(levels.centre, FIRST, RIVAL) == [NAMED, LOST]
    made = again(GIVEN, levels.centre.ledger, CENTRE)
    assert made.report(FIRST.id) == levels.centre.ledger.report(FIRST.id)


def test_a_naming_by_officers_who_are_not_known_above_waits_for_the_register() -> None:
    levels = Levels()
    for each in (FIRST, RIVAL):
        take(levels.lower, each)
    levels.carry(levels.lower)
    name(levels.lower, FIRST, (0, 2))
    register = GIVEN.trusted.register
    left = Register(register.election, 2, register.boxes, register.gateways, register.officers[:2])
    levels.centre.intake.replace_register(with_register(GIVEN, left).trusted)
    batch = levels.lower.intake.next_upward(CENTRE, 100)
    assert batch is not None
    fault = levels.take(batch)
    assert isinstance(fault, UpwardFault)
    assert fault.retry


#: Two first versions, a correction of each, and two of one of these.
VERSIONS = (
    FIRST,
    RIVAL,
    AFTER_FIRST,
    AFTER_RIVAL,
    corrected(GIVEN, AFTER_FIRST, "one"),
    corrected(GIVEN, AFTER_FIRST, "another"),
)
#: What two gateways below bring: versions by their place above, and namings of them, negative.
STEPS = [*range(6), *(-1 - at for at in (0, 2, 4))]
FOR_SURE = [ACCEPTED, EVIDENCE, ACCEPTED, HELD, ACCEPTED, EVIDENCE]


def entry(step: int) -> UpwardEntry:
    count = VERSIONS[step if step >= 0 else -1 - step]
    if step >= 0:
        leaf = Leaf(LeafType.HAND_COUNT, count.id, ACCEPTED, Reason.IN_ORDER, count.digest, NOW)
        return UpwardEntry(encode_leaf(leaf), None, count.to_bytes())
    signed = ruling(GIVEN, RulingKind.NAME, count.id)
    leaf = Leaf(LeafType.RULING, count.id, *NAMED, decode_ruling(signed).digest, NOW)
    return UpwardEntry(encode_leaf(leaf), None, signed)


def in_a_possible_order(steps: list[int]) -> list[int]:
    """Nobody names what is not here: put a naming behind its version."""
    placed: list[int] = []
    waiting: list[int] = []
    for step in steps:
        if step < 0 and -1 - step not in placed:
            waiting.append(step)
            continue
        placed.append(step)
        placed += [each for each in waiting if -1 - each == step]
    return placed


@settings(max_examples=60, deadline=None)
@given(st.permutations(STEPS), st.lists(st.booleans(), min_size=9, max_size=9))
def test_where_each_stands_follows_from_what_is_here_and_not_from_its_order(
    steps: list[int], roads: list[bool]
) -> None:
    levels, logs = Levels(), [LowerLog(GIVEN, OTHER), LowerLog(GIVEN, ORIGIN)]
    for step, road in zip(in_a_possible_order(steps), roads, strict=True):
        reply = levels.take(logs[road].batch(entry(step)))
        assert isinstance(reply, UpwardReply), reply
    verdicts = [verdict for verdict, _ in mind(levels.centre, *VERSIONS)]
    assert verdicts == FOR_SURE
    assert_made_again(levels.centre, *VERSIONS)
    (leaf,) = force(levels.centre)
    (newest,) = levels.centre.ledger.entries(leaf, leaf + 1)
    assert newest.ruling == VERSIONS[4].to_bytes()


@pytest.mark.parametrize("kind", [RulingKind.RELEASE, RulingKind.NAME])
def test_a_ruling_that_does_not_fit_changes_nothing_above(kind: RulingKind) -> None:
    """The officers may not name, or what they say is not said of counts: it is passed over."""
    levels, log = Levels(), LowerLog(GIVEN)
    for step in (0, 1):
        levels.take(log.batch(entry(step)))
    signed = ruling(GIVEN, kind, FIRST.id, (0,) if kind is RulingKind.NAME else (0, 1))
    leaf = Leaf(LeafType.RULING, FIRST.id, *NAMED, decode_ruling(signed).digest, NOW)
    size = levels.centre.ledger.log_head().size
    reply = levels.take(log.batch(UpwardEntry(encode_leaf(leaf), None, signed)))
    assert isinstance(reply, UpwardReply)
    assert levels.centre.ledger.log_head().size == size
    assert mind(levels.centre, FIRST, RIVAL) == [LOST, LOST]
