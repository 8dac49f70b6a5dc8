"""One log in which everything happened that two computations could see differently."""

from dataclasses import replace

from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import with_register
from tests.tabulation.log_builder import ORIGIN, LogBuilder, authority_of, count, simple_ballots

BOXES = 14
PLAIN = authority_of(boxes=BOXES, boxes_per_precinct=2, registered=30)


def moved(row, votes=1):
    """The row with votes of the district seat moved to the next option."""
    start = Layout.of(PLAIN.trusted.election).spans[1].votes.start
    changed = list(row)
    changed[start] -= votes
    changed[start + 1] += votes
    return tuple(changed)


def _corrected_twice(log, pen, numbers):
    final = pen.final(*numbers)
    one = pen.correction(final, moved(numbers[0]))
    two = pen.correction(one, moved(numbers[0], 2))
    late = pen.correction(one, numbers[0])
    for each in (final, one, two, late):
        log.decide(each)


def _in_order(log, pen, numbers):
    log.decide(pen.final(*numbers))


def _disputed(log, pen, numbers):
    before = (pen.sequence, pen.previous)
    log.decide(pen.final(*numbers))
    pen.sequence, pen.previous = before
    log.evidence(pen.final(moved(numbers[0]), numbers[1]))


def _named(log, pen, numbers):
    """Officers name the rival of the report on which the first final was built."""
    before = (pen.sequence, pen.previous)
    turnout = pen.write(ReportKind.TURNOUT)
    log.decide(turnout)
    log.decide(pen.final(*numbers))
    pen.sequence, pen.previous = before
    rival = pen.write(ReportKind.TURNOUT, boot=2)
    log.evidence(rival)
    log.rule(RulingKind.NAME, rival)


def _held(log, pen, numbers):
    pen.write(ReportKind.CLOSE, numbers[1])
    log.hold(pen.final(*numbers))


def _released(log, pen, numbers):
    final = pen.final(*numbers, firmware=bytes(32))
    log.quarantine(final)
    log.rule(RulingKind.RELEASE, final)


def _silent(log, pen, numbers):
    """Closed as unused, or still missing."""


def _held_then_accepted(log, pen, numbers):
    final = pen.final(*numbers)
    log.hold(final)
    log.decide(final, reason=Reason.GAP_CLOSED, attached=False)


def _correction_of_one_officer(log, pen, numbers):
    final = pen.final(*numbers)
    log.decide(final)
    log.decide(pen.correction(final, moved(numbers[0]), signatures=()))


def _quarantined_and_held(log, pen, numbers):
    log.quarantine(pen.final(*numbers))
    log.hold(pen.final(*numbers))


def _another_length(log, pen, numbers):
    log.decide(pen.final((1, 2), numbers[1]))


STORIES = (
    _corrected_twice,
    _in_order,
    _disputed,
    _named,
    _held,
    _released,
    _silent,
    _in_order,
    _held_then_accepted,
    _correction_of_one_officer,
    _quarantined_and_held,
    _another_length,
    _in_order,
    _silent,
)
#: Box 6 was never used; box 12 reported after its entry was closed.
CLOSED = {6: (ClosedAs.UNUSED, 0), 12: (ClosedAs.REVOKED, 0)}


def long_night():
    """The log, with the register that closed two of its entries."""
    register = PLAIN.trusted.register
    boxes = tuple(
        replace(each, closed=Closure(CLOSED[at][0], ((origin_id(ORIGIN), CLOSED[at][1]),)))
        if at in CLOSED
        else each
        for at, each in enumerate(register.boxes)
    )
    log = LogBuilder(with_register(PLAIN, replace(register, version=2, boxes=boxes)))
    for number, story in enumerate(STORIES):
        pen = log.pen(number)
        if story is not _silent:
            log.morning(pen)
        story(log, pen, count(PLAIN, simple_ballots(9 + number)))
    return log
