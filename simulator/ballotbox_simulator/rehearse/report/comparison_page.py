"""Two rehearsals side by side, as a page and as a table in a terminal."""

from collections.abc import Iterator
from typing import Final

from ballotbox_simulator.rehearse.core.comparison import Comparison, Row
from ballotbox_simulator.rehearse.report.page import template
from ballotbox_simulator.rehearse.report.shown_numbers import NOT_SEEN, in_unit

_SIGNS: Final = {"SAME": "=", "BETTER": "✔", "WORSE": "✘", "OTHER": "≠", "UNKNOWN": "?"}


def render_comparison(both: Comparison) -> bytes:
    """Return the page: no script, no other resource, same results same bytes."""
    filters = {"measured": measured}
    return template("rehearsals.html", filters).render(both=both, signs=_SIGNS).encode()


def comparison_lines(both: Comparison) -> Iterator[str]:
    """Yield the table for a terminal: conditions that differ, then every measurement."""
    for each in both.conditions:
        yield f"differs  {each.name}: {each.before} -> {each.after}"
    yield from map(_line, both.rows)
    yield both.words


def measured(value: float | None, unit: str) -> str:
    """Return a measurement as people read it."""
    return NOT_SEEN if value is None else in_unit(value, unit)


def _line(row: Row) -> str:
    share = "" if row.share is None else f" ({row.share * 100:+.0f} %)"
    values = f"{measured(row.before, row.unit)} -> {measured(row.after, row.unit)}"
    return f"{_SIGNS[row.change.name]} {row.name}: {values}{share}, {row.change.value}"
