"""The tables of the site as CSV, row by row; no spreadsheet runs a name in them."""

import csv
import io
from collections.abc import Iterable, Iterator

from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.report_files import harmless
from ballotbox_tabulation.result_table import table_rows


def station_table(result: Document) -> Iterator[str]:
    """Yield a row for each station with all its numbers; `result_table` names the columns."""
    return _written(table_rows(result))


def option_table(result: Document) -> Iterator[str]:
    """Yield a row for each option of each contest, with its share and what was decided."""
    head = ("contest", "option", "votes", "share_percent", "base", "base_value", "seats", "elected")
    return _written([head, *_options(result)])


def box_table(result: Document) -> Iterator[str]:
    """Yield a row for each box: its precinct and state, and the report that counts."""
    return _written(_boxes(result))


def _options(result: Document) -> Iterator[tuple[object, ...]]:
    decisions = {each["contest"]: each for each in result.get("decisions", ())}
    for contest in result["nation"]["contests"] or ():
        decision = decisions.get(contest["name"], {"options": ()})
        decided = {each["name"]: each for each in decision["options"]}
        base = decision.get("base", contest["base"])
        for option in contest["options"]:
            own = decided.get(option["name"], {})
            yield (
                *(contest["name"], option["name"], option["votes"]),
                own.get("share_percent", option["share_percent"]),
                *(base["name"], base["value"]),
                *(_cell(own.get("seats")), _cell(own.get("elected"))),
            )


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value


def _boxes(result: Document) -> Iterator[tuple[object, ...]]:
    yield ("box", "precinct", "state", "report", "leaf")
    for state, boxes in result["boxes"].items():
        for box in boxes:
            counts = box.get("counts", ()) or ({"report": "", "leaf": ""},)
            for count in counts:
                yield (box["box"], box["precinct"], state, count["report"], count["leaf"])


def _written(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
