"""Which column of a table of protocols is which line of a law, as a person writes it: TOML.

`docs/examples/columns.toml` shows and explains every key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.law.binding import BoundLaw, bind
from ballotbox_protocol.election.law.law import Law, Mark
from ballotbox_protocol.election.law.source import require_short
from ballotbox_protocol.election.source_table import (
    Table,
    as_text,
    as_written,
    read_source,
    require_distinct,
)

_TOP: Final = ("station", "group", "lines", "options", "parameters", "marks")
_MARKS: Final = {"no_data": Mark.NO_DATA, "illegible": Mark.ILLEGIBLE}


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The columns of a table: those that name a station, and those that hold its protocol.

    `group` is the column by whose values the results are told apart, or "". `marks` are the cells
    that stand for no number.
    """

    station: tuple[str, ...]
    group: str
    lines: Mapping[str, str]
    options: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, int]
    marks: Mapping[str, Mark]

    def __post_init__(self) -> None:
        require(self.station, "station", "must name the column or columns that name a station")
        require(self.counted, "lines", "must name at least one column of the protocol")
        require_distinct(dict(self.places), "column")
        for text in self.marks:
            # The table's reader asks for a mark only where no number stands.
            number = text.isascii() and text.isdigit()
            require(not number, "marks", f"{text!r} is a number and cannot be a mark")

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns that hold numbers, in the order of the bound law."""
        return tuple(column for _, column in self.places)

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Where each column that holds numbers stands in the map, and its name."""
        lines = [(f"lines.{number}", column) for number, column in self.lines.items()]
        options = [
            (f"options.{group}[{at}]", column)
            for group, columns in self.options.items()
            for at, column in enumerate(columns)
        ]
        return (*lines, *options)

    def bind(self, law: Law) -> BoundLaw:
        """Return the law over these columns; raises InvalidField naming the entry of the map."""
        return bind(law, self.lines, self.options, self.parameters)


def load_map(text: str, law: Law | None) -> ColumnMap:
    """Return the map that TOML text describes for a law; raises InvalidField.

    Without a law its lines, options and parameters may be called anything.
    """
    require_short(text)
    top = read_source(text, _TOP)
    lines = _table(top, "lines", _known(top, "lines", law))
    options = _table(top, "options", _known(top, "options", law))
    parameters = _table(top, "parameters", _known(top, "parameters", law))
    return ColumnMap(
        station=top.each("station", as_text),
        group=top.text("group") if "group" in top else "",
        lines={number: lines.text(number) for number in _keys(top, "lines")},
        options={group: options.each(group, as_text) for group in _keys(top, "options")},
        parameters={name: parameters.number(name) for name in _keys(top, "parameters")},
        marks=_marks(top),
    )


def _keys(top: Table, key: str) -> tuple[str, ...]:
    return tuple(as_written(top.value(key), dict, key)) if key in top else ()


def _known(top: Table, key: str, law: Law | None) -> Iterable[str]:
    if law is None:
        return _keys(top, key)
    named = {
        "lines": (each.number for each in law.lines),
        "options": (each.name for each in law.groups),
        "parameters": (each.name for each in law.parameters),
    }
    return named[key]


def _table(top: Table, key: str, known: Iterable[str]) -> Table:
    entries = as_written(top.value(key), dict, key) if key in top else {}
    return Table(entries, key, tuple(known))


def _marks(top: Table) -> dict[str, Mark]:
    table = _table(top, "marks", _MARKS)
    marks: dict[str, Mark] = {}
    for key in _keys(top, "marks"):
        for text in table.each(key, as_text):
            if text.strip() in marks:
                raise InvalidField(table.at(key), f"{text!r} stands twice")
            marks[text.strip()] = _MARKS[key]
    return marks
