"""One source as it is read: each of its stations held to the law, and handed to the match."""

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import Column
from ballotbox_protocol.election.law.law import Law, Nature
from ballotbox_tabulation.core.column_map import ColumnMap
from ballotbox_tabulation.core.law_check import LawCheck, StationRow
from ballotbox_tabulation.core.matching import Match
from ballotbox_tabulation.core.station_count import Source, StationCount


class SourceTable:
    """The table of one source: its columns, and what the law says of its stations.

    `broken` are the relations that a station breaks; `arithmetic` is how many stations break one
    whose sides rest on one count.
    """

    def __init__(self, source: Source, name: str, columns: ColumnMap, law: Law | None) -> None:
        """Prepare for a table; raises InvalidField when map and law do not fit."""
        self.source = source
        self.name = name
        self.check = LawCheck(columns.bind(law)) if law else None
        self.columns = columns_of(columns)
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
