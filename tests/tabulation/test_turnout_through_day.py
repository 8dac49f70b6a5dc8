"""Does the result say hour by hour who had come, from signed interim reports and nothing else?"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.definition import Precinct
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire.report import Clock, ClockQuality, ReportKind
from ballotbox_simulator.authority import with_register
from ballotbox_tabulation.core import turnout
from ballotbox_tabulation.core.evidence import Interim
from ballotbox_tabulation.core.fold import BoxResult, BoxState
from ballotbox_tabulation.core.gates import Gate
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Refused, conclude
from ballotbox_tabulation.second import questions
from ballotbox_tabulation.second_opinion import second_opinion
from tests.tabulation.folding import read
from tests.tabulation.log_builder import ORIGIN, LogBuilder, authority_of

#: 00:00 UTC on the day of the election.
MIDNIGHT = 1_795_910_400
HOUR = 3_600
#: Two boxes in the first precinct, one in the second.
GIVEN = authority_of(boxes=3, boxes_per_precinct=2, registered=40)


def counters(ballots):
    return Counters(
        presented=ballots, accepted=ballots, box=ballots, ballots=ballots, lifetime=ballots
    )


class Day:
    """A log of boxes that open, and say during the day how many ballots they have."""

    def __init__(self, authority=GIVEN):
        self.authority = authority
        self.log = LogBuilder(authority)
        self.pens = [self.log.pen(number) for number in range(len(authority.boxes))]
        for pen in self.pens:
            self.log.morning(pen)

    def said(self, box, hour, ballots, quality=ClockQuality.FREE_RUNNING):
        clock = Clock(int(MIDNIGHT + hour * HOUR), quality, 1_000)
        report = self.pens[box].write(ReportKind.TURNOUT, counters(ballots), clock=clock)
        self.log.decide(report)
        return report

    def nation(self):
        return read(self.authority, self.log.files()).result["nation"]

    def rows(self):
        return [
            ((row["until"] - MIDNIGHT) / HOUR, row["precincts"], row["ballots"])
            for row in self.nation().get("turnout_through_day", ())
        ]


def test_a_precinct_is_in_an_hour_once_each_of_its_boxes_has_spoken():
    day = Day()
    day.said(0, 9.5, 3)
    day.said(2, 10, 5)
    day.said(1, 11.2, 4)
    day.said(0, 11.9, 6)
    assert day.rows() == [(10, 1, 5), (12, 2, 15)]
    until_noon = day.nation()["turnout_through_day"][-1]
    assert until_noon["registered"] == 80
    assert until_noon["share_percent"] == "18.75"


def test_without_interim_reports_nothing_is_said():
    assert "turnout_through_day" not in Day().nation()


def test_interim_numbers_are_in_no_total():
    day = Day()
    day.said(2, 10, 5)
    assert day.nation()["counters"] is None


def test_a_clock_that_goes_back_takes_nothing_back():
    day = Day()
    day.said(2, 15, 9)
    day.said(2, 12, 10)
    assert day.rows() == [(12, 1, 10), (15, 1, 10)]


@pytest.mark.parametrize("hour", [-14.001, 36.001, 1e9])
def test_what_is_of_another_day_says_nothing(hour):
    day = Day()
    day.said(2, hour, 5)
    assert day.rows() == []


@pytest.mark.parametrize("hour", [-14, 36])
def test_it_may_be_that_day_anywhere_on_earth(hour):
    day = Day()
    day.said(2, hour, 5)
    assert day.rows() == [(hour, 1, 5)]


def test_a_clock_that_was_never_set_says_nothing():
    day = Day()
    day.said(2, 10, 5, ClockQuality.UNSET)
    assert day.rows() == []


def test_a_report_that_waits_or_is_set_aside_says_nothing():
    day = Day()
    clock = Clock(MIDNIGHT + 10 * HOUR, ClockQuality.FREE_RUNNING, 1_000)
    day.log.quarantine(day.pens[2].write(ReportKind.TURNOUT, counters(5), clock=clock))
    assert day.rows() == []


def test_a_disputed_box_is_not_believed():
    day = Day()
    day.said(2, 10, 5)
    rival = day.log.pen(2)
    rival.sequence, rival.previous = day.pens[2].sequence, day.pens[2].previous
    day.log.evidence(day.pens[2].write(ReportKind.TURNOUT, counters(6)))
    day.log.evidence(rival.write(ReportKind.TURNOUT, counters(7)))
    assert day.rows() == []


def test_more_ballots_than_voters_have_no_share():
    day = Day()
    day.said(2, 10, 41)
    assert day.nation()["turnout_through_day"][0]["share_percent"] == ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(-60, 160).map(lambda quarters: quarters / 4),
            st.integers(0, 50),
            st.sampled_from(ClockQuality),
        ),
        max_size=12,
    )
)
def test_two_computations_agree_on_whatever_boxes_say(told):
    day = Day()
    for box, hour, ballots, quality in told:
        day.said(box, hour, ballots, quality)
    assert [row[0] for row in day.rows()] == sorted({row[0] for row in day.rows()})


def looked_up(boxes, precincts):
    """The same rows, with every hour looked up anew in all that was said before it."""
    said = {
        number: [box.interims for box in boxes if box.precinct == number] for number in precincts
    }
    for hour in sorted({-(-time // HOUR) * HOUR for box in boxes for time, _ in box.interims}):
        heard = [
            sum(max(ballots for time, ballots in each if time <= hour) for each in of_boxes)
            for of_boxes in said.values()
            if of_boxes and all(any(time <= hour for time, _ in each) for each in of_boxes)
        ]
        if heard:
            yield hour, len(heard), 20 * len(heard), sum(heard)


interims = st.lists(
    st.builds(Interim, st.integers(0, 30).map(lambda n: MIDNIGHT + n * 1_200), st.integers(0, 9)),
    max_size=4,
)


@given(st.lists(st.tuples(st.integers(1, 4), interims), max_size=7))
def test_what_is_carried_from_hour_to_hour_is_what_looking_it_up_gives(told):
    precincts = [Precinct(number, f"School {number}", 20, (0,)) for number in range(1, 5)]
    boxes = [
        BoxResult(bytes(16), precinct, BoxState.MISSING, (), (), interims=tuple(said))
        for precinct, said in told
    ]
    rows = turnout.turnout_through_day(precincts, boxes, "2026-11-29")
    found = [tuple(row.values())[:4] for row in rows]
    assert found == list(looked_up(boxes, range(1, 5)))


@pytest.mark.teeth
@pytest.mark.parametrize("planted", ["first", "second"])
def test_an_error_in_either_computation_is_found(planted, monkeypatch):
    day = Day()
    day.said(2, 10, 5)
    day.said(2, 11, 8)
    if planted == "first":
        monkeypatch.setattr(turnout, "_LATEST", 10 * HOUR)
    else:
        earlier = questions.THROUGH_DAY.replace("+ 129600", "+ 36000")
        monkeypatch.setattr(questions, "THROUGH_DAY", earlier)
    opened = open_log(day.log.files().get, GIVEN.trusted)
    outcome = conclude(opened, read_leaves(opened), GIVEN.root, "test 1", second_opinion)
    assert isinstance(outcome, Refused)
    assert {gate.gate for gate in outcome.gates} == {Gate.SECOND}
    assert any("turnout_through_day" in gate.where for gate in outcome.gates)


def test_a_box_that_was_closed_as_unused_is_not_waited_for():
    day = Day()
    day.said(0, 10, 5)
    boxes = list(GIVEN.trusted.register.boxes)
    closure = Closure(ClosedAs.UNUSED, ((origin_id(ORIGIN), 0),))
    boxes[1] = replace(boxes[1], closed=closure)
    later = replace(GIVEN.trusted.register, version=2, boxes=tuple(boxes))
    day.authority = with_register(GIVEN, later)
    assert day.rows() == [(10, 1, 5)]
