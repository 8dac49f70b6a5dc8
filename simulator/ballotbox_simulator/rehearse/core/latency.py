"""Latencies in an HDR histogram: from a tenth of a millisecond to an hour, to one in a hundred.

Histograms of several processes are added, never their percentiles.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from hdrh.histogram import HdrHistogram

PER_MS: Final = 10
_LOWEST: Final = 1
_HIGHEST: Final = 3_600_000 * PER_MS
_DIGITS: Final = 2
#: The percentiles of a curve, densest where a night is decided.
CURVE: Final = (0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99, 100.0)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """A histogram in numbers: milliseconds; all 0 when `count` is."""

    count: int
    min_ms: float
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    #: Pairs of a percentile and its milliseconds.
    curve: tuple[tuple[float, float], ...]


class Latencies:
    """What was measured so far; milliseconds in and out."""

    __slots__ = ("_histogram",)

    def __init__(self) -> None:
        self._histogram = HdrHistogram(_LOWEST, _HIGHEST, _DIGITS)

    @classmethod
    def of(cls, values_ms: Iterable[float]) -> Self:
        """Return a histogram of these milliseconds."""
        latencies = cls()
        for value in values_ms:
            latencies.record(value)
        return latencies

    @property
    def count(self) -> int:
        """How many were measured."""
        return int(self._histogram.total_count)

    def record(self, ms: float, every_ms: float = 0.0) -> None:
        """Note one; with `every_ms` also those that a stall kept from being measured meanwhile."""
        value = min(max(int(ms * PER_MS), 0), _HIGHEST)
        if every_ms:
            self._histogram.record_corrected_value(value, int(every_ms * PER_MS))
        else:
            self._histogram.record_value(value)

    def add(self, encoded: str) -> None:
        """Add what another process measured."""
        if encoded:
            self._histogram.decode_and_add(encoded)

    def taken(self) -> str:
        """Return all that was measured as text, and begin anew; "" for nothing."""
        if not self.count:
            return ""
        encoded: str = self._histogram.encode().decode("ascii")
        self._histogram = HdrHistogram(_LOWEST, _HIGHEST, _DIGITS)
        return encoded

    def at(self, percentile: float) -> float:
        """Return the milliseconds that this share of all did not exceed."""
        return float(self._histogram.get_value_at_percentile(percentile)) / PER_MS

    def percentiles(self) -> Percentiles:
        """Return it in numbers."""
        histogram = self._histogram
        # One pass over the buckets for all of them.
        found = histogram.get_percentile_to_value_dict(list(CURVE))
        at = {each: float(found.get(each, 0)) / PER_MS for each in CURVE}
        return Percentiles(
            count=self.count,
            min_ms=at[0.0],
            mean_ms=round(float(histogram.get_mean_value()) / PER_MS, 3),
            p50_ms=at[50.0],
            p90_ms=at[90.0],
            p95_ms=at[95.0],
            p99_ms=at[99.0],
            p999_ms=at[99.9],
            max_ms=at[100.0],
            curve=tuple(at.items()),
        )
