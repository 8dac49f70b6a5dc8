"""What the rules make of a result: who passed, who has seats, who is elected, what is accepted.

Shares are cut as everywhere (`core/totals.py`); thresholds are compared with the votes themselves.
A contest without a counted box has no votes, shares, seats or winners: null, never zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import Any

from ballotbox_tabulation.core.result_status import is_settled, status_of
from ballotbox_tabulation.core.rules.apportionment import Apportionment, apportion
from ballotbox_tabulation.core.rules.rules import (
    Base,
    ContestRule,
    Decimal,
    ListContest,
    Plurality,
    Referendum,
    Region,
    Rules,
)
from ballotbox_tabulation.core.totals import share_percent

#: A JSON object of the document.
Document = dict[str, Any]


def decide(result: Document, rules: Rules) -> Document:
    """Return the result extended by rules, status and decisions; the given one stays as it is.

    The rules must fit the election of the result (`require_fit`).
    """
    settled = is_settled(result) or rules.provisional
    return result | {
        "rules": {"name": rules.name, "digest": rules.digest, "source": rules.source},
        "status": status_of(result),
        "decisions": [_decision(_field(result, rule), rule, settled) for rule in rules.contests],
    }


@dataclass(frozen=True, slots=True)
class _Tally:
    """Ballots and votes of one contest in one area."""

    ballots: int
    votes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """One contest as the decisions see it; `nation` is None when no box is counted."""

    names: tuple[str, ...]
    nation: _Tally | None
    regions: tuple[tuple[Region, _Tally], ...]
    registered: int

    def index(self, option: str | None) -> int | None:
        """Return where an option stands."""
        return None if option is None else self.names.index(option)


def _field(result: Document, rule: ContestRule) -> _Field:
    at = [contest["name"] for contest in result["contests"]].index(rule.contest)
    areas = result["nation"]["contests"]
    regions = rule.regions if isinstance(rule, ListContest) else ()
    return _Field(
        names=tuple(result["contests"][at]["options"]),
        nation=None if areas is None else _national(areas[at]),
        regions=tuple(zip(regions, _regional(result, regions, at), strict=True)),
        registered=result["nation"]["registered"],
    )


def _national(contest: Document) -> _Tally:
    return _Tally(contest["ballots"], tuple(option["votes"] for option in contest["options"]))


def _regional(result: Document, regions: Sequence[Region], contest: int) -> list[_Tally]:
    """Return the sums of each region; the precincts are gone through once for all of them."""
    options = len(result["contests"][contest]["options"])
    sums = [(0,) * (1 + options) for _ in regions]
    for precinct in result["precincts"] if regions else ():
        if precinct["contests"] is None:
            continue
        tally = precinct["contests"][contest]
        row = tally["ballots"], *tally["votes"]
        for at, region in enumerate(regions):
            if precinct["number"] in region:
                sums[at] = tuple(map(add, sums[at], row))
    return [_Tally(ballots, tuple(votes)) for ballots, *votes in sums]


def _decision(field: _Field, rule: ContestRule, settled: bool) -> Document:  # noqa: FBT001
    nation = field.nation if settled else None
    if isinstance(rule, ListContest):
        return _list(field, rule, nation)
    if isinstance(rule, Plurality):
        return _plurality(field, rule, nation)
    return _referendum(field, rule, nation)


def _base(field: _Field, rule: ContestRule, against_all: int | None) -> int | None:
    nation = field.nation
    return None if nation is None else rule.base.of(nation.ballots, nation.votes, against_all)


def _options(field: _Field, base: Base, value: int | None, against: int | None) -> list[Document]:
    votes: Sequence[int | None] = (
        (None,) * len(field.names) if field.nation is None else field.nation.votes
    )
    return [
        {
            "name": name,
            "votes": count,
            "share_percent": _share(count, value) if base.holds(at, against) else "",
        }
        for at, (name, count) in enumerate(zip(field.names, votes, strict=True))
    ]


def _share(votes: int | None, base: int | None) -> str:
    return "" if votes is None or base is None else share_percent(votes, base)


def _list(field: _Field, rule: ListContest, nation: _Tally | None) -> Document:
    against = field.index(rule.against_all)
    value = _base(field, rule, against)
    failed = [
        None if nation is None else _failed(field, rule, at) for at in range(len(field.names))
    ]
    passed = _passed(nation, failed, against)
    shared = None if nation is None else _apportioned(nation, rule, passed)
    options = _options(field, rule.base, value, against)
    for at, option in enumerate(options):
        option |= {
            "seats": None if shared is None else shared.seats[at],
            "passed": None if nation is None else passed[at],
            "failed": None if at == against else failed[at],
            "against_all": at == against,
        }
    return {
        "contest": rule.contest,
        "kind": "list",
        "seats": rule.seats,
        "method": rule.method.value,
        "first_divisor": _text(rule.first_divisor),
        "base": {"name": rule.base.value, "value": value},
        "thresholds": {
            "national_percent": _text(rule.national),
            "regional_percent": _text(rule.regional),
            "regions": [region.name for region in rule.regions],
        },
        "options": options,
        **_unfilled(field, rule, shared),
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else number.text


def _failed(field: _Field, rule: ListContest, option: int) -> str | None:
    """Return the first threshold that an option misses, None when it misses none."""
    against = field.index(rule.against_all)
    areas = [("national", rule.national, field.nation)]
    areas += [(f"regional: {region.name}", rule.regional, part) for region, part in field.regions]
    for name, threshold, tally in areas:
        if threshold is None or tally is None:
            continue
        base = rule.base.of(tally.ballots, tally.votes, against)
        # An area without a counted vote says nothing against anybody: missing is not zero.
        if not threshold.reached(tally.votes[option], base):
            return name
    return None


def _passed(
    nation: _Tally | None, failed: Sequence[str | None], against: int | None
) -> tuple[bool, ...]:
    votes = (0,) * len(failed) if nation is None else nation.votes
    return tuple(
        reason is None and at != against and votes[at] > 0 for at, reason in enumerate(failed)
    )


def _apportioned(nation: _Tally, rule: ListContest, passed: Sequence[bool]) -> Apportionment:
    votes = [count if may else 0 for count, may in zip(nation.votes, passed, strict=True)]
    divisor = None if rule.first_divisor is None else rule.first_divisor.value
    return apportion(votes, rule.seats, rule.method, divisor)


def _unfilled(field: _Field, rule: ListContest, shared: Apportionment | None) -> Document:
    if shared is None:
        return {"tie": None, "unfilled": None}
    names = [field.names[at] for at in shared.tied]
    return {
        "tie": {"options": names, "seats": shared.tied_seats} if names else None,
        "unfilled": rule.seats - sum(shared.seats) - shared.tied_seats,
    }


def _plurality(field: _Field, rule: Plurality, nation: _Tally | None) -> Document:
    against = field.index(rule.against_all)
    value = _base(field, rule, against)
    first = _first(nation)
    elected = first[0] if len(first) == 1 and first[0] != against else None
    options = _options(field, rule.base, value, against)
    for at, option in enumerate(options):
        option |= {
            "elected": None if nation is None else at == elected,
            "against_all": at == against,
        }
    tied = [field.names[at] for at in first] if len(first) > 1 else []
    return {
        "contest": rule.contest,
        "kind": "plurality",
        "seats": 1,
        "base": {"name": rule.base.value, "value": value},
        "options": options,
        "tie": {"options": tied, "seats": 1} if tied else None,
        "unfilled": None if nation is None else int(elected is None and not tied),
    }


def _first(nation: _Tally | None) -> list[int]:
    """Return the options with the most votes, none when nobody has a vote."""
    votes = () if nation is None else nation.votes
    most = max(votes, default=0)
    return [at for at, count in enumerate(votes) if count == most and most]


def _referendum(field: _Field, rule: Referendum, nation: _Tally | None) -> Document:
    value = _base(field, rule, None)
    took_part = None if field.nation is None else field.nation.ballots
    met = accepted = None
    if nation is not None and value is not None:
        votes = nation.votes[field.names.index(rule.accept)]
        met = rule.quorum.reached(nation.ballots, field.registered)
        accepted = met and rule.majority.passed(votes, value)
    return {
        "contest": rule.contest,
        "kind": "referendum",
        "quorum": {
            "percent": rule.quorum.text,
            "of": "registered voters",
            "registered": field.registered,
            "took_part": took_part,
            "met": met,
        },
        "base": {"name": rule.base.value, "value": value},
        "options": _options(field, rule.base, value, None),
        "accept": rule.accept,
        "majority_percent": rule.majority.text,
        "accepted": accepted,
    }
