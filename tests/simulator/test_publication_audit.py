"""Is each publication in a log held against the leaves before it as soon as it is there?"""

from dataclasses import replace
from hashlib import sha256

import pytest

from ballotbox_gateway.core import publications
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import decode_leaf, encode_leaf
from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.first_statement import first_statement
from ballotbox_simulator.world.log_reading import roots
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import HOUR
from ballotbox_simulator.world.publication_audit import faults_of_publications
from ballotbox_simulator.world.world import World

NONE = bytes(32)


@pytest.fixture
def world():
    """A morning without anything wrong, seen at the centre."""
    world = World(Day(1, DayPlan(boxes=1, ballots=0, portable=0, road=RoadChoice.MQTT)))
    world.schedule.run_until(8 * HOUR)
    return world


def root_at(world, size):
    return roots(list(world.centre.ledger.leaves(0)), {size})[size]


def statement(world, **changes):
    centre, trusted = world.centre, world.authority.trusted
    size = centre.ledger.log_head().size
    bare = first_statement(trusted, centre.name, size, root_at(world, size))
    return signed(world, replace(bare, **changes))


def signed(world, bare, officers=2):
    consent = world.authority.consent(bare.payload(), MessageType.PUBLICATION, officers)
    return replace(bare, signatures=consent)


def publish(world, given):
    outcome = world.centre.intake.publish(given.to_bytes(), world.centre.clock.unix())
    assert outcome.reason is Reason.PUBLISHED
    return given


def words(world):
    return " ".join(str(each) for each in world.auditor.findings)


def test_what_is_released_in_order_is_no_fault_and_looked_at_at_once(world):
    first = publish(world, statement(world))
    second = statement(world, version=2, previous=first.id, status=Status.CERTIFIED)
    publish(world, second)
    assert world.auditor.findings == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"root": NONE}, "is of a log that this one never was"),
        ({"size": 10_000}, "is of a log that this one never was"),
        ({"version": 3, "previous": NONE}, "does not follow the one before it"),
        ({"version": 2, "previous": NONE}, "does not follow the one before it"),
        ({"size": 0}, "is of less of the log than the one before it"),
        ({"status": Status.COMPLETE}, "takes back what was certified"),
    ],
)
def test_what_the_gateway_must_not_take_is_objected_to_when_it_is_appended(
    world, monkeypatch, changes, said
):
    first = publish(world, statement(world, status=Status.CERTIFIED))
    follows = {"version": 2, "previous": first.id, "status": Status.CERTIFIED}
    given = statement(world, **follows | changes)
    monkeypatch.setattr(Publication, "follows", lambda _self, _before: True)
    without_root = lambda draft, given, _root: PLACE(draft, given)  # noqa: E731 - one line of it
    monkeypatch.setattr(publications, "place_publication", without_root)
    publish(world, given)
    assert said in words(world)


PLACE = publications.place_publication


def test_each_statement_is_held_against_its_leaf_and_its_officers(world):
    publish(world, statement(world))
    ledger, trusted = world.centre.ledger, world.authority.trusted
    (place,) = [at for at, each in enumerate(ledger._leaves) if each.ruling is not None]
    kept = ledger._leaves[place]
    leaf = decode_leaf(kept.data)

    def faults(given, name=world.centre.name, **changes):
        data = given.to_bytes()
        same = {"report": given.id, "statement": sha256(data).digest()}
        changed = encode_leaf(replace(leaf, **same | changes))
        ledger._leaves[place] = kept._replace(data=changed, ruling=data)
        return " ".join(faults_of_publications(ledger, name, trusted, 0))

    good = statement(world, size=place, root=root_at(world, place))
    assert faults(good) == ""
    assert "is not what its leaf commits to" in faults(good, statement=NONE)
    assert "is ACCEPTED for IN_ORDER" in faults(good, reason=Reason.IN_ORDER)
    assert "is of another election" in faults(signed(world, replace(good, election=NONE)))
    unsigned = "is not signed by two officers who may release"
    assert unsigned in faults(signed(world, good, officers=1))
    twice = good.signatures[:1] * 2
    assert unsigned in faults(replace(good, signatures=twice))
    lower = world.precincts[0].gateway.name
    below = signed(world, replace(good, origin=lower))
    assert faults(below) == ""
    aside = {"verdict": Verdict.QUARANTINED, "reason": Reason.RELEASERS}
    assert faults(signed(world, below, officers=1), **aside) == ""
    assert "is QUARANTINED for RELEASERS" in faults(good, **aside)
    assert "is QUARANTINED for IN_ORDER" in faults(below, **aside | {"reason": Reason.IN_ORDER})
    unknown = signed(world, replace(good, origin="elsewhere.example/centre"))
    assert "is of another log than any that is known" in faults(unknown)
