"""The clock of a rehearsed day: hours as fast as the plan says, and the close in real time.

Seconds of the day count from midnight, as on the wall of a polling place. Up to the close they pass
`compression` times as fast as real ones. From the close on a second is a second, because the burst
of finals is the load that is rehearsed.
"""

from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.election.identifiers import require

HOUR_S: Final = 3_600
#: Boxes are switched on, print their zero report and open in the hour before the opening.
PREPARATION_S: Final = HOUR_S


@dataclass(frozen=True, slots=True)
class DayClock:
    """When the polls open and close, and how fast the day passes; None: as fast as it can."""

    opening_s: int
    closing_s: int
    compression: float | None

    def __post_init__(self) -> None:
        fits = PREPARATION_S <= self.opening_s < self.closing_s <= 30 * HOUR_S
        require(fits, "day", "must open at 01:00 or later and close after that")
        fast = self.compression is None or self.compression >= 1
        require(fast, "day.compression", 'must be 1 or more, or "fastest"')

    @property
    def begin_s(self) -> int:
        """The second of the day at which the first box is switched on."""
        return self.opening_s - PREPARATION_S

    @property
    def lasts_s(self) -> float:
        """Real seconds from the first box to the close, as planned; 0 as fast as it can."""
        return self.real_s(self.closing_s)

    def real_s(self, day_s: float) -> float:
        """Return the real seconds from the beginning to that second of the day."""
        late = max(0.0, day_s - self.closing_s)
        if self.compression is None:
            return late
        return (min(day_s, self.closing_s) - self.begin_s) / self.compression + late


def written(day_s: float) -> str:
    """Return a second of the day as people write it."""
    minutes, seconds = divmod(int(day_s), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
