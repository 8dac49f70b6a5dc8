"""Can officers overrule what was named, and do gateways agree in whatever order they hear of it?"""

from collections.abc import Sequence
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_gateway.core.outcome import RulingResult
from ballotbox_gateway.core.upward import UpwardEntry, UpwardReply
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.service.count_standings import standings_at
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import OVERRULED_MAX, Ruling, RulingKind, decode_ruling
from ballotbox_protocol.wire.verdict import Verdict
from tests.gateway.below import Levels, LowerLog
from tests.gateway.scene import Scene
from tests.gateway.scripted import (
    CENTRE,
    NOW,
    ORIGIN,
    OTHER,
    binding,
    corrected,
    counted,
    intake,
    report_id,
    ruling,
)
from tests.gateway.test_count_rulings import (
    AFTER_FIRST,
    AFTER_RIVAL,
    FIRST,
    GIVEN,
    LOST,
    NAMED,
    RIVAL,
    WAITS,
    assert_made_again,
    entry,
    forked,
    name,
)
from tests.gateway.test_hand_counts import mind, take
from tests.gateway.test_replay import again

THIRD = counted(GIVEN, lines=(("1", 103), ("1a", 3)))


def said(count: HandCount, *overrules: bytes) -> Ruling:
    """What officers sign who name a version and overrule other namings."""
    return decode_ruling(ruling(GIVEN, RulingKind.NAME, count.id, overrules=overrules))


def rule(scene: Scene, given: Ruling) -> RulingResult:
    scene.now += 1
    return scene.intake.rule(given.to_bytes(), scene.now).result


def held_aside(scene: Scene, count: HandCount) -> str:
    return standings_at(scene.ledger, count.place).aside(count.id)


def test_a_naming_gives_way_to_one_that_overrules_it_and_comes_back_by_a_third() -> None:
    scene = forked(FIRST, RIVAL, AFTER_FIRST, AFTER_RIVAL)
    plain = said(FIRST)
    assert rule(scene, plain) is RulingResult.APPLIED
    assert mind(scene, AFTER_FIRST)[0][0] is Verdict.ACCEPTED
    second = said(RIVAL, plain.id)
    size = scene.ledger.log_head().size
    assert rule(scene, second) is RulingResult.APPLIED
    assert mind(scene, FIRST, RIVAL, AFTER_FIRST) == [LOST, NAMED, WAITS]
    assert mind(scene, AFTER_RIVAL)[0][0] is Verdict.ACCEPTED
    leaf = decode_leaf(next(iter(scene.ledger.leaves(size))))
    assert (leaf.type, leaf.report, leaf.statement) == (LeafType.RULING, RIVAL.id, second.digest)
    assert held_aside(scene, FIRST) == "another one was named"
    assert rule(scene, said(FIRST, second.id)) is RulingResult.APPLIED
    assert mind(scene, FIRST, RIVAL, AFTER_RIVAL) == [NAMED, LOST, WAITS]
    assert_made_again(scene, FIRST, RIVAL, AFTER_FIRST, AFTER_RIVAL)


def test_only_what_overrules_all_that_holds_is_taken_and_only_once() -> None:
    scene = forked(FIRST, RIVAL, THIRD)
    plain = said(FIRST)
    assert rule(scene, plain) is RulingResult.APPLIED
    second = said(RIVAL, plain.id)
    assert rule(scene, second) is RulingResult.APPLIED
    size = scene.ledger.log_head().size
    assert rule(scene, second) is RulingResult.ALREADY
    assert rule(scene, said(RIVAL)) is RulingResult.ALREADY
    assert rule(scene, plain) is RulingResult.ALREADY
    for less in (said(THIRD), said(THIRD, plain.id)):
        assert rule(scene, less) is RulingResult.NAMED_OTHERWISE
    assert scene.ledger.log_head().size == size
    assert rule(scene, said(THIRD, second.id)) is RulingResult.APPLIED
    assert mind(scene, FIRST, RIVAL, THIRD) == [LOST, LOST, NAMED]


def test_a_naming_of_versions_in_another_place_is_in_nobodys_way() -> None:
    first, rival = (corrected(GIVEN, AFTER_FIRST, why) for why in ("one", "another"))
    scene = forked(FIRST, RIVAL, AFTER_FIRST, first, rival)
    assert rule(scene, said(FIRST)) is RulingResult.APPLIED
    assert rule(scene, said(rival)) is RulingResult.APPLIED
    assert mind(scene, first, rival) == [LOST, NAMED]
    assert held_aside(scene, first) == "another one was named"


def test_a_later_version_of_a_named_count_keeps_what_was_overruled() -> None:
    scene = forked(FIRST, RIVAL)
    plain = said(FIRST)
    rule(scene, plain)
    rule(scene, said(RIVAL, plain.id))
    assert take(scene, AFTER_RIVAL).reason.name == "IN_ORDER"
    take(scene, THIRD)
    assert mind(scene, FIRST, RIVAL, THIRD) == [LOST, NAMED, LOST]


def test_two_officers_are_needed_to_overrule() -> None:
    scene = forked(FIRST, RIVAL)
    name(scene, FIRST)
    overruled = said(FIRST).id
    alone = ruling(GIVEN, RulingKind.NAME, RIVAL.id, (0,), (overruled,))
    assert scene.intake.rule(alone, NOW).result is RulingResult.OFFICERS
    bare = said(RIVAL, overruled)
    forged = Ruling(bare.election, bare.kind, bare.report, bare.signatures, (bytes(32),))
    assert rule(scene, forged) is RulingResult.OFFICERS
    assert mind(scene, FIRST, RIVAL) == [NAMED, LOST]


def test_contradicting_namings_are_settled_where_both_are_known() -> None:
    levels = Levels()
    for below, count in ((levels.lower, FIRST), (levels.other, RIVAL)):
        for each in (FIRST, RIVAL, THIRD):
            take(below, each)
        name(below, count)
        levels.carry(below)
    again_said = "named, and a rival of it as well: name one of them again"
    assert [held_aside(levels.centre, each) for each in (FIRST, RIVAL, THIRD)] == [
        again_said,
        again_said,
        "several others were named: name one again",
    ]
    centre = standings_at(levels.centre.ledger, FIRST.place)
    assert [each.version for each in centre.rivals_named(RIVAL.id)] == [FIRST.id]
    settling = said(RIVAL, said(FIRST).id)
    assert rule(levels.centre, settling) is RulingResult.APPLIED
    assert mind(levels.centre, FIRST, RIVAL, THIRD) == [LOST, NAMED, LOST]
    assert [held_aside(levels.centre, each) for each in (FIRST, THIRD)] == [
        "another one was named",
        "another one was named",
    ]
    made = again(GIVEN, levels.centre.ledger, CENTRE)
    assert made.log_head() == levels.centre.ledger.log_head()


def test_what_overrules_a_naming_that_is_still_on_its_way_is_kept() -> None:
    levels = Levels()
    for each in (FIRST, RIVAL):
        take(levels.lower, each)
    levels.carry(levels.lower)
    name(levels.lower, RIVAL)
    assert name(levels.centre, FIRST) is RulingResult.APPLIED
    settling = said(FIRST, said(RIVAL).id)
    assert rule(levels.centre, settling) is RulingResult.APPLIED
    assert rule(levels.centre, settling) is RulingResult.ALREADY
    assert mind(levels.centre, FIRST, RIVAL) == [NAMED, LOST]
    levels.carry(levels.lower)
    assert mind(levels.centre, FIRST, RIVAL) == [NAMED, LOST]
    made = again(GIVEN, levels.centre.ledger, CENTRE)
    assert made.log_head() == levels.centre.ledger.log_head()


def test_a_file_holds_what_was_overruled(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    create(path, binding(GIVEN.trusted))
    with closing(open_ledger(path)) as ledger:
        gateway = intake(GIVEN, ledger)
        for count in (FIRST, RIVAL):
            gateway.count_by_hand(count.to_bytes(), NOW)
        for given in (said(FIRST), said(RIVAL, said(FIRST).id)):
            assert gateway.rule(given.to_bytes(), NOW).result is RulingResult.APPLIED
        ledger.require_whole()
    with closing(open_ledger(path)) as ledger:
        ledger.require_whole()
        found = standings_at(ledger, FIRST.place)
        assert found.in_force == RIVAL.id
        anew = intake(GIVEN, ledger).rule(said(FIRST, found.holding[0].id).to_bytes(), NOW)
        assert anew.result is RulingResult.APPLIED


def test_no_ruling_on_a_box_overrules_anything() -> None:
    scene = Scene(GIVEN)
    twin = deepcopy(scene.box)
    rivals = [scene.box.report(ReportKind.BOOT), twin.report(ReportKind.ZERO)]
    scene.admit(*rivals)
    about = report_id(rivals[0])
    signed = ruling(GIVEN, RulingKind.NAME, about, overrules=(said(FIRST).id,))
    assert scene.intake.rule(signed, NOW).result is RulingResult.NOT_DISPUTED
    plain = ruling(GIVEN, RulingKind.NAME, about)
    assert scene.intake.rule(plain, NOW).result is RulingResult.APPLIED


VERSIONS = (FIRST, RIVAL, THIRD)


@st.composite
def namings(draw: st.DrawFn) -> list[Ruling]:
    """Namings, each of which may overrule any that were signed before it."""
    made: list[Ruling] = []
    for _ in range(draw(st.integers(1, 5))):
        count = draw(st.sampled_from(VERSIONS))
        known = [each.id for each in made]
        overruled = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
        given = said(count, *overruled)
        if given.id not in known:
            made.append(given)
    return made


def must_stand(given: Sequence[Ruling]) -> HandCount | None:
    """The rule in its own words: the one version named by all namings that nobody overrules."""
    left = list(given)
    for each in given:
        left = [other for other in left if other.id not in each.overrules]
    named = {each.report for each in left}
    return next(each for each in VERSIONS if each.id in named) if len(named) == 1 else None


def entry_of(given: Ruling) -> UpwardEntry:
    leaf = Leaf(LeafType.RULING, given.report, *NAMED, given.digest, NOW)
    return UpwardEntry(encode_leaf(leaf), None, given.to_bytes())


def counted_entry(count: HandCount) -> UpwardEntry:
    leaf = Leaf(LeafType.HAND_COUNT, count.id, *NAMED, count.digest, NOW)
    return UpwardEntry(encode_leaf(leaf), None, count.to_bytes())


@settings(max_examples=80, deadline=None)
@given(namings(), st.randoms(use_true_random=False))
def test_what_stands_follows_from_the_namings_that_are_here_in_any_order(
    given: list[Ruling], chance
) -> None:
    levels, logs = Levels(), [LowerLog(GIVEN, OTHER), LowerLog(GIVEN, ORIGIN)]
    steps = [(each, None) for each in VERSIONS] + [(None, each) for each in given]
    chance.shuffle(steps)
    here: set[bytes] = set()
    waiting: list[Ruling] = []

    def bring(what: UpwardEntry) -> None:
        reply = levels.take(chance.choice(logs).batch(what))
        assert isinstance(reply, UpwardReply), reply

    for count, naming in steps:
        if count is not None:
            bring(counted_entry(count))
            here.add(count.id)
        else:
            waiting.append(naming)
        # Nobody names what is not here.
        for each in [each for each in waiting if each.report in here]:
            waiting.remove(each)
            bring(entry_of(each))
    stands = must_stand(given)
    expected = [NAMED[0] if each is stands else LOST[0] for each in VERSIONS]
    assert [verdict for verdict, _ in mind(levels.centre, *VERSIONS)] == expected
    force = standings_at(levels.centre.ledger, FIRST.place).in_force
    assert force == (None if stands is None else stands.id)
    assert_made_again(levels.centre, *VERSIONS)


@pytest.mark.parametrize("known", [0, 1])
def test_a_naming_is_kept_before_what_it_overrules_is_known(known: int) -> None:
    levels, log = Levels(), LowerLog(GIVEN)
    for step in (0, 1):
        levels.take(log.batch(entry(step)))
    both = [said(FIRST), said(RIVAL, said(FIRST).id)]
    for each in (both, both[::-1])[known]:
        levels.take(log.batch(entry_of(each)))
    assert mind(levels.centre, FIRST, RIVAL) == [LOST, NAMED]


def test_more_namings_than_one_can_overrule_are_overruled_step_by_step() -> None:
    """What a lower gateway has taken is kept here, however much of it; no ruling lists it all."""
    levels, log = Levels(), LowerLog(GIVEN)
    more = OVERRULED_MAX + 3
    rivals = [counted(GIVEN, lines=(("1", 200 + n), ("1a", 100 + n))) for n in range(more)]
    for each in (FIRST, *rivals):
        levels.take(log.batch(counted_entry(each)))
    for each in rivals:
        levels.take(log.batch(entry_of(said(each))))
    place, ledger = FIRST.place, levels.centre.ledger
    steps = []
    while standings_at(ledger, place).in_force is None and len(steps) < more:
        left = [each.id for each in standings_at(ledger, place).rivals_named(FIRST.id)]
        fewer = said(FIRST, *left[: min(len(left), OVERRULED_MAX) - 1])
        padded = said(FIRST, *fewer.overrules, bytes(32))
        for less in (fewer, padded):
            assert rule(levels.centre, less) is RulingResult.NAMED_OTHERWISE
        said_now = said(FIRST, *left[:OVERRULED_MAX])
        assert rule(levels.centre, said_now) is RulingResult.APPLIED
        assert rule(levels.centre, said_now) is RulingResult.ALREADY
        steps.append(len(left))
    # Each names FIRST anew, and none of its own stands in the way of the next.
    assert steps == [more, more - OVERRULED_MAX]
    assert standings_at(ledger, place).in_force == FIRST.id
    assert mind(levels.centre, FIRST, *rivals[:2]) == [NAMED, LOST, LOST]
    made = again(GIVEN, ledger, CENTRE)
    assert made.log_head() == ledger.log_head()
