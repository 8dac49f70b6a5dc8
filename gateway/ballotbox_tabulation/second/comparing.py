"""A result against the second computation, number by number; what differs is named by its place."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_tabulation.second.computation import SecondCount
from ballotbox_tabulation.second.deciding import decision_differences
from ballotbox_tabulation.second.difference import Difference
from ballotbox_tabulation.second.showing import Shown

#: The states in which a result lists its boxes.
STATES: Final = ("counted", "missing", "held", "quarantined", "disputed", "unused")
#: Parts of a result that are no sums over boxes: what people counted by hand is in no total, the
#: rest says what was computed by whom, or is held against these sums elsewhere.
BESIDE: Final = frozenset(
    {"format", "program", "election", "counted_by_hand_elsewhere", "rules", "status", "decisions"}
)
_ABSENT: Final = "nothing"


def differences(
    result: Shown, second: SecondCount, election: Election, checkpoint: Checkpoint
) -> Iterator[Difference]:
    """Yield every place in which `result` is not what the second computation found."""
    names = _Names(election)
    whole = {"log": second.log(checkpoint), "contests": names.contests(), **second.lists()}
    areas = {"nation", "precincts", "boxes"}
    shown = {key: value for key, value in result.items() if key not in BESIDE | areas}
    # What was released before is held against the log by whoever reads it, and is in no sum.
    shown["log"] = _without(_without(shown.get("log"), "published"), "published_aside")
    yield from names.compare((), shown, whole)
    nation = second.nation()
    yield from names.compare(("nation",), result.get("nation"), nation)
    yield from decision_differences(result, nation)
    precincts = (_without(each, "counted_by_hand") for each in _list(result.get("precincts")))
    yield from _each(names, "precinct", "number", precincts, second.precincts())
    boxes = _mapping(result.get("boxes"))
    yield from names.compare(("boxes",), sorted(boxes), sorted(STATES))
    for state in STATES:
        yield from _each(names, f"{state} box", "box", _list(boxes.get(state)), second.boxes(state))


def _each(
    names: "_Names", what: str, key: str, shown: Iterable[object], found: Iterable[Shown]
) -> Iterator[Difference]:
    for one, other in zip_longest(shown, found):
        named = _mapping(other or one)
        yield from names.compare((f"{what} {named.get(key)}",), one, other)


def _without(area: object, key: str) -> Shown:
    return {each: value for each, value in _mapping(area).items() if each != key}


def _mapping(value: object) -> Shown:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


class _Names:
    """Calls a place in a result by what stands there: contests and options by their names."""

    def __init__(self, election: Election) -> None:
        self._election = election

    def contests(self) -> list[Shown]:
        """Return the contests as a result lists them."""
        return [
            {
                "name": contest.name,
                "kind": contest.kind.name.lower(),
                "votes_allowed": contest.votes_allowed,
                "options": [option.name for option in contest.options],
            }
            for contest in self._election.contests
        ]

    def compare(self, path: tuple[Any, ...], shown: object, found: object) -> Iterator[Difference]:
        """Yield the places below `path` in which two JSON values differ."""
        if shown == found and type(shown) is type(found):
            return
        if isinstance(shown, dict) and isinstance(found, dict):
            for key in sorted(shown.keys() | found.keys()):
                yield from self.compare(
                    (*path, key), shown.get(key, _ABSENT), found.get(key, _ABSENT)
                )
        elif isinstance(shown, list) and isinstance(found, list):
            pairs = enumerate(zip_longest(shown, found, fillvalue=_ABSENT))
            for at, (one, other) in pairs:
                yield from self.compare((*path, at), one, other)
        else:
            yield Difference(self._words(path), _said(shown), _said(found))

    def _words(self, path: Sequence[Any]) -> str:
        words: list[str] = []
        contest = None
        for before, part in zip((None, *path), path, strict=False):
            if not isinstance(part, int):
                words.append(str(part))
            elif before == "contests" and part < len(self._election.contests):
                contest = self._election.contests[part]
                words[-1] = contest.name
            elif contest and before in _OF_OPTIONS and part < len(contest.options):
                words[-1] = f"{_OF_OPTIONS[before]}{contest.options[part].name}"
            else:
                words.append(str(part))
        return ", ".join(words)


#: What the items of these lists are, one of each option of a contest.
_OF_OPTIONS: Final = {"votes": "votes of ", "preferences": "preferences of ", "options": ""}


def _said(value: object) -> int | str:
    if type(value) is int or isinstance(value, str):
        return value
    return _ABSENT if value is None else type(value).__name__ if value else "an empty list"
