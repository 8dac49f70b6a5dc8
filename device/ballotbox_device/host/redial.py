"""When to dial again: a growing delay, drawn whole at random, forgotten only after a healthy while.

After a cut all boxes come back at once; full jitter spreads them out. A connection that is lost
again at once, as when two clients fight over one name, must not count as a success.
"""

from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.2
LONGEST_S: Final = 30.0
#: A connection that lasted this long was a success.
HEALTHY_S: Final = 10.0


class Redial:
    """The delays before one box's next tries; `draw` returns numbers from 0 to 1."""

    __slots__ = ("_attempts", "_draw", "cut_short")

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._attempts = 0
        #: Connections in a row that were lost again at once.
        self.cut_short = 0

    def delay_s(self) -> float:
        """Return the seconds to wait after one more failure."""
        self._attempts += 1
        return self._draw() * min(LONGEST_S, FIRST_S * 2.0 ** min(self._attempts, 16))

    def lasted(self, seconds: float) -> None:
        """Forget the failures if the connection that ended now had lasted."""
        self.cut_short += 1
        if seconds >= HEALTHY_S:
            self._attempts = self.cut_short = 0
