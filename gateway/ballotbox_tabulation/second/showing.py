"""Rows of numbers in the shape in which a result shows them, built from the definition alone."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_DOWN, Context, Decimal
from itertools import islice
from operator import itemgetter
from typing import Any, Final

from ballotbox_protocol.election.definition import Election
from ballotbox_tabulation.second.questions import SUMMED

#: A part of a result as JSON has it.
Shown = dict[str, Any]

#: Enough for any count times 100, with the digits behind the point.
_EXACT: Final = Context(prec=60, rounding=ROUND_DOWN)
_HUNDREDTH: Final = Decimal("0.01")


#: Returns the canonical JSON of what is shown: keys in their order, no spaces.
text_of: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
#: With the place of a value it stands for that value in a pattern; no count has so many digits.
_MARK: Final = 10**30
_MARKED: Final = re.compile(r"1\d{30}")


class Pattern:
    """Writes things that are shown alike as canonical JSON, each from its values in JSON.

    What is only compared with the same text needs no objects; they are made where texts differ.
    """

    def __init__(self, shown: Callable[[list[Any]], object], count: int) -> None:
        """`shown` shows a thing of so many values, each of them once."""
        text = text_of(shown([_MARK + at for at in range(count)]))
        order = [int(found) - _MARK for found in _MARKED.findall(text)]
        self._pattern = _MARKED.sub("%s", text.replace("%", "%%"))
        self._in_order = itemgetter(*order)

    def of(self, values: Sequence[object]) -> str:
        """Return the text of a thing: its whole numbers as they are, other values as JSON."""
        text: str = self._pattern % self._in_order(values)
        return text


class Shape:
    """Knows the contests of one election, and so what each number of a row is."""

    def __init__(self, election: Election) -> None:
        self._contests = [
            (contest, [option.preferences for option in contest.options])
            for contest in election.contests
        ]
        #: Of a contest without any; what is shown is only compared.
        self._no_preferences: list[list[list[int]] | None] = [
            None if any(sizes) else [[]] * len(sizes) for _, sizes in self._contests
        ]

    def area(self, expected: int, counted: int, numbers: Sequence[Any], *, in_full: bool) -> Shown:
        """Return the sums of a precinct or of the election; nothing counted is null, not zero.

        numbers: the summed counters, then the row of votes. in_full: with names and shares.
        """
        counters, votes = numbers[: len(SUMMED)], numbers[len(SUMMED) :]
        return {
            "boxes_expected": expected,
            "boxes_counted": counted,
            "counters": dict(zip(SUMMED, counters, strict=True)) if counted else None,
            "contests": self.contests(votes, in_full=in_full) if counted else None,
        }

    def contests(self, votes: Sequence[int], *, in_full: bool = False) -> list[Shown]:
        """Return every contest's numbers of a row."""
        rest = iter(votes)
        show = self._in_full if in_full else self._plain
        return [show(at, rest) for at in range(len(self._contests))]

    def _plain(self, at: int, rest: Iterator[int]) -> Shown:
        (contest, sizes), preferences = self._contests[at], self._no_preferences[at]
        ballots, blank, undervotes, overvotes, *votes = islice(rest, 4 + len(contest.options))
        if preferences is None:
            preferences = [list(islice(rest, size)) for size in sizes]
        return {
            "ballots": ballots,
            "blank": blank,
            "undervotes": undervotes,
            "overvotes": overvotes,
            "votes": votes,
            "preferences": preferences,
        }

    def _in_full(self, at: int, rest: Iterator[int]) -> Shown:
        plain, (contest, _) = self._plain(at, rest), self._contests[at]
        allowed = contest.votes_allowed
        base = plain["ballots"] * allowed
        options = zip(contest.options, plain.pop("votes"), plain.pop("preferences"), strict=True)
        return plain | {
            "name": contest.name,
            "votes_allowed": allowed,
            "base": {
                "name": "ballots" if allowed == 1 else f"ballots × {allowed} votes allowed",
                "value": base,
            },
            "options": [
                {
                    "name": option.name,
                    "votes": votes,
                    "share_percent": self.share(votes, base),
                    "preferences": preferences,
                }
                for option, votes, preferences in options
            ],
        }

    @staticmethod
    def share(part: int, base: int) -> str:
        """Return `part` of `base` in percent, cut to two decimals; of nothing there is no share."""
        if base == 0:
            return ""
        percent = _EXACT.divide(Decimal(100 * part), Decimal(base))
        return str(percent.quantize(_HUNDREDTH, context=_EXACT))
