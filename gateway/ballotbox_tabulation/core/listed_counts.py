"""What a published result lists of one contest, station by station, as a match takes it.

A result that is not formed like one raises LookupError, TypeError, AttributeError or ValueError; a
question that does not fit it, InvalidField.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField, require
from ballotbox_protocol.election.law.binding import BoundLaw, Column, bind
from ballotbox_protocol.election.law.law import Law, Mark, Value
from ballotbox_protocol.election.law.sheet import MARKS_ALLOWED
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation.core.law_check import StationRow
from ballotbox_tabulation.core.wording import count_reason_in_words

Document = dict[str, Any]
_FIGURES: Final = re.compile("[0-9]+")
#: So many stations are named where none can be compared.
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Aside:
    """A station whose numbers may not be compared: its place in the result, and why."""

    row: int
    station: str
    why: str


@dataclass(frozen=True, slots=True)
class ListedCounts:
    """The numbers of one contest in every station that has some, and the stations set aside.

    `options` are the groups of options with the names of their options.
    """

    lines: tuple[str, ...]
    options: Mapping[str, tuple[str, ...]]
    rows: tuple[StationRow, ...]
    aside: tuple[Aside, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the rows: lines, then the options of each group."""
        named = (Column(group, name) for group, names in self.options.items() for name in names)
        return (*map(Column, self.lines), *named)

    def bind(self, law: Law, contest: Document) -> BoundLaw:
        """Return the law over these columns; raises InvalidField."""
        allowed: int = contest["votes_allowed"]
        asked = law.vocabulary.parameters & {MARKS_ALLOWED}
        parameters = dict.fromkeys(asked, allowed)
        return bind(law, self.lines, self.options, parameters)


def contest_counted(result: Document, wanted: str | None) -> int:
    """Return the place of the contest that was counted by hand; raises InvalidField.

    `wanted` is its number or name, needed where several were counted.
    """
    names = [contest["name"] for contest in result["contests"]]
    listed = {count["contest"] for _, _, counts in _stations(result) for count in counts}
    places: list[int] = sorted(listed & set(range(len(names))))
    require(places, "hand", "lists no count by hand; `ballotbox-gateway hand-count` enters them")
    found = [at for at in places if wanted in (None, str(at), names[at])]
    if len(found) != 1:
        known = "; ".join(f"{at} {names[at]}" for at in places)
        problem = "is needed" if wanted is None else f"{wanted!r} was not counted by hand"
        raise InvalidField("contest", f"{problem}; give number or name: {known}")
    return found[0]


def counted_by_hand(
    result: Document, contest: int, law: Law | None, digest: str = ""
) -> ListedCounts:
    """Return the counts by hand in force; raises InvalidField when there is none by one law.

    digest: that of the law's file, in hexadecimal, where there is a law.
    """
    in_force, aside = _told_apart(result, contest)
    names = tuple(result["contests"][contest]["options"])
    sheet = _Sheet([count for _, _, count in in_force], law, digest, names)
    rows: list[StationRow] = []
    for row, station, count in in_force:
        unfit = sheet.unfit(count)
        if unfit:
            aside.append(Aside(row, station, unfit))
        else:
            rows.append(sheet.row(row, station, count))
    if not rows:
        named = aside[:_NAMED]
        whys = dict.fromkeys(each.why for each in named)
        stations = {why: [each.station for each in named if each.why == why] for why in whys}
        told = "; ".join(f"{', '.join(those)} ({why})" for why, those in stations.items())
        raise InvalidField("hand", f"no count of this contest can be compared: {told}")
    return ListedCounts(sheet.lines, sheet.options, tuple(rows), tuple(aside))


def counted_by_boxes(result: Document, contest: int, group: str) -> ListedCounts:
    """Return the votes of the counted boxes of each precinct, as options of one group."""
    names = tuple(result["contests"][contest]["options"])
    rows: list[StationRow] = []
    for number, precinct in enumerate(result["precincts"], 1):
        votes: list[Value] = [Mark.NO_DATA] * len(names)
        silent = precinct["contests"] is None
        if not silent:
            votes = _numbers(precinct["contests"][contest]["votes"], len(names))
        rows.append(StationRow(number, str(precinct["number"]), "", votes, marked=silent))
    return ListedCounts((), {group: names}, tuple(rows))


class _Sheet:
    """The columns that the counts of one law share, and each count in their order."""

    def __init__(
        self, counts: Sequence[Document], law: Law | None, digest: str, names: tuple[str, ...]
    ) -> None:
        self._law, self._digest = (law.name, digest) if law else _only_law(counts)
        self._size = len(names)
        own = [count for count in counts if self._is_by_it(count)]
        seen = dict.fromkeys(group for count in own for group in count["options"])
        if law:
            self.lines = tuple(line.number for line in law.lines)
            groups = [each.name for each in law.groups if each.name in seen]
        else:
            # A document of sorted keys has lost the law's own order.
            lines = {each for count in own for each in count["lines"]}
            self.lines = tuple(sorted(lines, key=_place))
            groups = list(seen)
        self.options = dict.fromkeys(groups, names)

    def _is_by_it(self, count: Document) -> bool:
        return (count["law"], count["law_digest"]) == (self._law, self._digest)

    def unfit(self, count: Document) -> str:
        """Return why a count cannot stand in these columns, or "" when it can."""
        if count["law"] != self._law:
            return f"counted by the law {count['law']}"
        if not self._is_by_it(count):
            return (
                f"counted by another file of the law {self._law}, {count['law_digest']}, "
                f"than {self._digest}"
            )
        options = count["options"]
        whole = all(len(values) == self._size for values in options.values())
        known = set(options) <= set(self.options) and set(count["lines"]) == set(self.lines)
        return "" if whole and known else "its lines or options are not those of its law"

    def row(self, number: int, station: str, count: Document) -> StationRow:
        """Return one count; a group that was not counted there has no data."""
        values = [_value(count["lines"][line]) for line in self.lines]
        for group in self.options:
            counted = count["options"].get(group, [Mark.NO_DATA.value] * self._size)
            values += map(_value, counted)
        marked = any(isinstance(value, Mark) for value in values)
        return StationRow(number, station, "", values, marked)


def _only_law(counts: Sequence[Document]) -> tuple[str, str]:
    """Return the name of the law that all are by, and the digest of its file."""
    laws = list(dict.fromkeys((str(each["law"]), str(each["law_digest"])) for each in counts))
    names = list(dict.fromkeys(name for name, _ in laws))
    if len(names) > 1:
        raise InvalidField("law", f"the counts are by {', '.join(names)}; name one of them")
    if len(laws) > 1:
        digests = ", ".join(digest for _, digest in laws)
        problem = f"the counts are by several files of {names[0]}, {digests}; give one of them"
        raise InvalidField("law", problem)
    return laws[0] if laws else ("", "")


def _stations(result: Document) -> Iterator[tuple[int, str, Sequence[Document]]]:
    for row, precinct in enumerate(result["precincts"], 1):
        yield row, str(precinct["number"]), precinct.get("counted_by_hand", ())


def _told_apart(
    result: Document, contest: int
) -> tuple[list[tuple[int, str, Document]], list[Aside]]:
    """Return the counts in force with their stations, and the stations that have none."""
    in_force: list[tuple[int, str, Document]] = []
    aside: list[Aside] = []
    for row, station, counts in _stations(result):
        versions = [count for count in counts if count["contest"] == contest]
        force = [count for count in versions if count["in_force"]]
        if force:
            in_force.append((row, station, force[0]))
        elif versions:
            aside.append(Aside(row, station, _why(versions)))
    return in_force, aside


def _why(versions: Sequence[Document]) -> str:
    refused = (count for count in versions if count["verdict"] != "accepted")
    told = (
        f"{count['verdict']}: {count_reason_in_words(Reason(count['reason_code']))}"
        for count in refused
    )
    return "; ".join(dict.fromkeys(told))


def _place(line: str) -> tuple[int, str]:
    figures = _FIGURES.match(line)
    return (int(figures[0]) if figures else COUNT_MAX, line)


def _numbers(values: Sequence[object], size: int) -> list[Value]:
    if len(values) != size:
        raise ValueError("a tally has a number for each option")
    return list(map(_value, values))


def _value(value: object) -> Value:
    if type(value) is int and 0 <= value <= COUNT_MAX:
        return value
    return Mark(value)
