"""The second computation: a log in a database of its own, and what a result of it must show.

The database is a file without a name in the directory for temporary files: it takes a fixed part
of memory, whatever the size of the log, and is gone when it is closed.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from typing import Any, Final

from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.second import deciding, questions
from ballotbox_tabulation.second.decisions import decided
from ballotbox_tabulation.second.finals import STEPS
from ballotbox_tabulation.second.loading import Loader, Read
from ballotbox_tabulation.second.showing import Pattern, Shape, Shown, text_of

#: What a result says of each that was released before.
_PUBLISHED: Final = (
    "leaf",
    "id",
    "origin",
    "version",
    "status",
    "log_size",
    "result",
    "time",
    "release",
)
#: And of each that was set aside.
_ASIDE: Final = (*_PUBLISHED, "reason")
#: So much of the database is kept in memory.
_CACHE_KIB: Final = 16_384


class SecondCount:
    """Asks a database that holds a log for the parts of its result, one at a time."""

    def __init__(self, database: sqlite3.Connection, trusted: Trusted) -> None:
        """Find the finals in force; the tables of the log must be filled."""
        self._database = database
        self._trusted = trusted
        self._width = Layout.of(trusted.election).size
        self._shape = Shape(trusted.election)
        for statements in STEPS.values():
            database.executescript(statements)

    def nation(self) -> Shown:
        """Return what the result shows of the whole election."""
        (expected,) = self._one(questions.EXPECTED)
        counted, *numbers = next(self._rows(questions.sums(self._width)))
        through = [
            {"until": until, **self._turnout(*row)}
            for until, *row in self._database.execute(questions.THROUGH_DAY)
        ]
        shown = self._shape.area(expected, counted, numbers, in_full=True) | {
            "registered": self._one(questions.REGISTERED)[0],
            "turnout": self._turnout(*self._one(questions.TURNOUT)),
        }
        return shown | ({"turnout_through_day": through} if through else {})

    def _turnout(self, precincts: int, registered: int, ballots: int) -> Shown:
        share = self._shape.share(ballots, registered) if ballots <= registered else ""
        return {
            "precincts": precincts,
            "registered": registered,
            "ballots": ballots,
            "share_percent": share,
        }

    def precincts(self) -> Iterator[str]:
        """Yield what the result shows of each precinct, as JSON, in the definition's order."""
        expected = self._database.execute(questions.EXPECTED_BY_PRECINCT)
        sums = self._rows(questions.sums_by_precinct(self._width))
        pattern = Pattern(self._precinct, 5 + len(questions.SUMMED) + self._width)
        for (number, name, registered, boxes), (counted, *numbers) in zip(
            expected, sums, strict=True
        ):
            if counted:
                yield pattern.of((number, text_of(name), registered, boxes, counted, *numbers))
            else:
                yield text_of(self._precinct([number, name, registered, boxes, 0]))

    def _precinct(self, values: list[Any]) -> Shown:
        number, name, registered, boxes, counted, *numbers = values
        return self._shape.area(boxes, counted, numbers, in_full=False) | {
            "number": number,
            "name": name,
            "registered": registered,
        }

    def boxes(self, state: str) -> Iterator[str]:
        """Yield what the result shows of each box in this state, as JSON, by precinct and id."""
        is_counted, is_held = state == "counted", state == "held"
        counts = _Grouped(self._rows(questions.counted(self._width)) if is_counted else iter(()))
        reports = _Grouped(self._database.execute(questions.REPORTS, (state,)))
        count_of = Pattern(self._count, 3 + len(COUNTER_NAMES) + self._width).of
        report_of, box_of = Pattern(_report, 8).of, Pattern(_box, 4).of
        for box, precinct in self._database.execute(questions.BOXES, (state,)):
            told = ",".join([report_of(self._of_report(each)) for each in reports.of(box)])
            values = [f'"{box.hex()}"', precinct, f"[{told}]", None]
            if is_counted:
                numbers = [count_of(_of_count(row)) for row in counts.of(box)]
                yield box_of([*values[:3], f"[{','.join(numbers)}]"])
            else:
                waiting = {"waiting_for": self._waiting_for(box)} if is_held else {}
                shown = {"box": box.hex(), "precinct": precinct, "reports": json.loads(values[2])}
                yield text_of(shown | waiting)

    def _waiting_for(self, box: bytes) -> object:
        return self._one(questions.WAITING_FOR, {"box": box})[0]

    def lists(self) -> Shown:
        """Return the short lists of the result: objections, and precincts with too many ballots."""
        objections = self._database.execute(questions.OBJECTIONS)
        excess = self._database.execute(questions.OVER_REGISTERED)
        return {
            "objections": [
                {"leaf": leaf, "box": box, "kind": kind, **_reason(reason)}
                for leaf, box, kind, reason in objections
            ],
            "over_registered": [
                {"precinct": number, "ballots": ballots, "registered": registered}
                for number, ballots, registered in excess
            ],
        }

    def election(self) -> Shown:
        """Return what the result shows of the election, without the root key behind it."""
        election = self._trusted.election
        return {
            "name": election.name,
            "mode": election.mode.name.lower(),
            "day": election.day,
            "digest": self._trusted.digest.hex(),
            "register_version": self._trusted.register.version,
        }

    def status(self) -> str:
        """Return how far the boxes are counted: complete or preliminary."""
        return str(self._one(deciding.STATUS)[0])

    def decided(self, rules: bytes | None, nation: Shown) -> Shown:
        """Return what the rules in a file add to the result: nothing where there are none.

        `nation` is what was found of the whole election. Asked once; raises Unreadable.
        """
        if rules is None:
            return {}
        return decided(self._database, rules, self._trusted.election, nation)

    def log(self, checkpoint: Checkpoint) -> Shown:
        """Return what the result shows of the log that it folded."""
        verdicts = [each.name.lower() for each in Verdict]
        leaves = dict(zip(verdicts, self._one(questions.VERDICTS), strict=True))
        (leaves["rulings"],) = self._one(questions.RULINGS)
        (latest,) = self._one(questions.LATEST_TIME)
        replaced = [
            {"leaf": leaf, "origin": origin, "lost_from": kept, "replaced_by": by}
            for leaf, origin, kept, by in self._database.execute(questions.REPLACED)
        ]
        before = {
            "replaced": replaced,
            "published": self._said(_PUBLISHED, questions.PUBLISHED),
            "published_aside": self._said(_ASIDE, questions.PUBLISHED_ASIDE),
        }
        return {name: each for name, each in before.items() if each} | {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "leaves": leaves,
            "latest_time": latest,
        }

    def _said(self, names: Sequence[str], question: str) -> list[Shown]:
        """Return each row of an answer by these names, without what it does not say."""
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in self._database.execute(question)
        ]

    def _count(self, values: list[Any]) -> Shown:
        report, leaf, ruled, *numbers = values
        counters, votes = numbers[: len(COUNTER_NAMES)], numbers[len(COUNTER_NAMES) :]
        return {
            "report": report,
            "leaf": leaf,
            "ruled": ruled,
            "counters": dict(zip(COUNTER_NAMES, counters, strict=True)),
            "contests": self._shape.contests(votes),
        }

    def _of_report(self, row: Sequence[Any]) -> tuple[object, ...]:
        report, kind, sequence, verdict, reason, use, first, newest = row
        leaves = first if first == newest else ",".join(map(str, self._leaves_about(report)))
        told = [f'"{each}"' for each in (report.hex(), kind, verdict, reason, use)]
        return (*told, sequence, _CODES[reason], f"[{leaves}]")

    def _leaves_about(self, report: bytes) -> list[int]:
        leaves = self._database.execute(questions.LEAVES_ABOUT, (report,))
        return [leaf for (leaf,) in leaves]

    def _rows(self, parts: list[str]) -> Iterator[tuple[Any, ...]]:
        """Return the answers to questions that are asked side by side, as one row each."""
        cursors = [self._database.execute(question) for question in parts]
        if len(cursors) == 1:
            return cursors[0]
        return (tuple(chain.from_iterable(row)) for row in zip(*cursors, strict=True))

    def _one(self, question: str, values: Mapping[str, object] | None = None) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(question, values or {}).fetchone()
        return row


class _Grouped:
    """Rows that start with a box, in the order in which the boxes are asked for."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, box: bytes) -> Iterator[tuple[Any, ...]]:
        """Yield the rest of each row of this box."""
        while self._next is not None and self._next[0] == box:
            yield self._next[1:]
            self._next = next(self._rows, None)


def _of_count(row: Sequence[Any]) -> tuple[object, ...]:
    report, leaf, ruled, *numbers = row
    return f'"{report.hex()}"', leaf, "true" if ruled else "false", *numbers


def _report(values: list[Any]) -> Shown:
    own, kind, verdict, reason, use, sequence, code, leaves = values
    return {
        "id": own,
        "kind": kind,
        "sequence": sequence,
        "verdict": verdict,
        "reason": reason,
        "reason_code": code,
        "leaves": leaves,
        "use": use,
    }


def _box(values: list[Any]) -> Shown:
    box, precinct, reports, counts = values
    return {"box": box, "precinct": precinct, "reports": reports, "counts": counts}


def _reason(name: str) -> Shown:
    return {"reason": name, "reason_code": _CODES[name]}


_CODES: Final = {each.name.lower(): int(each) for each in Reason}


@contextmanager
def counted_again(read: Read, checkpoint: Checkpoint, trusted: Trusted) -> Iterator[SecondCount]:
    """Yield the second computation of the log behind `read`.

    Raises Unreadable when the log cannot be read, sqlite3.Error when there is no room for it.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        # Nothing of it outlives the connection, so nothing needs to be safe from a power cut.
        database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            f"PRAGMA cache_size = -{_CACHE_KIB}; PRAGMA temp_store = FILE"
        )
        Loader(database, trusted, checkpoint.origin).load(read, checkpoint)
        yield SecondCount(database, trusted)
