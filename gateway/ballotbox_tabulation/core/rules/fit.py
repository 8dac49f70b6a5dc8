"""Whether rules and an election speak of the same contests, options and precincts."""

from collections.abc import Collection, Sequence

from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.election.source_table import refer
from ballotbox_tabulation.core.rules.rules import ContestRule, Referendum, Region, Rules


def require_fit(rules: Rules, election: Election) -> None:
    """Raise InvalidField naming the place in the rules that this election does not have."""
    named = {contest.name: at for at, contest in enumerate(election.contests)}
    for at, rule in enumerate(rules.contests):
        path = f"contest[{at}]"
        contest = election.contests[refer(rule.contest, f"{path}.contest", named, "contest")]
        _require_contest(rule, contest, path)
    numbers = {precinct.number for precinct in election.precincts}
    _require_regions(rules.regions, numbers)


def _require_contest(rule: ContestRule, contest: Contest, path: str) -> None:
    several = "lets a voter mark several options; rules are for contests of one vote"
    require(contest.votes_allowed == 1, f"{path}.contest", several)
    options = {option.name: at for at, option in enumerate(contest.options)}
    if isinstance(rule, Referendum):
        refer(rule.accept, f"{path}.accept", options, "option")
    elif rule.against_all is not None:
        refer(rule.against_all, f"{path}.against_all", options, "option")


def _require_regions(regions: Sequence[Region], precincts: Collection[int]) -> None:
    first: dict[int, int] = {}
    for at, region in enumerate(regions):
        found = [number for number in precincts if number in region]
        path = f"region[{at}].precincts"
        require(found, path, "the election has no precinct of these numbers")
        for number in found:
            other = first.setdefault(number, at)
            twice = f"precinct {number} is in {regions[other].name!r} already; write it once"
            require(other == at, path, twice)
