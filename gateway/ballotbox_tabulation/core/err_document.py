"""A published result as a NIST election results report (SP 1500-100 version 2).

Ids are made of indexes of the definition, the same that a box's cast vote records use. A precinct
without a counted box has no numbers. Votes for the candidates of a list are told for the whole
election alone; the precincts' are in the result. What the format cannot say is in
`companion_document`.
"""

from array import array
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

from ballotbox_tabulation.core.document_stream import Stream
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.result_status import incomplete, is_settled, moment_text, status_of

SCOPE: Final = "scope"
#: The longest text that SP 1500-100 takes as a short one.
_SHORT: Final = 32
_STATUSES: Final = {
    "preliminary": "unofficial-partial",
    "complete": "unofficial-complete",
    "correction": "correction",
    "certified": "certified",
}
_NOTES: Final = (
    "Counts are sums over boxes with a counted final; a unit without one has none. Votes for the "
    "candidates of a list are given for the whole election. Invalid, spoiled, cancelled, lost and "
    "portable ballots are in companion.json, signatures and proofs beside this file."
)


def precinct_id(number: int) -> str:
    """Return the id of a precinct as a reporting unit."""
    return f"precinct-{number}"


def contest_id(contest: int) -> str:
    """Return the id of a contest."""
    return f"contest-{contest}"


def option_id(contest: int, option: int) -> str:
    """Return the id under which an option, or a list, is selected."""
    return f"contest-{contest}-option-{option}"


def candidate_id(contest: int, option: int, candidate: int) -> str:
    """Return the id under which a candidate of a list is selected."""
    return f"contest-{contest}-option-{option}-candidate-{candidate}"


def err_document(result: Document, digest: str) -> Document:
    """Return the report; its lists over precincts are streams. `digest` names the result."""
    election, log = result["election"], result["log"]
    official = election["mode"] == "official"
    document = {
        "@type": "ElectionResults.ElectionReport",
        "Format": "precinct-level",
        "GeneratedDate": _generated(result),
        "Issuer": log["origin"],
        "IssuerAbbreviation": log["origin"],
        "SequenceStart": 1,
        "SequenceEnd": 1,
        "Status": _STATUSES[status_of(result)],
        "VendorApplicationId": result["program"],
        "IsTest": not official,
        "Notes": _NOTES,
        "ExternalIdentifier": [
            _identifier("digest of the result", digest),
            _identifier("root of the log", log["root"]),
        ],
        "GpUnit": Stream(_units(result)),
        "Party": Stream(_parties(result)),
        "Election": Stream(iter([_election(result)])),
    }
    return document if official else document | {"TestType": election["mode"]}


def _generated(result: Document) -> str:
    """Return the time of the newest leaf: a document of the same result has the same bytes."""
    latest = result["log"]["latest_time"]
    midnight = f"{result['election']['day']}T00:00:00Z"
    return midnight if latest is None else moment_text(latest) or midnight


def _identifier(label: str, value: str) -> Document:
    return {
        "@type": "ElectionResults.ExternalIdentifier",
        "Type": "other",
        "OtherType": label[:_SHORT],
        "Value": value,
    }


def _named(text: str) -> Document:
    """Return a name; in which language it is written a definition does not say."""
    words = {"@type": "ElectionResults.LanguageString", "Content": text, "Language": "und"}
    return {"@type": "ElectionResults.InternationalizedText", "Text": [words]}


def _units(result: Document) -> Iterator[Document]:
    nation = result["nation"]
    yield _unit(SCOPE, nation) | {
        "Type": "other",
        "OtherType": "election",
        "Name": _named(result["election"]["name"]),
        "ComposingGpUnitIds": [precinct_id(each["number"]) for each in result["precincts"]],
    }
    for precinct in result["precincts"]:
        yield _unit(precinct_id(precinct["number"]), precinct) | {
            "Type": "precinct",
            "Name": _named(precinct["name"]),
            "Number": str(precinct["number"]),
        }


def _unit(own: str, area: Document) -> Document:
    unit = {
        "@type": "ElectionResults.ReportingUnit",
        "@id": own,
        "VotersRegistered": area["registered"],
        "TotalSubUnits": area["boxes_expected"],
        "SubUnitsReported": area["boxes_counted"],
    }
    if area["counters"] is not None and not incomplete(area):
        unit["VotersParticipated"] = area["counters"]["ballots"]
    return unit


def _parties(result: Document) -> Iterator[Document]:
    for at, contest in enumerate(result["contests"]):
        if contest["kind"] == "party_list":
            for option, name in enumerate(contest["options"]):
                own = {"@type": "ElectionResults.Party", "@id": _party(at, option)}
                yield own | {"Name": _named(name)}


def _party(contest: int, option: int) -> str:
    return f"contest-{contest}-party-{option}"


def _election(result: Document) -> Document:
    election = result["election"]
    return {
        "@type": "ElectionResults.Election",
        "ElectionScopeId": SCOPE,
        "Name": _named(election["name"]),
        "StartDate": election["day"],
        "EndDate": election["day"],
        "Type": "general",
        "ExternalIdentifier": [_identifier("SHA-256 of the definition", election["digest"])],
        "BallotCounts": Stream(_ballot_counts(result)),
        "Candidate": Stream(_candidates(result)),
        "Contest": Stream(_Contest(result, at).document() for at in range(len(result["contests"]))),
    }


def _ballot_counts(result: Document) -> Iterator[Document]:
    for own, area in _areas(result):
        if area["counters"] is not None:
            yield {
                "@type": "ElectionResults.BallotCounts",
                "BallotsCast": area["counters"]["ballots"],
                "GpUnitId": own,
                "Type": "total",
            }


def _areas(result: Document) -> Iterator[tuple[str, Document]]:
    yield SCOPE, result["nation"]
    for precinct in result["precincts"]:
        yield precinct_id(precinct["number"]), precinct


def _candidates(result: Document) -> Iterator[Document]:
    for at, contest in enumerate(result["contests"]):
        decided = _decided(result, at)
        elected = {each["name"] for each in decided if is_settled(result) and each.get("elected")}
        if contest["kind"] != "party_list":
            for option, name in enumerate(contest["options"]):
                person = _candidate(option_id(at, option), name)
                yield person | ({"PostElectionStatus": "winner"} if name in elected else {})
        for option, shown in enumerate(_options(result, at)):
            for place in range(len(shown["preferences"])):
                own = candidate_id(at, option, place)
                person = _candidate(own, f"{shown['name']}, {place + 1}")
                yield person | {"PartyId": _party(at, option)}


def _candidate(selection: str, name: str) -> Document:
    own = {"@type": "ElectionResults.Candidate", "@id": f"{selection}-person"}
    return own | {"BallotName": _named(name)}


def _options(result: Document, contest: int) -> list[Document]:
    counted = result["nation"]["contests"]
    return [] if counted is None else counted[contest]["options"]


def _decided(result: Document, contest: int) -> list[Document]:
    """Return the options of a contest as its decision has them, none without a decision."""
    name = result["contests"][contest]["name"]
    decisions = result.get("decisions", ())
    return [option for each in decisions if each["contest"] == name for option in each["options"]]


class _Contest:
    """One contest with its selections and what was counted for each."""

    def __init__(self, result: Document, at: int) -> None:
        self._result = result
        self._at = at
        self._named = result["contests"][at]
        self._seats = {
            each["name"]: each["seats"] for each in _decided(result, at) if each.get("seats")
        }

    def document(self) -> Document:
        """Return the contest; its selections are a stream."""
        told: dict[str, Any] = {
            "@id": contest_id(self._at),
            "ElectionDistrictId": SCOPE,
            "Name": self._named["name"],
            "TotalSubUnits": self._result["nation"]["boxes_expected"],
            "SubUnitsReported": self._result["nation"]["boxes_counted"],
            "OtherCounts": Stream(self._other_counts()),
            "ContestSelection": Stream(self._selections()),
        }
        if self._named["kind"] == "party_list":
            kind = {"@type": "ElectionResults.PartyContest", "VoteVariation": "proportional"}
            return kind | told
        return told | {
            "@type": "ElectionResults.CandidateContest",
            "VoteVariation": "plurality" if self._named["votes_allowed"] == 1 else "n-of-m",
            "VotesAllowed": self._named["votes_allowed"],
        }

    def _selections(self) -> Iterator[Document]:
        listed = self._named["kind"] == "party_list"
        for option, name in enumerate(self._named["options"]):
            own = option_id(self._at, option)
            yield _selection(own, _party(self._at, option) if listed else "") | {
                "VoteCounts": Stream(self._votes(option, name))
            }
        for option, shown in enumerate(_options(self._result, self._at)):
            for place, votes in enumerate(shown["preferences"]):
                own = candidate_id(self._at, option, place)
                yield _selection(own, "") | {"VoteCounts": [_votes(SCOPE, votes)]}

    def _votes(self, option: int, name: str) -> Iterator[Document]:
        counted = _options(self._result, self._at)
        if counted:
            yield _votes(SCOPE, counted[option]["votes"])
        if name in self._seats:
            yield _votes(SCOPE, self._seats[name]) | {"Type": "seats"}
        for own, tally in self._precincts():
            yield _votes(own, tally["votes"][option])

    def _other_counts(self) -> Iterator[Document]:
        counted = self._result["nation"]["contests"]
        if counted is not None:
            yield _other(SCOPE, counted[self._at])
        for own, tally in self._precincts():
            yield _other(own, tally)

    def _precincts(self) -> Iterator[tuple[str, Document]]:
        """Yield the precincts where this contest was voted on, or where nobody voted at all."""
        precincts = self._result["precincts"]
        for place in self._places:
            precinct = precincts[place]
            yield precinct_id(precinct["number"]), precinct["contests"][self._at]

    @cached_property
    def _places(self) -> "array[int]":
        """Where those stand in the list; every option asks, and to read a precinct takes long."""
        found = array("q")
        for place, precinct in enumerate(self._result["precincts"]):
            if precinct["contests"] is not None:
                voted_on = precinct["contests"][self._at]["ballots"]
                if voted_on or not precinct["counters"]["ballots"]:
                    found.append(place)
        return found


def _selection(own: str, party: str) -> Document:
    if party:
        return {"@type": "ElectionResults.PartySelection", "@id": own, "PartyIds": [party]}
    kind = "ElectionResults.CandidateSelection"
    return {"@type": kind, "@id": own, "CandidateIds": [f"{own}-person"]}


def _votes(unit: str, count: int) -> Document:
    kind = "ElectionResults.VoteCounts"
    return {"@type": kind, "Count": count, "GpUnitId": unit, "Type": "total"}


def _other(unit: str, tally: Document) -> Document:
    return {
        "@type": "ElectionResults.OtherCounts",
        "GpUnitId": unit,
        "Overvotes": tally["overvotes"],
        "Undervotes": tally["undervotes"],
    }
