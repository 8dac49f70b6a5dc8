"""Precinct protocols from a CSV file, plain or gzip: one row is one station.

Needed columns: l07 (found in portable boxes), l08 (found in stationary boxes), l09 (invalid), l10
(valid), and the votes, each column `c` and digits. Other columns that are `l` and digits are
protocol data; the rest are labels. The two control ratios that a box can be held to are

    l07 + l08 = l09 + l10        l10 = Σ c
"""

import csv
import gzip
import random
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField, require

COMPARED_LINES: Final = ("l07", "l08", "l09", "l10")
#: A spreadsheet may put a byte order mark first.
_ENCODING: Final = "utf-8-sig"
_GZIP_MAGIC: Final = b"\x1f\x8b"
#: A simulated box keeps a slot for each voter in memory; the largest real precincts have thousands.
_SHEETS_MAX: Final = 1_000_000
_LINE: Final = re.compile(r"l\d+")
_VOTES: Final = re.compile(r"c\d+")

_Numbered = tuple[int, dict[str, str]]


@dataclass(frozen=True, slots=True)
class ProtocolRow:
    """One station's protocol: its row in the file from 1, its labels, its lines, its votes."""

    number: int
    label: str
    lines: dict[str, int]
    votes: tuple[int, ...]

    @property
    def portable(self) -> int:
        """Ballots found in portable boxes."""
        return self.lines["l07"]

    @property
    def stationary(self) -> int:
        """Ballots found in stationary boxes."""
        return self.lines["l08"]

    @property
    def invalid(self) -> int:
        """Invalid ballots."""
        return self.lines["l09"]

    @property
    def registered(self) -> int:
        """Voters on the list; where the file has no l01, the ballots found."""
        return self.lines.get("l01", self.portable + self.stationary)

    def breaches(self) -> list[str]:
        """Return each control ratio that the row breaks, with its numbers."""
        found = self.portable + self.stationary
        judged, valid, marked = self.invalid + self.lines["l10"], self.lines["l10"], sum(self.votes)
        broken = []
        if found != judged:
            broken.append(f"l07 + l08 = {found} but l09 + l10 = {judged}")
        if valid != marked:
            broken.append(f"l10 = {valid} but the votes sum to {marked}")
        return broken


@dataclass(frozen=True, slots=True)
class ProtocolFile:
    """The chosen rows of a file and the names of its vote columns, in the file's order."""

    vote_columns: tuple[str, ...]
    rows: tuple[ProtocolRow, ...]


def read_protocols(path: Path, stations: int, sample: int | None = None) -> ProtocolFile:
    """Return the first `stations` rows, or with `sample` that many drawn with this seed.

    Raises InvalidField naming the column and row that cannot be read, OSError for the file.
    """
    return _read(path, lambda rows: _chosen(rows, stations, sample))


def read_same_rows(path: Path, rows: Iterable[ProtocolRow]) -> ProtocolFile:
    """Return the rows of another file that stand where `rows` do in theirs; raises as above."""
    wanted = {row.number for row in rows}
    return _read(path, lambda entries: [each for each in entries if each[0] in wanted])


def _read(path: Path, choose: Callable[[Iterator[_Numbered]], list[_Numbered]]) -> ProtocolFile:
    try:
        with _open_text(path) as text:
            reader = csv.DictReader(text)
            votes = _vote_columns(tuple(reader.fieldnames or ()), path.name)
            raw = choose(enumerate(reader, 1))
    except (EOFError, UnicodeDecodeError, csv.Error, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidField(
            f"file {path.name}", f"cannot be read to its end as CSV in UTF-8 or gzip: {error}"
        ) from error
    return ProtocolFile(votes, tuple(_row(number, entry, votes) for number, entry in raw))


def _vote_columns(columns: tuple[str, ...], name: str) -> tuple[str, ...]:
    votes = tuple(column for column in columns if _VOTES.fullmatch(column))
    for needed in COMPARED_LINES:
        missing = f"is missing from {name}, whose first line must name the columns, with commas"
        require(needed in columns, f"column {needed}", missing)
    require(bool(votes), "column c1", f"no column of votes (c and digits) in {name}")
    for column in (*COMPARED_LINES, *votes):
        require(columns.count(column) == 1, f"column {column}", f"stands twice in {name}")
    return votes


def _open_text(path: Path) -> IO[str]:
    with path.open("rb") as probe:
        packed = probe.read(2) == _GZIP_MAGIC
    if packed:
        return gzip.open(path, "rt", encoding=_ENCODING, newline="")
    return path.open(encoding=_ENCODING, newline="")


def _chosen(rows: Iterator[_Numbered], stations: int, sample: int | None) -> list[_Numbered]:
    kept: list[_Numbered] = []
    chance = random.Random(sample)
    for number, entry in rows:
        if len(kept) < stations:
            kept.append((number, entry))
        elif sample is None:
            break
        elif (place := chance.randrange(number)) < stations:
            kept[place] = (number, entry)
    return sorted(kept, key=lambda pair: pair[0])


def _row(number: int, entry: dict[str, str], votes: tuple[str, ...]) -> ProtocolRow:
    # What stands beyond the last named column, csv keeps under None.
    require(None not in entry, f"row {number}", "has more cells than the first line names columns")
    lines = {
        name: _count(number, name, text) for name, text in entry.items() if _LINE.fullmatch(name)
    }
    labels = [
        text.strip()
        for name, text in entry.items()
        if not _LINE.fullmatch(name) and name not in votes and text
    ]
    counts = tuple(_count(number, name, entry[name]) for name in votes)
    row = ProtocolRow(number, ", ".join(labels), lines, counts)
    sheets = max(row.registered, row.portable + row.stationary)
    require(sheets <= _SHEETS_MAX, f"row {number}", f"is more than one box holds: {_SHEETS_MAX}")
    return row


def _count(number: int, column: str, text: str | None) -> int:
    field = f"row {number}, column {column}"
    if text is None:
        raise InvalidField(field, "is missing: the row is shorter than the first line")
    if not text.strip().isdecimal():
        raise InvalidField(field, f"must be a whole number, is {text!r}")
    value = int(text)
    require(value <= COUNT_MAX, field, f"must be at most {COUNT_MAX}")
    return value
