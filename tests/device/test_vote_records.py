"""Do the cast vote records say what the sheets say, all of them, and nothing of when they came?"""

import json
from collections import Counter
from dataclasses import replace
from functools import cache

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core import vote_records
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.vote_records import recount, vote_record_report
from ballotbox_protocol.election.definition import BallotStyle, Contest, ContestKind, Option
from ballotbox_simulator.authority import Plan, make_authority
from ballotbox_simulator.disk import KEPT, LOST
from tests.device.cut_days import cut_at, operations_of, resume, run
from tests.device.nist_schemas import VOTES, checker
from tests.device.polling_place import (
    AWAY,
    BLANK,
    HOME_1,
    HOME_2,
    OVERVOTED,
    PollingPlace,
    hand_count,
    marks,
    report_in,
    rules,
)
from tests.device.test_secrecy import SHEETS, vote

GENERATED = 1_796_500_000
#: Each mark that a list contest can hold, counted and not.
MARKED_LISTS = (
    Sheet(1, 0, (marks(prefer=((0, 1),)),)),
    Sheet(1, 0, (marks(1, prefer=((0, 1),)),)),
    Sheet(1, 0, (marks(0, prefer=((0, 0), (0, 1))),)),
    Sheet(1, 0, (marks(0, 1, prefer=((0, 0),)),)),
)
EVERY_MARK = (HOME_1, HOME_2, AWAY, OVERVOTED, BLANK, *MARKED_LISTS)


def exported(place):
    """The report of a place, brought to its final if it is not there yet."""
    return report_of(place, place.finish())


def report_of(place, final):
    return vote_record_report(place.rules, place.device._bank.contents(), final, GENERATED)


@cache
def after(*sheets, seed=0):
    place, _ = vote(sheets, seed=seed)
    return exported(place)


@cache
def days():
    """A whole day, and days that went to their end after a power cut."""
    whole = PollingPlace()
    assert run(whole) is None
    found = [whole]
    for operation in range(0, operations_of(), 5):
        place, step = cut_at(operation)
        place.disk.power_off(*((LOST, KEPT) if operation % 2 else (KEPT, LOST)))
        resume(place, step, to_the_end=True)
        found.append(place)
    return found


def kept_final(place):
    return next(r for r in map(report_in, place.kept()) if r.votes is not None)


def contests(report):
    return [contest for cvr in report["CVR"] for contest in cvr["CVRSnapshot"][0]["CVRContest"]]


# What is told


def test_there_is_one_record_for_each_sheet_and_they_add_up_to_the_final():
    for place in days():
        final = kept_final(place)
        records = report_of(place, final)["CVR"]
        assert len(records) == final.counters.accepted == len(place.facts.in_box)
        assert recount(records, place.rules.layout) == final.votes == hand_count(place.facts.in_box)


@given(SHEETS)
def test_whatever_is_marked_adds_up_to_what_people_count(sheets):
    place, _ = vote(sheets)
    assert recount(exported(place)["CVR"], place.rules.layout) == hand_count(sheets)


@given(SHEETS)
def test_every_mark_of_every_sheet_is_told(sheets):
    place, _ = vote(sheets)
    told = [
        (record["BallotStyleId"], record["BallotSheetId"], selected(record))
        for record in exported(place)["CVR"]
    ]
    assert Counter(told) == Counter(on_paper(sheet) for sheet in sheets)


def selected(record):
    return tuple(
        selection["ContestSelectionId"]
        for contest in record["CVRSnapshot"][0]["CVRContest"]
        for selection in contest.get("CVRContestSelection", ())
    )


def on_paper(sheet):
    style = rules().trusted.election.styles[sheet.style]
    ids = []
    for index, each in zip(style.sheets[sheet.number], sheet.marks, strict=True):
        ids += [f"contest-{index}-option-{option}" for option in sorted(each.options)]
        ids += [f"contest-{index}-option-{o}-candidate-{c}" for o, c in sorted(each.preferences)]
    return style.code, str(sheet.number + 1), tuple(ids)


def test_an_overvote_keeps_its_marks_and_counts_none():
    two_lists, two_seats = contests(after(OVERVOTED))
    for contest in (two_lists, two_seats):
        assert (contest["Overvotes"], contest["Undervotes"]) == (1, 0)
        assert contest["Status"] == ["overvoted"]
        assert len(contest["CVRContestSelection"]) == 2
        for selection in contest["CVRContestSelection"]:
            assert selection["TotalNumberVotes"] == 0
            assert selection["SelectionPosition"][0]["HasIndication"] == "yes"
            assert selection["SelectionPosition"][0]["IsAllocable"] == "no"


@pytest.mark.parametrize(
    ("sheet", "undervotes", "status"),
    [
        (BLANK, 2, ["not-indicated", "undervoted"]),
        (Sheet(0, 1, (marks(3),)), 1, ["undervoted"]),
        (Sheet(0, 1, (marks(0, 3),)), 0, None),
        (MARKED_LISTS[0], 1, ["undervoted"]),
    ],
)
def test_an_undervote_is_told(sheet, undervotes, status):
    (contest,) = contests(after(sheet))
    assert (contest["Overvotes"], contest["Undervotes"]) == (0, undervotes)
    assert contest.get("Status") == status


@pytest.mark.parametrize(
    ("sheet", "counts"), list(zip((AWAY, *MARKED_LISTS), (1, 0, 1, 1, 0), strict=True))
)
def test_a_preference_counts_only_alone_and_on_the_list_that_was_chosen(sheet, counts):
    (contest,) = contests(after(sheet))
    votes = sum(each["TotalNumberVotes"] for each in contest["CVRContestSelection"])
    assert votes == counts
    (both,) = contests(after(Sheet(1, 0, (marks(0, prefer=((0, 1),)),))))
    assert [each["TotalNumberVotes"] for each in both["CVRContestSelection"]] == [1, 1]


def test_everything_that_is_referred_to_is_there():
    report = after(*EVERY_MARK)
    ids = list(_ids(report))
    assert len(set(ids)) == len(ids)
    assert set(_references(report)) <= set(ids)


def _ids(value):
    if isinstance(value, dict):
        yield from ([value["@id"]] if "@id" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _ids(each)


_REFERRING = {
    *("ContestId", "ContestSelectionId", "CandidateIds", "PartyIds", "PartyId", "ElectionId"),
    *("ElectionScopeId", "BallotStyleUnitId", "CreatingDeviceId", "CurrentSnapshotId"),
    "ReportGeneratingDeviceIds",
}


def _references(value):
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    if isinstance(value, dict):
        for key, each in value.items():
            if key in _REFERRING:
                yield from each if isinstance(each, list) else [each]
            else:
                yield from _references(each)


ONLY_LISTS = Contest("List", ContestKind.PARTY_LIST, 1, (Option("North"), Option("South")))
ONLY_SEATS = Contest("Seat", ContestKind.CHOOSE_ONE, 1, (Option("A"), Option("B")))


@pytest.mark.parametrize(("contest", "absent"), [(ONLY_LISTS, "Candidate"), (ONLY_SEATS, "Party")])
def test_an_election_of_one_kind_has_no_empty_parts(contest, absent):
    report = _empty_box(contest)
    assert report["CVR"] == []
    assert absent not in report
    assert absent not in report["Election"][0]


def _empty_box(contest):
    vested = make_authority(Plan(7, 1, contests=(contest,), styles=(BallotStyle("ALL", ((0,),)),)))
    rules_of_it = ElectionRules.of(vested.trusted)
    _, final = finished()
    zero = replace(
        final, votes=rules_of_it.layout.zero(), counters=replace(final.counters, accepted=0)
    )
    return vote_record_report(rules_of_it, Counter(), zero, GENERATED)


# Secrecy


@given(st.data())
def test_another_order_and_other_places_give_the_same_bytes(data):
    sheets = data.draw(SHEETS)
    order = data.draw(st.permutations(sheets))
    one, _ = vote(sheets, seed=1)
    two, _ = vote(order, seed=2)
    assert json.dumps(exported(one)) == json.dumps(exported(two))


def test_the_order_is_that_of_the_contents_and_an_id_is_a_place_in_it():
    place, _ = vote((HOME_2, AWAY, HOME_1, AWAY, BLANK))
    records = exported(place)["CVR"]
    told = [(record["BallotStyleId"], record["BallotSheetId"]) for record in records]
    assert told == [("HOME", "1"), ("HOME", "2"), ("HOME", "2"), ("AWAY", "1"), ("AWAY", "1")]
    assert [record["UniqueId"] for record in records] == [str(n + 1) for n in range(5)]
    assert not {"BatchSequenceId", "BallotAuditId", "BallotPrePrintedId"} & set(records[0])


# Refusals


def finished():
    place, _ = vote([AWAY, AWAY, HOME_1])
    return place, place.finish()


def test_a_sheet_too_few_or_too_many_is_refused():
    place, final = finished()
    for change in (-1, 1):
        contents = place.device._bank.contents()
        contents[max(contents)] += change
        with pytest.raises(MemoryFault, match=f"there are {3 + change} sheets in the slots"):
            vote_record_report(place.rules, contents, final, GENERATED)


def test_sheets_that_do_not_add_up_are_refused():
    place, final = finished()
    contents = place.device._bank.contents()
    contents[max(contents)] -= 1
    contents[b"\xff" + place.rules.slots.encode(Sheet(1, 0, (marks(2),)))[1:]] += 1
    with pytest.raises(MemoryFault, match="do not add up to the votes of the final"):
        vote_record_report(place.rules, contents, final, GENERATED)
    other = replace(final, votes=(*final.votes[:-1], final.votes[-1] + 1))
    with pytest.raises(MemoryFault, match="do not add up"):
        report_of(place, other)


# The published schema


def test_the_records_are_as_the_schema_says(shared):
    schema = checker(shared, VOTES)
    for place in days():
        schema.validate(report_of(place, kept_final(place)))
    schema.validate(after(*EVERY_MARK))


@pytest.mark.parametrize("contest", [ONLY_LISTS, ONLY_SEATS])
def test_an_empty_box_is_as_the_schema_says(shared, contest):
    checker(shared, VOTES).validate(_empty_box(contest))


@pytest.mark.parametrize("field", ["Election", "GpUnit", "Version"])
def test_the_schema_refuses_what_lacks_a_part(shared, field):
    report = dict(after(AWAY))
    del report[field]
    with pytest.raises(jsonschema.ValidationError):
        checker(shared, VOTES).validate(report)


# Teeth


@pytest.mark.teeth
def test_records_in_the_order_of_the_slots_are_seen(monkeypatch):
    monkeypatch.setattr(vote_records, "sorted", list, raising=False)
    with pytest.raises(AssertionError):
        test_the_order_is_that_of_the_contents_and_an_id_is_a_place_in_it()


@pytest.mark.teeth
def test_an_overvote_that_counts_is_seen(monkeypatch):
    counted = vote_records._selection
    monkeypatch.setattr(
        vote_records, "_selection", lambda selection, *, counts: counted(selection, counts=True)
    )
    place, _ = vote([OVERVOTED])
    with pytest.raises(MemoryFault, match="do not add up"):
        exported(place)
