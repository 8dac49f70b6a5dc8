"""When does a correction take the place of its final, and when does it change nothing?"""

import pytest

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.fold import BoxState, Use
from tests.tabulation.folding import first


def moved(row, authority):
    """The same row with one vote of the district seat moved to the next option."""
    start = Layout.of(authority.trusted.election).spans[1].votes.start
    changed = list(row)
    changed[start] -= 1
    changed[start + 1] += 1
    return tuple(changed)


def test_the_last_accepted_correction_takes_the_place_of_its_final(authority, log, pen, numbers):
    final = pen.final(*numbers)
    one = pen.correction(final, moved(numbers[0], authority))
    two = pen.correction(one, moved(one.report.votes, authority))
    indexes = [log.decide(each) for each in (final, one, two)]
    box = first(log)
    assert [(each.report, each.leaf, each.row) for each in box.counts] == [
        (two.id, indexes[2], two.report.votes)
    ]
    assert [report.use for report in box.reports] == [Use.REPLACED, Use.REPLACED, Use.COUNTED]


@pytest.mark.parametrize("verdict", [Verdict.HELD, Verdict.QUARANTINED])
def test_a_correction_that_is_not_accepted_changes_nothing(authority, log, pen, numbers, verdict):
    final = pen.final(*numbers)
    correction = pen.correction(final, moved(numbers[0], authority))
    log.decide(final)
    reason = Reason.GAP_BEFORE if verdict is Verdict.HELD else Reason.OFFICERS
    log.decide(correction, verdict, reason)
    box = first(log)
    assert [each.report for each in box.counts] == [final.id]
    assert box.reports[1].use in (Use.HELD, Use.QUARANTINED)


def test_a_correction_without_an_accepted_final_counts_nothing(authority, log, pen, numbers):
    final = pen.final(*numbers)
    log.quarantine(final)
    log.decide(pen.correction(final, moved(numbers[0], authority)))
    box = first(log)
    assert (box.state, box.counts) == (BoxState.QUARANTINED, ())


def test_a_correction_of_something_else_is_quarantined_here(authority, log, pen, numbers):
    final = pen.final(*numbers)
    stray = pen.correction(final, moved(numbers[0], authority), corrects=bytes(32))
    log.decide(final)
    log.decide(stray)
    box = first(log)
    assert [each.report for each in box.counts] == [final.id]
    assert (box.reports[1].use, box.reports[1].reason) == (Use.QUARANTINED, Reason.CORRECTS)


def test_a_correction_of_a_correction_that_was_itself_corrected_is_quarantined_here(
    authority, log, pen, numbers
):
    final = pen.final(*numbers)
    one = pen.correction(final, moved(numbers[0], authority))
    two = pen.correction(one, numbers[0])
    late = pen.correction(one, moved(numbers[0], authority))
    for each in (final, one, two, late):
        log.decide(each)
    assert [each.report for each in first(log).counts] == [two.id]


def test_a_released_correction_counts_whatever_it_names(authority, log, pen, numbers):
    final = pen.final(*numbers)
    stray = pen.correction(final, moved(numbers[0], authority), corrects=bytes(32))
    log.decide(final)
    log.quarantine(stray, Reason.CORRECTS)
    log.rule(RulingKind.RELEASE, stray)
    (counted,) = first(log).counts
    assert (counted.report, counted.ruled) == (stray.id, True)
