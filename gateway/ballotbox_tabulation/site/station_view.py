"""One station of a result as its page shows it: boxes beside counts by hand, and what differs."""

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from ballotbox_protocol.election.law.law import Law
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.totals import share_percent
from ballotbox_tabulation.law_files import installed_laws
from ballotbox_tabulation.site.paths import proof_files
from ballotbox_tabulation.site.words import COUNTER, KIND, STATE, USE

_FIGURES: Final = re.compile("[0-9]+")
_LAST: Final = 10**9
#: An option by its name, its votes by the boxes, and what each count by hand has beside them.
_Row = tuple[str, int | None, list[dict[str, Any]]]


class Stations:
    """The stations of one result in the order of their numbers, each with its boxes.

    Both are made anew whenever they are asked for. proved: whether reports lie beside the pages;
    codes: the drawings of those that have some, by the ids of the reports.
    """

    def __init__(self, result: Document) -> None:
        self._named = result["contests"]
        numbers = [int(each["number"]) for each in result["precincts"]]
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        self.numbers = array("q", map(numbers.__getitem__, order))
        self.precincts = DocumentList(result["precincts"].__getitem__, array("q", order))
        self.proved = False
        self.codes: dict[str, list[str]] = {}
        self._states: dict[str, Sequence[Document]] = result["boxes"]
        self._boxes: dict[int, list[tuple[str, int]]] = {}
        for state, boxes in self._states.items():
            for at, box in enumerate(boxes):
                self._boxes.setdefault(box["precinct"], []).append((state, at))

    def view(self, precinct: Document) -> Document:
        """Return one station, as its template takes it; `boxes` are those of `boxes_of`."""
        contests = [
            view
            for at, named in enumerate(self._named)
            if (view := _contest(at, named, precinct)) is not None
        ]
        return {
            "station": precinct,
            "turnout": _turnout(precinct),
            "contests": contests,
            "any_hand": any(contest["counts"] for contest in contests),
        }

    def boxes_of(self, number: int) -> list[Document]:
        """Return the boxes of a station; their reports say which files they have."""
        places = self._boxes.get(number, ())
        return [self._box(number, state, self._states[state][at]) for state, at in places]

    def _box(self, number: int, state: str, box: Document) -> Document:
        counts = box.get("counts", ())
        counters = counts[0]["counters"] if len(counts) == 1 else {}
        return {
            "box": box["box"],
            "state": state,
            "title": STATE[state],
            "waiting_for": box.get("waiting_for"),
            "counters": [(COUNTER[name], counters[name]) for name in COUNTER if name in counters],
            "reports": [self._report(number, each) for each in box["reports"]],
        }

    def _report(self, number: int, report: Document) -> Document:
        kind = report["kind"]
        return {
            **report,
            "kind": KIND.get(kind, kind.replace("_", " ")),
            "use": USE[report["use"]],
            "files": self._files(number, report["id"]) if self.proved else None,
        }

    def _files(self, number: int, own: str) -> Document:
        signed, receipt, _ = proof_files(number, own)
        return {"report": signed, "receipt": receipt, "codes": self.codes.get(own, [])}


def _turnout(precinct: Document) -> str:
    counters, registered = precinct["counters"], precinct["registered"]
    whole = counters is not None and precinct["boxes_counted"] == precinct["boxes_expected"]
    if not whole or counters["ballots"] > registered:
        return ""
    return share_percent(counters["ballots"], registered)


def _contest(at: int, named: Document, precinct: Document) -> Document | None:
    """Return a contest in a station, None where nobody voted on it and nobody counted it."""
    counts = [each for each in precinct.get("counted_by_hand", ()) if each["contest"] == at]
    tally = None if precinct["contests"] is None else precinct["contests"][at]
    voted = tally is not None and (tally["ballots"] or not precinct["counters"]["ballots"])
    if not voted and not counts:
        return None
    hands = [
        {"group": group, "values": values}
        for count in counts
        if count["in_force"]
        for group, values in count["options"].items()
    ]
    for hand in hands:
        hand["group"] = hand["group"] if len(hands) > 1 else ""
    rows = [_row(place, name, tally, hands) for place, name in enumerate(named["options"])]
    return {
        "number": at + 1,
        "name": named["name"],
        "tally": tally,
        "hands": hands,
        "rows": rows,
        "counts": [{**each, "lines_told": list(_lines(each))} for each in counts],
        "verdict": _verdict(tally, rows, hands),
    }


def _row(place: int, name: str, tally: Document | None, hands: list[Document]) -> _Row:
    votes = None if tally is None else tally["votes"][place]
    return name, votes, [_hand(votes, each, place) for each in hands] if hands else []


def _hand(votes: int | None, hand: Document, place: int) -> dict[str, Any]:
    values = hand["values"]
    value = values[place] if place < len(values) else None
    if votes is None or not isinstance(value, int):
        return {"value": value, "difference": None}
    return {"value": value, "difference": value - votes}


def _verdict(tally: Document | None, rows: list[_Row], hands: list[Document]) -> str:
    """Return what a count by hand says about the boxes: nothing, or one word of the template."""
    if not hands:
        return ""
    if tally is None:
        return "alone"
    found = [hand["difference"] for _, _, given in rows for hand in given]
    if any(found):
        return "differ"
    return "unclear" if None in found else "agree"


def _lines(count: Document) -> Iterator[dict[str, Any]]:
    """Yield the lines of a protocol, with the titles that its law has here, in its own order."""
    law = _laws().get(bytes.fromhex(count["law_digest"]))
    titles = {} if law is None else {line.number: line.title for line in law.lines}
    order = {number: at for at, number in enumerate(titles)}
    for number, value in sorted(
        count["lines"].items(), key=lambda line: (order.get(line[0], _LAST), _place(line[0]))
    ):
        yield {"number": number, "title": titles.get(number, ""), "value": value}


@cache
def _laws() -> dict[bytes, Law]:
    return installed_laws()


def _place(line: str) -> tuple[int, str]:
    figures = _FIGURES.match(line)
    return (int(figures[0]) if figures else _LAST, line)
