"""Do the cast vote records of a day's boxes, counted alone, give the NIST report of its result?

Records are made of the slots, the report of the signed finals: nothing is in both. They are counted
here from the documents, as NIST's format says and as the format's own sample is counted.
"""

import json
from collections import Counter
from copy import deepcopy

import pytest

from ballotbox_device.core.vote_records import vote_record_report
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan
from ballotbox_simulator.world.polling_day import HOUR
from ballotbox_simulator.world.run import run_world
from ballotbox_simulator.world.world import World
from tests.device.nist_schemas import VOTES, checker
from tests.device.polling_place import report_in
from tests.tabulation.test_nist_results import SCHEMA, report_of, tabulated, votes_in

PLAN = DayPlan(precincts=2, boxes=2, ballots=10, portable=1, election=Ballots.FULL)
BROKEN = Strike(FaultKind.BOX_BROKEN, 12 * HOUR, 1)


def final_of(box):
    """The final that a box keeps, None of one that has none."""
    for sequence in range(100):
        data = None if box.device is None else box.kept_report(sequence)
        if data is None:
            return None
        if report_in(data).kind is ReportKind.FINAL:
            return report_in(data)
    raise AssertionError("a box of a short day keeps so many reports")


class Evening:
    """What is left of a day: the NIST report of its result, and the records of each precinct."""

    def __init__(self, *strikes):
        self.world = World(Day(3, PLAN, strikes=strikes))
        run_world(self.world, raising=True)
        self.result = self.world.auditor.published
        self.report = report_of(self.result)
        self.exports = {}
        self.silent = []
        for precinct in self.world.precincts:
            for box in precinct.boxes:
                self._export(box)

    def _export(self, box):
        final = final_of(box)
        if final is None:
            self.silent.append(box)
            return
        contents = box.device._bank.contents()
        document = vote_record_report(self.world.held.rules, contents, final, 0)
        exports = self.exports.setdefault(f"precinct-{final.precinct}", [])
        exports.append(json.loads(json.dumps(document)))


@pytest.fixture(scope="module")
def evening():
    return Evening()


@pytest.fixture(scope="module")
def broken():
    return Evening(BROKEN)


def counted(exports):
    """Votes by unit and selection, and of the whole election: from cast vote records alone."""
    found = Counter()
    for unit, documents in exports.items():
        for document in documents:
            for (_, selection), votes in tabulated(document["CVR"]).items():
                found[unit, selection] += votes
                found["scope", selection] += votes
    return found


def agree(report, exports):
    """Tell whether two documents of different origin say the same of every selection."""
    told, found = votes_in(report), counted(exports)
    # The report tells preferences of the whole election alone.
    finer = {key for key in found if key[0] != "scope" and "candidate" in key[1]}
    return told == {key: found[key] for key in told} and found.keys() - finer <= told.keys()


def test_records_of_all_boxes_give_every_number_of_the_report(evening):
    assert evening.silent == []
    records = [len(each["CVR"]) for every in evening.exports.values() for each in every]
    boxes = [box for precinct in evening.world.precincts for box in precinct.boxes]
    assert records == [len(box.container) for box in boxes]
    told = votes_in(evening.report)
    assert {unit for unit, _ in told} == {"scope", *evening.exports}
    assert len(evening.exports) == PLAN.precincts
    assert sum(told.values()) > 4 * PLAN.ballots
    assert agree(evening.report, evening.exports)


def test_a_box_without_a_final_has_records_in_no_document_and_votes_in_no_report(broken):
    (silent,) = broken.silent
    assert silent.container
    states = broken.result["boxes"]
    assert [each["box"] for each in states["missing"]] == [silent.kit.identity.box.hex()]
    assert broken.report["Status"] == "unofficial-partial"
    assert agree(broken.report, broken.exports)


def test_both_documents_are_valid_against_the_schemas_of_nist(evening, broken, shared):
    err, cvr = checker(shared, SCHEMA), checker(shared, VOTES)
    for each in (evening, broken):
        err.validate(each.report)
        for documents in each.exports.values():
            for document in documents:
                cvr.validate(document)


@pytest.mark.teeth
def test_a_record_that_is_lost_or_doubled_or_marked_otherwise_is_seen(evening):
    unit = min(evening.exports)
    for change in (_lose, _double, _turn):
        exports = deepcopy(evening.exports)
        change(exports[unit][0]["CVR"])
        assert not agree(evening.report, exports), change


def _with_a_vote(records):
    return next(at for at, each in enumerate(records) if tabulated([each]))


def _lose(records):
    del records[_with_a_vote(records)]


def _double(records):
    records.append(records[_with_a_vote(records)])


def _turn(records):
    """One vote goes to a selection that nobody marked."""
    (snapshot, *_) = records[_with_a_vote(records)]["CVRSnapshot"]
    marked = [
        each
        for contest in snapshot["CVRContest"]
        for each in contest.get("CVRContestSelection", ())
        if each["SelectionPosition"][0]["HasIndication"] == "yes"
        and each["SelectionPosition"][0].get("IsAllocable") != "no"
    ]
    marked[0]["ContestSelectionId"] += "x"


@pytest.mark.teeth
def test_a_vote_moved_in_the_report_is_seen(evening):
    report = deepcopy(evening.report)
    selection = report["Election"][0]["Contest"][0]["ContestSelection"][0]
    selection["VoteCounts"][0]["Count"] += 1
    assert not agree(report, evening.exports)
