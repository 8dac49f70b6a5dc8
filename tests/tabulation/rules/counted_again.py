"""What the second computation decides about a result made by hand: its tables, filled from it."""

import sqlite3
from contextlib import closing
from types import SimpleNamespace

from ballotbox_tabulation.second.decisions import decided
from ballotbox_tabulation.second.tables import schema

_BOXES = """
CREATE TABLE box (state TEXT);
CREATE TABLE counted (precinct INTEGER, number INTEGER)
"""


def election_of(result):
    """As much of an election as the second computation asks for decisions."""
    return SimpleNamespace(
        contests=[
            SimpleNamespace(
                name=contest["name"],
                options=[SimpleNamespace(name=name, preferences=0) for name in contest["options"]],
            )
            for contest in result["contests"]
        ]
    )


def decided_again(result, rules):
    """What the file of `rules` makes of a result; a precinct with numbers has one counted box."""
    election = election_of(result)
    with closing(sqlite3.connect("")) as database:
        width = sum(4 + len(contest.options) for contest in election.contests)
        database.executescript(schema(width) + _BOXES)
        nation = result["nation"]
        _fill(database, result["precincts"], nation)
        return decided(database, rules.file, election, nation)


def _fill(database, precincts, nation):
    waiting = nation["boxes_expected"] - nation["boxes_counted"]
    states = ["counted"] * nation["boxes_counted"] + ["missing"] * waiting
    database.executemany("INSERT INTO box VALUES (?)", [(state,) for state in states])
    if not precincts:
        rows = [(0, 0, "", nation["registered"])]
        database.executemany("INSERT INTO precinct VALUES (?, ?, ?, ?)", rows)
    for at, precinct in enumerate(precincts):
        registered = nation["registered"] if at == 0 else 0
        row = (at, precinct["number"], "", registered)
        database.execute("INSERT INTO precinct VALUES (?, ?, ?, ?)", row)
        if precinct["contests"] is None:
            continue
        database.execute("INSERT INTO counted VALUES (?, ?)", (precinct["number"], at))
        votes = [at]
        for contest in precinct["contests"]:
            votes += [contest["ballots"], 0, 0, 0, *contest["votes"]]
        marks = ", ".join("?" * len(votes))
        database.execute(f"INSERT INTO votes0 VALUES ({marks})", votes)
