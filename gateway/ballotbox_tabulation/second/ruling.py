"""A rules file into tables: read here once more, by nothing that the first computation uses."""

import sqlite3
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

from ballotbox_protocol.election.definition import Election
from ballotbox_tabulation.second.loading import Unreadable

#: The area that is the whole election; regions are counted from 1, in the order of the file.
NATION: Final = 0

SCHEMA: Final = """
CREATE TABLE ruling (name TEXT, source TEXT, digest TEXT, provisional INTEGER);   -- one row
CREATE TABLE rule (
    rule INTEGER PRIMARY KEY,      -- from 0, as decisions are published
    contest INTEGER, name TEXT, kind TEXT, base TEXT, seats INTEGER, method TEXT,
    first_divisor TEXT, national_percent TEXT, regional_percent TEXT, against_all TEXT,
    quorum_percent TEXT, accept TEXT, majority_percent TEXT
);
CREATE TABLE divisor (             -- of the first seat, as a fraction
    rule INTEGER PRIMARY KEY, part INTEGER, whole INTEGER
);
CREATE TABLE threshold (           -- reached by part/whole of the base of its area
    rule INTEGER, place INTEGER, area INTEGER, name TEXT, part INTEGER, whole INTEGER,
    PRIMARY KEY (rule, place)
);
CREATE TABLE needed (              -- of a referendum: its quorum and its majority
    rule INTEGER, what TEXT, part INTEGER, whole INTEGER, PRIMARY KEY (rule, what)
);
CREATE TABLE region (area INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE run (area INTEGER, first INTEGER, last INTEGER);
-- Sums in which every product that is asked for below stays a whole number of 64 bits.
CREATE TABLE tally (
    area INTEGER, contest INTEGER, ballots INTEGER CHECK (ballots < 1 << 36),
    PRIMARY KEY (area, contest)
);
CREATE TABLE vote (
    area INTEGER, contest INTEGER, place INTEGER, name TEXT, votes INTEGER CHECK (votes < 1 << 36),
    PRIMARY KEY (area, contest, place)
);
"""

_RULE: Final = (
    "base",
    "seats",
    "method",
    "first_divisor",
    "national_percent",
    "regional_percent",
    "against_all",
    "quorum_percent",
    "accept",
    "majority_percent",
)
_PERCENT: Final = 100

_Table = Mapping[str, Any]
_Rows = Iterator[tuple[Any, ...]]


def load_rules(database: sqlite3.Connection, data: bytes, election: Election) -> None:
    """Make the tables of the rules in `data` and fill them; raises Unreadable."""
    database.executescript(SCHEMA)
    contests = {contest.name: at for at, contest in enumerate(election.contests)}
    try:
        file = tomllib.loads(unicodedata.normalize("NFC", data.decode()))
        areas = {each["name"]: at for at, each in enumerate(file.get("region", ()), 1)}
        head = file["name"], file["source"], sha256(data).hexdigest(), file.get("provisional", True)
        _insert(database, "ruling", iter([head]))
        _insert(database, "region", iter((at, name) for name, at in areas.items()))
        _insert(database, "run", _runs(file.get("region", ()), areas))
        for at, rule in enumerate(file["contest"]):
            plain = (at, contests[rule["contest"]], rule["contest"], rule["kind"])
            _insert(database, "rule", iter([(*plain, *(rule.get(key) for key in _RULE))]))
            _insert(database, "divisor", _divisor(at, rule))
            _insert(database, "threshold", _thresholds(at, rule, areas))
            _insert(database, "needed", _needed(at, rule))
    except (ValueError, LookupError, TypeError, AttributeError, sqlite3.Error) as error:
        raise Unreadable(f"the rules: {type(error).__name__}: {error}") from error


def _insert(database: sqlite3.Connection, table: str, rows: _Rows) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - our own names


def _runs(regions: list[_Table], areas: Mapping[str, int]) -> _Rows:
    for region in regions:
        for run in region["precincts"]:
            first, _, last = run.partition("-")
            yield areas[region["name"]], int(first), int(last or first)


def _divisor(rule: int, table: _Table) -> _Rows:
    yield rule, *Fraction(table.get("first_divisor", "1")).as_integer_ratio()


def _thresholds(rule: int, table: _Table, areas: Mapping[str, int]) -> _Rows:
    if "national_percent" in table:
        yield rule, 0, NATION, "national", *_share(table["national_percent"])
    for place, name in enumerate(table.get("regions", ()), 1):
        share = _share(table["regional_percent"])
        yield rule, place, areas[name], f"regional: {name}", *share


def _needed(rule: int, table: _Table) -> _Rows:
    for what in ("quorum_percent", "majority_percent"):
        if what in table:
            yield rule, what, *_share(table[what])


def _share(percent: str) -> tuple[int, int]:
    return (Fraction(percent) / _PERCENT).as_integer_ratio()
