"""Who has seats at the end of a day: counted here again from the result's votes, by whole numbers.

Small days have many ties and lists close to a threshold, so nearly every day asks something.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ballotbox_protocol.election.definition import Contest, ContestKind, Election
from ballotbox_tabulation.core.rules.rules import Rules
from ballotbox_tabulation.core.rules.source import read_rules

_AGAINST_ALL: Final = "Against all"
_SEATS: Final = 7
_PERCENT: Final = 20
_REGIONAL_PERCENT: Final = 10
_HEAD: Final = """
name = "Simulated country"
source = "decision_audit.py"
[[region]]
name = "First precinct"
precincts = ["{first}"]
"""
_LIST: Final = f"""
kind = "list"
base = "all ballots"
seats = {_SEATS}
method = "largest_remainder"
national_percent = "{_PERCENT}"
regional_percent = "{_REGIONAL_PERCENT}"
regions = ["First precinct"]
"""
_MANDATE: Final = """
kind = "plurality"
base = "all ballots"
"""

Json = Mapping[str, Any]


def rules_of(election: Election) -> Rules:
    """Return rules for an election: seats for party lists, a mandate for each choice of one."""
    head = _HEAD.format(first=election.precincts[0].number)
    single = [contest for contest in election.contests if contest.votes_allowed == 1]
    return read_rules("\n".join([head, *map(_rule, single)]).encode())


def _rule(contest: Contest) -> str:
    kind = _LIST if contest.kind is ContestKind.PARTY_LIST else _MANDATE
    lines = f"[[contest]]\ncontest = {json.dumps(contest.name, ensure_ascii=False)}{kind}"
    against = any(option.name == _AGAINST_ALL for option in contest.options)
    return f'{lines}against_all = "{_AGAINST_ALL}"\n' if against else lines


def wrong_decisions(result: Json, decisions: Sequence[Json], rules: Rules) -> Iterator[str]:
    """Yield where decisions of a result under these rules differ from a count of them here."""
    if [each["contest"] for each in decisions] != [each.contest for each in rules.contests]:
        yield "not every contest of the rules is decided, in their order"
    names = [contest["name"] for contest in result["contests"]]
    for decision in decisions if result["nation"]["contests"] is not None else ():
        at = names.index(decision["contest"])
        shown = result["nation"]["contests"][at]
        votes = [option["votes"] for option in shown["options"]]
        if decision["kind"] == "list":
            found, expected = _shown(decision, "seats"), _seats(result, at, votes, shown)
        else:
            found, expected = _shown(decision, "elected"), _elected(decision, votes)
        if found != expected:
            yield f"{decision['contest']}: decides {found}, but {votes} make {expected}"


def _shown(decision: Json, key: str) -> tuple[list[int], list[str], int]:
    """Return seats by option, the tied options, and the seats they are tied for."""
    tie = decision["tie"] or {"options": [], "seats": 0}
    return [int(option[key]) for option in decision["options"]], tie["options"], tie["seats"]


def _elected(decision: Json, votes: Sequence[int]) -> tuple[list[int], list[str], int]:
    names = [option["name"] for option in decision["options"]]
    best = [at for at, count in enumerate(votes) if count and count == max(votes)]
    if len(best) > 1:
        return [0] * len(votes), [names[at] for at in best], 1
    return [int(best == [at] and name != _AGAINST_ALL) for at, name in enumerate(names)], [], 0


def _seats(
    result: Json, contest: int, votes: Sequence[int], shown: Json
) -> tuple[list[int], list[str], int]:
    names = [option["name"] for option in shown["options"]]
    first = result["precincts"][0]["contests"]
    areas = [(_PERCENT, shown["ballots"], votes)]
    if first is not None:
        areas.append((_REGIONAL_PERCENT, first[contest]["ballots"], first[contest]["votes"]))
    passing = [
        count if name != _AGAINST_ALL and _passes(at, areas) else 0
        for at, (name, count) in enumerate(zip(names, votes, strict=True))
    ]
    total = sum(passing)
    if not total:
        return [0] * len(votes), [], 0
    seats = [count * _SEATS // total for count in passing]
    left, rests = _SEATS - sum(seats), [count * _SEATS % total for count in passing]
    for rest in sorted({*rests}, reverse=True):
        equal = [at for at, each in enumerate(rests) if each == rest]
        if left < len(equal):
            return seats, [names[at] for at in equal] if left else [], left
        for at in equal:
            seats[at] += 1
        left -= len(equal)
    return seats, [], 0


def _passes(option: int, areas: Sequence[tuple[int, int, Sequence[int]]]) -> bool:
    return all(votes[option] * 100 >= percent * ballots for percent, ballots, votes in areas)
