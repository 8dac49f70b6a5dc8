"""Samples of bytes that nobody vouches for: enough to find their source, bounded against floods."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from ballotbox_gateway.core.outcome import Arrival
from ballotbox_gateway.core.ports import SAMPLE_SIZE, Unauthentic
from ballotbox_protocol.wire.verdict import Reason

#: Samples kept of one road in one period; whatever comes beyond is counted only.
SAMPLES_PER_PERIOD: Final = 16
#: The same of all roads together: who may choose the names of roads could have many.
SAMPLES_OF_ALL_MAX: Final = 256
PERIOD_SECONDS: Final = 60
_ROAD_MAX: Final = 128


class Sampler:
    """Decides which unauthentic arrivals leave a sample. Its memory is one period long."""

    def __init__(self) -> None:
        self._period = 0
        self._all = 0
        self._taken: Counter[str] = Counter()

    def samples(self, turned_away: Iterable[tuple[Arrival, Reason]], now: int) -> list[Unauthentic]:
        """Return the samples to keep, each different bytes once with how often they came."""
        if now // PERIOD_SECONDS != self._period:
            self._period = now // PERIOD_SECONDS
            self._taken.clear()
            self._all = 0
        found: dict[bytes, Unauthentic] = {}
        for arrival, reason in turned_away:
            digest = sha256(arrival.data).digest()
            road = arrival.road.name[:_ROAD_MAX]
            known = found.get(digest)
            if known is not None:
                found[digest] = known._replace(times=known.times + 1)
            elif self._taken[road] < SAMPLES_PER_PERIOD and self._all < SAMPLES_OF_ALL_MAX:
                self._all += 1
                self._taken[road] += 1
                sample = arrival.data[:SAMPLE_SIZE]
                found[digest] = Unauthentic(digest, reason, road, sample, 1, now)
        return list(found.values())
