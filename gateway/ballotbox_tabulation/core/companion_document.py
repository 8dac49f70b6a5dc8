"""What a NIST election results report cannot say: invalid, spoiled, cancelled, lost, portable.

The document stands beside the report and uses its ids. A number that no source told is null, never
zero. Boxes tell of portable ballots, of sheets given back, and of ballots on which no vote counts;
the rest is written by people alone, so it comes from counts by hand in force.
"""

from collections.abc import Iterator
from typing import Final

from ballotbox_tabulation.core.document_stream import Stream
from ballotbox_tabulation.core.err_document import SCOPE, contest_id, precinct_id
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.result_status import status_of

FORMAT: Final = "ballotbox-companion/1"
#: What people write about ballots that no report of the format has a place for.
BALLOTS: Final = ("invalid", "spoiled", "cancelled", "lost", "portable")
#: The line of each law's protocol that holds it.
LINES: Final[dict[str, dict[str, str]]] = {
    "bg-parliament": {"invalid": "invalid_paper", "cancelled": "destroyed"},
    "br-office": {"invalid": "NULO"},
    "kg-precinct": {"invalid": "11", "cancelled": "7", "portable": "8"},
    "ru-president": {"invalid": "9", "cancelled": "6", "lost": "17", "portable": "7"},
    "ru-state-duma": {"invalid": "9", "cancelled": "6", "lost": "11", "portable": "7"},
    "uk-count": {"invalid": "rejected", "spoiled": "spoilt"},
}


def companion_document(result: Document, digest: str) -> Document:
    """Return the companion of the report of this result; its units are a stream."""
    election = result["election"]
    return {
        "format": FORMAT,
        "result": digest,
        "election": {name: election[name] for name in ("name", "mode", "day", "digest")},
        "status": status_of(result),
        "units": Stream(_units(result)),
    }


def _units(result: Document) -> Iterator[Document]:
    allowed = [contest["votes_allowed"] for contest in result["contests"]]
    yield _unit(SCOPE, result["nation"], allowed) | {"by_hand": []}
    for precinct in result["precincts"]:
        counts = precinct.get("counted_by_hand", ())
        yield _unit(precinct_id(precinct["number"]), precinct, allowed) | {
            "by_hand": [_by_hand(count) for count in counts if count["in_force"]]
        }


def _unit(own: str, area: Document, allowed: list[int]) -> Document:
    unit: Document = {
        "unit": own,
        "boxes_expected": area["boxes_expected"],
        "boxes_counted": area["boxes_counted"],
        "boxes": None,
    }
    counters = area["counters"]
    if counters is not None:
        unit["boxes"] = {
            "portable": counters["portable"],
            "returned": counters["returned"],
            "pending": counters["pending"],
            "invalid": [
                _invalid(at, tally, allowed[at]) for at, tally in enumerate(area["contests"])
            ],
        }
    return unit


def _invalid(contest: int, tally: Document, allowed: int) -> Document:
    # A ballot with too many marks loses every vote that it could have held.
    overvoted = tally["overvotes"] // allowed
    return {"contest": contest_id(contest), "blank": tally["blank"], "overvoted": overvoted}


def _by_hand(count: Document) -> Document:
    lines = LINES.get(count["law"], {})
    told = {name: count["lines"].get(lines.get(name)) for name in BALLOTS}
    return {
        "contest": contest_id(count["contest"]),
        "law": count["law"],
        "version": count["version"],
        "id": count["id"],
        # A word in place of a number says that there is none: it was not told or cannot be read.
        **{name: value if type(value) is int else None for name, value in told.items()},
        "lines": count["lines"],
    }
