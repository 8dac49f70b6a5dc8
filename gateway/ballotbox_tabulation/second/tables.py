"""The tables of the second computation: the register, the leaves and the reports as they came.

Verdicts, reasons, kinds and leaf types stand in them by their names, so that the statements that
ask them can be read aloud. A report is known by `number`, the first leaf that brought it.
"""

from typing import Final

from ballotbox_protocol.election.counters import COUNTER_NAMES

#: SQLite allows 2,000 columns in a table and in a result; a row of votes may have 3,000 counts.
COUNTS_IN_A_TABLE: Final = 1_000

_SCHEMA: Final = """
CREATE TABLE setting (width INTEGER, official INTEGER, midnight INTEGER);   -- one row
CREATE TABLE precinct (
    place INTEGER PRIMARY KEY, number INTEGER UNIQUE, name TEXT, registered INTEGER
);
CREATE TABLE entry (
    entry INTEGER PRIMARY KEY, box BLOB, epoch INTEGER, precinct INTEGER,
    closed_as TEXT,                -- why the entry was closed, or null
    closed_from INTEGER            -- from which leaf of this log on
);
CREATE TABLE firmware (entry INTEGER, digest BLOB, PRIMARY KEY (entry, digest)) WITHOUT ROWID;
CREATE TABLE leaf (
    leaf INTEGER PRIMARY KEY, type TEXT, about BLOB, verdict TEXT, reason TEXT, time INTEGER,
    entry INTEGER, kind TEXT, sequence INTEGER     -- of the report beside it, null without one
);
CREATE TABLE replaced (leaf INTEGER PRIMARY KEY, origin TEXT, kept INTEGER, by TEXT);
CREATE TABLE published (
    leaf INTEGER PRIMARY KEY, id BLOB, origin TEXT, version INTEGER, status TEXT, size INTEGER,
    result BLOB,
    release INTEGER,               -- of rules and program, null where none is named
    signed INTEGER                 -- by two officers who may release
);
CREATE TABLE interim (number INTEGER PRIMARY KEY, time INTEGER, ballots INTEGER);
CREATE TABLE paper (
    number INTEGER PRIMARY KEY, precinct INTEGER, epoch INTEGER, firmware BLOB, debug INTEGER,
    width INTEGER,                 -- how many counts its votes have
    consented INTEGER,             -- two officers signed it: asked of a correction alone
    corrects BLOB,
    {counters}
);
"""


def schema(width: int) -> str:
    """Return the statements that make the empty tables for rows of `width` counts."""
    counters = ", ".join(f"{name} INTEGER" for name in COUNTER_NAMES)
    return _SCHEMA.format(counters=counters) + "".join(
        f"CREATE TABLE {name} (number INTEGER PRIMARY KEY, {', '.join(columns)});\n"
        for name, columns in votes_tables(width)
    )


def votes_tables(width: int) -> list[tuple[str, list[str]]]:
    """Return the tables that hold a row of votes between them, each with its columns."""
    return [
        (f"votes{first}", [f"v{at}" for at in range(first, min(first + COUNTS_IN_A_TABLE, width))])
        for first in range(0, width, COUNTS_IN_A_TABLE)
    ]
