"""What does each mistake in counting by hand come to, and do people keep at it?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_simulator.world import swarm
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.count_naming import NamingSheet
from ballotbox_simulator.world.count_naming_audit import SignedNamings
from ballotbox_simulator.world.faults import COUNT_KINDS, Strike
from ballotbox_simulator.world.ledgers import CommitTrouble
from ballotbox_simulator.world.plan import Ballots, Day, from_json, to_json
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.swarm import swarm_day
from ballotbox_simulator.world.world import World
from tests.simulator.count_days import CLOSING, COMES_TO, PLAN, K, lived, logs


def told(log, signed):
    """What the newest leaf says of each version, in the order in which they were signed."""
    leaves = [log.newest(own) for own in signed.by_id if own in log.places]
    return [(leaf.verdict, leaf.reason) for leaf in leaves]


@pytest.mark.parametrize("what", COMES_TO)
def test_each_mistake_comes_to_what_is_promised(what):
    mistakes, below, above = COMES_TO[what]
    world = lived(*mistakes)
    signed = world.auditor.by_hand
    lower, upper = logs(world)
    assert told(lower, signed) == below
    assert told(upper, signed) == (above or below)
    settle(world)
    assert world.auditor.findings == []
    assert set(world.auditor.blows.at.get("station 1", ())) == {kind for kind, _ in mistakes}


@pytest.fixture
def overruled():
    """The wrong one was named, and overruled; then people bring the plain naming of the right."""
    world = lived((K.COUNT_TWICE, 0), (K.COUNT_NAMED, 0), (K.COUNT_NAMED_WRONG, 0))
    wrong, right = (each.ruling for each in world.auditor.by_hand.namings.signed)
    bare = replace(wrong, report=right.report, signatures=())
    plain = NamingSheet(replace(bare, signatures=naming_signatures(world, bare)))
    return world, plain, right


def naming_signatures(world, bare):
    return world.authority.consent(bare.payload(), MessageType.RULING)


def test_what_is_said_to_be_named_already_need_not_stand_there_in_these_words(overruled):
    world, plain, _ = overruled
    gateway = world.precincts[0].gateway
    result = gateway.name_count(plain.ruling.to_bytes())
    assert result is RulingResult.ALREADY
    world.auditor.naming_signed(plain)
    world.auditor.named(gateway, plain, result)
    settle(world)
    assert world.auditor.findings == []


def test_only_what_holds_may_be_said_to_be_named_already(overruled):
    world, plain, right = overruled
    gateway, namings = world.precincts[0].gateway, SignedNamings()
    wrong = next(iter(world.auditor.by_hand.namings.signed)).ruling
    more = replace(plain.ruling, overrules=tuple(sorted((*right.overrules, right.id))))
    for said, holds in ((plain.ruling, True), (wrong, True), (right, True), (more, False)):
        words = list(namings.answer(gateway, NamingSheet(said), RulingResult.ALREADY))
        assert bool(words) is not holds, said
    signed_anew = replace(right, signatures=right.signatures[::-1])
    assert not list(namings.answer(gateway, NamingSheet(signed_anew), RulingResult.ALREADY))
    assert [each.ruling for each in namings.taken[gateway.name]] == [wrong, right]
    never = replace(wrong, report=bytes(32))
    (words,) = namings.answer(gateway, NamingSheet(never), RulingResult.ALREADY)
    assert words == "a naming that is not there is said to be known"


def test_every_kind_of_mistake_is_tried_here():
    assert {kind for mistakes, *_ in COMES_TO.values() for kind, _ in mistakes} == COUNT_KINDS


def test_one_or_two_contests_of_each_station_are_counted():
    world = lived(plan=replace(PLAN, precincts=2, election=Ballots.FULL, by_hand=2))
    versions = world.auditor.by_hand.by_id.values()
    places = {(each.count.precinct, each.count.contest) for (each,) in versions}
    assert len(places) == len(versions) == 4
    settle(world)
    assert world.auditor.findings == []


# People keep at it


def test_a_count_that_is_committed_and_not_answered_is_entered_again_and_there_once():
    world = World(Day(1, PLAN))
    gateway = world.precincts[0].gateway
    world.schedule.run_until(CLOSING + 4 * MINUTE)
    gateway.ledger.trouble = CommitTrouble.KILLED_COMMITTED
    world.run_safety()
    world.run_liveness()
    assert gateway.life == 2
    lower, upper = logs(world)
    assert (len(lower.counts), len(upper.counts)) == (1, 1)
    settle(world)
    assert world.auditor.findings == []


@pytest.mark.parametrize("kind", [K.GATEWAY_RESTORED, K.GATEWAY_LOST])
def test_what_a_gateway_forgot_is_entered_again(kind):
    """A copy of the moment before the count is put back, or another machine takes its place."""
    plan = replace(PLAN, hours=replace(PLAN.hours, end=PLAN.hours.end + 60 * MINUTE))
    at, lasts = CLOSING + 4 * MINUTE, 70 * MINUTE
    if kind is K.GATEWAY_LOST:
        at, lasts = at + lasts, MINUTE
    world = World(Day(1, plan, strikes=(Strike(kind, at, lasts=lasts),)))
    schedule_strikes(world)
    world.run_safety()
    assert world.auditor.blows.struck[kind] == 1
    world.run_liveness()
    lower, upper = logs(world)
    assert (len(lower.counts), len(upper.counts)) == (1, 1)
    settle(world)
    assert world.auditor.findings == []


def test_a_count_that_is_not_entered_in_time_is_objected_to():
    world = lived()
    world.precincts[0].tellers._queue.append("a sheet")
    settle(world)
    assert {(each.breach, each.node) for each in world.auditor.findings} == {
        (Breach.LIVENESS, world.precincts[0].gateway.name)
    }


def test_nobody_counts_before_the_boxes_have_reported():
    world = World(Day(1, PLAN))
    world.schedule.run_until(CLOSING)
    station, boxes = world.precincts[0].tellers._station, world.precincts[0].boxes
    assert not station.is_over
    sheet = next(iter(lived().auditor.by_hand.by_id.values()))[0]
    world.auditor.counted(station, sheet)
    assert [each.breach for each in world.auditor.findings] == [Breach.SECRECY] * len(boxes)


# Drawing them


def test_counts_by_hand_move_nothing_else_that_a_seed_draws(monkeypatch):
    drawn = {}
    for share in (0.0, 1.0):
        monkeypatch.setattr(swarm, "_BY_HAND", share)
        drawn[share] = [swarm_day(seed) for seed in range(60)]
    for without, with_them in zip(drawn[0.0], drawn[1.0], strict=True):
        assert (without.plan.by_hand, with_them.plan.by_hand > 0) == (0, True)
        others = tuple(each for each in with_them.strikes if each.kind not in COUNT_KINDS)
        same = replace(with_them, plan=replace(with_them.plan, by_hand=0), strikes=others)
        assert same == without
    assert {each.kind for day in drawn[1.0] for each in day.strikes} >= COUNT_KINDS
    assert swarm_day(1, replace(PLAN, by_hand=0)).kinds.isdisjoint(COUNT_KINDS)


def test_a_day_that_was_saved_before_has_no_counts_by_hand():
    saved = to_json(Day(1, PLAN))
    assert from_json(saved).plan == PLAN
    del saved["plan"]["by_hand"]
    assert from_json(saved).plan == replace(PLAN, by_hand=0)
