"""What a result says of each box: its reports, its numbers, and where it stands."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from ballotbox_protocol.election.counters import COUNTER_NAMES, counts_of
from ballotbox_protocol.election.definition import ContestKind, Election, Precinct
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.fold import BoxResult, BoxState, Count, ListedReport, Use
from ballotbox_tabulation.core.kept_documents import KeptDocuments
from ballotbox_tabulation.core.numbers_text import CountersText, RowText
from ballotbox_tabulation.core.shelf import Shelf
from ballotbox_tabulation.core.turnout import ThroughDay

#: A JSON object of the document.
Document = dict[str, Any]


class BoxDocuments:
    """Makes the documents of boxes, and the turnout that they told, precinct by precinct."""

    def __init__(self, election: Election, shelf: Shelf) -> None:
        self._text = _BoxText(Layout.of(election))
        self._in_state = [KeptDocuments(shelf) for _ in range(max(BoxState) + 1)]
        self._through_day = ThroughDay(election.day)

    def add(self, precinct: Precinct, boxes: Sequence[BoxResult]) -> None:
        """Take all boxes of the next precinct, by number."""
        self._through_day.add(precinct, boxes)
        for box in boxes:
            self._in_state[box.state].add(self._text.of(box))

    def through_day(self) -> list[Document]:
        """Return the turnout by the hour."""
        return list(self._through_day.rows())

    def listed(self) -> dict[str, DocumentList]:
        """Return the documents by the names of the states of their boxes."""
        return {named(state): self._in_state[state].listed() for state in BoxState}


def named(member: IntEnum) -> str:
    """Return the name of a member as a result has it."""
    # Asked for by its own name: an enumeration's is a function of Python, and so is its hash.
    return _LOWER[member._name_]


_LOWER: Final = {
    member.name: member.name.lower()
    for members in (BoxState, Use, ReportKind, Verdict, Reason, Mode, ContestKind)
    for member in members
}


class _BoxText:
    """Writes a box as canonical JSON: the keys of every object in their order, no spaces."""

    def __init__(self, layout: Layout) -> None:
        self._row = RowText(layout)
        self._counters = CountersText(COUNTER_NAMES)

    def of(self, box: BoxResult) -> str:
        reports = ",".join(map(_report, box.reports))
        counts, waiting = "", ""
        if box.state is BoxState.COUNTED:
            counts = f'"counts":[{",".join(map(self._count, box.counts))}],'
        if box.state is BoxState.HELD:
            waiting = f',"waiting_for":{box.waiting_for}'
        return (
            f'{{"box":"{box.box.hex()}",{counts}"precinct":{box.precinct},'
            f'"reports":[{reports}]{waiting}}}'
        )

    def _count(self, count: Count) -> str:
        ruled = "true" if count.ruled else "false"
        return (
            f'{{"contests":{self._row.of(count.row)},'
            f'"counters":{self._counters.of(counts_of(count.counters))},"leaf":{count.leaf},'
            f'"report":"{count.report.hex()}","ruled":{ruled}}}'
        )


def _report(report: ListedReport) -> str:
    leaves = ",".join(map(str, report.leaves))
    return (
        f'{{"id":"{report.id.hex()}","kind":"{named(report.kind)}","leaves":[{leaves}],'
        f'"reason":"{named(report.reason)}","reason_code":{report.reason:d},'
        f'"sequence":{report.sequence},"use":"{named(report.use)}",'
        f'"verdict":"{named(report.verdict)}"}}'
    )
