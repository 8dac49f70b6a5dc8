"""The decisions of a result worked out again: their sums by SQL, their seats by plain fractions."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from ballotbox_tabulation.second.difference import Difference
from ballotbox_tabulation.second.showing import Shape, Shown

#: The step from each divisor after the first to the next, of the methods of highest quotients.
_STEPS: Final[Mapping[str, int]] = {"d_hondt": 1, "sainte_lague": 2, "modified_sainte_lague": 2}
_HUNDRED: Final = 100
_VALID: Final = "valid votes"
_ABSENT: Final = "nothing"


def decision_differences(result: Shown, nation: Shown) -> Iterator[Difference]:
    """Yield where the decisions of `result` do not follow from the sums that SQL found.

    Regional thresholds are the first computation's alone: of who misses one, that is believed.
    """
    contests = {each["name"]: each for each in nation["contests"] or ()}
    known = {each["name"] for each in result.get("contests") or ()}
    for decision in result.get("decisions") or ():
        name, where = decision["contest"], f"decision, {decision['contest']}"
        if name not in known:
            yield Difference(f"{where}, contest", name, _ABSENT)
        elif name in contests:
            yield from _sums(decision, contests[name], where)
            yield from _kinds[decision["kind"]](decision, nation, contests[name], where)
        else:
            yield from _nothing(decision, where)


def _nothing(decision: Shown, where: str) -> Iterator[Difference]:
    """Where no box is counted nothing is decided and nobody has votes: null, never zero."""
    for option in decision["options"]:
        for key in ("votes", "seats", "elected"):
            if option.get(key) is not None:
                yield Difference(f"{where}, {option['name']}, {key}", str(option[key]), _ABSENT)


def _sums(decision: Shown, contest: Shown, where: str) -> Iterator[Difference]:
    votes = {option["name"]: option["votes"] for option in contest["options"]}
    base, wanted = decision["base"], _base(decision, contest)
    if base["value"] != wanted:
        yield Difference(f"{where}, base {base['name']}", base["value"], wanted)
    shown = [option["name"] for option in decision["options"]]
    if sorted(shown) != sorted(votes):
        yield Difference(f"{where}, options", len(shown), len(votes))
    for option in decision["options"]:
        found, place = votes.get(option["name"], 0), f"{where}, {option['name']}"
        if option["votes"] != found:
            yield Difference(f"{place}, votes", option["votes"], found)
        share = "" if _is_outside(option, base) else Shape.share(found, wanted)
        if option["share_percent"] != share:
            yield Difference(f"{place}, share_percent", option["share_percent"], share)


def _base(decision: Shown, contest: Shown) -> int:
    if decision["base"]["name"] == "all ballots":
        return int(contest["ballots"])
    outside = {each["name"] for each in decision["options"] if _is_outside(each, decision["base"])}
    return sum(each["votes"] for each in contest["options"] if each["name"] not in outside)


def _is_outside(option: Shown, base: Shown) -> bool:
    return bool(base["name"] == _VALID and option.get("against_all"))


def _list(decision: Shown, _nation: Shown, _contest: Shown, where: str) -> Iterator[Difference]:
    options, tie = decision["options"], decision["tie"]
    if any(option["seats"] is None for option in options):
        return
    passed = [each for each in options if each["passed"]]
    yield from _thresholds(decision, where)
    open_ones = (tie["seats"] if tie else 0) + decision["unfilled"]
    given = sum(option["seats"] for option in options) + open_ones
    if given != decision["seats"] or (passed and decision["unfilled"]):
        yield Difference(f"{where}, seats", given, decision["seats"])
    for option in options:
        if option["seats"] and option not in passed:
            yield Difference(f"{where}, {option['name']}, seats", option["seats"], 0)
    if passed and tie is None:
        seats = seats_of(decision, [each["votes"] for each in passed])
        for option, number in zip(passed, seats, strict=True):
            if option["seats"] != number:
                yield Difference(f"{where}, {option['name']}, seats", option["seats"], number)


def _thresholds(decision: Shown, where: str) -> Iterator[Difference]:
    percent, base = decision["thresholds"]["national_percent"], decision["base"]["value"]
    for option in decision["options"]:
        reached = percent is None or _HUNDRED * option["votes"] >= Fraction(percent) * base
        missed = not reached and not option["against_all"]
        if missed != (option["failed"] == "national"):
            shown = option["failed"] or _ABSENT
            found = "national" if missed else _ABSENT
            yield Difference(f"{where}, {option['name']}, failed", shown, found)
        lets = option["failed"] is None and option["votes"] > 0 and not option["against_all"]
        if option["passed"] != lets:
            place = f"{where}, {option['name']}, passed"
            yield Difference(place, str(option["passed"]), str(lets))


def seats_of(decision: Shown, votes: Sequence[int]) -> list[int]:
    """Return the seats of lists with so many votes by the method of a decision; none is tied."""
    step = _STEPS.get(decision["method"])
    if step is None:
        return _by_remainders(votes, decision["seats"])
    return _by_quotients(votes, decision["seats"], Fraction(decision["first_divisor"] or 1), step)


def _by_remainders(votes: Sequence[int], seats: int) -> list[int]:
    quotas = [Fraction(each * seats, sum(votes)) for each in votes]
    given = [int(quota) for quota in quotas]
    rest = sorted(range(len(votes)), key=lambda at: given[at] - quotas[at])
    for at in rest[: seats - sum(given)]:
        given[at] += 1
    return given


def _by_quotients(votes: Sequence[int], seats: int, first: Fraction, step: int) -> list[int]:
    quotients = (
        (each / (first if number == 0 else Fraction(1 + step * number)), at)
        for at, each in enumerate(votes)
        for number in range(seats)
    )
    highest = sorted(quotients, key=lambda pair: -pair[0])[:seats]
    return [sum(at == place for _, at in highest) for place in range(len(votes))]


def _plurality(decision: Shown, _: Shown, contest: Shown, where: str) -> Iterator[Difference]:
    options, tie = decision["options"], decision["tie"]
    if any(option["elected"] is None for option in options):
        return
    most = max(each["votes"] for each in contest["options"])
    leading = [each for each in options if most and each["votes"] == most]
    alone = leading if len(leading) == 1 and not leading[0]["against_all"] else []
    for each in options:
        if each["elected"] != (each in alone):
            place = f"{where}, {each['name']}, elected with {each['votes']} of {most}"
            yield Difference(place, str(each["elected"]), str(each in alone))
    tied = [each["name"] for each in leading] if len(leading) > 1 else []
    if (tie["options"] if tie else []) != tied:
        yield Difference(f"{where}, tie", len(tie["options"] if tie else []), len(tied))


def _referendum(decision: Shown, nation: Shown, contest: Shown, where: str) -> Iterator[Difference]:
    quorum = decision["quorum"]
    registered, took_part = nation["registered"], contest["ballots"]
    for name, found in (("registered", registered), ("took_part", took_part)):
        if quorum[name] != found:
            yield Difference(f"{where}, quorum, {name}", quorum[name], found)
    if quorum["met"] is None:
        return
    met = _HUNDRED * took_part >= Fraction(quorum["percent"]) * registered
    if quorum["met"] != met:
        yield Difference(f"{where}, quorum, met", str(quorum["met"]), str(met))
    votes = {each["name"]: each["votes"] for each in contest["options"]}[decision["accept"]]
    needed = Fraction(decision["majority_percent"]) * decision["base"]["value"]
    accepted = met and _HUNDRED * votes > needed
    if decision["accepted"] != accepted:
        yield Difference(f"{where}, accepted", str(decision["accepted"]), str(accepted))


_kinds: Final[Mapping[str, Any]] = {
    "list": _list,
    "plurality": _plurality,
    "referendum": _referendum,
}
