"""Does the screen say of each box what the ledger has, at a bounded cost, and no vote?"""

import json
from collections import Counter

from ballotbox_gateway.core.ports import Batch, Delivery
from ballotbox_gateway.service import screen_watch
from ballotbox_gateway.service.screen_watch import AT_ONCE, REPORTS_MAX, SHOWN_MAX, ScreenWatch
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from tests.gateway.room_stage import Office, precinct
from tests.gateway.scripted import CENTRE, NOW, authority, report_id, ruling, votes_for

K = ReportKind


def opened(office, number=1):
    for kind in (K.BOOT, K.ZERO, K.OPEN):
        office.report(number, kind)


def box(office, number=1):
    return office.screen()["boxes"][number - 1]


def test_a_box_is_told_of_by_its_last_believed_report():
    office = Office(precinct())
    assert box(office)["state"] is None
    assert box(office)["ballots"] is None
    assert box(office)["last"] is None
    opened(office)
    office.now += 60
    office.report(1, K.TURNOUT, accept=12)
    told = box(office)
    assert (told["state"], told["ballots"], told["final"]) == ("open", 12, False)
    assert told["last"] == {"kind": "turnout", "came": NOW + 60}
    assert [box(office, n)["number"] for n in (1, 2, 3, 4)] == [1, 2, 3, 4]
    for kind in (K.CLOSE, K.FINAL):
        office.report(1, kind)
    told = box(office)
    assert (told["state"], told["final"], told["last"]["kind"]) == ("final", True, "final")


def test_no_vote_is_read():
    office = Office(precinct())
    opened(office)
    office.report(1, K.TURNOUT, accept=977)
    for kind in (K.CLOSE, K.FINAL):
        office.report(1, kind)
    text = json.dumps(office.screen())
    assert "977" in text
    doubled = [count for count in set(votes_for(office.given, 977)) if count > 977]
    assert doubled, "some count of the row is no number of ballots"
    assert not [count for count in doubled if str(count) in text]


def test_a_report_that_is_set_aside_is_told_of_until_officers_release_it():
    office = Office(precinct())
    opened(office)
    odd = office.boxes[0].report(K.TURNOUT, accept=5, boot=7)
    office.admit(odd)
    assert box(office)["aside"] == ["BOOT"]
    assert box(office)["state"] == "open"
    office.report(2, K.BOOT)
    assert box(office)["aside"] == ["BOOT"], "others' reports change nothing"
    office.intake.rule(ruling(office.given, RulingKind.RELEASE, report_id(odd)), office.now)
    assert box(office)["aside"] == []


def test_what_waits_and_what_is_disputed_is_told_of():
    office = Office(precinct())
    opened(office)
    early = office.boxes[0].forge(K.TURNOUT, sequence=5)
    office.admit(early)
    assert (box(office)["held"], box(office)["awaited"]) == (1, 3)
    office.report(2, K.BOOT)
    assert not box(office, 2)["disputed"]
    rival = office.boxes[1]
    first = rival.forge(K.ZERO)
    second = rival.forge(K.INCIDENT, sequence=1)
    office.admit(first)
    office.admit(second)
    assert box(office, 2)["disputed"]


def test_the_backlog_is_counted_by_box_and_in_all_with_the_age_of_the_oldest():
    office = Office(precinct())
    office.upper = CENTRE
    opened(office)
    office.now += 100
    opened(office, 2)
    office.report(2, K.TURNOUT, accept=1)
    read = office.screen()
    assert read["backlog"] == {"reports": 7, "since": NOW}
    assert [each["backlog"] for each in read["boxes"][:3]] == [
        {"reports": 3, "since": NOW},
        {"reports": 4, "since": NOW + 100},
        None,
    ]
    passed_on(office, 5)
    read = office.screen()
    assert read["backlog"] == {"reports": 2, "since": NOW + 100}
    assert [each["backlog"] for each in read["boxes"][:2]] == [
        None,
        {"reports": 2, "since": NOW + 100},
    ]
    office.upper = None
    assert office.screen()["backlog"] is None


def passed_on(office, count):
    head = office.ledger.log_head()
    office.ledger.commit(Batch(delivery=Delivery(CENTRE, 0, count)), head)


def test_a_long_backlog_of_a_box_is_bounded():
    office = Office(precinct())
    office.upper = CENTRE
    opened(office)
    for _ in range(REPORTS_MAX + 5):
        office.report(1, K.TURNOUT, accept=1)
    read = office.screen()
    assert read["boxes"][0]["backlog"]["reports"] == REPORTS_MAX
    assert read["backlog"]["reports"] == REPORTS_MAX + 8


def test_only_the_precincts_of_the_room_are_shown():
    office = Office(authority())
    names = {each["precinct"] for each in office.screen()["boxes"]}
    assert len(names) == 4
    assert office.screen()["place"] == ""
    office.watch = ScreenWatch(office.ledger, [2])
    read = office.screen()
    assert [each["precinct"] for each in read["boxes"]] == [2]
    assert read["place"] == "Precinct 2"


def test_more_boxes_than_a_screen_holds_are_a_number():
    office = Office(precinct(SHOWN_MAX + 3))
    read = office.screen()
    assert (len(read["boxes"]), read["more_boxes"]) == (SHOWN_MAX, 3)


def test_a_look_costs_a_few_rows_however_much_is_stored():
    boxes = AT_ONCE * 2
    office = Office(precinct(boxes))
    for number in range(1, boxes + 1):
        office.report(number, K.BOOT)
    office.ledger = office.watch._ledger = Counted(office.ledger)
    office.screen()
    office.screen()
    office.ledger.asked.clear()
    office.screen()
    assert office.ledger.asked == {
        "box_head": AT_ONCE,
        "log_head": 1,
        "counts": 1,
        "contradictions": 1,
    }
    office.report(1, K.ZERO)
    office.ledger.asked.clear()
    office.screen()
    office.screen()
    assert office.ledger.asked["report"] == office.ledger.asked["reports_of"] == 1


def test_of_a_box_only_its_last_reports_are_read_and_then_the_new_ones():
    office = Office(precinct())
    office.ledger = office.watch._ledger = Counted(office.ledger)
    opened(office)
    for _ in range(REPORTS_MAX):
        office.report(1, K.TURNOUT, accept=1)
    office.screen()
    office.report(1, K.TURNOUT, accept=1)
    office.screen()
    assert office.ledger.stretches == [(3, REPORTS_MAX + 3), (REPORTS_MAX + 3, REPORTS_MAX + 4)]


class Counted:
    """A ledger that notes what it is asked, and which stretches of a box's reports."""

    def __init__(self, ledger) -> None:
        self._ledger = ledger
        self.asked = Counter()
        self.stretches = []

    def __getattr__(self, name):
        self.asked[name] += 1
        return getattr(self._ledger, name)

    def reports_of(self, box, first, stop):
        self.asked["reports_of"] += 1
        self.stretches.append((first, stop))
        return self._ledger.reports_of(box, first, stop)


def test_what_comes_again_by_itself_is_not_told_of():
    office = Office(precinct())
    office.admit(b"no message")
    forged = bytearray(office.boxes[0].report(K.BOOT))
    forged[-1] ^= 1
    office.admit(bytes(forged))
    office.intake.turned_away(next(iter(screen_watch._COME_AGAIN)))
    office.report(2, K.BOOT)
    assert office.screen()["turned_away"] == {"ENVELOPE": 1, "SIGNATURE": 1}


def test_more_ballots_than_voters_in_a_precinct_are_told_of():
    office = Office(authority())
    opened(office)
    office.report(1, K.TURNOUT, accept=1_003)
    assert office.screen()["over_registered"] == [
        {"precinct": 1, "ballots": 1_003, "registered": 1_000}
    ]
