"""One source as it is read: each of its stations held to the law, and handed to the match."""

from collections.abc import Sequence

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import BoundLaw, Column
from ballotbox_protocol.election.law.law import Nature
from ballotbox_tabulation.core.column_map import ColumnMap
from ballotbox_tabulation.core.law_check import LawCheck, StationRow
from ballotbox_tabulation.core.matching import Match
from ballotbox_tabulation.core.station_count import Source, StationCount


class SourceTable:
    """The table of one source: its columns, and what the law says of its stations.

    `broken` are the relations that a station breaks; `arithmetic` is how many stations break one
    whose sides rest on one count.
    """

    def __init__(
        self, source: Source, name: str, columns: Sequence[Column], bound: BoundLaw | None
    ) -> None:
        self.source = source
        self.name = name
        self.columns = tuple(columns)
        self.check = LawCheck(bound) if bound else None
        self.stations = 0
        self.broken: dict[str, str] = {}
        self.arithmetic = 0

    def take(self, row: StationRow, match: Match) -> None:
        """Take one row of the table; raises InvalidField naming it."""
        self.stations += 1
        try:
            match.add(StationCount(row.station, self.source, row.values, row.number))
        except InvalidField as error:
            raise InvalidField(f"row {row.number}, {error.field}", error.problem) from error
        failures = [each.failure.relation for each in self.check.add(row)] if self.check else []
        if failures:
            self.broken[row.station] = ", ".join(dict.fromkeys(each.name for each in failures))
            self.arithmetic += any(each.nature is Nature.ARITHMETIC for each in failures)


def columns_of(named: ColumnMap) -> tuple[Column, ...]:
    """Return the columns that a map names, in the order in which a table's reader gives them."""
    lines = (Column(number) for number in named.lines)
    options = (Column(group, name) for group, names in named.options.items() for name in names)
    return (*lines, *options)
