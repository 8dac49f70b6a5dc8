"""The tables of a match, from files: what each source says, read by its own map of columns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.law import Law
from ballotbox_protocol.election.law.source import law_digest
from ballotbox_tabulation.core.column_map import ColumnMap
from ballotbox_tabulation.core.match_columns import align
from ballotbox_tabulation.core.match_sources import SourceTable, columns_of
from ballotbox_tabulation.core.matching import Match
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.station_count import Source
from ballotbox_tabulation.given_table import Given
from ballotbox_tabulation.law_files import law_text, read_law
from ballotbox_tabulation.match_results import Listed, listed_sources
from ballotbox_tabulation.protocol_table import open_table, read_rows
from ballotbox_tabulation.result_table import is_result, read_result
from ballotbox_tabulation.table_progress import ROWS_A_STEP, reading_bar
from ballotbox_tabulation.trust_files import UnusableInput


@dataclass(frozen=True, slots=True)
class Tables:
    """All that was read: the match, each source in its order, the law, and results by source."""

    match: Match
    sources: tuple[SourceTable, ...]
    law: Law | None
    results: Mapping[Source, Document]


def read_tables(given: Sequence[Given], law_name: str | None, contest: str | None = None) -> Tables:
    """Return the match of some tables; raises UnusableInput and OSError."""
    law = read_law(law_name) if law_name else None
    digest = law_digest(law_text(law_name)).hex() if law_name else ""
    listed = listed_sources(given, law, digest, contest)
    maps = {each.source: each.map_for(law) for each in given if each.source not in listed}
    sources = tuple(
        _listed_source(each, listed[each.source])
        if each.source in listed
        else _source(each, maps[each.source], law)
        for each in given
    )
    try:
        match = Match(align({each.source: each.columns for each in sources}))
    except InvalidField as error:
        raise UnusableInput(f"--columns: {error}") from error
    results = {source: each.result for source, each in listed.items()}
    for each, source in zip(given, sources, strict=True):
        if each.source in listed:
            _take_listed(each, listed[each.source], source, match)
        elif result := _read(each, maps[each.source], source, match):
            results[each.source] = result
    _require_common(match, given)
    return Tables(match, sources, law, results)


def _listed_source(given: Given, listed: Listed) -> SourceTable:
    return SourceTable(given.source, given.table.name, listed.counts.columns, listed.bound)


def _take_listed(given: Given, listed: Listed, source: SourceTable, match: Match) -> None:
    try:
        for row in listed.counts.rows:
            source.take(row, match)
    except InvalidField as error:
        raise UnusableInput(f"{given.option} {given.table}: {error}") from error
    for each in listed.counts.aside:
        match.set_aside(given.source, each.station, each.row, each.why)


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
