"""What `ballotbox-tabulate check` and `ballotbox-tabulate laws` do and say."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.law import Confirmation, Law
from ballotbox_tabulation.core.column_map import ColumnMap
from ballotbox_tabulation.core.law_check import Found, LawCheck
from ballotbox_tabulation.core.law_document import (
    FAILURE_COLUMNS,
    Document,
    document_of,
    failure_cells,
    relation_of,
)
from ballotbox_tabulation.law_files import law_names, law_text, read_law, read_map
from ballotbox_tabulation.protocol_table import open_table, read_rows
from ballotbox_tabulation.report_files import ReportFiles, ReportForm
from ballotbox_tabulation.screen_text import cut, few, table_of
from ballotbox_tabulation.table_progress import ROWS_A_STEP, reading_bar
from ballotbox_tabulation.trust_files import UnusableInput

#: The examples on the screen; `--out` has them all.
_FAILURES_SHOWN: Final = 5


def check_table(
    law_name: str, table: Path, columns: Path, out: Path | None
) -> tuple[list[str], bool]:
    """Return what to say about a table, and whether a protocol in it is refused.

    Raises UnusableInput for what cannot be read and OSError for the disk; then nothing is written.
    """
    law = read_law(law_name)
    named = read_map(columns, law)
    check = _bound(law, named, columns)
    with ReportFiles(_report_form(), out) as report:
        _judge(check, table, named, lambda found: report.add(map(failure_cells, found)))
        document = document_of(check, table.name, program())
        written = report.finish(document)
    return [*summary_lines(document), *written], check.refused > 0


def _report_form() -> ReportForm:
    from ballotbox_tabulation.law_page import render_law_page

    return ReportForm("check.json", "broken.csv", FAILURE_COLUMNS, "Failures", render_law_page)


def _bound(law: Law, named: ColumnMap, columns: Path) -> LawCheck:
    try:
        return LawCheck(named.bind(law))
    except InvalidField as error:
        raise UnusableInput(f"--columns {columns}: {error}") from error


def program() -> str:
    """Return what made a document: this program and its version."""
    from importlib.metadata import version

    return f"ballotbox-tabulate {version('ballotbox-kit')}"


def _judge(
    check: LawCheck, table: Path, named: ColumnMap, note: Callable[[Iterable[Found]], None]
) -> None:
    try:
        with open_table(table) as (file, text), reading_bar(table, "Judging protocols") as progress:
            for row in read_rows(text, named):
                note(check.add(row))
                if row.number % ROWS_A_STEP == 0:
                    progress(row.number, file.tell())
    except InvalidField as error:
        raise UnusableInput(f"FILE {table}: {error}") from error
    if not check.stations:
        raise UnusableInput(f"FILE {table}: has no row below its first line; is it the right file?")


def summary_lines(document: Document) -> list[str]:
    """Return a check's findings for a screen."""
    law = document["law"]
    lines = [f"{law['name']}: {law['title']}", ""]
    lines += table_of(
        ("relation", "weight", "nature", "state", "held", "broken", "undecided", "it says"),
        [_relation_cells(each) for each in document["relations"]],
        right=(4, 5, 6),
    )
    lines += [f"{each['name']} is not judged: {each['why']}" for each in document["unjudged"]]
    for names in document["exchangeable"]:
        lines.append(f"Sums cannot see an exchange among {few(names)}.")
    if document["uncovered"]:
        lines.append(f"No relation looks at {few(document['uncovered'])}.")
    lines += _examples(document)
    return [*lines, "", verdict_line(document)]


def _relation_cells(relation: Document) -> tuple[str, ...]:
    counts = (f"{relation[key]:,}" for key in ("held", "broken", "undecided"))
    kind = (relation["weight"], relation["nature"], relation["state"])
    return (relation["name"], *kind, *counts, relation["formula"])


def _examples(document: Document) -> Iterator[str]:
    largest = [each for relation in document["relations"] for each in relation["largest"][:1]]
    if largest:
        yield ""
        yield "The largest failure of each relation:"
    for each in largest[:_FAILURES_SHOWN]:
        option = f" for {each['option']}" if each["option"] else ""
        broken = f"{each['relation']}{option} is off by {abs(each['off'])}"
        yield f"  row {each['row']}, {each['station']}: {broken}"
        yield f"    {cut(each['numbers'])}"
        if each["corrections"]:
            yield f"    would mend it: {cut(each['corrections'])}"


def verdict_line(document: Document) -> str:
    """Return the one line that says how it ended."""
    stations = f"{document['stations']:,} protocols"
    flagged = f"{document['flagged']:,} break only what does not block"
    empty = f"; {document['empty']:,} are all zero" if document["empty"] else ""
    if document["refused"]:
        return f"BROKEN: {document['refused']:,} of {stations} break the law; {flagged}{empty}."
    return f"HELD: none of {stations} breaks the law; {flagged}{empty}."


def law_lines(name: str | None, *, whole: bool) -> list[str]:
    """Return the list of laws, or one law; `whole` gives its file. Raises UnusableInput."""
    if name is None and whole:
        raise UnusableInput("--toml: name the law as well: ballotbox-tabulate laws LAW --toml")
    if name is None:
        return _list_of_laws()
    if whole:
        return law_text(name).splitlines()
    return _one_law(read_law(name))


def _list_of_laws() -> list[str]:
    rows = []
    for name in law_names():
        law = read_law(name)
        states = [each.state for each in law.relations]
        counts = (str(states.count(state)) for state in Confirmation)
        rows.append((name, law.country, *counts, law.title))
    head = ("law", "country", "confirmed", "derived", "not found", "title")
    return [*table_of(head, rows, right=(2, 3, 4)), "", "One of them: ballotbox-tabulate laws LAW"]


def _one_law(law: Law) -> list[str]:
    lines = [law.title, f"Source: {law.source}", ""]
    if law.about:
        lines += [*law.about.strip().splitlines(), ""]
    lines += table_of(
        ("line", "meaning", "legal name"),
        [
            *((each.number, each.title, each.original or "not found") for each in law.lines),
            *((each.name, each.title, "options") for each in law.groups),
            *((each.name, each.title, "parameter") for each in law.parameters),
        ],
    )
    lines.append("")
    for relation in map(relation_of, law.relations):
        kind = f"{relation['weight']}, {relation['nature']}, {relation['state']}"
        lines.append(f"{relation['name']}: {relation['formula'] or 'not found'} ({kind})")
        lines += [f"    {relation['title']}", f"    Source: {relation['source']}"]
    return [*lines, *(f"Not found: {each}" for each in law.not_found)]
