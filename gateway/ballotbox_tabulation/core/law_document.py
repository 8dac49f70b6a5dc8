"""The findings of a check as one JSON document: plain numbers and words, nothing left out."""

from collections.abc import Iterator
from typing import Any, Final

from ballotbox_protocol.election.law.binding import BoundLaw
from ballotbox_protocol.election.law.law import Relation
from ballotbox_tabulation.core.law_check import SIZES, Found, LawCheck, RelationCount

Document = dict[str, Any]

FORMAT: Final = 1
#: The columns of the table of failures; `failure_cells` gives a row of it.
FAILURE_COLUMNS: Final = (
    *("row", "station", "group", "relation", "option", "weight", "nature", "state"),
    *("left", "right", "off", "numbers", "corrections"),
)


def document_of(check: LawCheck, table: str, program: str) -> Document:
    """Return what a check of the file `table` found."""
    bound = check.bound
    law = bound.law
    return {
        "format": FORMAT,
        "program": program,
        "table": table,
        "law": {
            "name": law.name,
            "title": law.title,
            "country": law.country,
            "source": law.source,
        },
        "stations": check.stations,
        "refused": check.refused,
        "flagged": check.flagged,
        "empty": check.empty,
        "groups": check.rows,
        "relations": list(_relations(check)),
        "unjudged": [{**relation_of(each.relation), "why": each.why} for each in bound.unjudged],
        **blindness_of(bound),
    }


def relation_of(relation: Relation) -> Document:
    """Return what a relation is."""
    formula = relation.formula
    return {
        "name": relation.name,
        "title": relation.title,
        "formula": " ".join(formula.text.split()) if formula else None,
        "weight": relation.weight.value,
        "nature": relation.nature.value,
        "state": relation.state.value,
        "source": relation.source,
    }


def blindness_of(bound: BoundLaw) -> Document:
    """Return what no relation can see: exchanged columns, and columns that none looks at."""
    return {
        "exchangeable": [list(map(str, group)) for group in bound.blind_groups()],
        "uncovered": list(map(str, bound.uncovered())),
    }


def failure_cells(found: Found) -> tuple[str | int, ...]:
    """Return one failure as a row under `FAILURE_COLUMNS`."""
    failure = found.failure
    relation = failure.relation
    return (
        *(found.row, found.station, found.group, relation.name, failure.option),
        *(relation.weight.value, relation.nature.value, relation.state.value),
        *(failure.left, failure.right, failure.excess),
        "; ".join(f"{column} {value}" for column, value in failure.lines),
        "; ".join(map(str, failure.corrections)),
    )


def size_names() -> tuple[str, ...]:
    """Return the names of the classes by how much a relation is off."""
    lower = (0, *SIZES)
    names = [
        str(high) if high == low + 1 else f"{low + 1}–{high}"
        for low, high in zip(lower, SIZES, strict=False)
    ]
    return (*names, f"over {SIZES[-1]}")


def _relations(check: LawCheck) -> Iterator[Document]:
    for equation, count in zip(check.bound.equations, check.relations, strict=True):
        yield {
            **relation_of(equation.relation),
            **_numbers(check.stations, count.broken, count.undecided),
            "groups": {group: _group(rows, count, group) for group, rows in check.rows.items()},
            "off": dict(zip(size_names(), count.sizes, strict=True)),
            "largest": [
                dict(zip(FAILURE_COLUMNS, failure_cells(found), strict=True))
                for found in count.largest
            ],
        }


def _group(rows: int, count: RelationCount, group: str) -> Document:
    of = count.of(group)
    return _numbers(rows, of.broken, of.undecided)


def _numbers(rows: int, broken: int, undecided: int) -> Document:
    return {"held": rows - broken - undecided, "broken": broken, "undecided": undecided}
