"""How much new, authenticated work one sender may have stored: a bucket of bytes that refills.

A key that was stolen signs as much as its thief likes, and each message is evidence that must be
kept. So that one box or one gateway below cannot fill the disk, what goes beyond its bucket is
turned away before it is judged. Nothing is lost by that: whoever means it sends it again, and what
is stored already is answered as ever. Buckets are full at every start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: What a row, its leaf, its place in the indexes and a receipt above take beside its bytes.
ROW_OVERHEAD: Final = 1_024
_HOUR: Final = 3_600
_HOURS: Final = 24
#: More than so many bursts is never owed.
_DEBT_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` bytes at once, and `per_hour` more; raises ValueError unless both are positive."""

    burst: int
    per_hour: int

    def __post_init__(self) -> None:
        for name in ("burst", "per_hour"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be 1 byte or more, not {getattr(self, name)}")


class Quota:
    """The buckets of all senders of one kind; those that never sent anything new have none."""

    def __init__(
        self, allowance: Allowance, exceeded: Callable[[bytes], None] = lambda _who: None
    ) -> None:
        """`exceeded` is told of a sender whose bucket runs dry, and not again until half full."""
        self._allowance = allowance
        self._exceeded = exceeded
        #: Bytes used and not refilled yet, and when that was so.
        self._used: dict[bytes, tuple[int, int]] = {}
        self._told: set[bytes] = set()

    @property
    def dry(self) -> frozenset[bytes]:
        """The senders whose bucket ran dry and is not half full again, as far as was looked."""
        return frozenset(self._told)

    def is_spent(self, who: bytes, now: int) -> bool:
        """Tell whether nothing new of `who` should be taken at `now`, Unix seconds."""
        if who not in self._used:
            return False
        used = self._refilled(who, now)
        burst = self._allowance.burst
        if used >= burst:
            if who not in self._told:
                self._told.add(who)
                self._exceeded(who)
            return True
        if used * 2 <= burst:
            self._told.discard(who)
        return False

    def charge(self, who: bytes, size: int, now: int) -> None:
        """Take `size` bytes, which are stored now, and the room around them from its bucket.

        A bucket goes below empty by what one batch holds, by another bucket at most: whatever one
        batch holds, its sender is heard again once so much is refilled.
        """
        used = self._refilled(who, now) + size + ROW_OVERHEAD
        self._used[who] = min(used, _DEBT_MAX * self._allowance.burst), now

    def _refilled(self, who: bytes, now: int) -> int:
        used, since = self._used.get(who, (0, now))
        # A clock that was put back refills nothing, but does not stop the refilling either.
        gained = max(0, now - since) * self._allowance.per_hour // _HOUR
        if gained or now < since:
            used = max(0, used - gained)
            self._used[who] = used, now
        return used


@dataclass(frozen=True, slots=True)
class Quotas:
    """What boxes may have stored, by box id, and gateways below, by origin in ASCII.

    aside: of what gateways below bring, what is set aside; of each such statement only the room
    around it is charged, so that a bucket is a number of them.
    """

    boxes: Quota
    gateways: Quota
    aside: Quota


def statements(count: int) -> Allowance:
    """Return the allowance of so many statements at once, and as many more in a day."""
    return Allowance(count * ROW_OVERHEAD, max(1, count * ROW_OVERHEAD // _HOURS))
