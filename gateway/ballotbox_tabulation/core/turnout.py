"""Turnout through the day, by the hour: what boxes said in their signed interim reports.

No votes are in these reports, only ballots. A precinct is in the row of an hour when each of its
expected boxes had said something by then: elsewhere missing would read as few. A clock is evidence
and no order, so of a box the most that it said by an hour holds, and a clock that was never set, or
is not of the day of the election anywhere on earth, says nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ballotbox_protocol.election.definition import Precinct
from ballotbox_tabulation.core.fold import BoxResult, BoxState
from ballotbox_tabulation.core.totals import share_percent

_HOUR: Final = 3_600
#: A day begins 14 hours before that of UTC at the earliest, and ends 12 hours after it.
_EARLIEST: Final = -14 * _HOUR
_LATEST: Final = 36 * _HOUR
_EPOCH: Final = date(1970, 1, 1).toordinal()
_NOBODY: Final = frozenset({BoxState.UNUSED})
_BELIEVED_NOT: Final = frozenset({BoxState.DISPUTED})


def turnout_through_day(
    precincts: Sequence[Precinct], boxes: Sequence[BoxResult], day: str
) -> list[dict[str, Any]]:
    """Return a row for each full hour by which a precinct had said how many ballots it has.

    `day` is that of the election, as ISO 8601 writes it.
    """
    midnight = (date.fromisoformat(day).toordinal() - _EPOCH) * 24 * _HOUR
    said: dict[int, list[dict[int, int]]] = {precinct.number: [] for precinct in precincts}
    for box in boxes:
        if box.state not in _NOBODY:
            said[box.precinct].append(_by_hour(box, midnight))
    hours = sorted({hour for of_boxes in said.values() for each in of_boxes for hour in each})
    rows = (_row(hour, precincts, said) for hour in hours)
    return [row for row in rows if row["precincts"]]


def _by_hour(box: BoxResult, midnight: int) -> dict[int, int]:
    """Return the most ballots that a box said in each hour, by the end of the hour."""
    found: dict[int, int] = {}
    if box.state in _BELIEVED_NOT:
        return found
    for each in box.interims:
        if midnight + _EARLIEST <= each.time <= midnight + _LATEST:
            until = -(-each.time // _HOUR) * _HOUR
            found[until] = max(each.ballots, found.get(until, 0))
    return found


def _row(
    hour: int, precincts: Sequence[Precinct], said: dict[int, list[dict[int, int]]]
) -> dict[str, Any]:
    heard = [
        (precinct.registered, sum(numbers))
        for precinct in precincts
        if (numbers := list(_heard(hour, said[precinct.number]))) and None not in numbers
    ]
    registered, ballots = sum(pair[0] for pair in heard), sum(pair[1] for pair in heard)
    return {
        "until": hour,
        "precincts": len(heard),
        "registered": registered,
        "ballots": ballots,
        "share_percent": share_percent(ballots, registered) if ballots <= registered else "",
    }


def _heard(hour: int, of_boxes: Sequence[dict[int, int]]) -> Iterator[Any]:
    """Yield the most that each box said by an hour, None for one that had said nothing."""
    for each in of_boxes:
        yield max((ballots for until, ballots in each.items() if until <= hour), default=None)
