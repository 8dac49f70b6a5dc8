"""The result as one deterministic JSON document that names itself by its digest.

Same log, same definition, same register, same program: the same bytes. The document is
`{"digest": "sha256:…", "result": {…}}`; the digest is that of the result's own canonical JSON: keys
sorted, no spaces, UTF-8 as it is (`jq -cjS .result result.json | sha256sum`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.tally import ContestTally, Layout, Row
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.trust import Root, Trusted
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_tabulation.core.box_documents import BoxDocuments, named
from ballotbox_tabulation.core.document_stream import pieces
from ballotbox_tabulation.core.evidence import ReplacedLog
from ballotbox_tabulation.core.fold import Objection, Standings
from ballotbox_tabulation.core.hand_counts import ListedCount, count_documents
from ballotbox_tabulation.core.precinct_documents import PrecinctDocuments, area_document
from ballotbox_tabulation.core.published import aside_documents, published_documents
from ballotbox_tabulation.core.shelf import MemoryShelf, Shelf
from ballotbox_tabulation.core.totals import (
    AreaTotal,
    Tabulation,
    by_precinct,
    share_base,
    share_percent,
)

FORMAT: Final = "ballotbox-result/1"

#: A JSON object of the document.
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a result comes from: what was trusted, which log, which program."""

    root: Root
    trusted: Trusted
    checkpoint: Checkpoint
    program: str


def build_result(
    tabulation: Tabulation,
    source: Source,
    boxes: BoxDocuments | None = None,
    shelf: Shelf | None = None,
) -> Document:
    """Return the result object, before any gate and without its digest.

    Its boxes and precincts lie on `shelf` and are made when they are asked for. `boxes` has the
    documents of the boxes of `tabulation` if somebody made them already.
    """
    election = source.trusted.election
    layout, standings = Layout.of(election), tabulation.standings
    shelf = MemoryShelf() if shelf is None else shelf
    if boxes is None:
        boxes = BoxDocuments(election, shelf)
        for precinct, group in by_precinct(standings, election):
            boxes.add(precinct, group)
    precincts = PrecinctDocuments(layout, standings.by_hand, shelf)
    for each in tabulation.precincts:
        precincts.add(each)
    return _elsewhere(standings.by_hand, election) | {
        "format": FORMAT,
        "program": source.program,
        "election": _election(source),
        "log": _log(source.checkpoint, standings),
        "contests": [_contest_named(contest) for contest in election.contests],
        "nation": _nation(tabulation.nation, layout, boxes.through_day())
        | {
            "registered": sum(precinct.registered for precinct in election.precincts),
            "turnout": precincts.turnout(),
        },
        "precincts": precincts.listed(),
        "boxes": boxes.listed(),
        "objections": [_objection(each) for each in standings.objections],
        "over_registered": precincts.over_registered,
    }


def canonical(value: Document) -> bytes:
    """Return the canonical JSON of a value made of objects, arrays, text, integers and null."""
    return "".join(pieces(value, ordered=True)).encode()


def digest_of(result: Document) -> str:
    """Return the digest that names the result."""
    body = sha256()
    for piece in pieces(result, ordered=True):
        body.update(piece.encode())
    return f"sha256:{body.hexdigest()}"


def file_pieces(result: Document, digest: str) -> Iterator[bytes]:
    """Yield the bytes of the published file, canonical JSON as well; `digest` is the result's."""
    yield b'{"digest":"%b","result":' % digest.encode()
    for piece in pieces(result, ordered=True):
        yield piece.encode()
    yield b"}\n"


def publish(result: Document) -> tuple[str, bytes]:
    """Return the digest that names the result, and the bytes of the published file."""
    digest = digest_of(result)
    return digest, b"".join(file_pieces(result, digest))


def base_name(votes_allowed: int) -> str:
    """Return how the base of a contest's shares is called."""
    return "ballots" if votes_allowed == 1 else f"ballots × {votes_allowed} votes allowed"


def _election(source: Source) -> Document:
    election = source.trusted.election
    return {
        "name": election.name,
        "mode": named(election.mode),
        "day": election.day,
        "digest": source.trusted.digest.hex(),
        "root": str(source.root),
        "register_version": source.trusted.register.version,
    }


def _contest_named(contest: Contest) -> Document:
    return {
        "name": contest.name,
        "kind": named(contest.kind),
        "votes_allowed": contest.votes_allowed,
        "options": [option.name for option in contest.options],
    }


def _log(checkpoint: Checkpoint, standings: Standings) -> Document:
    leaves = {named(verdict): standings.reports_by_verdict[verdict] for verdict in Verdict}
    replaced = [_replaced(each) for each in standings.replaced]
    published = published_documents(standings.published)
    before = {"replaced": replaced} if replaced else {}
    if published:
        before["published"] = published
    if aside := aside_documents(standings.published):
        before["published_aside"] = aside
    return before | {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "leaves": leaves | {"rulings": standings.rulings},
        "latest_time": standings.latest_time,
    }


def _replaced(each: ReplacedLog) -> Document:
    """Return a log that two officers closed: another one stands in its place."""
    replacement = each.replacement
    return {
        "leaf": each.index,
        "origin": replacement.replaced,
        "lost_from": replacement.kept,
        "replaced_by": replacement.origin,
    }


def _nation(nation: AreaTotal, layout: Layout, said: list[Document]) -> Document:
    return (
        area_document(nation)
        | ({"turnout_through_day": said} if said else {})
        | {"contests": None if nation.row is None else _contests_in_full(nation.row, layout)}
    )


def _contests_in_full(row: Row, layout: Layout) -> list[Document]:
    return [
        _contest_in_full(span.contest, layout.read(row, index))
        for index, span in enumerate(layout.spans)
    ]


def _contest_in_full(contest: Contest, tally: ContestTally) -> Document:
    base = share_base(tally.ballots, contest.votes_allowed)
    return {
        "name": contest.name,
        "votes_allowed": contest.votes_allowed,
        "ballots": tally.ballots,
        "blank": tally.blank,
        "undervotes": tally.undervotes,
        "overvotes": tally.overvotes,
        "base": {"name": base_name(contest.votes_allowed), "value": base},
        "options": [
            {
                "name": option.name,
                "votes": votes,
                "share_percent": share_percent(votes, base),
                "preferences": list(preferences),
            }
            for option, votes, preferences in zip(
                contest.options, tally.votes, tally.preferences, strict=True
            )
        ],
    }


def _elsewhere(by_hand: Sequence[ListedCount], election: Election) -> Document:
    """Return the counts by hand of stations that the election does not have; all are refused."""
    known = election.precinct_by_number if by_hand else {}
    found = [each for each in by_hand if each.count.precinct not in known]
    documents = [
        {"precinct": each.count.precinct} | document
        for each, document in zip(found, count_documents(found), strict=True)
    ]
    return {"counted_by_hand_elsewhere": documents} if documents else {}


def _objection(objection: Objection) -> Document:
    return {
        "leaf": objection.leaf,
        "box": objection.box.hex(),
        "kind": named(objection.kind),
        "reason": named(objection.reason),
        "reason_code": int(objection.reason),
    }
