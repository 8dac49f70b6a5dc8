"""Turnout through the day, by the hour: what boxes said in their signed interim reports.

No votes are in these reports, only ballots. A precinct is in the row of an hour when each of its
expected boxes had said something by then: elsewhere missing would read as few. A clock is evidence
and no order, so of a box the most that it said by an hour holds, and a clock that was never set, or
is not of the day of the election anywhere on earth, says nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final

from ballotbox_protocol.election.definition import Precinct
from ballotbox_tabulation.core.fold import BoxResult, BoxState
from ballotbox_tabulation.core.totals import share_percent

_HOUR: Final = 3_600
#: A day begins 14 hours before that of UTC at the earliest, and ends 12 hours after it.
_EARLIEST: Final = -14 * _HOUR
_LATEST: Final = 36 * _HOUR
_EPOCH: Final = date(1970, 1, 1).toordinal()
_UNUSED, _DISPUTED = BoxState.UNUSED, BoxState.DISPUTED


def turnout_through_day(
    precincts: Sequence[Precinct], boxes: Sequence[BoxResult], day: str
) -> list[dict[str, Any]]:
    """Return a row for each full hour by which a precinct had said how many ballots it has.

    `day` is that of the election, as ISO 8601 writes it.
    """
    through = ThroughDay(day)
    for precinct in precincts:
        through.add(precinct, [box for box in boxes if box.precinct == precinct.number])
    return list(through.rows())


@dataclass(slots=True)
class _Heard:
    """What became known with an hour, or by it: whole precincts, their voters, and ballots."""

    precincts: int = 0
    registered: int = 0
    ballots: int = 0

    def add(self, precincts: int, registered: int, ballots: int) -> None:
        self.precincts += precincts
        self.registered += registered
        self.ballots += ballots


class ThroughDay:
    """Takes what boxes said precinct by precinct; keeps a few numbers for each hour."""

    def __init__(self, day: str) -> None:
        """`day` is that of the election, as ISO 8601 writes it."""
        self._midnight = (date.fromisoformat(day).toordinal() - _EPOCH) * 24 * _HOUR
        self._new: dict[int, _Heard] = {}

    def add(self, precinct: Precinct, boxes: Iterable[BoxResult]) -> None:
        """Take what all boxes of a precinct said."""
        said = [_by_hour(box, self._midnight) for box in boxes if box.state is not _UNUSED]
        for hour in chain.from_iterable(said):
            self._new.setdefault(hour, _Heard())
        if not said or not all(said):
            return
        whole = max(map(min, said))
        self._new[whole].add(1, precinct.registered, 0)
        for numbers in said:
            most = 0
            for hour in sorted(numbers):
                more = max(numbers[hour] - most, 0)
                # What was said before the precinct was whole is heard when it is.
                self._new[max(hour, whole)].add(0, 0, more)
                most += more

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each full hour by which a precinct had spoken."""
        heard = _Heard()
        for hour in sorted(self._new):
            new = self._new[hour]
            heard.add(new.precincts, new.registered, new.ballots)
            if heard.precincts:
                yield _row(hour, heard)


def _by_hour(box: BoxResult, midnight: int) -> dict[int, int]:
    """Return the most ballots that a box said in each hour, by the end of the hour."""
    found: dict[int, int] = {}
    if box.state is _DISPUTED:
        return found
    for each in box.interims:
        if midnight + _EARLIEST <= each.time <= midnight + _LATEST:
            until = -(-each.time // _HOUR) * _HOUR
            found[until] = max(each.ballots, found.get(until, 0))
    return found


def _row(hour: int, heard: _Heard) -> dict[str, Any]:
    registered, ballots = heard.registered, heard.ballots
    return {
        "until": hour,
        "precincts": heard.precincts,
        "registered": registered,
        "ballots": ballots,
        "share_percent": share_percent(ballots, registered) if ballots <= registered else "",
    }
