"""What is asked of the tables once the finals in force are found: sums and lists, by SQL alone."""

from collections.abc import Sequence
from typing import Final

from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_tabulation.second.tables import votes_tables

#: The lifetime counter is of a box, not of an election.
SUMMED: Final = tuple(name for name in COUNTER_NAMES if name != "lifetime")

EXPECTED: Final = "SELECT count(*) FROM box WHERE state <> 'unused'"

EXPECTED_BY_PRECINCT: Final = """
SELECT precinct.number, name, registered, (
    SELECT count(*) FROM box WHERE box.precinct = precinct.number AND state <> 'unused'
) FROM precinct ORDER BY place
"""

BOXES: Final = """
SELECT box, precinct FROM box WHERE state = ? ORDER BY precinct, box
"""

WAITING_FOR: Final = """
SELECT min(free) FROM (
    SELECT 0 AS free UNION SELECT sequence + 1 FROM place WHERE box = :box
) WHERE NOT EXISTS (SELECT 1 FROM place WHERE box = :box AND sequence = free)
"""

REPORTS: Final = """
SELECT box, id, kind, sequence, verdict, reason, use, first, leaf FROM listed WHERE state = ?
ORDER BY precinct, box, sequence, id
"""

LEAVES_ABOUT: Final = """
SELECT leaf FROM leaf
WHERE about = ? AND type IN ('report', 'ruling') ORDER BY leaf
"""

TURNOUT: Final = """
SELECT count(*), coalesce(sum(registered), 0), coalesce(sum(ballots), 0) FROM (
    SELECT precinct.registered, sum(paper.ballots) AS ballots
    FROM precinct CROSS JOIN counted ON counted.precinct = precinct.number
    CROSS JOIN paper ON paper.number = counted.number
    GROUP BY precinct.place
    HAVING count(*) = (
        SELECT count(*) FROM box WHERE box.precinct = precinct.number AND state <> 'unused'
    )
)
"""

#: A precinct is in an hour's row once each of its boxes has spoken; what a box adds after that, in
#: the hour in which it says it.
THROUGH_DAY: Final = """
WITH said AS (
    SELECT box.box, box.precinct, (interim.time + 3599) / 3600 * 3600 AS until,
           max(interim.ballots) AS ballots
    FROM interim CROSS JOIN standing ON standing.number = interim.number
    CROSS JOIN box ON box.box = standing.box CROSS JOIN setting
    WHERE standing.verdict = 'accepted' AND NOT standing.aside
      AND box.state NOT IN ('disputed', 'unused')
      AND interim.time BETWEEN setting.midnight - 50400 AND setting.midnight + 129600
    GROUP BY box.box, until
),
best AS (
    SELECT box, precinct, until, max(ballots) OVER so_far AS ballots,
           coalesce(max(ballots) OVER earlier, 0) AS before
    FROM said WINDOW so_far AS (PARTITION BY box ORDER BY until),
        earlier AS (so_far ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
spoke AS (SELECT box, precinct, min(until) AS first FROM said GROUP BY box),
whole AS (
    SELECT precinct, max(first) AS since FROM spoke GROUP BY precinct HAVING count(*) = (
        SELECT count(*) FROM box WHERE box.precinct = spoke.precinct AND state <> 'unused'
    )
),
more AS (
    SELECT max(best.until, whole.since) AS until, sum(best.ballots - best.before) AS ballots
    FROM best JOIN whole USING (precinct) GROUP BY 1
)
SELECT hours.until,
       (SELECT count(*) FROM whole WHERE since <= hours.until),
       (SELECT sum(registered) FROM whole JOIN precinct ON precinct.number = whole.precinct
        WHERE since <= hours.until),
       (SELECT sum(ballots) FROM more WHERE more.until <= hours.until)
FROM (SELECT DISTINCT until FROM said) AS hours
WHERE hours.until >= (SELECT min(since) FROM whole) ORDER BY hours.until
"""

OVER_REGISTERED: Final = """
SELECT precinct.number AS precinct, sum(paper.ballots) AS ballots, precinct.registered
FROM precinct CROSS JOIN counted ON counted.precinct = precinct.number
CROSS JOIN paper ON paper.number = counted.number
GROUP BY precinct.place HAVING sum(paper.ballots) > precinct.registered ORDER BY precinct.place
"""

REGISTERED: Final = "SELECT sum(registered) FROM precinct"

#: One row, in the order of the verdicts.
VERDICTS: Final = "SELECT {} FROM leaf WHERE type = 'report' ".format(  # noqa: S608 - our own names
    ", ".join(f"count(*) FILTER (WHERE verdict = '{each.name.lower()}')" for each in Verdict)
)

RULINGS: Final = "SELECT count(*) FROM leaf WHERE type = 'ruling'"

LATEST_TIME: Final = """
SELECT max(time) FROM leaf
WHERE type = 'report' OR type = 'ruling' AND EXISTS (
    SELECT 1 FROM leaf AS brought WHERE brought.about = leaf.about
      AND brought.type IN ('report', 'ruling') AND brought.entry IS NOT NULL
)
"""

REPLACED: Final = "SELECT leaf, origin, kept, by FROM replaced ORDER BY leaf"

PUBLISHED: Final = """
SELECT leaf, lower(hex(id)), origin, version, status, size,
       'sha256:' || lower(hex(result)), leaf.time, release
FROM published JOIN leaf USING (leaf) WHERE leaf.verdict = 'accepted' ORDER BY leaf
"""

#: What was set aside and is so still, by its newest leaf; unsigned, it names only its log.
PUBLISHED_ASIDE: Final = """
WITH told AS (
    SELECT *, leaf = max(leaf) OVER same AS newest, min(leaf) OVER same AS first,
           max(verdict = 'accepted') OVER same AS stands
    FROM published JOIN leaf USING (leaf) WINDOW same AS (PARTITION BY id)
)
SELECT leaf, iif(signed, lower(hex(id)), NULL), origin, iif(signed, version, NULL),
       iif(signed, status, NULL), iif(signed, size, NULL),
       iif(signed, 'sha256:' || lower(hex(result)), NULL), iif(signed, time, NULL),
       iif(signed, release, NULL), upper(reason)
FROM told WHERE newest AND NOT stands ORDER BY first
"""

OBJECTIONS: Final = """
SELECT event.leaf, lower(hex(event.box)), known.kind, event.objection
FROM objection CROSS JOIN known USING (number)
CROSS JOIN event_of AS event ON event.number = known.number
WHERE event.objection IS NOT NULL ORDER BY event.leaf
"""


def sums(width: int) -> list[str]:
    """Return the questions for the sums over everything; side by side their answers are one row."""
    return [
        f"SELECT {head} {_sum('votes', columns)} FROM counted"  # noqa: S608 - our own names
        f" JOIN paper ON paper.number = counted.number"
        f" JOIN {table} AS votes ON votes.number = counted.number"
        for head, table, columns in _parts(width, f"count(*), {_sum('paper', SUMMED)},")
    ]


def sums_by_precinct(width: int) -> list[str]:
    """Return the same by precinct, each precinct once, in the definition's order."""
    return [
        f"SELECT {head} {_sum('votes', columns)} FROM precinct"  # noqa: S608 - our own names
        " LEFT JOIN counted ON counted.precinct = precinct.number"
        " LEFT JOIN paper ON paper.number = counted.number"
        f" LEFT JOIN {table} AS votes ON votes.number = counted.number"
        " GROUP BY precinct.place ORDER BY precinct.place"
        for head, table, columns in _parts(width, f"count(counted.box), {_sum('paper', SUMMED)},")
    ]


def sums_by_region(width: int, columns: Sequence[int]) -> str:
    """Return the question for the sums of these counts by region, where a box is counted at all."""
    tables = "".join(
        f" JOIN {table} ON {table}.number = counted.number"
        for table, names in votes_tables(width)
        if any(f"v{at}" in names for at in columns)
    )
    return (
        f"SELECT area, {', '.join(f'sum(v{at})' for at in columns)} FROM member"  # noqa: S608
        f" JOIN counted ON counted.precinct = member.precinct{tables} GROUP BY area ORDER BY area"
    )


def counted(width: int) -> list[str]:
    """Return the questions for the counted boxes, by precinct and id, with their numbers."""
    own = "counted.box, report.id, counted.leaf, counted.ruled"
    return [
        f"SELECT {head} {_each('votes', columns)} FROM counted"  # noqa: S608 - our own names
        " JOIN standing AS report ON report.number = counted.number"
        " JOIN paper ON paper.number = counted.number"
        f" JOIN {table} AS votes ON votes.number = counted.number ORDER BY counted.place"
        for head, table, columns in _parts(width, f"{own}, {_each('paper', COUNTER_NAMES)},")
    ]


def _parts(width: int, head: str) -> list[tuple[str, str, list[str]]]:
    return [
        (head if at == 0 else "", table, columns)
        for at, (table, columns) in enumerate(votes_tables(width))
    ]


def _sum(table: str, columns: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"sum({table}.{name})" for name in columns)


def _each(table: str, columns: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in columns)
