"""The result as one deterministic JSON document that names itself by its digest.

Same log, same definition, same register, same program: the same bytes. The document is
`{"digest": "sha256:…", "result": {…}}`; the digest is that of the result's own canonical JSON: keys
sorted, no spaces, UTF-8 as it is (`jq -cjS .result result.json | sha256sum`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from hashlib import sha256
from typing import Any, Final

from ballotbox_protocol.election.counters import COUNTER_NAMES, counts_of
from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.tally import ContestSpan, ContestTally, Layout, Row
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.trust import Root, Trusted
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.document_stream import pieces
from ballotbox_tabulation.core.evidence import ReplacedLog
from ballotbox_tabulation.core.fold import (
    BoxResult,
    BoxState,
    Count,
    ListedReport,
    Objection,
    Standings,
)
from ballotbox_tabulation.core.hand_counts import ListedCount, count_documents
from ballotbox_tabulation.core.published import aside_documents, published_documents
from ballotbox_tabulation.core.totals import (
    SUMMED,
    AreaTotal,
    PrecinctTotal,
    Tabulation,
    share_base,
    share_percent,
)
from ballotbox_tabulation.core.turnout import turnout_through_day

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


def build_result(tabulation: Tabulation, source: Source) -> Document:
    """Return the result object, before any gate and without its digest.

    Its boxes and precincts are made when they are asked for; see `document_list`.
    """
    election = source.trusted.election
    layout = Layout.of(election)
    standings = tabulation.standings
    in_state: dict[BoxState, list[BoxResult]] = {state: [] for state in BoxState}
    for box in standings.boxes:
        in_state[box.state].append(box)
    return _elsewhere(tabulation) | {
        "format": FORMAT,
        "program": source.program,
        "election": _election(source),
        "log": _log(source.checkpoint, standings),
        "contests": [_contest_named(contest) for contest in election.contests],
        "nation": _nation(tabulation, election, layout),
        "precincts": _precincts(tabulation, layout),
        "boxes": {
            _name(state): DocumentList(partial(_box, layout), boxes)
            for state, boxes in in_state.items()
        },
        "objections": [_objection(each) for each in standings.objections],
        "over_registered": [
            excess for each in tabulation.precincts if (excess := _excess(each)) is not None
        ],
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


def _name(member: IntEnum) -> str:
    return member.name.lower()


def _election(source: Source) -> Document:
    election = source.trusted.election
    return {
        "name": election.name,
        "mode": _name(election.mode),
        "day": election.day,
        "digest": source.trusted.digest.hex(),
        "root": str(source.root),
        "register_version": source.trusted.register.version,
    }


def _contest_named(contest: Contest) -> Document:
    return {
        "name": contest.name,
        "kind": _name(contest.kind),
        "votes_allowed": contest.votes_allowed,
        "options": [option.name for option in contest.options],
    }


def _log(checkpoint: Checkpoint, standings: Standings) -> Document:
    leaves = {_name(verdict): standings.reports_by_verdict[verdict] for verdict in Verdict}
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


def _nation(tabulation: Tabulation, election: Election, layout: Layout) -> Document:
    nation = tabulation.nation
    said = turnout_through_day(election.precincts, tabulation.standings.boxes, election.day)
    through = {"turnout_through_day": said} if said else {}
    return (
        _area(nation)
        | through
        | {
            "registered": sum(precinct.registered for precinct in election.precincts),
            "turnout": _turnout(tabulation),
            "contests": None if nation.row is None else _contests_in_full(nation.row, layout),
        }
    )


def _turnout(tabulation: Tabulation) -> Document:
    """Return ballots against registered voters where every box is counted: elsewhere both lag."""
    complete = [
        (each.precinct.registered, each.total.counters[SUMMED.index("ballots")])
        for each in tabulation.precincts
        if each.total.counters is not None and each.total.counted == each.total.expected
    ]
    registered, ballots = sum(pair[0] for pair in complete), sum(pair[1] for pair in complete)
    return {
        "precincts": len(complete),
        "registered": registered,
        "ballots": ballots,
        "share_percent": share_percent(ballots, registered) if ballots <= registered else "",
    }


def _area(total: AreaTotal) -> Document:
    counters = total.counters
    return {
        "boxes_expected": total.expected,
        "boxes_counted": total.counted,
        "counters": None if counters is None else dict(zip(SUMMED, counters, strict=True)),
    }


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


def _precincts(tabulation: Tabulation, layout: Layout) -> DocumentList:
    by_hand: dict[int, list[ListedCount]] = {}
    for each in tabulation.standings.by_hand:
        by_hand.setdefault(each.count.precinct, []).append(each)
    return DocumentList(partial(_precinct, layout, by_hand), tabulation.precincts)


def _elsewhere(tabulation: Tabulation) -> Document:
    """Return the counts by hand of stations that the election does not have; all are refused."""
    known = {each.precinct.number for each in tabulation.precincts}
    found = [each for each in tabulation.standings.by_hand if each.count.precinct not in known]
    documents = [
        {"precinct": each.count.precinct} | document
        for each, document in zip(found, count_documents(found), strict=True)
    ]
    return {"counted_by_hand_elsewhere": documents} if documents else {}


def _precinct(
    layout: Layout, by_hand: dict[int, list[ListedCount]], each: PrecinctTotal
) -> Document:
    precinct, row = each.precinct, each.total.row
    counted = by_hand.get(precinct.number)
    beside = {"counted_by_hand": count_documents(counted)} if counted else {}
    return (
        _area(each.total)
        | beside
        | {
            "number": precinct.number,
            "name": precinct.name,
            "registered": precinct.registered,
            "contests": None if row is None else _contests(row, layout),
        }
    )


def _contests(row: Row, layout: Layout) -> list[Document]:
    return [_contest(row, span) for span in layout.spans]


def _contest(row: Row, span: ContestSpan) -> Document:
    # As `Layout.read`, without its tuples: every box and precinct is made again and again.
    ballots, blank, undervotes, overvotes = row[span.start : span.votes.start]
    return {
        "ballots": ballots,
        "blank": blank,
        "undervotes": undervotes,
        "overvotes": overvotes,
        "votes": list(row[span.votes]),
        "preferences": [[] for _ in span.contest.options]
        if span.without_preferences is not None
        else [list(row[part]) for part in span.preferences],
    }


def _box(layout: Layout, box: BoxResult) -> Document:
    document: Document = {
        "box": box.box.hex(),
        "precinct": box.precinct,
        "reports": [_report(report) for report in box.reports],
    }
    if box.state is BoxState.HELD:
        document["waiting_for"] = box.waiting_for
    if box.state is BoxState.COUNTED:
        document["counts"] = [_count(count, layout) for count in box.counts]
    return document


def _count(count: Count, layout: Layout) -> Document:
    return {
        "report": count.report.hex(),
        "leaf": count.leaf,
        "ruled": count.ruled,
        "counters": dict(zip(COUNTER_NAMES, counts_of(count.counters), strict=True)),
        "contests": _contests(count.row, layout),
    }


def _report(report: ListedReport) -> Document:
    return {
        "id": report.id.hex(),
        "kind": _name(report.kind),
        "sequence": report.sequence,
        "verdict": _name(report.verdict),
        "reason": _name(report.reason),
        "reason_code": int(report.reason),
        "leaves": list(report.leaves),
        "use": _name(report.use),
    }


def _objection(objection: Objection) -> Document:
    return {
        "leaf": objection.leaf,
        "box": objection.box.hex(),
        "kind": _name(objection.kind),
        "reason": _name(objection.reason),
        "reason_code": int(objection.reason),
    }


def _excess(each: PrecinctTotal) -> Document | None:
    """Return a precinct with more ballots than registered voters: a remark, never a refusal.

    A list of voters may lawfully grow on election day; the definition was signed before it.
    """
    if each.total.counters is None:
        return None
    ballots = each.total.counters[SUMMED.index("ballots")]
    if ballots <= each.precinct.registered:
        return None
    return {
        "precinct": each.precinct.number,
        "ballots": ballots,
        "registered": each.precinct.registered,
    }
