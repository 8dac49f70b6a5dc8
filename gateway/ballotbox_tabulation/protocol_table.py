"""A table of precinct protocols, CSV or CSV in gzip, read row by row in bounded memory."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from operator import itemgetter
from pathlib import Path
from typing import IO, BinaryIO, Final

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField, require
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_tabulation.core.column_map import ColumnMap
from ballotbox_tabulation.core.law_check import StationRow

#: A spreadsheet may put a byte order mark first.
_ENCODING: Final = "utf-8-sig"
_GZIP_MAGIC: Final = b"\x1f\x8b"
ROWS_MAX: Final = 2_000_000
#: A line and a row of any real table are far shorter; a bomb of gzip is not.
LINE_CHARACTERS_MAX: Final = 1_000_000
ROW_LINES_MAX: Final = 100
_CELL_SHOWN: Final = 40
#: Real tables have numbers below zero, where a line was computed; that is a finding, not a slip.
_NUMBER: Final = re.compile(r"-?[0-9]{1,10}")


@contextmanager
def open_table(path: Path) -> Iterator[tuple[BinaryIO, IO[str]]]:
    """Yield the file and the text in it, unpacked when it is gzip; raises OSError."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        with _text_of(file, packed=packed) as text:
            yield file, text


def _text_of(file: BinaryIO, *, packed: bool) -> IO[str]:
    if packed:
        return gzip.open(file, "rt", encoding=_ENCODING, newline="")
    return TextIOWrapper(file, encoding=_ENCODING, newline="")


def read_rows(text: IO[str], columns: ColumnMap) -> Iterator[StationRow]:
    """Yield the stations of a table.

    Raises InvalidField naming row and column of what cannot be read; rows count from 1 below the
    line that names the columns.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, [])
        reading = _Reading(header, columns)
        for row in reader:
            lines.done += 1
            lines.of_row = 0
            if row:
                yield reading.station(lines.done, row)
    except (EOFError, UnicodeDecodeError, csv.Error, zlib.error, gzip.BadGzipFile) as error:
        place = f"row {lines.done + 1}"
        raise InvalidField(place, f"is not CSV in UTF-8 or gzip: {error}; save it anew") from error


class _Lines:
    """The lines of a text, none of them and no row too long; `done` rows are complete."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.done = 0
        self.of_row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_CHARACTERS_MAX + 1)
        if not line:
            raise StopIteration
        self.of_row += 1
        place = f"row {self.done + 1}"
        short = len(line) <= LINE_CHARACTERS_MAX
        require(short, place, f"has a line of more than {LINE_CHARACTERS_MAX} characters")
        closed = self.of_row <= ROW_LINES_MAX
        require(closed, place, f"has more than {ROW_LINES_MAX} lines; is a quote not closed?")
        require(
            self.done < ROWS_MAX, place, f"is too much: at most {ROWS_MAX} rows; split the file"
        )
        return line


class _Reading:
    """Takes the cells of a row apart; where the columns stand is looked up once."""

    def __init__(self, header: Sequence[str], columns: ColumnMap) -> None:
        self._header = [name.strip() for name in header]
        self._columns = columns
        self._width = len(header)
        places = [self._place(column, where) for where, column in columns.places]
        self._counted = _taking(places)
        self._station = [self._place(column, "station") for column in columns.station]
        self._group = self._place(columns.group, "group") if columns.group else None

    def _place(self, column: str, where: str) -> int:
        count = self._header.count(column)
        named = ", ".join(map(_shown, self._header[:12])) or "nothing"
        missing = f"there is no column {column!r} in the table, whose first line names {named}"
        require(count, f"--columns, {where}", missing)
        require(count == 1, f"column {column!r}", "stands twice in the first line of the table")
        return self._header.index(column)

    def station(self, number: int, row: Sequence[str]) -> StationRow:
        """Return one row as a station's protocol."""
        if len(row) != self._width:
            wrong = f"has {len(row)} cells where the first line names {self._width} columns"
            raise InvalidField(f"row {number}", f"{wrong}; is a comma missing, or too much?")
        name = _plain(", ".join([row[place].strip() for place in self._station]))
        group = "" if self._group is None else _plain(row[self._group].strip())
        cells = self._counted(row)
        counts = _plain_counts(cells)
        if counts is not None:
            return StationRow(number, name, group, counts, marked=False)
        pairs = zip(cells, self._columns.places, strict=True)
        values = [self._value(cell, number, *place) for cell, place in pairs]
        marked = any(isinstance(value, Mark) for value in values)
        return StationRow(number, name, group, values, marked)

    def _value(self, cell: str, number: int, where: str, column: str) -> Value:
        text = cell.strip()
        mark = self._columns.marks.get(text)
        if mark is None and _NUMBER.fullmatch(text) and abs(int(text)) <= COUNT_MAX:
            return int(text)
        if mark is None:
            wrong = f"must be a whole number up to {COUNT_MAX}, is {_shown(text)}"
            mend = "mend the cell, or name it under [marks] in the map when it stands for no number"
            raise InvalidField(f"row {number}, column {column!r} ({where})", f"{wrong}; {mend}")
        return mark


def _plain_counts(cells: Sequence[str]) -> list[int] | None:
    """Return the numbers of cells that hold nothing else, or None when one needs a closer look."""
    digits = "".join(cells)
    if not (digits.isascii() and digits.isdigit()):
        return None
    try:
        counts = list(map(int, cells))
    except ValueError:
        return None
    return counts if max(counts) <= COUNT_MAX else None


def _taking(places: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what takes these cells out of a row, as quickly as it can be done."""
    if len(places) == 1:
        return lambda row: (row[places[0]],)
    return itemgetter(*places)


def _plain(text: str) -> str:
    """Return a name as text that moves no cursor and turns no line around."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _CELL_SHOWN else f"{text[:_CELL_SHOWN]!r} …"
