"""What a result says of each box: its reports, its numbers, and where it stands."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from ballotbox_protocol.election.counters import COUNTER_NAMES, counts_of
from ballotbox_protocol.election.definition import Election, Precinct
from ballotbox_protocol.election.tally import ContestSpan, Layout, Row
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.fold import BoxResult, BoxState, Count, ListedReport
from ballotbox_tabulation.core.kept_documents import KeptDocuments
from ballotbox_tabulation.core.shelf import Shelf
from ballotbox_tabulation.core.turnout import ThroughDay

#: A JSON object of the document.
Document = dict[str, Any]


class BoxDocuments:
    """Makes the documents of boxes, and the turnout that they told, precinct by precinct."""

    def __init__(self, election: Election, shelf: Shelf) -> None:
        self._layout = Layout.of(election)
        self._in_state = [KeptDocuments(shelf) for _ in range(max(BoxState) + 1)]
        self._through_day = ThroughDay(election.day)

    def add(self, precinct: Precinct, boxes: Sequence[BoxResult]) -> None:
        """Take all boxes of the next precinct, by number."""
        self._through_day.add(precinct, boxes)
        for box in boxes:
            self._in_state[box.state].add(_box(self._layout, box))

    def through_day(self) -> list[Document]:
        """Return the turnout by the hour."""
        return list(self._through_day.rows())

    def listed(self) -> dict[str, DocumentList]:
        """Return the documents by the names of the states of their boxes."""
        return {named(state): self._in_state[state].listed() for state in BoxState}


def named(member: IntEnum) -> str:
    """Return the name of a member as a result has it."""
    return member.name.lower()


def contests_of(row: Row, layout: Layout) -> list[Document]:
    """Return the numbers of a row, contest by contest."""
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
        "contests": contests_of(count.row, layout),
    }


def _report(report: ListedReport) -> Document:
    return {
        "id": report.id.hex(),
        "kind": named(report.kind),
        "sequence": report.sequence,
        "verdict": named(report.verdict),
        "reason": named(report.reason),
        "reason_code": int(report.reason),
        "leaves": list(report.leaves),
        "use": named(report.use),
    }
