"""A table of protocols against a law: what each relation found, as a fold over the stations."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import BoundLaw
from ballotbox_protocol.election.law.judgement import Failure, Judge, Outcome
from ballotbox_protocol.election.law.law import Value

#: More groups than this are no groups: the column names stations.
GROUPS_MAX: Final = 200
#: How many of the largest failures of each relation are kept.
LARGEST_KEPT: Final = 10
#: By how much a relation is off, in classes: up to 1, up to 2, up to 5 …
SIZES: Final = (1, 2, 5, 10, 100)


class StationRow(NamedTuple):
    """One station's protocol: its row in the table from 1, its names, its numbers and marks."""

    number: int
    station: str
    group: str
    values: Sequence[Value]
    marked: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A failure and the station whose protocol has it."""

    row: int
    station: str
    group: str
    failure: Failure


@dataclass(slots=True)
class Count:
    """What one relation said about some stations."""

    broken: int = 0
    undecided: int = 0


@dataclass(slots=True)
class RelationCount:
    """What one relation said: in each group, how far it was off, and where it was off most."""

    groups: dict[str, Count] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=lambda: [0] * (len(SIZES) + 1))
    largest: list[Found] = field(default_factory=list)

    def of(self, group: str) -> Count:
        """Return the count of one group."""
        return self.groups.setdefault(group, Count())

    @property
    def broken(self) -> int:
        """How many stations break the relation."""
        return sum(count.broken for count in self.groups.values())

    @property
    def undecided(self) -> int:
        """Of how many stations it says nothing, because a mark stands in place of a number."""
        return sum(count.undecided for count in self.groups.values())

    def note(self, found: Found) -> None:
        """Remember how far a station is off."""
        off = abs(found.failure.excess)
        self.sizes[bisect_left(SIZES, off)] += 1
        kept = self.largest
        if len(kept) < LARGEST_KEPT or off > abs(kept[-1].failure.excess):
            kept.append(found)
            kept.sort(key=lambda each: (-abs(each.failure.excess), each.row))
            del kept[LARGEST_KEPT:]


class LawCheck:
    """Takes protocols one by one; what it has counted stands in its attributes."""

    def __init__(self, bound: BoundLaw) -> None:
        self.bound = bound
        self._judge = Judge(bound)
        self.rows: dict[str, int] = {}
        self.relations = tuple(RelationCount() for _ in bound.equations)
        self.empty = 0
        self.refused = 0
        self.flagged = 0

    @property
    def stations(self) -> int:
        """How many stations were judged."""
        return sum(self.rows.values())

    def add(self, row: StationRow) -> tuple[Found, ...]:
        """Judge one station and return what it breaks; raises InvalidField for too many groups."""
        self.rows[row.group] = self.rows.get(row.group, 0) + 1
        if len(self.rows) > GROUPS_MAX:
            many = f"has more than {GROUPS_MAX} different values; take a column with fewer"
            raise InvalidField("group", many)
        self.empty += not any(row.values)
        if row.marked:
            broken = self._judge_marked(row)
        else:
            # Nothing marked: every value is a number.
            broken = self._judge.broken(cast("Sequence[int]", row.values))
        return self._note(row, broken) if broken else ()

    def _judge_marked(self, row: StationRow) -> list[int]:
        broken = []
        for index, outcome in enumerate(self._judge.outcomes(row.values)):
            if outcome is Outcome.UNDECIDED:
                self.relations[index].of(row.group).undecided += 1
            elif outcome is Outcome.BROKEN:
                broken.append(index)
        return broken

    def _note(self, row: StationRow, broken: Sequence[int]) -> tuple[Found, ...]:
        equations = self.bound.equations
        blocks = any(equations[index].relation.blocks for index in broken)
        self.refused += blocks
        self.flagged += not blocks
        for index in broken:
            self.relations[index].of(row.group).broken += 1
        return tuple(self._found(row))

    def _found(self, row: StationRow) -> Iterator[Found]:
        names = [equation.relation.name for equation in self.bound.equations]
        for failure in self._judge.failures(row.values):
            found = Found(row.number, row.station, row.group, failure)
            self.relations[names.index(failure.relation.name)].note(found)
            yield found
