"""The result as one self-contained HTML page: no script, no other resource, same input same bytes.

The page shows the published document and nothing else; only the charts are drawn here.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.published import statement_document
from ballotbox_tabulation.core.result_status import SAID_BY_OFFICERS, is_settled
from ballotbox_tabulation.core.totals import SUMMED
from ballotbox_tabulation.core.wording import (
    count_reason_in_words,
    reason_in_words,
    recompute_command,
    verify_command,
)
from ballotbox_tabulation.plot import contest_svg
from ballotbox_tabulation.site.words import STATUS
from ballotbox_tabulation.templating import template_of

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

#: So many parts of a page are written at once.
_A_PIECE: Final = 256
#: Of more stations than this a page has no rows: no browser shows a hundred megabytes.
ROWS_MAX: Final = 5_000
#: Later than this no calendar here can write a date; such a clock is shown as its bare number.
_LAST_DATE: Final = 253_402_300_799
#: The states of the boxes that are not in the totals, gravest first, with what they mean.
_OPEN_STATES: Final = (
    ("disputed", "Disputed", "Two different reports carry one number. Two officers must name one."),
    ("quarantined", "Quarantined", "The final is authentic, but its own content fails a check."),
    ("held", "Held", "The final waits for reports of its box that have not arrived."),
    ("missing", "Missing", "No final has arrived."),
)


def render_page(
    published: Published,
    election: Election,
    released: Publication | None = None,
    *,
    entered: bool = False,
) -> bytes:
    """Return `page_pieces` whole."""
    return b"".join(page_pieces(published, election, released, entered=entered))


def page_pieces(
    published: Published,
    election: Election,
    released: Publication | None = None,
    *,
    entered: bool = False,
) -> Iterator[bytes]:
    """Yield the HTML page of a published result, and of the statement that released it if any.

    entered: the page is shown only once the statement is a leaf of its log.
    """
    told = _view(published, election) | _released(published, released)
    told["entered"] = entered
    page = _template().stream(told)
    page.enable_buffering(_A_PIECE)
    for piece in page:
        yield piece.encode()


@cache
def _template() -> "Template":
    filters: dict[str, Callable[..., str]] = {
        "tally_cells": _tally_cells,
        "counter_cells": _counter_cells,
        "moment": _moment,
        "reason": lambda code: reason_in_words(Reason(code)),
        "count_reason": lambda code: count_reason_in_words(Reason(code)),
    }
    return template_of("result.html", filters)


def _released(published: Published, statement: Publication | None) -> Document:
    if statement is None:
        return {"released": None}
    verify = verify_command(published.result, "publication.cbor", "result.json")
    return {"released": statement_document(statement), "verify": verify}


def _view(published: Published, election: Election) -> Document:
    result = published.result
    contests = result["nation"]["contests"] or []
    counted = result["boxes"]["counted"]
    waiting = [state for state in _OPEN_STATES if result["boxes"][state[0]]]
    return {
        "result": result,
        "digest": published.digest,
        "charts": [contest_svg(each, at) for at, each in enumerate(contests, 1)],
        "precincts_of": _precincts_of(len(contests), result, election),
        "boxes_of": _boxes_of(counted),
        "rows_shown": max(len(result["precincts"]), len(counted)) <= ROWS_MAX,
        "rows_max": ROWS_MAX,
        "told_more": _some(
            counted, (at for at, box in enumerate(counted) if len(box["reports"]) > 1)
        ),
        "open_states": waiting,
        "by_hand": _by_hand(result),
        "elsewhere": result.get("counted_by_hand_elsewhere", ()),
        "command": recompute_command(result),
        "settled": is_settled(result),
        "named": STATUS[result["status"]] if result.get("status") in SAID_BY_OFFICERS else "",
        "box_counters": COUNTER_NAMES,
        "area_counters": SUMMED,
    }


def _some(documents: Sequence[Document], places: Iterable[int]) -> DocumentList:
    """Return the documents at these places, made anew whenever they are shown."""
    return DocumentList(documents.__getitem__, array("L", places))


def _precincts_of(contests: int, result: Document, election: Election) -> list[DocumentList]:
    """Return, by contest, the precincts that have numbers of it, which not every style carries."""
    styles = {precinct.number: precinct.styles for precinct in election.precincts}
    places = [array("L") for _ in range(contests)]
    for at, precinct in enumerate(result["precincts"]):
        for contest, tally in enumerate(precinct["contests"] or ()):
            carrying = styles.get(precinct["number"], ())
            carried = any(contest in election.styles[style].contests for style in carrying)
            if carried or tally["ballots"]:
                places[contest].append(at)
    return [_some(result["precincts"], each) for each in places]


def _boxes_of(counted: Sequence[Document]) -> dict[int, DocumentList]:
    """Return the counted boxes by precinct, where there is more than the one the precinct shows."""
    boxes: dict[int, list[int]] = {}
    for at, box in enumerate(counted):
        boxes.setdefault(box["precinct"], []).append(at)
    return {precinct: _some(counted, group) for precinct, group in boxes.items() if len(group) > 1}


def _by_hand(result: Document) -> DocumentList:
    """Return the counts by hand with the numbers of their precincts."""
    precincts = result["precincts"]

    def shown(place: tuple[int, int]) -> tuple[int, Document]:
        precinct = precincts[place[0]]
        return precinct["number"], precinct["counted_by_hand"][place[1]]

    places = [
        (at, number)
        for at, precinct in enumerate(precincts)
        for number, count in enumerate(precinct.get("counted_by_hand", ()))
        if count["contest"] < len(result["contests"])
    ]
    return DocumentList(shown, places)


def _tally_cells(tally: Document) -> "Markup":
    """Return the row of one contest's numbers; a template would take ten times as long."""
    classes = (tally["ballots"], tally["blank"], tally["undervotes"], tally["overvotes"])
    return _cells((*classes, *tally["votes"], *chain.from_iterable(tally["preferences"])))


def _counter_cells(counters: Document, names: Sequence[str]) -> "Markup":
    return _cells([counters[name] for name in names])


def _cells(numbers: Iterable[int]) -> "Markup":
    from markupsafe import Markup

    # Integers have nothing to escape.
    return Markup("".join([f"<td>{number:,}</td>" for number in numbers]))  # noqa: S704


def _moment(seconds: int) -> str:
    if seconds > _LAST_DATE:
        return str(seconds)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
