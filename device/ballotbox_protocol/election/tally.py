"""Counts of votes: zero, add a ballot sheet, merge.

A tally of one contest is held in vote slots: a sheet that carries the contest adds `votes_allowed`
slots, and each slot is a vote, an undervote or an overvote. On the wire and in sums a tally is a
flat row of integers, the contests in the definition's order, each laid out as

    ballots, blank, undervotes, overvotes, votes of option 1..n, preferences of list 1, list 2, …
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import add

from ballotbox_protocol.election.definition import Contest, ContestKind, Election
from ballotbox_protocol.election.identifiers import require

#: One flat row of counts for all contests of an election.
Row = tuple[int, ...]

_CLASSES = 4  # ballots, blank, undervotes, overvotes


@dataclass(frozen=True)
class ContestSpan:
    """Where one contest stands in a row."""

    contest: Contest
    start: int

    @cached_property
    def votes(self) -> slice:
        """The options' votes."""
        first = self.start + _CLASSES
        return slice(first, first + len(self.contest.options))

    @cached_property
    def preferences(self) -> tuple[slice, ...]:
        """Per option, the votes of its candidates."""
        spans = []
        first = self.votes.stop
        for option in self.contest.options:
            spans.append(slice(first, first + option.preferences))
            first += option.preferences
        return tuple(spans)

    @cached_property
    def without_preferences(self) -> tuple[tuple[int, ...], ...] | None:
        """What every row holds of preferences when the contest has none; None when it has some."""
        return None if self.contest.preference_count else ((),) * len(self.contest.options)

    @property
    def stop(self) -> int:
        """One past the contest's last place."""
        return self.start + self.contest.row_size


@dataclass(frozen=True, slots=True)
class ContestTally:
    """One contest's counts, by name."""

    ballots: int
    blank: int
    undervotes: int
    overvotes: int
    votes: tuple[int, ...]
    preferences: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one contest on one sheet: option indexes and (option, candidate) pairs."""

    options: frozenset[int] = frozenset()
    preferences: frozenset[tuple[int, int]] = frozenset()


class Layout:
    """The row layout of an election's tally; `size` is the length of every row."""

    def __init__(self, contests: Sequence[Contest]) -> None:
        spans = []
        start = 0
        for contest in contests:
            span = ContestSpan(contest, start)
            spans.append(span)
            start = span.stop
        self.spans: tuple[ContestSpan, ...] = tuple(spans)
        self.size = start

    @classmethod
    def of(cls, election: Election) -> "Layout":
        """Return the layout of `election`."""
        return cls(election.contests)

    def zero(self) -> Row:
        """Return the row in which nothing has been counted."""
        return (0,) * self.size

    def add(self, row: list[int], contest: int, marks: Marks, times: int = 1) -> None:
        """Count the marks for `contest` of so many like sheets into the mutable `row`.

        Raises InvalidField, the row unchanged, when a mark stands where the ballot has no choice.
        """
        span = self.spans[contest]
        _require_on_ballot(span.contest, marks)
        allowed = span.contest.votes_allowed
        marked = len(marks.options)
        row[span.start] += times
        if marked > allowed:
            row[span.start + 3] += allowed * times
            return
        row[span.start + 1] += times if marked == 0 else 0
        row[span.start + 2] += (allowed - marked) * times
        for option in marks.options:
            row[span.votes.start + option] += times
        if span.contest.kind is ContestKind.PARTY_LIST:
            self._add_preference(row, span, marks, times)

    def _add_preference(self, row: list[int], span: ContestSpan, marks: Marks, times: int) -> None:
        # A preference counts only when it is the sole one and stands on the list that was chosen.
        if len(marks.preferences) != 1:
            return
        ((option, candidate),) = marks.preferences
        if option in marks.options:
            row[span.preferences[option].start + candidate] += times

    def read(self, row: Sequence[int], contest: int) -> ContestTally:
        """Return the counts of one contest of `row`, by name."""
        span = self.spans[contest]
        ballots, blank, under, over = row[span.start : span.start + _CLASSES]
        votes = tuple(row[span.votes])
        preferences = span.without_preferences
        if preferences is None:
            preferences = tuple(tuple(row[part]) for part in span.preferences)
        return ContestTally(ballots, blank, under, over, votes, preferences)


def _require_on_ballot(contest: Contest, marks: Marks) -> None:
    count = len(contest.options)
    for option in marks.options:
        require(0 <= option < count, "marks.options", f"{contest.name} has no option {option}")
    for option, candidate in marks.preferences:
        listed = 0 <= option < count and 0 <= candidate < contest.options[option].preferences
        problem = f"option {option} of {contest.name} has no candidate {candidate}"
        require(listed, "marks.preferences", problem)


def merge(left: Sequence[int], right: Sequence[int]) -> Row:
    """Return the sum of two rows of one layout (law G2)."""
    require(len(left) == len(right), "votes", "rows of different layouts cannot be merged")
    return tuple(map(add, left, right))
