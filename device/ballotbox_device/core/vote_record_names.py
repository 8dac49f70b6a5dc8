"""What cast vote records refer to: the election, its contests, options and candidates by their ids.

Ids are made of indexes of the definition, so that a record and the part it names cannot differ.
"""

from typing import Any, Final

from ballotbox_protocol.election.definition import Contest, ContestKind, Election, Precinct
from ballotbox_protocol.election.identifiers import ElectionDigest

Document = dict[str, Any]

BOX: Final = "box"
ELECTION: Final = "election"
PRECINCT: Final = "precinct"
_SCOPE: Final = "scope"


def contest_id(contest: int) -> str:
    """Return the id of a contest."""
    return f"contest-{contest}"


def option_id(contest: int, option: int) -> str:
    """Return the id under which an option, or a list, can be selected."""
    return f"contest-{contest}-option-{option}"


def candidate_id(contest: int, option: int, candidate: int) -> str:
    """Return the id under which a candidate of a list can be selected."""
    return f"contest-{contest}-option-{option}-candidate-{candidate}"


def _person_id(selection: str) -> str:
    return f"{selection}-person"


def _party_id(contest: int, option: int) -> str:
    return f"contest-{contest}-party-{option}"


def units(election: Election, precinct: Precinct) -> list[Document]:
    """Return the whole election and the polling place as geopolitical units."""
    return [
        {
            "@type": "CVR.GpUnit",
            "@id": _SCOPE,
            "Type": "other",
            "OtherType": "election",
            "Name": election.name,
        },
        {
            "@type": "CVR.GpUnit",
            "@id": PRECINCT,
            "Type": "precinct",
            "Name": precinct.name,
            "Code": [_code("local-level", str(precinct.number))],
        },
    ]


def parties(election: Election) -> list[Document]:
    """Return the lists of all party contests."""
    return [
        {"@type": "CVR.Party", "@id": _party_id(index, number), "Name": option.name}
        for index, contest in enumerate(election.contests)
        if contest.kind is ContestKind.PARTY_LIST
        for number, option in enumerate(contest.options)
    ]


def election_part(election: Election, digest: ElectionDigest) -> Document:
    """Return the election with every contest, also those that no sheet here carried."""
    part: Document = {
        "@type": "CVR.Election",
        "@id": ELECTION,
        "Name": election.name,
        "Code": [_code("other", digest.hex()) | {"OtherType": "SHA-256 of the definition"}],
        "ElectionScopeId": _SCOPE,
        "Contest": [_contest(index, each) for index, each in enumerate(election.contests)],
    }
    people = [
        person for index, each in enumerate(election.contests) for person in _people(index, each)
    ]
    if people:
        part["Candidate"] = people
    return part


def _code(kind: str, value: str) -> Document:
    return {"@type": "CVR.Code", "Type": kind, "Value": value}


def _contest(index: int, contest: Contest) -> Document:
    told = {"@id": contest_id(index), "Name": contest.name}
    if contest.kind is ContestKind.PARTY_LIST:
        return told | {
            "@type": "CVR.PartyContest",
            "VoteVariation": "proportional",
            "ContestSelection": _list_selections(index, contest),
        }
    return told | {
        "@type": "CVR.CandidateContest",
        "VoteVariation": "n-of-m",
        "VotesAllowed": contest.votes_allowed,
        "ContestSelection": [
            _candidate_selection(option_id(index, option)) for option in range(len(contest.options))
        ],
    }


def _list_selections(index: int, contest: Contest) -> list[Document]:
    selections = []
    for number, option in enumerate(contest.options):
        party = [_party_id(index, number)]
        selection = {"@type": "CVR.PartySelection", "@id": option_id(index, number)}
        selections.append(selection | {"PartyIds": party})
        selections += [
            _candidate_selection(candidate_id(index, number, candidate))
            for candidate in range(option.preferences)
        ]
    return selections


def _candidate_selection(selection: str) -> Document:
    return {
        "@type": "CVR.CandidateSelection",
        "@id": selection,
        "CandidateIds": [_person_id(selection)],
    }


def _people(index: int, contest: Contest) -> list[Document]:
    """Return who can be selected: the options, or the candidates of the lists by their numbers."""
    people = []
    for number, option in enumerate(contest.options):
        if contest.kind is not ContestKind.PARTY_LIST:
            people.append(_person(option_id(index, number), option.name))
        people += [
            _person(candidate_id(index, number, candidate), f"{option.name}, {candidate + 1}")
            | {"PartyId": _party_id(index, number)}
            for candidate in range(option.preferences)
        ]
    return people


def _person(selection: str, name: str) -> Document:
    return {"@type": "CVR.Candidate", "@id": _person_id(selection), "Name": name}
