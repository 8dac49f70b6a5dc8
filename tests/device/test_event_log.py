"""Does the event log tell all that the journal holds, and nothing that its reports do not sign?"""

from collections import Counter

import pytest

from ballotbox_device.core import event_log as event_log_module
from ballotbox_device.core import event_meanings
from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.event_log import event_log
from ballotbox_device.core.event_meanings import (
    OF_INCIDENT,
    OF_RECORD,
    OF_REPORT,
    OF_STATE,
    TYPES,
    EventType,
    meanings,
)
from ballotbox_device.core.events import CorrectionRequested, DropUncertain, SheetInserted
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import RETURNED, Receipted, RecordType
from ballotbox_device.core.units import UNIT_HEAD_SIZE, frame, units
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from ballotbox_protocol.wire.verdict import Verdict
from tests.device.logged_days import GENERATED, days, events_of, log_of, opened, whole_day
from tests.device.polling_place import AWAY, PollingPlace, identity_of, instant, report_in
from tests.device.test_clearing_cuts import clear, next_device

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
