"""What changed between two published results of one election, in lines for a person."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.result_status import status_of

#: So many precincts and boxes are named; the rest is counted.
NAMED_MAX: Final = 20
#: What stands beside the options of a contest.
_REST: Final = ("undervotes", "overvotes")


def changes(before: Document, after: Document) -> list[str]:
    """Return what differs, none when nothing does; raises InvalidField for two elections."""
    for field in ("mode", "digest"):
        one, other = before["election"][field], after["election"][field]
        if one != other:
            problem = f"is {other} in B and {one} in A: two elections are never compared"
            raise InvalidField(f"election.{field}", problem)
    if before == after:
        return []
    lines = [
        *_heads(before, after),
        *_nation(before, after),
        *_decisions(before, after),
        *_boxes(before, after),
        *_precincts(before, after),
    ]
    return lines or ["Only what stands beside the numbers differs, such as reports and counts."]


def _heads(before: Document, after: Document) -> Iterator[str]:
    yield from _change("Status", status_of(before), status_of(after))
    yield from _change("Program", before["program"], after["program"])
    for key, name in (("name", "Rules"), ("digest", "Digest of the rules")):
        one, other = (each.get("rules", {}).get(key, "none") for each in (before, after))
        yield from _change(name, one, other)
    one, other = before["log"], after["log"]
    yield from _change("Log", one["origin"], other["origin"])
    yield from _change("Leaves", one["size"], other["size"])
    if one["size"] == other["size"]:
        yield from _change("Root of the log", one["root"], other["root"])


def _nation(before: Document, after: Document) -> Iterator[str]:
    one, other = before["nation"], after["nation"]
    yield from _change("Boxes counted", one["boxes_counted"], other["boxes_counted"])
    yield from _change("Boxes expected", one["boxes_expected"], other["boxes_expected"])
    yield from _change("Ballots", _ballots(one), _ballots(other))
    for at, contest in enumerate(after["contests"]):
        first, second = (_contest(each, at) for each in (one, other))
        for place, name in enumerate((*contest["options"], *_REST)):
            yield from _change(f"{contest['name']}: {name}", first[place], second[place])


def _ballots(area: Document) -> Any:  # noqa: ANN401 - a number, or the word for none
    return "none" if area["counters"] is None else area["counters"]["ballots"]


def _contest(nation: Document, at: int) -> "_AllNone":
    """Return the numbers of one contest by their places: its options, then the rest."""
    if nation["contests"] is None:
        return _AllNone()
    contest = nation["contests"][at]
    votes = [option["votes"] for option in contest["options"]]
    return _AllNone(enumerate((*votes, *(contest[name] for name in _REST))))


class _AllNone(dict[Any, Any]):
    """Values of which any may be absent; then it is the word for none."""

    def __missing__(self, name: object) -> str:
        return "none"


def _told(options: list[Document], key: str) -> _AllNone:
    """Return one field by the names of the options that have it: not every kind of contest does."""
    return _AllNone({each["name"]: each[key] for each in options if key in each})


def _decisions(before: Document, after: Document) -> Iterator[str]:
    one, other = (
        {each["contest"]: each for each in result.get("decisions", ())}
        for result in (before, after)
    )
    for contest, decision in other.items():
        earlier = one.get(contest, {"options": []})
        for key in ("seats", "elected"):
            first, second = (_told(each["options"], key) for each in (earlier, decision))
            for name, value in second.items():
                yield from _change(f"{contest}: {key} of {name}", first[name], value)
        if "accepted" in decision:
            first_word = earlier.get("accepted", "none")
            yield from _change(f"{contest}: accepted", first_word, decision["accepted"])
    for contest in one:
        if contest not in other:
            yield f"{contest}: decided in A alone"


def _boxes(before: Document, after: Document) -> Iterator[str]:
    one, other = _states(before), _states(after)
    moved = [
        f"Box {box} of precinct {precinct}: {one[box, precinct]} -> {state}"
        for (box, precinct), state in other.items()
        if one[box, precinct] != state
    ]
    gone = [f"Box {box} of precinct {at}: in A alone" for box, at in one if (box, at) not in other]
    yield from _few(moved + gone, "boxes")


def _states(result: Document) -> _AllNone:
    return _AllNone(
        {
            (box["box"], box["precinct"]): state
            for state, boxes in result["boxes"].items()
            for box in boxes
        }
    )


def _precincts(before: Document, after: Document) -> Iterator[str]:
    told = [
        f"Precinct {each['number']}: other numbers, {_ballots(first)} -> {_ballots(each)} ballots"
        for first, each in _pairs(before["precincts"], after["precincts"])
        if _differ(first, each)
    ]
    yield from _few(told, "precincts")


def _pairs(
    before: Sequence[Document], after: Sequence[Document]
) -> Iterator[tuple[Document, Document]]:
    """Yield each precinct that is in both; of either list one is in memory at a time."""
    places = {each["number"]: at for at, each in enumerate(before)}
    for each in after:
        at = places.get(each["number"])
        if at is not None:
            yield before[at], each


def _differ(one: Document, other: Document) -> bool:
    return any(one[name] != other[name] for name in ("counters", "contests"))


def _few(lines: list[str], what: str) -> Iterator[str]:
    yield from lines[:NAMED_MAX]
    if len(lines) > NAMED_MAX:
        yield f"and {len(lines) - NAMED_MAX} more {what}"


def _change(name: str, one: object, other: object) -> Iterator[str]:
    if one == other:
        return
    if type(one) is int and type(other) is int:
        yield f"{name}: {one:,} -> {other:,} ({other - one:+,})"
    else:
        yield f"{name}: {_shown(one)} -> {_shown(other)}"


def _shown(value: object) -> str:
    if type(value) is int:
        return f"{value:,}"
    return {True: "yes", False: "no", None: "open"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]
