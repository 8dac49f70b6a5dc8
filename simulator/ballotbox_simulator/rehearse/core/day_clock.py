"""The clock of a rehearsed day: hours as fast as the plan says, mornings and closes as they are.

Seconds of the day count from midnight, as on the wall of a polling place. From the opening to the
close they pass `compression` times as fast as real ones. Before and after a second is a second,
because boxes that are switched on together, and finals that come together, are the load.
"""

from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.election.identifiers import require

HOUR_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class DayClock:
    """When the polls open and close, and how fast the day passes; None: as fast as it can.

    morning_s: seconds before the opening in which all boxes are switched on and opened.
    """

    opening_s: int
    closing_s: int
    compression: float | None
    morning_s: int = 30

    def __post_init__(self) -> None:
        fits = self.begin_s >= 0 and self.opening_s < self.closing_s <= 30 * HOUR_S
        require(fits, "day", "must close after it opens, and have its morning on the same day")
        fast = self.compression is None or self.compression >= 1
        require(fast, "day.compression", 'must be 1 or more, or "fastest"')
        require(self.morning_s >= 1, "day.morning", "must be a second or more")

    @property
    def begin_s(self) -> int:
        """The second of the day at which the first box is switched on."""
        return self.opening_s - self.morning_s

    @property
    def lasts_s(self) -> float:
        """Real seconds from the first box to the close, as planned; 0 as fast as it can."""
        return self.real_s(self.closing_s)

    def real_s(self, day_s: float) -> float:
        """Return the real seconds from the beginning to that second of the day."""
        early = min(day_s, self.opening_s) - self.begin_s
        open_s = min(max(day_s, self.opening_s), self.closing_s) - self.opening_s
        late = max(0.0, day_s - self.closing_s)
        return early + (open_s / self.compression if self.compression else 0.0) + late


def written(day_s: float) -> str:
    """Return a second of the day as people write it."""
    minutes, seconds = divmod(int(day_s), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
