"""The findings of a match as one JSON document, and its differences as rows of a table."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from ballotbox_protocol.election.law.law import Law, Mark, Value
from ballotbox_tabulation.core.law_document import relation_of
from ballotbox_tabulation.core.match_columns import MatchColumn
from ballotbox_tabulation.core.match_findings import Findings, Largest, Named, Swap
from ballotbox_tabulation.core.match_sources import SourceTable
from ballotbox_tabulation.core.recount import Margin, Race, Stake
from ballotbox_tabulation.core.station_match import (
    Difference,
    Exchange,
    Sight,
    State,
    StationMatch,
)

Document = dict[str, Any]
T = TypeVar("T")

FORMAT: Final = 1
#: So many places of the order of recounts stand in the document; the table has all of them.
ORDER_NAMED: Final = 100


class Wording:
    """What sources and columns are called in the findings of one match."""

    def __init__(self, findings: Findings, law: Law | None) -> None:
        self.sources = tuple(each.value for each in findings.columns.sources)
        self._columns = findings.columns.compared
        titles = {line.number: line.original or line.title for line in law.lines} if law else {}
        self._titles = titles

    def column(self, index: int) -> str:
        """Return a compared column as a relation writes it."""
        return str(self._columns[index].column)

    def title(self, column: MatchColumn) -> str:
        """Return the legal name of a line, as far as the law has one."""
        return "" if column.group else self._titles.get(column.column.line, "")

    def cells(self, cells: Sequence[Value | None]) -> Document:
        """Return cells by source: a number, the word of a mark, or null."""
        return {
            source: cell.value if isinstance(cell, Mark) else cell
            for source, cell in zip(self.sources, cells, strict=True)
        }

    def named(self, sources: Sequence[int]) -> list[str]:
        """Return the names of some sources."""
        return [self.sources[at] for at in sources]

    def margin(self, margin: Margin | None) -> Document | None:
        """Return whose margin it is, and how large."""
        if margin is None:
            return None
        names = {"winner": self.column(margin.winner), "loser": self.column(margin.loser)}
        return names | {"votes": margin.votes}

    def stake(self, stake: Stake) -> Document:
        """Return what a recount would settle."""
        return {
            "votes": stake.votes,
            "share_percent": percent(stake.share),
            "margin": self.margin(stake.margin),
            "lone": stake.lone,
            "lone_share_percent": percent(stake.lone_share),
            "lines": stake.lines,
        }


def match_document(
    findings: Findings, tables: Sequence[SourceTable], law: Law | None, program: str
) -> Document:
    """Return what a match found; `tables` are in the order of its sources."""
    words = Wording(findings, law)
    states = {state.value: count for state, count in findings.states.items()}
    return {
        "format": FORMAT,
        "program": program,
        "law": {"name": law.name, "title": law.title, "source": law.source} if law else None,
        "stations": findings.stations,
        "states": states,
        "sources": [_source(findings, at, table) for at, table in enumerate(tables)],
        "pairs": [
            {"sources": words.named(pair), "both": each.both, "differ": each.differ}
            for pair, each in findings.pairs.items()
        ],
        "columns": list(_columns(findings, words)),
        "single": [
            {"column": str(each.column), "source": words.sources[_owner(each)]}
            for each in findings.columns.single
        ],
        "silent_boxes": {
            **_named(findings.silent, lambda each: each._asdict()),
            "votes": findings.silent_votes,
        },
        "short_boxes": _named(findings.short, lambda each: each._asdict()),
        "swaps": _named(findings.swaps, lambda each: _swap(each, words)),
        "exchanged_stations": _named(
            findings.exchanged,
            lambda each: {"sources": words.named(each[:2]), "stations": list(each[2:])},
        ),
        "largest": [_largest(each, words) for each in findings.largest],
        "races": [_race(findings, race, words) for race in findings.recount.races],
        "order": list(_order(findings, words)),
    }


def percent(share: float) -> float:
    """Return a share as a percentage of four places."""
    return round(100 * share, 4)


def difference_columns(sources: Sequence[str]) -> tuple[str, ...]:
    """Return the head of the table of differences."""
    rows = (f"{source} row" for source in sources)
    laws = (f"{source} breaks" for source in sources)
    kept = ("votes", "share %", "lone votes", "lone share %")
    return ("order", "station", "finding", "column", *sources, "off", "odd", *kept, *rows, *laws)


def difference_rows(
    findings: Findings, tables: Sequence[SourceTable], law: Law | None
) -> Iterator[tuple[str | float, ...]]:
    """Yield a row for each difference of each station, and for each source that is silent."""
    words = Wording(findings, law)
    for order, (station, stake) in enumerate(findings.ordered(), 1):
        kept = (stake.votes, percent(stake.share), stake.lone, percent(stake.lone_share))
        laws = (table.broken.get(station.station, "") for table in tables)
        tail: tuple[str | float, ...] = (*kept, *station.rows, *laws)
        for what, column, cells, off, odd in _station_rows(findings, station, words):
            yield order, station.station, what, column, *cells, off, odd, *tail


_Row = tuple[str, str, list[str | int], int | str, str]


def _station_rows(findings: Findings, station: StationMatch, words: Wording) -> Iterator[_Row]:
    swapped = {
        column: f"swapped with {_but(exchange, column, words)}"
        for exchange in station.exchanges(findings.columns)
        for column in exchange.columns
    }
    silent = [sight for sight in station.sights if sight is not Sight.READ]
    if silent or not station.differences:
        sights = [sight.value if sight is not Sight.READ else "" for sight in station.sights]
        what = "silent" if silent else "no number in two sources"
        yield what, "", list(sights), "", ""
    for each in station.differences:
        what = swapped.get(each.column, "differs" if each.off else "mark against number")
        odd = "" if each.odd is None else words.sources[each.odd]
        off = each.off or ""
        yield what, words.column(each.column), list(map(_cell, each.cells)), off, odd


def _but(exchange: Exchange, column: int, words: Wording) -> str:
    return ", ".join(words.column(each) for each in exchange.columns if each != column)


def _cell(value: Value | None) -> str | int:
    return value.value if isinstance(value, Mark) else "" if value is None else value


def _source(findings: Findings, at: int, table: SourceTable) -> Document:
    sights = findings.sights[at]
    return {
        "source": table.source.value,
        "table": table.name,
        "rows": table.stations,
        "read": sights[Sight.READ].count,
        "no_data": _named(sights[Sight.NO_DATA], str),
        "missing": _named(sights[Sight.MISSING], str),
        "repeated": _named(
            sights[Sight.REPEATED],
            lambda name: {"station": name, "rows": findings.match.repeated[at][name]},
        ),
        "set_aside": _named(
            sights[Sight.ASIDE],
            lambda name: {"station": name, "why": findings.match.aside[at][name].why},
        ),
        "alone": _named(findings.alone[at], str),
        "law": _law(table),
    }


def _law(table: SourceTable) -> Document | None:
    check = table.check
    if check is None:
        return None
    return {
        "refused": check.refused,
        "flagged": check.flagged,
        "arithmetic": table.arithmetic,
        "relations": [
            {
                **relation_of(equation.relation),
                "broken": count.broken,
                "undecided": count.undecided,
            }
            for equation, count in zip(check.bound.equations, check.relations, strict=True)
        ],
        "exchangeable": [list(map(str, group)) for group in check.bound.blind_groups()],
    }


def _columns(findings: Findings, words: Wording) -> Iterator[Document]:
    totals = {
        column: total
        for race in findings.recount.races
        for column, total in zip(race.columns, race.totals, strict=True)
    }
    columns = zip(findings.columns.compared, findings.by_column, strict=True)
    for index, (column, count) in enumerate(columns):
        yield {
            "column": str(column.column),
            "title": words.title(column),
            "differ": count.differ,
            "open": count.open,
            "off": count.off,
            "total": totals.get(index),
        }


def _owner(column: MatchColumn) -> int:
    return next(at for at, place in enumerate(column.places) if place is not None)


def _named(named: Named[T], told: Callable[[T], object]) -> Document:
    return {"count": named.count, "first": [told(each) for each in named.first]}


def _swap(swap: Swap, words: Wording) -> Document:
    exchange = swap.exchange
    return {
        "station": swap.station,
        "sources": [words.named(exchange.first), words.named(exchange.second)],
        "columns": [words.column(each) for each in exchange.columns],
        "moved": swap.moved,
    }


def _largest(each: Largest, words: Wording) -> Document:
    difference: Difference = each.difference
    return {
        "station": each.station,
        "column": words.column(difference.column),
        "off": difference.off,
        **words.cells(difference.cells),
    }


def _race(findings: Findings, race: Race, words: Wording) -> Document:
    together = findings.recount.together
    margins = [
        {
            **(words.margin(margin) or {}),
            "disputed": together[margin].disputed,
            "lone": together[margin].lone,
        }
        for margin in race.margins
    ]
    weakest = max(margins, key=_at_stake, default=None)
    winners = [words.column(each) for each in race.winners]
    return {"group": race.group, "winners": winners, "weakest": weakest, "margins": margins}


def _at_stake(margin: Document) -> tuple[float, int]:
    """Return how much of a margin all stations together could change, and how small it is."""
    return (margin["disputed"] + margin["lone"]) / margin["votes"], -margin["votes"]


def _order(findings: Findings, words: Wording) -> Iterator[Document]:
    for order, (station, stake) in enumerate(findings.ordered(), 1):
        if order > ORDER_NAMED:
            return
        yield {
            "order": order,
            "station": station.station,
            "state": station.state.value,
            "sights": dict(
                zip(words.sources, (sight.value for sight in station.sights), strict=True)
            ),
            **words.stake(stake),
        }


def verdict_of(document: Document) -> str:
    """Return the one line that says how a match ended."""
    states = document["states"]
    stations = f"{document['stations']:,} stations"
    if states[State.AGREES.value] == document["stations"]:
        return f"ALIKE: all {stations} have the same numbers in every source."
    differ, rest = states[State.DIFFERS.value], states[State.OPEN.value]
    alike = f"{states[State.AGREES.value]:,} agree"
    open_ones = f"{rest:,} are open (a source is silent, or a mark stands against a number)"
    return f"DIFFERENT: of {stations} {differ:,} differ, {open_ones}, {alike}."
