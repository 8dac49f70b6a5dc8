"""Counts that were written on the local page and wait for two officers to sign them.

They are in memory alone: what nobody has signed is no count, and a gateway that starts anew holds
none. Whoever reaches the page can write drafts; so many are kept, and the oldest make room.
"""

from typing import Final

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.hand_count import HandCount

DRAFTS_MAX: Final = 64


class Drafts:
    """Unsigned counts by their ids, the newest last."""

    def __init__(self) -> None:
        self._counts: dict[ReportId, HandCount] = {}

    def keep(self, count: HandCount) -> None:
        """Hold a count until it is signed, or until too many newer ones came."""
        self._counts.pop(count.id, None)
        self._counts[count.id] = count
        if len(self._counts) > DRAFTS_MAX:
            del self._counts[next(iter(self._counts))]

    def drop(self, name: ReportId) -> None:
        """Forget a count, which may be unknown."""
        self._counts.pop(name, None)

    def listed(self) -> tuple[HandCount, ...]:
        """Return all that wait, the newest last."""
        return tuple(self._counts.values())
