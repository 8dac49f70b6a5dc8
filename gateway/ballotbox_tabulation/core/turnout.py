"""Turnout through the day, by the hour: what boxes said in their signed interim reports.

No votes are in these reports, only ballots. A precinct is in the row of an hour when each of its
expected boxes had said something by then: elsewhere missing would read as few. A clock is evidence
and no order, so of a box the most that it said by an hour holds, and a clock that was never set, or
is not of the day of the election anywhere on earth, says nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
    said = [(box.precinct, _by_hour(box, midnight)) for box in boxes if box.state not in _NOBODY]
    return list(_rows(precincts, said))


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


class _Heard:
    """What was said by an hour, carried on to the next: each number is looked at once."""

    def __init__(self, precincts: Sequence[Precinct], said: Iterable[tuple[int, object]]) -> None:
        self.precincts = self.registered = self.ballots = 0
        self._registered: dict[int, int] = {each.number: each.registered for each in precincts}
        self._silent = Counter(precinct for precinct, _ in said)
        self._said: Counter[int] = Counter()
        self._most: dict[int, int] = {}

    def hear(self, box: int, precinct: int, ballots: int) -> None:
        """Take in what a box, by its place among all boxes, said."""
        before = self._most.get(box, 0)
        more = max(ballots - before, 0)
        self._said[precinct] += more
        if not self._silent[precinct]:
            self.ballots += more
        elif box not in self._most:
            self._silent[precinct] -= 1
            if not self._silent[precinct]:
                self.precincts += 1
                self.registered += self._registered[precinct]
                self.ballots += self._said[precinct]
        self._most[box] = before + more


def _rows(
    precincts: Sequence[Precinct], said: Sequence[tuple[int, dict[int, int]]]
) -> Iterator[dict[str, Any]]:
    by_hour: dict[int, list[tuple[int, int, int]]] = {}
    for box, (precinct, numbers) in enumerate(said):
        for hour, ballots in numbers.items():
            by_hour.setdefault(hour, []).append((box, precinct, ballots))
    heard = _Heard(precincts, said)
    for hour in sorted(by_hour):
        for each in by_hour[hour]:
            heard.hear(*each)
        if heard.precincts:
            yield _row(hour, heard)


def _row(hour: int, heard: _Heard) -> dict[str, Any]:
    registered, ballots = heard.registered, heard.ballots
    return {
        "until": hour,
        "precincts": heard.precincts,
        "registered": registered,
        "ballots": ballots,
        "share_percent": share_percent(ballots, registered) if ballots <= registered else "",
    }
