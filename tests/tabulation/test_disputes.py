"""Which of two rivals counts, and what becomes of the reports that were built on the other?"""

import pytest

from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.fold import BoxState, Use
from tests.tabulation.folding import first


@pytest.fixture
def rivals(log, pen, numbers):
    """Two finals of one sequence: the first was accepted before the second came."""
    one = pen.final(*numbers)
    pen.sequence, pen.previous = 3, one.report.previous
    other = pen.final(*numbers, boot=2)
    log.decide(one)
    log.evidence(other)
    log.evidence(one, attached=False)
    return one, other


def test_two_reports_of_one_sequence_dispute_the_box(log, rivals):
    box = first(log)
    assert (box.state, box.counts) == (BoxState.DISPUTED, ())
    assert {report.use for report in box.reports} == {Use.EVIDENCE}


def test_a_dispute_over_any_report_takes_the_box_out(log, pen, numbers):
    turnout = pen.write(ReportKind.TURNOUT)
    pen.sequence = 3
    rival = pen.write(ReportKind.TURNOUT, boot=2)
    log.decide(turnout)
    log.decide(pen.final(*numbers))
    log.evidence(rival)
    log.evidence(turnout)
    box = first(log)
    assert (box.state, box.counts) == (BoxState.DISPUTED, ())
    assert [report.use for report in box.reports] == [Use.EVIDENCE, Use.EVIDENCE, Use.LEFT_OUT]


@pytest.mark.parametrize("named", [0, 1])
def test_the_named_final_decides(log, rivals, named):
    index = log.rule(RulingKind.NAME, rivals[named])
    box = first(log)
    assert box.state is BoxState.COUNTED
    assert [(each.report, each.leaf) for each in box.counts] == [(rivals[named].id, index)]
    assert sorted(report.use for report in box.reports) == [Use.COUNTED, _use_of_the_other(named)]


def _use_of_the_other(named):
    return Use.EVIDENCE if named == 0 else Use.SUPERSEDED


def test_a_third_rival_disputes_the_box_again(log, pen, numbers, rivals):
    log.rule(RulingKind.NAME, rivals[0])
    pen.sequence = 3
    log.evidence(pen.final(*numbers, boot=3))
    log.evidence(rivals[0], attached=False)
    assert first(log).state is BoxState.DISPUTED


def test_naming_ends_one_dispute_and_leaves_the_other(log, pen, numbers):
    reports = [pen.write(ReportKind.TURNOUT), pen.write(ReportKind.CLOSE, numbers[1])]
    log.decide(reports[0])
    log.decide(reports[1])
    log.decide(pen.final(*numbers))
    for report in reports:
        pen.sequence, pen.previous = report.report.sequence, report.report.previous
        log.evidence(pen.write(ReportKind.TURNOUT, boot=2))
        log.evidence(report)
    log.rule(RulingKind.NAME, reports[0])
    assert first(log).state is BoxState.DISPUTED
    log.rule(RulingKind.NAME, reports[1])
    assert first(log).state is BoxState.COUNTED


def _branches(log, pen, numbers):
    """A chain turnout 3, close 4, final 5, and then a rival of report 3."""
    turnout = pen.write(ReportKind.TURNOUT)
    before = turnout.report.previous
    log.decide(turnout)
    close = pen.write(ReportKind.CLOSE, numbers[1])
    log.decide(close)
    final = pen.final(*numbers)
    log.decide(final)
    pen.sequence, pen.previous = 3, before
    rival = pen.write(ReportKind.TURNOUT, boot=2)
    log.evidence(rival)
    log.evidence(turnout, attached=False)
    return turnout, rival, close, final


def test_naming_the_report_that_the_chain_was_built_on_keeps_what_follows(log, pen, numbers):
    turnout, _, _, final = _branches(log, pen, numbers)
    log.rule(RulingKind.NAME, turnout)
    box = first(log)
    assert box.state is BoxState.COUNTED
    assert [each.report for each in box.counts] == [final.id]


def test_naming_the_other_report_supersedes_what_follows(log, pen, numbers):
    _, rival, _, final = _branches(log, pen, numbers)
    log.rule(RulingKind.NAME, rival)
    box = first(log)
    assert (box.state, box.counts) == (BoxState.MISSING, ())
    uses = {report.id: report.use for report in box.reports}
    assert uses[final.id] is Use.SUPERSEDED


def test_the_named_branch_goes_on_to_its_own_final(log, pen, numbers):
    _, rival, *cut_off = _branches(log, pen, numbers)
    log.rule(RulingKind.NAME, rival)
    for report in cut_off:
        log.quarantine(report, Reason.PREVIOUS)
    pen.write(ReportKind.CLOSE, numbers[1])
    own = pen.final(*numbers, boot=2)
    log.hold(own)
    assert first(log).state is BoxState.HELD
    assert first(log).waiting_for == 4
    index = log.decide(own, reason=Reason.GAP_CLOSED)
    assert [(each.report, each.leaf) for each in first(log).counts] == [(own.id, index)]


def test_what_grew_on_the_other_branch_fills_no_gap(log, pen, numbers):
    _, rival, _, _ = _branches(log, pen, numbers)
    log.rule(RulingKind.NAME, rival)
    stray = pen.write(ReportKind.CLOSE, numbers[1], previous=bytes(32), boot=2)
    log.quarantine(stray, Reason.PREVIOUS)
    log.hold(pen.final(*numbers, boot=2))
    assert first(log).waiting_for == 4


def test_a_superseded_report_that_is_accepted_again_counts_again(log, pen, numbers):
    _, rival, _, final = _branches(log, pen, numbers)
    log.rule(RulingKind.NAME, rival)
    log.decide(final)
    assert [each.report for each in first(log).counts] == [final.id]


def test_what_officers_released_is_not_superseded_by_their_naming(log, pen, numbers):
    turnout = pen.write(ReportKind.TURNOUT)
    before = turnout.report.previous
    log.decide(turnout)
    final = pen.final(*numbers)
    log.quarantine(final)
    log.rule(RulingKind.RELEASE, final)
    pen.sequence, pen.previous = 3, before
    rival = pen.write(ReportKind.TURNOUT, boot=2)
    log.evidence(rival)
    log.evidence(turnout)
    log.rule(RulingKind.NAME, rival)
    assert [each.report for each in first(log).counts] == [final.id]


def test_a_rival_beyond_a_gap_can_be_named(log, pen, numbers):
    pen.write(ReportKind.CLOSE, numbers[1])
    before, place = pen.previous, pen.sequence
    one = pen.final(*numbers)
    log.hold(one)
    pen.sequence, pen.previous = place, before
    other = pen.final(*numbers, boot=2)
    log.evidence(other)
    log.evidence(one)
    log.rule(RulingKind.NAME, other)
    assert [each.report for each in first(log).counts] == [other.id]


def test_a_named_report_beyond_a_gap_fills_its_place(log, pen, numbers):
    missing = pen.write(ReportKind.TURNOUT)
    before = pen.previous
    one = pen.write(ReportKind.CLOSE, numbers[1])
    pen.sequence, pen.previous = 4, before
    other = pen.write(ReportKind.CLOSE, numbers[1], boot=2)
    log.hold(one)
    log.evidence(other)
    log.evidence(one)
    log.rule(RulingKind.NAME, other)
    pen.write(ReportKind.TURNOUT)
    log.hold(pen.final(*numbers))
    assert first(log).waiting_for == 3
    log.decide(missing)
    assert first(log).waiting_for == 5


def test_evidence_below_that_was_settled_below_no_longer_disputes(log, pen, numbers):
    final = pen.final(*numbers)
    log.decide(final, Verdict.EVIDENCE, Reason.EVIDENCE_BELOW)
    assert first(log).state is BoxState.DISPUTED
    log.decide(final)
    assert first(log).state is BoxState.COUNTED


def test_a_report_leaf_may_repeat_what_officers_decided(log, rivals):
    log.rule(RulingKind.NAME, rivals[0])
    index = log.decide(rivals[0], reason=Reason.NAMED, attached=False)
    assert [each.leaf for each in first(log).counts] == [index]
