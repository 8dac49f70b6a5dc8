"""The tables of a match, from files: what each source says, read by its own map of columns."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.law import Law
from ballotbox_tabulation.core.column_map import ColumnMap
from ballotbox_tabulation.core.match_columns import align
from ballotbox_tabulation.core.match_sources import SourceTable, columns_of
from ballotbox_tabulation.core.matching import Match
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.station_count import Source
from ballotbox_tabulation.law_files import read_law, read_map
from ballotbox_tabulation.protocol_table import open_table, read_rows
from ballotbox_tabulation.result_table import is_result, read_result
from ballotbox_tabulation.table_progress import ROWS_A_STEP, reading_bar
from ballotbox_tabulation.trust_files import UnusableInput


@dataclass(frozen=True, slots=True)
class Given:
    """What a person names on the command line for one source; `columns` may be everybody's map."""

    source: Source
    table: Path
    columns: Path | None
    own_columns: Path | None

    @property
    def option(self) -> str:
        """The option that names the table."""
        return f"--{self.source.value}"

    @property
    def map_option(self) -> str:
        """The option that names its map."""
        return f"{self.option}-columns" if self.own_columns else "--columns"

    def map_for(self, law: Law | None) -> ColumnMap:
        """Return its map of columns; raises UnusableInput."""
        path = self.own_columns or self.columns
        if path is None:
            unknown = "which column is which line? Name a map: --columns MAP.toml"
            own = f"{self.option}-columns for it alone"
            raise UnusableInput(f"{self.option} {self.table}: {unknown}, or {own}")
        # Results are not told apart by group here, and a group may have any number of values.
        return replace(read_map(path, law, self.map_option), group="")


@dataclass(frozen=True, slots=True)
class Tables:
    """All that was read: the match, each source in its order, the law, and a result if one was."""

    match: Match
    sources: tuple[SourceTable, ...]
    law: Law | None
    result: Document | None


def read_tables(given: Sequence[Given], law_name: str | None) -> Tables:
    """Return the match of some tables; raises UnusableInput and OSError."""
    law = read_law(law_name) if law_name else None
    maps = [each.map_for(law) for each in given]
    sources = tuple(_source(*pair, law) for pair in zip(given, maps, strict=True))
    try:
        match = Match(align({each.source: each.columns for each in sources}))
    except InvalidField as error:
        raise UnusableInput(f"--columns: {error}") from error
    result = None
    for each, named, source in zip(given, maps, sources, strict=True):
        result = _read(each, named, source, match) or result
    _require_common(match, given)
    return Tables(match, sources, law, result)


def _source(given: Given, named: ColumnMap, law: Law | None) -> SourceTable:
    try:
        bound = named.bind(law) if law else None
    except InvalidField as error:
        path = given.own_columns or given.columns
        raise UnusableInput(f"{given.map_option} {path}: {error}") from error
    return SourceTable(given.source, given.table.name, columns_of(named), bound)


def _read(given: Given, named: ColumnMap, source: SourceTable, match: Match) -> Document | None:
    """Read one table into the match; return the result when it is one."""
    result, text = None, None
    if is_result(given.table):
        result, text = read_result(given.table, given.option)
    try:
        with _opened(given, text) as (lines, progress):
            for row in read_rows(lines, named):
                source.take(row, match)
                if row.number % ROWS_A_STEP == 0:
                    progress(row.number)
    except InvalidField as error:
        raise UnusableInput(f"{given.option} {given.table}: {error}") from error
    if not source.stations:
        empty = "has no row below its first line; is it the right file?"
        raise UnusableInput(f"{given.option} {given.table}: {empty}")
    return result


@contextmanager
def _opened(given: Given, text: IO[str] | None) -> Iterator[tuple[IO[str], Callable[[int], None]]]:
    """Yield the lines of a table, and what is to be told how many rows are read."""
    if text is not None:
        yield text, lambda _rows: None
        return
    words = f"Reading {given.source.value}"
    with open_table(given.table) as (file, lines), reading_bar(given.table, words) as progress:
        yield lines, lambda rows: progress(rows, file.tell())


def _require_common(match: Match, given: Sequence[Given]) -> None:
    """Raise UnusableInput when every station stands in one table alone: the names do not fit."""
    sources = range(len(given))
    common = len(given) < 2 or any(
        sum(match.known(at, station) for at in sources) > 1 for station in match.stations()
    )
    if not common:
        firsts = {each.source.value: match.first(at) for at, each in enumerate(given)}
        told = ", ".join(f"{source} has {name!r}" for source, name in firsts.items())
        wrong = f"no station is in two tables: {told} first; do the maps name the same columns"
        raise UnusableInput(f"--columns, station: {wrong} in the same order?")
