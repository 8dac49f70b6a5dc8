"""Status and decisions of a result as SQL finds them, in the shape in which it shows them."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ballotbox_protocol.election.definition import Election
from ballotbox_tabulation.second import deciding
from ballotbox_tabulation.second.loading import Unreadable
from ballotbox_tabulation.second.questions import sums_by_region
from ballotbox_tabulation.second.ruling import NATION, load_rules
from ballotbox_tabulation.second.showing import Shape, Shown

_VALID: Final = "valid votes"
#: What stands before the votes of a contest in a row: ballots first, then what is no vote.
_BEFORE_VOTES: Final = 4


def decided(database: sqlite3.Connection, data: bytes, election: Election, nation: Shown) -> Shown:
    """Return what the rules in `data` add to a result; raises Unreadable.

    The finals in force must stand in the database; `nation` is what it found of all of them.
    """
    load_rules(database, data, election)
    try:
        _fill(database, election, nation)
    except sqlite3.IntegrityError as error:
        raise Unreadable(f"the sums: {error}; no country has so many votes") from error
    for statements in deciding.DECIDING.values():
        database.executescript(statements)
    return _Decisions(database).document()


def _fill(database: sqlite3.Connection, election: Election, nation: Shown) -> None:
    database.executescript(deciding.MEMBERS)
    for at, contest in enumerate(election.contests):
        if nation["contests"] is None:
            # The options stand there without a number: missing is not zero.
            _put_votes(database, election, (NATION, at), [None] * len(contest.options))
            continue
        found = nation["contests"][at]
        votes = [option["votes"] for option in found["options"]]
        _put(database, election, (NATION, at), [found["ballots"], *votes])
    wanted = "SELECT DISTINCT contest FROM threshold JOIN rule USING (rule) WHERE area <> ?"
    for (at,) in database.execute(wanted, (NATION,)).fetchall():
        columns, width = _columns(election, at)
        for area, *row in database.execute(sums_by_region(width, columns)).fetchall():
            _put(database, election, (area, at), row)


def _columns(election: Election, contest: int) -> tuple[list[int], int]:
    """Return where ballots and votes of a contest stand in a row, and how long a row is."""
    sizes = [
        _BEFORE_VOTES + sum(1 + option.preferences for option in each.options)
        for each in election.contests
    ]
    first = sum(sizes[:contest])
    votes = first + _BEFORE_VOTES
    options = len(election.contests[contest].options)
    return [first, *range(votes, votes + options)], sum(sizes)


def _put(
    database: sqlite3.Connection, election: Election, place: tuple[int, int], row: list[int]
) -> None:
    ballots, *votes = row
    database.execute("INSERT INTO tally VALUES (?, ?, ?)", (*place, ballots))
    _put_votes(database, election, place, votes)


def _put_votes(
    database: sqlite3.Connection,
    election: Election,
    place: tuple[int, int],
    votes: Sequence[int | None],
) -> None:
    options = election.contests[place[1]].options
    database.executemany(
        "INSERT INTO vote VALUES (?, ?, ?, ?, ?)",
        [(*place, at, options[at].name, count) for at, count in enumerate(votes)],
    )


class _Decisions:
    """Reads the tables of the decisions; what is not settled yet is null."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._head = next(self._rows(deciding.RULING))
        self._status = str(database.execute(deciding.STATUS).fetchone()[0])
        self._settled = bool(self._head["provisional"]) or self._status == "complete"

    def document(self) -> Shown:
        """Return rules, status and decisions."""
        return {
            "rules": {key: self._head[key] for key in ("name", "digest", "source")},
            "status": self._status,
            "decisions": [self._decision(rule) for rule in self._rows(deciding.RULES)],
        }

    def _rows(self, question: str, rule: int | None = None) -> Iterator[Mapping[str, Any]]:
        cursor = self._database.cursor()
        cursor.row_factory = sqlite3.Row
        for row in cursor.execute(question, {} if rule is None else {"rule": rule}):
            yield {key: row[key] for key in row.keys()}  # noqa: SIM118 - a row iterates its values

    def _decision(self, rule: Mapping[str, Any]) -> Shown:
        # Votes are shown as they come; what follows from them may have to wait for all of them.
        known = self._settled and rule["value"] is not None
        kind = {"list": self._list, "plurality": self._plurality, "referendum": self._referendum}
        shown: Shown = kind[rule["kind"]](rule, known=known)
        return shown | {
            "contest": rule["name"],
            "kind": rule["kind"],
            "base": {"name": rule["base"], "value": rule["value"]},
        }

    def _list(self, rule: Mapping[str, Any], *, known: bool) -> Shown:
        own = {"seats": int, "passed": bool, "failed": _plain}
        regions = [each["name"] for each in self._rows(deciding.REGIONS, rule["rule"])]
        return {
            "seats": rule["seats"],
            "method": rule["method"],
            "first_divisor": rule["first_divisor"],
            "thresholds": {
                "national_percent": rule["national_percent"],
                "regional_percent": rule["regional_percent"],
                "regions": regions,
            },
            "options": self._options(rule, own, known=known),
            **self._open(rule, known=known),
        }

    def _plurality(self, rule: Mapping[str, Any], *, known: bool) -> Shown:
        options = self._options(rule, {"seats": bool}, known=known)
        for each in options:
            each["elected"] = each.pop("seats")
        return {"seats": 1, "options": options, **self._open(rule, known=known)}

    def _open(self, rule: Mapping[str, Any], *, known: bool) -> Shown:
        tied = list(self._rows(deciding.TIED, rule["rule"])) if known else []
        names = [each["name"] for each in tied]
        return {
            "tie": {"options": names, "seats": tied[0]["seats"]} if tied else None,
            "unfilled": rule["unfilled"] if known else None,
        }

    def _referendum(self, rule: Mapping[str, Any], *, known: bool) -> Shown:
        options = self._options(rule, {}, known=known)
        for each in options:
            del each["against_all"]
        return {
            "quorum": {
                "percent": rule["quorum_percent"],
                "of": "registered voters",
                "registered": rule["registered"],
                "took_part": rule["ballots"],
                "met": bool(rule["met"]) if known else None,
            },
            "options": options,
            "accept": rule["accept"],
            "majority_percent": rule["majority_percent"],
            "accepted": bool(rule["met"] and rule["agreed"]) if known else None,
        }

    def _options(
        self, rule: Mapping[str, Any], own: Mapping[str, Any], *, known: bool
    ) -> list[Shown]:
        found = self._rows(deciding.OPTIONS, rule["rule"])
        return [
            {
                "name": each["name"],
                "votes": each["votes"],
                "share_percent": self._share(each, rule),
                "against_all": bool(each["against_all"]),
                **{key: read(each[key]) if known else None for key, read in own.items()},
            }
            for each in found
        ]

    @staticmethod
    def _share(option: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
        outside = rule["base"] == _VALID and option["against_all"]
        return (
            "" if outside or rule["value"] is None else Shape.share(option["votes"], rule["value"])
        )


def _plain(value: Any) -> Any:  # noqa: ANN401 - a column as it stands
    return value
