"""Sources that agree about some stations, for tests that change one of them."""

from ballotbox_protocol.election.law.binding import Column
from ballotbox_tabulation.core.match_columns import align
from ballotbox_tabulation.core.match_findings import Findings
from ballotbox_tabulation.core.matching import Match
from ballotbox_tabulation.core.station_count import Source, StationCount

BOX, HAND, KEYED = Source
#: A line and three options, of which the first two decide who wins.
COLUMNS = (Column("1"), Column("votes", "a"), Column("votes", "b"), Column("votes", "c"))


def matched(tables, columns=COLUMNS):
    """Return a match of tables by source; a table is a mapping of stations or a list of pairs.

    `columns` is one tuple for all sources, or a mapping.
    """
    of = columns if isinstance(columns, dict) else dict.fromkeys(tables, columns)
    match = Match(align({source: of[source] for source in tables}))
    for source, table in tables.items():
        pairs = table.items() if isinstance(table, dict) else table
        for row, (station, values) in enumerate(pairs, 1):
            match.add(StationCount(station, source, list(values), row))
    return match


def findings(tables, columns=COLUMNS, winners=1):
    return Findings(matched(tables, columns), winners)


def states(found):
    """Return how many stations agree, differ and are open."""
    return tuple(found.states.values())
