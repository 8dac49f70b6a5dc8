"""Does the event log tell no time but those that reports sign, and nothing of any choice?"""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core import event_log as event_log_module
from ballotbox_device.core.event_log import time_text
from ballotbox_device.core.events import Consented, Requested
from ballotbox_device.core.outputs import ConsentNeeded
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.verdict import Verdict
from tests.device.logged_days import days, events_of, log_of, opened
from tests.device.polling_place import (
    AWAY,
    HOME_1,
    HOME_2,
    PollingPlace,
    contests_of,
    instant,
    report_in,
)
from tests.device.test_secrecy import SHEETS, vote
from tests.device.test_sheets import ELECTION, marks_of

# Times


def test_no_time_is_told_but_those_of_the_signed_reports():
    for place in days():
        signed = {time_text(report_in(data).clock.time) for data in place.kept()}
        assert {event["TimeStamp"] for event in events_of(place)} <= signed


def test_an_event_bears_the_time_of_the_first_report_that_covers_it():
    place = opened()
    place.feed(AWAY)
    place.feed(AWAY)
    place.turnout()
    place.feed(AWAY)
    place.act(Action.PAUSE, Action.CLOSE)
    clocks = {r.kind: time_text(r.clock.time) for r in map(report_in, place.kept())}
    events = events_of(place)
    sheets = [event["TimeStamp"] for event in events if event["Type"] == "sheet"]
    turnout, close = clocks[ReportKind.TURNOUT], clocks[ReportKind.CLOSE]
    assert sheets == [turnout] * 6 + [close] * 3
    polls = {event["Id"]: event["TimeStamp"] for event in events if event["Type"] == "poll"}
    # A transition happened together with its report; one without waits for the next.
    assert polls["poll-zero"] == clocks[ReportKind.ZERO]
    assert polls["poll-open"] == clocks[ReportKind.OPEN]
    assert polls["poll-paused"] == polls["poll-closed"] == close


def test_what_came_while_officers_signed_is_not_covered_by_their_report():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO)
    (needed,) = place.device.on(Requested(Action.OPEN), instant(100))
    assert isinstance(needed, ConsentNeeded)
    held = HeldCheckpoint(origin_id("log.example"), 1, bytes(32))
    place.device.outgoing.receipted(0, Verdict.ACCEPTED, held)
    consent = place.authority.consent(needed.payload, needed.message_type)
    place.device.on(Consented(consent), instant(200))
    place.second = 300
    place.turnout()
    times = {event["Id"]: event["TimeStamp"] for event in events_of(place)}
    assert times["report-open"] == time_text(instant(100).time)
    assert times["receipt-accepted"] == time_text(instant(301).time)


def test_what_no_report_covers_says_so():
    place = opened()
    place.feed(AWAY)
    uncovered = [event for event in events_of(place) if "no report covers" in str(event)]
    assert [event["Id"] for event in uncovered] == [
        "sheet-taken-in",
        "sheet-released",
        "sheet-accepted",
    ]
    (last,) = {event["TimeStamp"] for event in uncovered}
    assert last == time_text(report_in(place.kept()[-1]).clock.time)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_796_000_000, "2026-11-30T00:53:20Z"),
        (2**53 - 1, "9999-12-31T23:59:59Z"),
    ],
)
def test_a_time_is_written_as_rfc_3339_has_it(seconds, text):
    assert time_text(seconds) == text


# Secrecy


@given(st.data())
def test_other_choices_give_the_same_bytes(data):
    """Which of two sheets of a style was first, or what they say at all, is nowhere in the log."""
    sheets = data.draw(SHEETS)
    others = [
        Sheet(sheet.style, sheet.number, tuple(data.draw(marks_of(ELECTION.contests[index]))
                                               for index in contests_of(sheet)))
        for sheet in sheets
    ]  # fmt: skip
    assert json.dumps(log_of(vote(sheets)[0])) == json.dumps(log_of(vote(others)[0]))


@given(st.data())
def test_swapped_sheets_give_the_same_bytes_up_to_the_final(data):
    sheets = data.draw(st.lists(st.sampled_from((AWAY, HOME_1, HOME_2)), min_size=2, max_size=6))
    one, two = (data.draw(st.integers(0, len(sheets) - 1)) for _ in "ab")
    swapped = list(sheets)
    swapped[one], swapped[two] = sheets[two], sheets[one]
    logs = []
    for order in (sheets, swapped):
        place, _ = vote(order)
        place.finish()
        logs.append(json.dumps(log_of(place)))
    assert logs[0] == logs[1]


@given(SHEETS, st.data())
def test_the_time_of_a_sheet_is_not_told(sheets, data):
    times = [data.draw(st.integers(100, 80_000)) for _ in sheets]
    assert log_of(vote(sheets)[0]) == log_of(vote(sheets, times=times)[0])


# Teeth: a log that says more than it should.


@pytest.mark.teeth
def test_a_time_of_its_own_is_seen(monkeypatch):
    def precise(happening, timed_by):
        later = replace(timed_by, clock=replace(timed_by.clock, time=timed_by.clock.time + 7))
        return plain(happening, later)

    plain = event_log_module._event
    monkeypatch.setattr(event_log_module, "_event", precise)
    with pytest.raises(AssertionError):
        test_no_time_is_told_but_those_of_the_signed_reports()
