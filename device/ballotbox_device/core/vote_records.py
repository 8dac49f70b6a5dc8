"""The sheets in the box as NIST cast vote records (SP 1500-103), from the final on.

A record is made from what a slot says and from nothing else: the sheets come as a count of like
sheets, so that no place is known here, and are sorted by what they say. Ids are the places in that
order. Two boxes with the same sheets in them tell the same, whoever came first.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ballotbox_device.core.event_log import MANUFACTURER, MODEL, firmware_text, time_text
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.vote_record_names import (
    BOX,
    ELECTION,
    PRECINCT,
    candidate_id,
    contest_id,
    election_part,
    option_id,
    parties,
    units,
)
from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.tally import Layout, Marks, Row
from ballotbox_protocol.wire.report import Report

Document = dict[str, Any]

_NOTES: Final = (
    "One record for each sheet; the sheets of one voter are not joined. Sorted by content: neither "
    "the order nor an id tells when a sheet was fed or where it was stored. Tabulated, the records "
    "give the votes of the box's signed final."
)


def vote_record_report(
    rules: ElectionRules, contents: Counter[bytes], final: Report, generated: int
) -> Document:
    """Return the report of all sheets in the box; `contents` as `SlotBank` gives them.

    `generated` is the time in Unix seconds. Raises MemoryFault when the records are not as many as
    the final accepted (law D9), or do not add up to its votes.
    """
    election = rules.trusted.election
    records = list(_records(rules, contents))
    _require_agreement(records, rules.layout, final)
    report = {
        "@type": "CVR.CastVoteRecordReport",
        "Version": "1.0.0",
        "GeneratedDate": time_text(generated),
        "ReportType": ["originating-device-export"],
        "Notes": _NOTES,
        "ReportGeneratingDeviceIds": [BOX],
        "ReportingDevice": [_device(final)],
        "GpUnit": units(election, election.precinct_by_number[final.precinct]),
        "Election": [election_part(election, rules.trusted.digest)],
        "CVR": records,
    }
    if listed := parties(election):
        report["Party"] = listed
    return report


def _device(final: Report) -> Document:
    return {
        "@type": "CVR.ReportingDevice",
        "@id": BOX,
        "Manufacturer": MANUFACTURER,
        "Model": MODEL,
        "SerialNumber": final.box.hex(),
        "Application": firmware_text(final.firmware, final.firmware_sequence),
    }


def _records(rules: ElectionRules, contents: Mapping[bytes, int]) -> Iterator[Document]:
    election = rules.trusted.election
    number = 0
    # Slots are compared by style, sheet and choices: the check sum follows from these.
    for slot, times in sorted(contents.items()):
        sheet = rules.slots.decode(slot)
        contests = list(_contests(election, sheet))
        for _ in range(times):
            number += 1
            yield _record(election, sheet, contests, number)


def _record(election: Election, sheet: Sheet, contests: list[Document], number: int) -> Document:
    snapshot = {
        "@type": "CVR.CVRSnapshot",
        "@id": f"sheet-{number}",
        "Type": "interpreted",
        "CVRContest": contests,
    }
    return {
        "@type": "CVR.CVR",
        "UniqueId": str(number),
        "ElectionId": ELECTION,
        "CreatingDeviceId": BOX,
        "BallotStyleId": election.styles[sheet.style].code,
        "BallotStyleUnitId": PRECINCT,
        "BallotSheetId": str(sheet.number + 1),
        "CurrentSnapshotId": f"sheet-{number}",
        "CVRSnapshot": [snapshot],
    }


def _contests(election: Election, sheet: Sheet) -> Iterator[Document]:
    places = election.styles[sheet.style].sheets[sheet.number]
    for index, marks in zip(places, sheet.marks, strict=True):
        yield _contest(index, election.contests[index], marks)


def _contest(index: int, contest: Contest, marks: Marks) -> Document:
    """Return one contest of a sheet, with every mark; a mark that does not count says so."""
    marked, allowed = len(marks.options), contest.votes_allowed
    overvoted = marked > allowed
    told: Document = {
        "@type": "CVR.CVRContest",
        "ContestId": contest_id(index),
        "Overvotes": allowed if overvoted else 0,
        "Undervotes": 0 if overvoted else allowed - marked,
    }
    selections = [
        _selection(option_id(index, option), counts=not overvoted) | {"OptionPosition": option + 1}
        for option in sorted(marks.options)
    ]
    sole = len(marks.preferences) == 1 and not overvoted
    selections += [
        _selection(candidate_id(index, option, candidate), counts=sole and option in marks.options)
        for option, candidate in sorted(marks.preferences)
    ]
    if selections:
        told["CVRContestSelection"] = selections
    if overvoted or marked < allowed:
        told["Status"] = _status(overvoted=overvoted, unmarked=not selections)
    return told


def _status(*, overvoted: bool, unmarked: bool) -> list[str]:
    if overvoted:
        return ["overvoted"]
    return ["not-indicated", "undervoted"] if unmarked else ["undervoted"]


def _selection(selection: str, *, counts: bool) -> Document:
    position = {
        "@type": "CVR.SelectionPosition",
        "HasIndication": "yes",
        "IsAllocable": "yes" if counts else "no",
        "NumberVotes": 1,
    }
    return {
        "@type": "CVR.CVRContestSelection",
        "ContestSelectionId": selection,
        "TotalNumberVotes": int(counts),
        "SelectionPosition": [position],
    }


def recount(records: Sequence[Document], layout: Layout) -> Row:
    """Return the votes in cast vote records, counted from the documents alone."""
    row = list(layout.zero())
    spans = {contest_id(index): span for index, span in enumerate(layout.spans)}
    places = dict(_places(layout))
    for record in records:
        for contest in record["CVRSnapshot"][0]["CVRContest"]:
            span = spans[contest["ContestId"]]
            undervotes, allowed = contest["Undervotes"], span.contest.votes_allowed
            row[span.start] += 1
            row[span.start + 1] += undervotes == allowed
            row[span.start + 2] += undervotes
            row[span.start + 3] += contest["Overvotes"]
            for selection in contest.get("CVRContestSelection", ()):
                (position,) = selection["SelectionPosition"]
                votes = position["NumberVotes"] if position["IsAllocable"] == "yes" else 0
                row[places[selection["ContestSelectionId"]]] += votes
    return tuple(row)


def _places(layout: Layout) -> Iterator[tuple[str, int]]:
    """Yield where the votes of each option and each candidate stand in a row."""
    for index, span in enumerate(layout.spans):
        for option, preferences in enumerate(span.preferences):
            yield option_id(index, option), span.votes.start + option
            for candidate in range(preferences.stop - preferences.start):
                yield candidate_id(index, option, candidate), preferences.start + candidate


def _require_agreement(records: Sequence[Document], layout: Layout, final: Report) -> None:
    accepted = final.counters.accepted
    if len(records) != accepted:
        raise MemoryFault(
            f"there are {len(records)} sheets in the slots, the final accepted {accepted}"
        )
    if recount(records, layout) != final.votes:
        raise MemoryFault(
            "the sheets in the slots do not add up to the votes of the final: count the paper"
        )
