"""Rows of votes and sets of counters as canonical JSON, written by one pattern each.

A result has a row of votes for every box and every precinct: as objects for an encoder they took a
third of all that is computed beside the signatures.
"""

from collections.abc import Sequence
from operator import itemgetter

from ballotbox_protocol.election.tally import ContestSpan, Layout, Row


class RowText:
    """Writes the rows of one layout: what a box or a precinct says of each contest."""

    def __init__(self, layout: Layout) -> None:
        patterns, places = zip(*map(_of_contest, layout.spans), strict=True)
        self._pattern = f"[{','.join(patterns)}]"
        self._in_order = itemgetter(*(place for group in places for place in group))

    def of(self, row: Row) -> str:
        """Return the text of a row."""
        text: str = self._pattern % self._in_order(row)
        return text


def _of_contest(span: ContestSpan) -> tuple[str, list[int]]:
    """Return the pattern of a contest, and which places of a row are its numbers, in its order."""
    ballots, blank, undervotes, overvotes = range(span.start, span.votes.start)
    places, preferences = [ballots, blank, overvotes], []
    for part in span.preferences:
        places += range(part.start, part.stop)
        preferences.append(_numbers(part.stop - part.start))
    votes = range(span.votes.start, span.votes.stop)
    pattern = (
        '{"ballots":%d,"blank":%d,"overvotes":%d,'
        f'"preferences":[{",".join(preferences)}],'
        f'"undervotes":%d,"votes":{_numbers(len(votes))}}}'
    )
    return pattern, [*places, undervotes, *votes]


def _numbers(count: int) -> str:
    return f"[{','.join(['%d'] * count)}]"


class CountersText:
    """Writes counters that come in the order of `names`."""

    def __init__(self, names: Sequence[str]) -> None:
        ordered = sorted(names)
        self._pattern = "{" + ",".join(f'"{name}":%d' for name in ordered) + "}"
        self._in_order = itemgetter(*map(names.index, ordered))

    def of(self, counts: Sequence[int]) -> str:
        """Return the text of a set of counters."""
        text: str = self._pattern % self._in_order(counts)
        return text
