"""The decisions of a result worked out again: their sums by SQL, their seats by plain fractions."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from ballotbox_tabulation.second.difference import Difference
from ballotbox_tabulation.second.showing import Shape, Shown

#: The first divisor and the step of the methods that give seats to the highest quotients.
_DIVISORS: Final[Mapping[str, tuple[int, int]]] = {
    "dhondt": (1, 1),
    "jefferson": (1, 1),
    "saintelague": (1, 2),
    "webster": (1, 2),
}
_LARGEST_REMAINDER: Final = frozenset({"hamilton", "hare", "largest_remainder"})
_HUNDRED: Final = 100


def decision_differences(result: Shown, nation: Shown) -> Iterator[Difference]:
    """Yield where the decisions of `result` do not follow from the sums that SQL found."""
    contests = {each["name"]: each for each in nation["contests"] or ()}
    for decision in result.get("decisions") or ():
        name = decision["contest"]
        contest = contests.get(name)
        if contest is None:
            continue
        yield from _sums(decision, contest, f"decision, {name}")
        yield from _kinds[decision["kind"]](decision, nation, contest, f"decision, {name}")


def _sums(decision: Shown, contest: Shown, where: str) -> Iterator[Difference]:
    votes = {option["name"]: option["votes"] for option in contest["options"]}
    valid = sum(votes.values())
    base = decision.get("base")
    if base is not None:
        wanted = {"valid votes": valid, "all ballots": contest["ballots"]}.get(base["name"])
        if wanted is not None and base["value"] != wanted:
            yield Difference(f"{where}, base {base['name']}", base["value"], wanted)
    shown = [option["name"] for option in decision["options"]]
    if sorted(shown) != sorted(votes):
        yield Difference(f"{where}, options", len(shown), len(votes))
    for option in decision["options"]:
        found = votes.get(option["name"])
        place = f"{where}, {option['name']}"
        if option["votes"] != found:
            yield Difference(f"{place}, votes", option["votes"], found or 0)
        share = option.get("share_percent")
        if base is not None and found is not None and share is not None:
            wanted_share = Shape.share(found, base["value"])
            if share != wanted_share:
                yield Difference(f"{place}, share_percent", share, wanted_share)


def _list(decision: Shown, _nation: Shown, _contest: Shown, where: str) -> Iterator[Difference]:
    options, tie = decision["options"], decision.get("tie")
    given = sum(option["seats"] for option in options)
    passed = [each for each in options if each["passed"] and not each["against_all"]]
    open_ones = tie["seats"] if tie else 0
    wanted = decision["seats"] if passed else 0
    if given + open_ones != wanted:
        yield Difference(f"{where}, seats", given + open_ones, wanted)
    for option in options:
        if option["seats"] and option not in passed:
            yield Difference(f"{where}, {option['name']}, seats", option["seats"], 0)
    if tie is None and passed:
        seats = seats_of(decision["method"], [each["votes"] for each in passed], wanted)
        for option, number in zip(passed, seats or (), strict=False):
            if option["seats"] != number:
                yield Difference(f"{where}, {option['name']}, seats", option["seats"], number)


def seats_of(method: str, votes: Sequence[int], seats: int) -> list[int] | None:
    """Return the seats of each list; None for a method not known here, or without any vote."""
    if not sum(votes):
        return None
    if method in _LARGEST_REMAINDER:
        return _by_remainders(votes, seats)
    divisors = _DIVISORS.get(method)
    return None if divisors is None else _by_quotients(votes, seats, *divisors)


def _by_remainders(votes: Sequence[int], seats: int) -> list[int]:
    quotas = [Fraction(each * seats, sum(votes)) for each in votes]
    given = [int(quota) for quota in quotas]
    rest = sorted(range(len(votes)), key=lambda at: given[at] - quotas[at])
    for at in rest[: seats - sum(given)]:
        given[at] += 1
    return given


def _by_quotients(votes: Sequence[int], seats: int, first: int, step: int) -> list[int]:
    quotients = (
        (Fraction(each, first + step * number), at)
        for at, each in enumerate(votes)
        for number in range(seats)
    )
    highest = sorted(quotients, key=lambda pair: -pair[0])[:seats]
    return [sum(at == place for _, at in highest) for place in range(len(votes))]


def _plurality(
    decision: Shown, _nation: Shown, _contest: Shown, where: str
) -> Iterator[Difference]:
    people = [each for each in decision["options"] if not each["against_all"]]
    most = max((each["votes"] for each in people), default=0)
    elected = [each for each in people if each["elected"]]
    for each in elected:
        if each["votes"] != most:
            yield Difference(f"{where}, {each['name']}, elected with", each["votes"], most)
    if len(elected) > decision["seats"]:
        yield Difference(f"{where}, elected", len(elected), decision["seats"])


def _referendum(decision: Shown, nation: Shown, contest: Shown, where: str) -> Iterator[Difference]:
    quorum = decision["quorum"]
    registered, took_part = nation["registered"], contest["ballots"]
    for name, found in (("registered", registered), ("took_part", took_part)):
        if quorum[name] != found:
            yield Difference(f"{where}, quorum, {name}", quorum[name], found)
    met = _HUNDRED * took_part >= Fraction(quorum["percent"]) * registered
    if quorum["met"] is not None and quorum["met"] != met:
        yield Difference(f"{where}, quorum, met", str(quorum["met"]), str(met))


_kinds: Final[Mapping[str, Any]] = {
    "list": _list,
    "plurality": _plurality,
    "referendum": _referendum,
}
