"""How much waits for the gateway above, for how long, and how long it will take."""

from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from ballotbox_gateway.core.ports import Ledger
from ballotbox_protocol.wire.leaf import decode_leaf

#: Batches that a rate is measured over: enough to be steady, few enough to follow a slower line.
_MEASURED: Final = 16


class DrainRate:
    """How fast the upper gateway receipts what is sent, over the last batches."""

    def __init__(self) -> None:
        self._batches: deque[tuple[int, float]] = deque(maxlen=_MEASURED)

    def receipted(self, leaves: int, seconds: float) -> None:
        """Note a batch that was sent, receipted and stored in so many seconds."""
        self._batches.append((leaves, max(seconds, 0.0)))

    @property
    def per_s(self) -> float | None:
        """Leaves in a second; None while nothing was measured."""
        seconds = sum(each for _, each in self._batches)
        return sum(leaves for leaves, _ in self._batches) / seconds if seconds else None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: leaves, the oldest one's age in seconds, the seconds until it is drained.

    oldest_s is None when nothing waits, drain_s when no rate was measured.
    """

    waiting: int
    oldest_s: int | None
    drain_s: int | None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        return {"waiting": self.waiting, "oldest_s": self.oldest_s, "drain_s": self.drain_s}


def backlog(ledger: Ledger, upper: str, now: int, per_s: float | None) -> Backlog:
    """Return what of a log `upper` has not receipted; `now` is Unix seconds.

    per_s: leaves that it receipted in a second, as far as measured. Raises LedgerFailure.
    """
    first, size = ledger.delivered(upper), ledger.log_head().size
    if first >= size:
        return Backlog(0, None, 0)
    (oldest,) = ledger.entries(first, first + 1)
    # A clock that was put back makes nothing younger than now.
    age = max(0, now - decode_leaf(oldest.leaf).time)
    waiting = size - first
    return Backlog(waiting, age, None if not per_s else ceil(waiting / per_s))
