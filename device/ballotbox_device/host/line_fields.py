"""One line of JSON, strict: its fields are asked for by name, and what is not asked for is refused.

Whatever is not exactly understood is refused whole, naming the field and what would be right. The
words never repeat what stood in a field, so that no choice of a voter lands in an error.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.tally import Marks

#: A correction of the longest row, each count at its largest, is 33 KB.
LINE_MAX: Final = 64 * 1024
TRUTH: Final = "true or false"
SHEET: Final = "the number of the sheet within its style, from 0"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one line; `used` are those that were asked for."""

    values: dict[str, Any]
    used: set[str]

    def take(self, name: str, kind: type[_T], what: str) -> _T:
        """Return a field that must be there."""
        self.used.add(name)
        value: object = self.values.get(name)
        require(name in self.values, name, f"is missing: it must be {what}")
        if type(value) is not kind:
            raise InvalidField(name, f"must be {what}")
        return value

    def take_or(self, name: str, kind: type[_T], what: str, default: _T) -> _T:
        """Return a field, or `default` when it was left out."""
        self.used.add(name)
        return self.take(name, kind, what) if name in self.values else default

    def require_all_used(self) -> None:
        """Raise InvalidField for a field that this kind of line does not have."""
        for name in self.values.keys() - self.used:
            known = ", ".join(sorted(self.used))
            raise InvalidField(name[:40], f"is not a field here: the fields are {known}")


def fields_of(line: bytes) -> Fields:
    """Return the fields of one line; raises InvalidField."""
    return Fields(_object(line), set())


def _object(line: bytes) -> dict[str, Any]:
    require(len(line) <= LINE_MAX, "line", f"must have at most {LINE_MAX} bytes")
    try:
        value = json.loads(line.decode(), object_pairs_hook=_distinct, parse_constant=_no_number)
    except InvalidField:
        raise
    except (ValueError, RecursionError):
        raise InvalidField("line", 'must be one JSON object in UTF-8, as {"do":"open"}') from None
    require(type(value) is dict, "line", 'must be one JSON object, as {"do":"open"}')
    return value  # type: ignore[no-any-return]


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    require(len(values) == len(pairs), "line", "names a field twice: leave one out")
    return values


def _no_number(_: str) -> NoReturn:
    raise InvalidField("line", "NaN and Infinity are no JSON: write whole numbers")


def style_in(fields: Fields, election: Election) -> int:
    """Return the style by its code or index; one that a scanner made up goes to the box."""
    fields.used.add("style")
    style = fields.values.get("style")
    if type(style) is int:
        return style
    codes = [each.code for each in election.styles]
    if type(style) is str and style in codes:
        return codes.index(style)
    listed = ", ".join(codes[:20]) + (" …" if len(codes) > 20 else "")
    raise InvalidField("style", f"must be the index or the code of a ballot style: {listed}")


def marks_in(fields: Fields) -> tuple[Marks, ...]:
    """Return what `marks` and `preferences` say, one entry for each contest on the sheet."""
    rows = fields.take("marks", list, "one list of option indexes for each contest on the sheet")
    lists = fields.take_or("preferences", list, "one list of [option, candidate] for each", [])
    require(not lists or len(lists) == len(rows), "preferences", "must be as long as marks")
    return tuple(
        Marks(
            _indexes(row, f"marks[{place}]"),
            _pairs(lists[place], f"preferences[{place}]") if lists else frozenset(),
        )
        for place, row in enumerate(rows)
    )


def _indexes(row: object, field: str) -> frozenset[int]:
    if type(row) is not list or any(type(index) is not int for index in row):
        raise InvalidField(field, "must be a list of option indexes, from 0; [] is a blank")
    return _once(row, field)


def _pairs(row: object, field: str) -> frozenset[tuple[int, int]]:
    if type(row) is not list or not all(map(_is_pair, row)):
        raise InvalidField(field, "must be a list of [option, candidate], both from 0")
    return _once([(option, candidate) for option, candidate in row], field)


def _is_pair(value: object) -> bool:
    return type(value) is list and [type(each) for each in value] == [int, int]


def _once(row: list[_T], field: str) -> frozenset[_T]:
    marks = frozenset(row)
    require(len(marks) == len(row), field, "names one mark twice: a mark is there or is not")
    return marks
