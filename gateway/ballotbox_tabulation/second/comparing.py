"""A result against the second computation, number by number; what differs is named by its place."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_tabulation.second.computation import SecondCount
from ballotbox_tabulation.second.difference import Difference
from ballotbox_tabulation.second.showing import Shown, text_of

#: The states in which a result lists its boxes.
STATES: Final = ("counted", "missing", "held", "quarantined", "disputed", "unused")
#: Parts of a result that are no sums over boxes: what people counted by hand is in no total, the
#: rest says what was computed by whom, or is held against these sums elsewhere.
BESIDE: Final = frozenset({"format", "program", "counted_by_hand_elsewhere"})
#: What one of the two does not have at all; no value of a result is it, null least of all.
_ABSENT: Final = object()


def differences(
    result: Shown,
    second: SecondCount,
    election: Election,
    checkpoint: Checkpoint,
    rules: bytes | None = None,
    status: str | None = None,
) -> Iterator[Difference]:
    """Yield every place in which `result` is not what the second computation found.

    rules: the file of rules by which it is decided; raises Unreadable when it cannot be read.
    status: what officers say of it, None where its boxes alone tell.
    """
    names, nation = _Names(election), second.nation()
    whole = {"log": second.log(checkpoint), "contests": names.contests(), **second.lists()}
    whole |= {"election": second.election(), **second.decided(rules, nation)}
    decisions = whole.pop("decisions", _ABSENT)
    if status is not None:
        whole["status"] = _supported(status, second)
    apart = {"nation", "precincts", "boxes", "decisions"}
    shown = {key: value for key, value in result.items() if key not in BESIDE | apart}
    # Who vouches for the election is no part of it: it is given to both from outside.
    shown["election"] = _without(shown.get("election"), "root")
    yield from names.compare((), shown, whole)
    yield from names.compare(("nation",), result.get("nation"), nation, exact=True)
    yield from _decisions(names, result.get("decisions", _ABSENT), decisions)
    beside = "counted_by_hand"
    precincts = _list(result.get("precincts"))
    yield from _written(names, "precinct", "number", precincts, second.precincts(), beside)
    boxes = _mapping(result.get("boxes"))
    yield from names.compare(("boxes",), sorted(boxes), sorted(STATES))
    for state in STATES:
        listed = boxes.get(state)
        if not _is_list(listed):
            yield from names.compare(("boxes", state), listed, [])
        yield from _written(names, f"{state} box", "box", _list(listed), second.boxes(state))


def _each(
    names: "_Names",
    what: str,
    key: str,
    shown: Iterable[object],
    found: Iterable[Shown],
    *,
    exact: bool = False,
) -> Iterator[Difference]:
    for one, other in zip_longest(shown, found, fillvalue=_ABSENT):
        named = _mapping(one if other is _ABSENT else other)
        yield from names.compare((f"{what} {named.get(key)}",), one, other, exact=exact)


def _written(
    names: "_Names",
    what: str,
    key: str,
    shown: Sequence[object],
    found: Iterable[str],
    beside: str = "",
) -> Iterator[Difference]:
    """Yield what differs between a list and the JSON of what must stand in it.

    `beside`: what an item may say of other things. The same text says the same; where the texts
    differ, and where a list has none of its own, what they say is compared.
    """
    texts = getattr(shown, "texts", lambda: None)()
    if texts is None:
        texts = (text_of(each) for each in shown)
    for one, other in zip_longest(texts, found):
        if one != other:
            said, wanted = (_ABSENT if each is None else json.loads(each) for each in (one, other))
            named = _mapping(said if wanted is _ABSENT else wanted)
            place = f"{what} {named.get(key)}"
            if said is not _ABSENT and text_of(said) != one:
                # Of a key that stands twice other readers may take the other value.
                yield Difference(f"{place}, form", "other JSON", "canonical JSON")
            if beside and said is not _ABSENT:
                said = _without(said, beside)
            yield from names.compare((place,), said, wanted, exact=True)


def _supported(said: str, second: SecondCount) -> str:
    """Return the status that boxes allow where officers said this of a result."""
    found = second.status()
    return said if said == "correction" or found == "complete" else found


def _decisions(names: "_Names", shown: object, found: object) -> Iterator[Difference]:
    if isinstance(shown, list) and isinstance(found, list):
        one, other = (map(_by_option, decisions) for decisions in (shown, found))
        yield from _each(names, "decision,", "contest", one, other, exact=True)
    elif shown is not found:
        yield from names.compare(("decisions",), shown, found)


def _by_option(decision: object) -> Shown:
    """Return a decision in which every option is found by its name, and their order stands."""
    given = _mapping(decision)
    options = [_mapping(each) for each in _list(given.get("options"))]
    named = {str(each.get("name")): each for each in options}
    return given | {"options": named, "order": [each.get("name") for each in options]}


def _without(area: object, key: str) -> Shown:
    return {each: value for each, value in _mapping(area).items() if each != key}


def _mapping(value: object) -> Shown:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:  # noqa: ANN401 - whatever JSON can hold
    return value if _is_list(value) else []


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


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

    def compare(
        self, path: tuple[Any, ...], shown: object, found: object, *, exact: bool = False
    ) -> Iterator[Difference]:
        """Yield the places below `path` in which two JSON values differ.

        exact: what Python holds equal and JSON does not differs inside of them too, as true and 1.
        """
        apart = exact and isinstance(shown, dict | list)
        if shown == found and type(shown) is type(found) and not apart:
            return
        if isinstance(shown, dict) and isinstance(found, dict):
            for key in sorted(shown.keys() | found.keys()):
                one, other = shown.get(key, _ABSENT), found.get(key, _ABSENT)
                yield from self.compare((*path, key), one, other, exact=exact)
        elif isinstance(shown, list) and isinstance(found, list):
            pairs = enumerate(zip_longest(shown, found, fillvalue=_ABSENT))
            for at, (one, other) in pairs:
                yield from self.compare((*path, at), one, other, exact=exact)
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
    if value is _ABSENT or value is None:
        return "nothing at all" if value is _ABSENT else "null"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return type(value).__name__ if value else "an empty list"
