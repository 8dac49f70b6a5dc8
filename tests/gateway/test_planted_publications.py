"""Can a log bring what another one should say of itself, and can it cost the gateway above much?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core import publications
from ballotbox_gateway.core.upward import UpwardEntry, UpwardFault, UpwardReply
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER
from tests.gateway.test_publications import (
    GIVEN,
    entry_of,
    following,
    leaves,
    released,
    take,
    told,
    without_one,
)

PUBLISHED = (Verdict.ACCEPTED, Reason.PUBLISHED)
FOREIGN = (Verdict.QUARANTINED, Reason.OTHER_LOG)


def aside_of(each: Publication, reason: Reason = Reason.OTHER_LOG) -> UpwardEntry:
    leaf = Leaf(LeafType.PUBLICATION, each.id, Verdict.QUARANTINED, reason, each.digest, NOW)
    return UpwardEntry(encode_leaf(leaf), None, each.to_bytes())


def planted(levels: Levels, each: Publication) -> None:
    """Have the log of OTHER bring a statement to the gateway of ORIGIN, as a log below it."""
    batch = LowerLog(GIVEN, OTHER).batch(entry_of(each))
    assert isinstance(levels.lower.intake.admit_from_below(batch, NOW), UpwardReply)


def test_what_a_log_holds_as_set_aside_is_not_its_word_on_itself() -> None:
    """Two officers signed both; the gateway of that log took one, another log brought the other."""
    levels = Levels(GIVEN)
    rival = released(levels.lower, result=bytes([1] * 32))
    planted(levels, rival)
    first = released(levels.lower)
    assert take(levels.lower, first).reason is Reason.PUBLISHED
    levels.carry(levels.lower)
    assert told(levels) == [FOREIGN, PUBLISHED]
    row = levels.centre.ledger.report(first.id)
    assert row is not None
    assert row.verdict is Verdict.ACCEPTED


def test_a_planted_copy_does_not_take_the_place_of_what_a_newer_register_believes() -> None:
    """Its signatures are no good; those that come later are, once the register lists who signed."""
    levels = Levels(GIVEN)
    register = GIVEN.trusted.register
    older = with_register(GIVEN, without_one(register))
    levels.centre = Scene(older, CENTRE)
    first = released(levels.lower)
    planted(levels, replace(first, signatures=()))
    take(levels.lower, first)
    levels.carry(levels.lower)
    assert told(levels) == [FOREIGN, (Verdict.QUARANTINED, Reason.OLD_REGISTER)]
    newer = with_register(GIVEN, replace(register, version=register.version + 1))
    levels.centre.intake.replace_register(newer.trusted)
    take(levels.lower, following(levels.lower, first))
    levels.carry(levels.lower)
    assert told(levels)[2:] == [PUBLISHED, PUBLISHED]


@pytest.mark.parametrize("reason", [Reason.OTHER_LOG, Reason.VERSION, Reason.OLD_REGISTER])
def test_it_is_not_judged_anew_whatever_the_log_below_had_against_it(reason: Reason) -> None:
    levels = Levels(GIVEN)
    rival = released(levels.lower, result=bytes([1] * 32))
    first = released(levels.lower)
    log = LowerLog(GIVEN, ORIGIN)
    assert isinstance(levels.take(log.batch(aside_of(rival, reason))), UpwardReply)
    assert isinstance(levels.take(log.batch(entry_of(first))), UpwardReply)
    assert told(levels) == [FOREIGN, PUBLISHED]


def test_a_log_that_no_register_lists_has_no_statement() -> None:
    """Its name would be the free text of a lower gateway in what the centre publishes."""
    levels = Levels(GIVEN)
    strange = released(levels.lower, origin="anything.example/at/all")
    fault = levels.take(LowerLog(GIVEN, ORIGIN).batch(aside_of(strange)))
    assert isinstance(fault, UpwardFault)
    assert fault.retry
    assert fault.field == "entries[0].ruling"
    assert fault.problem == "is of a log that the register in use does not list"
    assert fault.fix == "give this gateway the newer register"
    assert leaves(levels.centre) == []


def rivals(scene: Scene, many: int) -> list[Publication]:
    """Second statements without signatures, each of another result."""
    first = released(scene)
    second = following(scene, first)
    return [
        replace(second, result=at.to_bytes(32, "big"), signatures=()) for at in range(1, many + 1)
    ]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What signatures were looked for in, as it happens."""
    found: list[bytes] = []
    real = publications.read_publication
    monkeypatch.setattr(
        publications, "read_publication", lambda data, by: (found.append(data), real(data, by))[1]
    )
    return found


def test_what_was_set_aside_is_judged_anew_when_it_can_follow_and_a_bounded_number_of_it(
    judged: list[bytes],
) -> None:
    levels = Levels(GIVEN)
    many = rivals(levels.lower, 40)
    log = LowerLog(GIVEN, ORIGIN)
    assert isinstance(levels.take(log.batch(*map(entry_of, many))), UpwardReply)
    assert len(judged) == 40
    first = released(levels.lower)
    judged.clear()
    levels.take(log.batch(entry_of(first)))
    assert judged == [each.to_bytes() for each in (first, *many[-32:])]
    judged.clear()
    second = following(levels.lower, first)
    levels.take(log.batch(entry_of(second), *map(entry_of, many[:3])))
    again = [*many[-32:], second, *many[:3]]
    assert judged == [each.to_bytes() for each in again]
    assert told(levels)[-1] == PUBLISHED


def test_what_waits_for_the_one_before_it_stands_as_soon_as_that_does() -> None:
    levels = Levels(GIVEN)
    levels.lower.until(ReportKind.OPEN)
    first = released(levels.lower)
    second = following(levels.lower, first)
    third = following(levels.lower, second)
    log = LowerLog(GIVEN, ORIGIN)
    levels.take(log.batch(*map(entry_of, (third, second, first))))
    late = (Verdict.QUARANTINED, Reason.VERSION)
    assert told(levels) == [late, late, *[PUBLISHED] * 3]
    assert isinstance(levels.take(log.batch(entry_of(second))), UpwardReply)
    assert len(told(levels)) == 5
