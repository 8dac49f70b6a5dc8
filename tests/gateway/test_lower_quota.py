"""Can a hostile log below fill this one with words on itself that cannot stand?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import Identity, Intake
from ballotbox_gateway.core.quota import ROW_OVERHEAD, Allowance, Quota, Quotas, statements
from ballotbox_gateway.core.upward import UpwardFault, UpwardReply
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.below import Levels, LowerLog
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, memory, report_id, ruling
from tests.gateway.test_planted_publications import aside_of
from tests.gateway.test_publications import GIVEN, entry_of, following, released, take

DAY = 86_400
MANY = Allowance(1 << 30, 1 << 30)
TOO_MANY = "hold a publication, and too many of this log could not stand today"


class Centre:
    """An upper gateway that takes three statements a day that cannot stand, and a log below it."""

    def __init__(self, limit=3):
        self.told = []
        quotas = Quotas(Quota(MANY), Quota(MANY), Quota(statements(limit), self.told.append))
        self.ledger = memory(GIVEN, CENTRE)
        identity = Identity(CENTRE, GIVEN.gateway_keys[CENTRE])
        self.intake = Intake(GIVEN.trusted, identity, self.ledger, quotas)
        self.levels = Levels(GIVEN)
        self.log = LowerLog(GIVEN, OTHER)
        self.number = 0

    @property
    def size(self):
        return self.ledger.log_head().size

    def planted(self):
        """A batch with one more statement of that log on itself, which nobody signed."""
        return self.log.batch(entry_of(self.unsigned(OTHER)))

    def unsigned(self, origin):
        self.number += 1
        given = released(self.levels.lower, origin=origin, result=self.number.to_bytes(32))
        return replace(given, signatures=())

    def take(self, batch, now=NOW):
        return self.intake.admit_from_below(batch, now)


def test_after_so_many_in_a_day_the_next_waits_and_costs_nothing():
    centre = Centre()
    for _ in range(3):
        assert isinstance(centre.take(centre.planted()), UpwardReply)
    assert centre.size == 3
    more = centre.planted()
    fault = centre.take(more)
    assert isinstance(fault, UpwardFault)
    assert (fault.field, fault.problem, fault.retry) == ("entries", TOO_MANY, True)
    assert (centre.size, centre.told) == (3, [OTHER.encode()])
    assert isinstance(centre.take(more, NOW + DAY // 3 + 60), UpwardReply)
    assert centre.size == 4


def test_it_is_counted_as_too_fast_and_what_was_taken_is_answered_again():
    centre = Centre(1)
    first = centre.planted()
    assert isinstance(centre.take(first), UpwardReply)
    assert isinstance(centre.take(centre.planted()), UpwardFault)
    assert isinstance(centre.take(first), UpwardReply)
    # Stored with the next commit: a flood shall not make the disk work.
    centre.take(centre.levels.lower.until(ReportKind.OPEN).intake.next_upward(CENTRE, 100))
    counts = {reason: count for (_, reason), count in centre.ledger.counts().items()}
    assert counts[Reason.RATE] == 1


def test_reports_of_the_same_log_and_statements_of_others_go_on():
    centre = Centre(1)
    assert isinstance(centre.take(centre.planted()), UpwardReply)
    lower = centre.levels.lower.until(ReportKind.OPEN)
    take(lower, released(lower))
    honest = lower.intake.next_upward(CENTRE, 100)
    assert any(entry.ruling for entry in honest.entries)
    assert isinstance(centre.take(honest), UpwardReply)
    reports = centre.levels.other.until(ReportKind.OPEN).intake.next_upward(CENTRE, 100)
    batch = centre.log.batch(*reports.entries)
    assert isinstance(centre.take(batch), UpwardReply)


def test_statements_that_stand_are_not_charged():
    centre = Centre(1)
    lower, statement = centre.levels.lower, None
    lower.until(ReportKind.OPEN)
    for _ in range(5):
        statement = following(lower, statement) if statement else released(lower)
        assert take(lower, statement).reason is Reason.PUBLISHED
        batch = lower.intake.next_upward(CENTRE, 100)
        reply = centre.take(batch)
        assert isinstance(reply, UpwardReply)
        lower.intake.upward_receipted(batch, reply, CENTRE, NOW)
    assert centre.told == []


def test_what_another_log_brought_before_is_not_charged_to_whoever_brings_it_again():
    centre = Centre(2)
    statement = released(centre.levels.lower)
    first, again = LowerLog(GIVEN, centre.levels.lower.origin), centre.log
    assert isinstance(centre.take(first.batch(aside_of(statement))), UpwardReply)
    size = centre.size
    for _ in range(3):
        assert isinstance(centre.take(again.batch(entry_of(statement))), UpwardReply)
    assert centre.size == size
    assert centre.told == []


def test_a_gateway_in_the_middle_is_not_charged_for_what_those_below_it_said():
    """It took some as theirs and set others aside, one of them in its own name."""
    centre = Centre(1)
    batches = [
        centre.log.batch(make(centre.unsigned(origin)))
        for origin in (ORIGIN, OTHER)
        for make in (aside_of, entry_of)
        if (origin, make) != (OTHER, entry_of)
        for _ in range(3)
    ]
    for batch in batches:
        assert isinstance(centre.take(batch), UpwardReply)
    assert centre.told == []
    assert centre.size == 9


def test_one_batch_full_of_them_locks_a_log_out_for_a_day_and_not_for_weeks():
    centre = Centre(3)
    many = [entry_of(centre.unsigned(OTHER)) for _ in range(60)]
    assert isinstance(centre.take(centre.log.batch(*many)), UpwardReply)
    more = centre.planted()
    assert isinstance(centre.take(more, NOW + DAY // 2), UpwardFault)
    assert isinstance(centre.take(more, NOW + DAY + 60), UpwardReply)


def test_a_ruling_does_not_wait_for_a_log_that_brought_too_many():
    centre = Centre(1)
    assert isinstance(centre.take(centre.planted()), UpwardReply)
    scene = centre.levels.other
    message = scene.box.report(ReportKind.BOOT, firmware=bytes(32))
    scene.admit(message)
    scene.intake.rule(ruling(GIVEN, RulingKind.RELEASE, report_id(message)), NOW)
    held = scene.intake.next_upward(CENTRE, 100).entries
    assert any(entry.ruling for entry in held)
    assert isinstance(centre.take(centre.log.batch(*held)), UpwardReply)


@pytest.mark.parametrize(("count", "per_hour"), [(1, 42), (24, 1_024), (64, 2_730)])
def test_an_allowance_of_statements_comes_back_in_a_day(count, per_hour):
    assert statements(count) == Allowance(count * ROW_OVERHEAD, per_hour)


def test_a_leaf_that_is_none_is_refused_as_that_and_not_for_its_number():
    centre = Centre(1)
    assert isinstance(centre.take(centre.planted()), UpwardReply)
    torn = replace(entry_of(centre.unsigned(OTHER)), leaf=b"\x80")
    fault = centre.take(centre.log.batch(torn))
    assert isinstance(fault, UpwardFault)
    assert (fault.field, fault.retry, centre.told) == ("entries[0].leaf", False, [])
