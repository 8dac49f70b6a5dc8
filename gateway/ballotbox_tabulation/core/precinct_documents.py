"""What a result says of each precinct, and what it remarks about their turnout."""

from collections.abc import Sequence
from typing import Any, Final

from ballotbox_protocol.election.tally import Layout
from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.document_stream import ordered_text
from ballotbox_tabulation.core.hand_counts import ListedCount, count_documents
from ballotbox_tabulation.core.kept_documents import KeptDocuments
from ballotbox_tabulation.core.numbers_text import CountersText, RowText
from ballotbox_tabulation.core.shelf import Shelf
from ballotbox_tabulation.core.totals import SUMMED, AreaTotal, PrecinctTotal, share_percent

#: A JSON object of the document.
Document = dict[str, Any]

_BALLOTS: Final = SUMMED.index("ballots")


class PrecinctDocuments:
    """Makes the documents of precincts in the definition's order.

    over_registered: the precincts with more ballots than registered voters: a remark, never a
    refusal. A list of voters may lawfully grow on election day; the definition was signed before.
    """

    def __init__(self, layout: Layout, by_hand: Sequence[ListedCount], shelf: Shelf) -> None:
        self.over_registered: list[Document] = []
        self._row, self._counters = RowText(layout), CountersText(SUMMED)
        self._by_hand: dict[int, list[ListedCount]] = {}
        for each in by_hand:
            self._by_hand.setdefault(each.count.precinct, []).append(each)
        self._kept = KeptDocuments(shelf)
        self._complete = [0, 0, 0]

    def add(self, each: PrecinctTotal) -> None:
        """Take the next precinct."""
        precinct, total = each.precinct, each.total
        self._kept.add(self._text(each))
        if total.counters is None:
            return
        ballots, registered = total.counters[_BALLOTS], precinct.registered
        if total.counted == total.expected:
            told = (1, registered, ballots)
            self._complete = [one + more for one, more in zip(self._complete, told, strict=True)]
        if ballots > registered:
            excess = {"precinct": precinct.number, "ballots": ballots, "registered": registered}
            self.over_registered.append(excess)

    def listed(self) -> DocumentList:
        """Return the documents made so far."""
        return self._kept.listed()

    def turnout(self) -> Document:
        """Return ballots against registered voters where all boxes are counted: else both lag."""
        precincts, registered, ballots = self._complete
        return {
            "precincts": precincts,
            "registered": registered,
            "ballots": ballots,
            "share_percent": share_percent(ballots, registered) if ballots <= registered else "",
        }

    def _text(self, each: PrecinctTotal) -> str:
        precinct, total = each.precinct, each.total
        contests = counters = "null"
        if total.row is not None and total.counters is not None:
            contests, counters = self._row.of(total.row), self._counters.of(total.counters)
        by_hand, counted = "", self._by_hand.get(precinct.number)
        if counted:
            by_hand = f'"counted_by_hand":{ordered_text(count_documents(counted))},'
        return (
            f'{{"boxes_counted":{total.counted},"boxes_expected":{total.expected},'
            f'"contests":{contests},{by_hand}"counters":{counters},'
            f'"name":{ordered_text(precinct.name)},"number":{precinct.number},'
            f'"registered":{precinct.registered}}}'
        )


def area_document(total: AreaTotal) -> Document:
    """Return how many boxes of an area are counted, and their counters."""
    counters = total.counters
    return {
        "boxes_expected": total.expected,
        "boxes_counted": total.counted,
        "counters": None if counters is None else dict(zip(SUMMED, counters, strict=True)),
    }
