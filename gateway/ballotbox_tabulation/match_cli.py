"""What `ballotbox-tabulate match` does and says."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_tabulation.core.match_document import (
    Document,
    difference_columns,
    difference_rows,
    match_document,
    verdict_of,
)
from ballotbox_tabulation.core.match_findings import Findings
from ballotbox_tabulation.given_table import Given
from ballotbox_tabulation.law_cli import program
from ballotbox_tabulation.match_tables import Tables, read_tables
from ballotbox_tabulation.report_files import ReportFiles, ReportForm
from ballotbox_tabulation.screen_text import few, table_of
from ballotbox_tabulation.trust_files import UnusableInput

#: What is shown of a list on the screen; `--out` has more.
_SHOWN: Final = 10
_FEW_SHOWN: Final = 4
_LARGEST_SHOWN: Final = 5


def match_tables(
    given: Sequence[Given],
    law_name: str | None,
    winners: int,
    out: Path | None,
    contest: str | None = None,
) -> tuple[list[str], bool]:
    """Return what to say about a match, and whether all sources agree.

    Raises UnusableInput for what cannot be read and OSError for the disk; then nothing is written.
    """
    if len(given) < 2:
        raise UnusableInput("a match needs two of --box, --hand and --keyed; name another table")
    tables = read_tables(given, law_name, contest)
    findings = findings_of(tables, winners)
    document = match_document(findings, tables.sources, tables.law, program())
    with ReportFiles(_form(document), out) as report:
        if report.writes:
            report.add(difference_rows(findings, tables.sources, tables.law))
        written = report.finish(document)
    return [*summary_lines(document), *written], findings.agree


def findings_of(tables: Tables, winners: int) -> Findings:
    """Compare all stations; raises UnusableInput for too many winners."""
    try:
        return Findings(tables.match, winners)
    except InvalidField as error:
        raise UnusableInput(f"--{error}") from error


def _form(document: Document) -> ReportForm:
    from ballotbox_tabulation.match_page import render_match_page

    head = difference_columns([each["source"] for each in document["sources"]])
    return ReportForm("match.json", "differences.csv", head, "Differences", render_match_page)


def summary_lines(document: Document) -> list[str]:
    """Return what a match found, for a screen."""
    law = document["law"]
    lines = [f"{law['name']}: {law['title']}", ""] if law else []
    lines += table_of(
        ("source", "table", "rows", "no data", "missing", "alone", "twice", "break the law"),
        [_source_cells(each) for each in document["sources"]],
        right=(2, 3, 4, 5, 6, 7),
    )
    lines.append("")
    for pair in document["pairs"]:
        one, other = pair["sources"]
        alike = f"{pair['both'] - pair['differ']:,} alike, {pair['differ']:,} not"
        lines.append(f"{one} and {other} both have {pair['both']:,} stations: {alike}.")
    lines += _names(document)
    lines += _swaps(document)
    lines += _largest(document)
    lines += _order(document)
    return [*lines, "", verdict_of(document)]


def _source_cells(source: Document) -> tuple[str, ...]:
    kinds = (source[kind]["count"] for kind in ("no_data", "missing", "alone", "repeated"))
    law = source["law"]
    broken = f"{law['refused'] + law['flagged']:,}" if law else ""
    return (
        *(source["source"], source["table"], f"{source['rows']:,}"),
        *(f"{count:,}" for count in kinds),
        broken,
    )


def _names(document: Document) -> Iterator[str]:
    """Yield who is silent, short, missing, alone and twice, by name."""
    silent, short = document["silent_boxes"], document["short_boxes"]
    if silent["count"]:
        stations = [each["station"] for each in silent["first"]]
        told = f"Silent boxes, {silent['count']:,} with {silent['votes']:,} votes elsewhere"
        yield f"{told}: {_few(silent['count'], stations)}."
    if short["count"]:
        fewer = [f"{each['station']} ({each['box']} of {each['other']})" for each in short["first"]]
        yield f"Boxes with fewer votes than were counted: {_few(short['count'], fewer)}."
    for source in document["sources"]:
        yield from _absences(source)


def _absences(source: Document) -> Iterator[str]:
    for kind, words in (("missing", "Not in"), ("alone", "Only in")):
        if source[kind]["count"]:
            names = _few(source[kind]["count"], source[kind]["first"])
            yield f"{words} {source['source']}: {names}."
    repeated = source["repeated"]
    if repeated["count"]:
        twice = [
            f"{each['station']} (rows {few(list(map(str, each['rows'])))})"
            for each in repeated["first"][:_FEW_SHOWN]
        ]
        names = _few(repeated["count"], twice)
        yield f"Twice in {source['source']}, and so not compared: {names}."
    aside = source["set_aside"]
    if aside["count"]:
        told = [f"{each['station']} ({each['why']})" for each in aside["first"]]
        names = _few(aside["count"], told)
        yield f"Set aside in {source['source']}, and so not compared: {names}."


def _few(count: int, names: Sequence[str]) -> str:
    shown = ", ".join(names[:_FEW_SHOWN])
    return shown if count <= _FEW_SHOWN else f"{shown} and {count - _FEW_SHOWN:,} more"


def _swaps(document: Document) -> Iterator[str]:
    swaps, exchanged = document["swaps"], document["exchanged_stations"]
    if swaps["count"]:
        yield f"Probable swaps, which sums cannot see: {swaps['count']:,}."
    for each in swaps["first"][:_FEW_SHOWN]:
        yield f"  {each['station']}: {swap_words(each)}"
    for each in exchanged["first"][:_FEW_SHOWN]:
        one, other = each["sources"]
        stations = " and ".join(each["stations"])
        yield f"  {one} has the numbers of {stations} the other way round from {other}"


def swap_words(swap: Document) -> str:
    """Return what was exchanged between which sources."""
    moved = "1 vote, or one vote was put to the wrong one"
    if swap["moved"] > 1:
        moved = f"{swap['moved']:,} votes"
    first, second = swap["sources"]
    return f"{exchange_words(first, second, swap['columns'])}, by {moved}"


def exchange_words(first: Sequence[str], second: Sequence[str], columns: Sequence[str]) -> str:
    """Return which sources have which columns the other way round."""
    sides = f"{' and '.join(second)} against {' and '.join(first)}"
    return f"{sides}: {' and '.join(columns)} are exchanged"


def _largest(document: Document) -> Iterator[str]:
    largest = document["largest"][:_LARGEST_SHOWN]
    if not largest:
        return
    sources = [each["source"] for each in document["sources"]]
    yield ""
    yield "The largest differences:"
    rows = [
        (
            each["station"],
            each["column"],
            *("" if each[source] is None else str(each[source]) for source in sources),
            f"{each['off']:,}",
        )
        for each in largest
    ]
    right = range(2, 3 + len(sources))
    yield from table_of(("station", "line", *sources, "apart by"), rows, right=right)


def _order(document: Document) -> Iterator[str]:
    order = document["order"]
    if not order:
        return
    yield ""
    yield "What a recount would settle, most first:"
    rows = [
        (
            *(f"{each['order']:,}", each["station"], each["state"]),
            *(f"{each['votes']:,}", f"{each['share_percent']:.4f}"),
            *(f"{each['lone']:,}", f"{each['lone_share_percent']:.4f}"),
        )
        for each in order[:_SHOWN]
    ]
    head = ("", "station", "state", "votes apart", "% of margin", "lone votes", "% of margin")
    yield from table_of(head, rows, right=(0, 3, 4, 5, 6))
    for race in document["races"]:
        if race["weakest"]:
            yield f"Weakest margin in {race['group']}: {margin_words(race['weakest'])}."


def margin_words(margin: Document) -> str:
    """Return a margin, and what all stations together could do to it."""
    ahead = f"{margin['winner']} is ahead of {margin['loser']} by {margin['votes']:,}"
    apart = f"the sources are apart by {margin['disputed']:,} of it"
    return f"{ahead}; {apart}, and lone votes could be {margin['lone']:,}"
