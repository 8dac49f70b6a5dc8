"""Does the event log tell all that the journal holds, and nothing that its reports do not sign?"""

import json
from collections import Counter
from dataclasses import replace
from functools import cache

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core import event_log as event_log_module
from ballotbox_device.core import event_meanings
from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.event_log import event_documentation, event_log, time_text
from ballotbox_device.core.event_meanings import (
    OF_INCIDENT,
    OF_RECORD,
    OF_REPORT,
    OF_STATE,
    TYPES,
    EventType,
    meanings,
)
from ballotbox_device.core.events import (
    Consented,
    CorrectionRequested,
    DropUncertain,
    Requested,
    SheetInserted,
)
from ballotbox_device.core.outputs import ConsentNeeded
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import RETURNED, Receipted, RecordType
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.units import UNIT_HEAD_SIZE, frame, units
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash
from ballotbox_protocol.wire.report import HeldCheckpoint, IncidentCode, ReportKind
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.disk import KEPT, LOST
from tests.device.cut_days import cut_at, operations_of, resume, run
from tests.device.nist_schemas import EVENTS, checker
from tests.device.polling_place import (
    AWAY,
    HOME_1,
    HOME_2,
    PollingPlace,
    contests_of,
    identity_of,
    instant,
    report_in,
)
from tests.device.test_clearing_cuts import clear, next_device
from tests.device.test_secrecy import SHEETS, vote
from tests.device.test_sheets import ELECTION, marks_of

GENERATED = 1_796_500_000


def log_of(place):
    return event_log(place.disk.journal.read(), GENERATED)


def events_of(place):
    (device,) = log_of(place)["Device"]
    return device["Event"]


def opened():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    return place


@cache
def whole_day():
    place = PollingPlace()
    assert run(place) is None
    return place


@cache
def cut_days():
    """Days that went to their end after a power cut, at every third operation."""
    days = []
    for operation in range(0, operations_of(), 3):
        for outcomes in ((LOST, KEPT), (KEPT, LOST), (KEPT, KEPT)):
            place, step = cut_at(operation)
            place.disk.power_off(*outcomes)
            resume(place, step, to_the_end=True)
            days.append(place)
    return days


def days():
    return [whole_day(), *cut_days()]


# The tables


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (OF_RECORD, RecordType),
        (OF_STATE, PollState),
        (OF_REPORT, set(ReportKind) - {ReportKind.INCIDENT}),
        (OF_INCIDENT, IncidentCode),
        (TYPES, EventType),
        (OF_RECORD[RecordType.RECEIPTED], {*Verdict, REFUSED}),
        (OF_RECORD[RecordType.ANSWER], {0, 1}),
    ],
)
def test_whatever_can_happen_has_a_meaning(table, members):
    assert set(table) == set(members)


def test_no_two_meanings_share_an_id():
    told = list(meanings())
    assert len({meaning.id for meaning in told}) == len(told)


# One event for each record


def test_accepted_sheets_are_the_counter_and_the_sequence_has_no_gap():
    answered = 0
    for place in days():
        events = events_of(place)
        ids = Counter(event["Id"] for event in events)
        counters = report_in(place.kept()[-1]).counters
        assert ids["sheet-accepted"] == counters.accepted == len(place.facts.in_box)
        assert ids["sheet-taken-in"] == counters.presented
        assert ids["sheet-returned"] + ids["sheet-not-dropped"] == counters.returned
        assert [event["Sequence"] for event in events] == [str(n + 1) for n in range(len(events))]
        answered += ids["incident-drop-settled"]
    assert answered, "no cut left a sheet in doubt"


def test_the_hashes_fold_to_the_roots_that_the_reports_sign():
    for place in days():
        hashes = [bytes.fromhex(event["Hash"]) for event in events_of(place)]
        for data in place.kept():
            head = report_in(data).journal
            frontier = Frontier()
            for leaf in hashes[: head.size]:
                frontier.append(leaf)
            assert frontier.root() == head.root


def test_every_report_is_an_event_with_its_officers():
    place = whole_day()
    reports = [report_in(data) for data in place.kept()]
    events = [event for event in events_of(place) if event["Id"].startswith("report-")]
    events = [event for event in events if event["Id"] != "report-reprinted"]
    names = [report.kind.name.lower() for report in reports]
    assert [event["Id"] for event in events] == [f"report-{name}" for name in names]
    for event, report in zip(events, reports, strict=True):
        users = " ".join(each.key_id.hex() for each in report.signatures)
        assert event.get("UserId", "") == users
        assert event["Details"].startswith(f"report {report.sequence}; boot {report.boot}; ")
        assert report.journal.root.hex() in event["Details"]


def test_the_day_is_told_in_its_order():
    about_poll = [event["Id"] for event in events_of(whole_day()) if event["Type"] == "poll"]
    states = ("zero", "open", "paused", "open", "closed", "open", "closed", "portable", "closed")
    assert about_poll == [f"poll-{state}" for state in (*states, "final", "sealed")]


def test_deliveries_are_told_by_log_and_report():
    place = PollingPlace()
    place.boot()
    log = origin_id("log.example")
    place.receipt()
    place.device._book.commit(Receipted(log, 0, REFUSED).record())
    place.send_again()
    told = {event["Id"]: event.get("Details", "") for event in events_of(place)}
    assert f"report 0 at log {log.hex()}: accepted" in told["receipt-accepted"]
    assert f"report 0 at log {log.hex()}: refusal" in told["receipt-refused"]
    assert f"log {log.hex()} has 1 leaves" in told["checkpoint-verified"]
    assert f"from report 0 on, for log {log.hex()}" in told["sent-again"]


def test_incidents_and_rotations_bear_their_numbers():
    place = opened()
    place.facts.in_transport = AWAY
    place.device.on(SheetInserted(AWAY), instant(50))
    place._take(place.device.on(DropUncertain(), instant(51)))
    events = {event["Id"]: event for event in events_of(place)}
    assert "detail 1" in events["incident-drop-uncertain"]["Details"]
    assert events["incident-drop-uncertain"]["Disposition"] == "failure"
    # Nobody saw it fall: the people of this place find it in the transport.
    assert events["sheet-not-dropped"]["Details"].startswith("by the word of a person")


def test_a_rotation_tells_the_key_and_a_correction_no_votes():
    place = opened()
    place.feed(AWAY)
    final = place.finish()
    place.on(CorrectionRequested(final.votes))
    key = identity_of(place.authority, 1).key
    draft = place.device._clerk.draft_rotation(key, instant(900))
    place.device._clerk.keep(draft)
    told = {event["Id"]: event["Details"] for event in events_of(place) if "Details" in event}
    assert f"key {key.public.hex()}" in told["report-key-rotation"]
    shape = {event["Id"]: set(event) for event in events_of(place)}
    assert shape["report-correction"] == shape["report-open"]
    assert "vote" not in told["report-correction"]


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


# Elections in one memory


def test_the_log_is_of_the_last_election_and_tells_its_clearing():
    place = whole_day().copy()
    clear(place)
    cleared = log_of(place)
    assert cleared["Device"][0]["Event"][-1]["Id"] == "election-cleared"
    assert cleared["ElectionId"] == place.rules.trusted.digest.hex()
    device = next_device(place.disk)
    device.start(instant(5_000))
    after = log_of(place)
    ids = [event["Id"] for event in after["Device"][0]["Event"]]
    assert ids == ["election-begun", "memory-prepared", "report-boot"]
    assert after["ElectionId"] != cleared["ElectionId"]


# Refusals


def test_a_journal_that_is_not_the_one_signed_is_refused():
    place = opened()
    place.turnout()
    journal = place.disk.journal.read()
    *_, before, _ = units(journal)
    place_of_it, sheet = before.offset - UNIT_HEAD_SIZE, frame(RETURNED.to_bytes())
    with pytest.raises(MemoryFault, match="report 3 signs for another journal"):
        event_log(journal[:place_of_it] + sheet + journal[place_of_it:], GENERATED)


def test_a_report_that_signs_for_more_than_there_is_is_refused():
    place = opened()
    journal = place.disk.journal.read()
    prepared, boot = (unit.offset - UNIT_HEAD_SIZE for unit in list(units(journal))[1:3])
    with pytest.raises(MemoryFault, match="report 0 signs for another journal"):
        event_log(journal[:prepared] + journal[boot:], GENERATED)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_without_a_report_nothing_has_a_time(kept):
    journal = opened().disk.journal.read()
    stop = list(units(journal))[kept].offset - UNIT_HEAD_SIZE
    with pytest.raises(MemoryFault, match="nothing has a time"):
        event_log(journal[:stop], GENERATED)


# The published schema


def test_the_logs_are_as_the_schema_says(shared):
    schema = checker(shared, EVENTS)
    for place in days():
        schema.validate(log_of(place))


def documentation():
    return event_documentation(identity_of(PollingPlace().authority).firmware, GENERATED)


def test_the_documentation_is_as_the_schema_says(shared):
    checker(shared, EVENTS).validate(documentation())


def test_the_documentation_explains_what_the_logs_say_of_the_same_firmware():
    explained = documentation()
    ids = {each["Id"] for each in explained["EventIdDescription"]}
    types = {each["Type"] for each in explained["EventTypeDescription"]}
    for place in days():
        log = log_of(place)
        assert {event["Id"] for event in log["Device"][0]["Event"]} <= ids
        assert {event["Type"] for event in log["Device"][0]["Event"]} <= types
        assert log["Device"][0]["Version"] == explained["DeviceVersion"]
    assert explained["GeneratedDate"] == "2026-12-05"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event.pop("TimeStamp"),
        lambda event: event.update(TimeStamp="noon"),
        lambda event: event.update(Sequence=1),
        lambda event: event.update(Disposition="good"),
        lambda event: event.update(Choice="A"),
    ],
)
def test_the_schema_refuses_what_is_spoilt(shared, spoil):
    log = log_of(opened())
    spoil(log["Device"][0]["Event"][0])
    with pytest.raises(jsonschema.ValidationError):
        checker(shared, EVENTS).validate(log)


# Teeth: logs that say less or more than they should.


@pytest.mark.teeth
def test_an_answer_that_counts_as_nothing_is_seen(monkeypatch):
    forgetful = dict(OF_RECORD)
    forgetful[RecordType.ANSWER] = OF_RECORD[RecordType.RELEASE]
    monkeypatch.setattr(event_meanings, "OF_RECORD", forgetful)
    with pytest.raises(AssertionError):
        test_accepted_sheets_are_the_counter_and_the_sequence_has_no_gap()


@pytest.mark.teeth
def test_a_hash_of_something_else_is_seen(monkeypatch):
    place = opened()
    place.turnout()
    monkeypatch.setattr(event_log_module, "leaf_hash", lambda data: leaf_hash(data + b"\0"))
    with pytest.raises(MemoryFault, match="signs for another journal"):
        log_of(place)


@pytest.mark.teeth
def test_a_time_of_its_own_is_seen(monkeypatch):
    def precise(happening, timed_by):
        later = replace(timed_by, clock=replace(timed_by.clock, time=timed_by.clock.time + 7))
        return plain(happening, later)

    plain = event_log_module._event
    monkeypatch.setattr(event_log_module, "_event", precise)
    with pytest.raises(AssertionError):
        test_no_time_is_told_but_those_of_the_signed_reports()
