"""Where does each box stand after the leaves, and which report gives its numbers?"""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import ClosedAs, Closure, Role, origin_id
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from ballotbox_tabulation.core.fold import BoxState, Use
from ballotbox_tabulation.core.objections import Objections
from tests.tabulation.folding import first, standings, uses
from tests.tabulation.log_builder import ORIGIN, LogBuilder, authority_of, count, simple_ballots

# ---- one state for each box


def test_an_accepted_final_counts(log, pen, numbers):
    final = pen.final(*numbers)
    index = log.decide(final)
    box = first(log)
    assert box.state is BoxState.COUNTED
    (counted,) = box.counts
    assert (counted.report, counted.leaf, counted.row) == (final.id, index, numbers[0])
    assert not counted.ruled
    assert uses(box) == [(Use.COUNTED, (index,))]


def test_a_box_without_a_final_is_missing_whatever_else_it_said(log, pen, numbers):
    log.decide(pen.write(ReportKind.CLOSE, numbers[1]))
    assert [box.state for box in standings(log).boxes] == [BoxState.MISSING] * 3
    assert first(log).reports == ()


def test_a_held_final_waits_for_the_first_missing_report(log, pen, numbers):
    pen.write(ReportKind.CLOSE, numbers[1])
    log.hold(pen.write(ReportKind.TURNOUT, numbers[1]))
    index = log.hold(pen.final(*numbers))
    box = first(log)
    assert (box.state, box.waiting_for, box.counts) == (BoxState.HELD, 3, ())
    assert uses(box) == [(Use.HELD, (index,))]


def test_a_held_final_of_a_box_never_heard_waits_for_its_very_first_report(log, numbers):
    pen = log.pen(0)
    pen.write(ReportKind.BOOT)
    log.hold(pen.final(*numbers))
    assert first(log).waiting_for == 0


def test_a_held_final_counts_once_when_its_gap_has_closed(log, pen, numbers):
    close = pen.write(ReportKind.CLOSE, numbers[1])
    final = pen.final(*numbers)
    held = log.hold(final)
    log.decide(close)
    index = log.decide(final, reason=Reason.GAP_CLOSED, attached=False)
    box = first(log)
    assert (box.state, box.waiting_for) == (BoxState.COUNTED, None)
    assert [each.leaf for each in box.counts] == [index]
    assert uses(box) == [(Use.COUNTED, (held, index))]


def test_a_quarantined_final_is_listed_with_its_reason(log, pen, numbers):
    log.quarantine(pen.final(*numbers), Reason.BOOT)
    box = first(log)
    assert (box.state, box.counts) == (BoxState.QUARANTINED, ())
    assert box.reports[0].reason is Reason.BOOT
    assert box.reports[0].use is Use.QUARANTINED


def test_the_newest_verdict_on_a_report_is_the_one_that_holds(log, pen, numbers):
    final = pen.final(*numbers)
    log.decide(final)
    log.quarantine(final)
    assert first(log).state is BoxState.QUARANTINED


def test_the_same_leaf_twice_counts_once(log, pen, numbers):
    final = pen.final(*numbers)
    indexes = (log.decide(final), log.decide(final))
    box = first(log)
    assert [each.leaf for each in box.counts] == [indexes[1]]
    assert uses(box) == [(Use.COUNTED, indexes)]


def test_two_accepted_finals_are_both_counted_and_so_refused_by_the_gate(log, pen, numbers):
    log.decide(pen.final(*numbers))
    log.decide(pen.final(*numbers))
    assert len(first(log).counts) == 2


@pytest.mark.parametrize("verdict", [Verdict.HELD, Verdict.QUARANTINED])
def test_two_officers_release_a_final(log, pen, numbers, verdict):
    pen.write(ReportKind.CLOSE, numbers[1])
    final = pen.final(*numbers)
    reason = Reason.GAP_BEFORE if verdict is Verdict.HELD else Reason.FIRMWARE
    decided = log.decide(final, verdict, reason)
    index = log.rule(RulingKind.RELEASE, final)
    box = first(log)
    assert (box.state, box.counts[0].leaf, box.counts[0].ruled) == (BoxState.COUNTED, index, True)
    assert uses(box) == [(Use.COUNTED, (decided, index))]
    assert box.reports[0].reason is Reason.RELEASED


def test_a_release_of_what_is_accepted_changes_nothing_but_the_list(log, pen, numbers):
    final = pen.final(*numbers)
    log.decide(final)
    log.rule(RulingKind.RELEASE, final)
    assert first(log).state is BoxState.COUNTED


def test_a_box_closed_as_unused_is_not_expected(authority, log):
    entry = authority.trusted.register.boxes[0]
    closed = _closed(authority, entry, ClosedAs.UNUSED, log.size)
    assert standings(log, closed).boxes[0].state is BoxState.UNUSED


def _closed(authority, entry, reason, position):
    register = authority.trusted.register
    closure = Closure(reason, ((origin_id(ORIGIN), position),))
    boxes = tuple(
        replace(each, closed=closure) if each == entry else each for each in register.boxes
    )
    return with_register(authority, replace(register, version=register.version + 1, boxes=boxes))


@pytest.mark.parametrize("reason", [ClosedAs.REPLACED, ClosedAs.UNUSED, ClosedAs.REVOKED])
def test_what_a_box_reported_before_its_entry_was_closed_counts(
    authority, log, pen, numbers, reason
):
    log.decide(pen.final(*numbers))
    closed = _closed(authority, authority.trusted.register.boxes[0], reason, log.size)
    assert first(log, closed).state is BoxState.COUNTED


def test_what_came_after_its_entry_was_closed_is_quarantined_here(authority, log, pen, numbers):
    index = log.decide(pen.final(*numbers))
    closed = _closed(authority, authority.trusted.register.boxes[0], ClosedAs.REVOKED, index)
    outcome = standings(log, closed)
    assert outcome.boxes[0].state is BoxState.QUARANTINED
    assert [(each.leaf, each.reason) for each in outcome.objections] == [
        (index, Reason.CLOSED_ENTRY)
    ]


def test_its_first_leaf_decides_whether_a_report_came_before_the_closing(
    authority, log, pen, numbers
):
    close, final = pen.write(ReportKind.CLOSE, numbers[1]), pen.final(*numbers)
    log.hold(final)
    position = log.decide(close)
    log.decide(final, reason=Reason.GAP_CLOSED)
    entry = authority.trusted.register.boxes[0]
    closed = _closed(authority, entry, ClosedAs.REPLACED, position)
    assert first(log, closed).state is BoxState.COUNTED


# ---- the tabulation's own objections


_OBJECTIONABLE = {
    "another precinct": ({"precinct": 2}, Reason.PRECINCT),
    "another epoch": ({"epoch": 9}, Reason.EPOCH),
    "unlisted firmware": ({"firmware": bytes(32)}, Reason.FIRMWARE),
    "too few votes": ({"votes": (0,)}, Reason.VOTES_LENGTH),
}


@pytest.mark.parametrize("case", _OBJECTIONABLE)
def test_an_accepted_final_with_an_objection_is_listed_not_counted(log, pen, numbers, case):
    changes, reason = _OBJECTIONABLE[case]
    row, counters = numbers
    index = log.decide(pen.write(ReportKind.FINAL, counters, **{"votes": row, **changes}))
    outcome = standings(log)
    assert outcome.boxes[0].state is BoxState.QUARANTINED
    assert outcome.boxes[0].reports[0].reason is reason
    assert [(each.leaf, each.reason) for each in outcome.objections] == [(index, reason)]


def test_an_accepted_correction_without_two_officers_is_not_counted(log, pen, numbers):
    final = pen.final(*numbers)
    log.decide(final)
    log.decide(pen.correction(final, numbers[0], signatures=()))
    box = first(log)
    assert [each.report for each in box.counts] == [final.id]
    assert box.reports[1].reason is Reason.OFFICERS


def test_a_correction_takes_officers_with_the_elevated_role(authority, log, pen, numbers):
    final = pen.final(*numbers)
    log.decide(final)
    log.decide(pen.correction(final, numbers[0]))
    register = authority.trusted.register
    plain = tuple(replace(each, roles=Role.POLL | Role.RELEASE) for each in register.officers)
    without = with_register(authority, replace(register, version=2, officers=plain))
    assert first(log, without).reports[1].reason is Reason.OFFICERS


def test_a_report_without_votes_is_not_objected_to(log, pen, numbers):
    log.decide(pen.write(ReportKind.TURNOUT, firmware=bytes(32)))
    assert standings(log).objections == ()


def test_votes_that_fit_no_contest_cannot_be_released_into_a_total(log, pen, numbers):
    final = pen.final((0,), numbers[1])
    log.quarantine(final, Reason.VOTES_LENGTH)
    log.rule(RulingKind.RELEASE, final)
    box = first(log)
    assert (box.state, box.reports[0].reason) == (BoxState.QUARANTINED, Reason.VOTES_LENGTH)


def test_any_other_objection_ends_with_a_release(log, pen, numbers):
    final = pen.final(*numbers, firmware=bytes(32))
    log.quarantine(final)
    log.rule(RulingKind.RELEASE, final)
    assert first(log).state is BoxState.COUNTED


def test_debug_mode_is_an_objection_in_an_official_election_only(authority, log, pen, numbers):
    final = pen.final(*numbers, debug=True).report
    election, register = authority.trusted.election, authority.trusted.register
    entry = register.boxes[0]
    official = replace(election, mode=Mode.OFFICIAL)
    assert Objections(election, register).objection(final, b"", entry) is None
    assert Objections(official, register).objection(final, b"", entry) is Reason.DEBUG


# ---- the order of leaves


def test_boxes_do_not_depend_on_each_other(authority, numbers):
    """Whatever the order in which the boxes' leaves come, each box stands the same."""
    outcomes = set()
    for order in permutations(range(3)):
        log = LogBuilder(authority)
        pens = [log.pen(number) for number in range(3)]
        for number in order:
            log.morning(pens[number])
        for number in order:
            final = pens[number].final(*numbers)
            (log.decide, log.quarantine, log.hold)[number](final)
        boxes = standings(log).boxes
        outcomes.add(tuple((box.state, tuple(c.row for c in box.counts)) for box in boxes))
    assert len(outcomes) == 1


@given(st.permutations(range(6)))
def test_only_the_order_within_a_box_matters(order):
    """Leaves of two boxes interleave in any way that keeps each box's own order."""
    authority = authority_of(boxes=2)
    row, counters = count(authority, simple_ballots(3))
    log = LogBuilder(authority)
    pens = [log.pen(0), log.pen(1)]
    finals = [pen.final(row, counters) for pen in pens]
    waiting = {
        number: [
            lambda f=final: log.quarantine(f),
            lambda f=final: log.rule(RulingKind.RELEASE, f),
            lambda f=final: log.decide(f, reason=Reason.RELEASED, attached=False),
        ]
        for number, final in enumerate(finals)
    }
    for place in order:
        waiting[place % 2].pop(0)()
    boxes = standings(log).boxes
    assert [box.state for box in boxes] == [BoxState.COUNTED] * 2
    assert [each.report for box in boxes for each in box.counts] == [each.id for each in finals]
