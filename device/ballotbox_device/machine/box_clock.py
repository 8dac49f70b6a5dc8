"""The box's clock: true time, a drift, and the steps by which people or a network set it."""

from typing import Final

from ballotbox_device.core.ports import Instant
from ballotbox_protocol.wire.report import ClockQuality

_MILLION: Final = 1_000_000


class BoxClock:
    """Shows true time, which is given in milliseconds, with what is wrong with it."""

    __slots__ = ("_drift_ppm", "_on_at", "_quality", "_set_at", "_shown_at_set")

    def __init__(self, quality: ClockQuality = ClockQuality.FREE_RUNNING) -> None:
        self._quality = quality
        self._drift_ppm = 0
        self._set_at = self._shown_at_set = self._on_at = 0

    def power_on(self, at_ms: int) -> None:
        """Begin to count the uptime; the clock itself has a battery of its own."""
        self._on_at = at_ms

    def instant(self, at_ms: int) -> Instant:
        """Return what the firmware is told at a true time."""
        # A clock that was set far back cannot say so: no report tells a time before 1970.
        seconds = max(0, self._shown_ms(at_ms) // 1_000)
        return Instant(seconds, self._quality, max(0, at_ms - self._on_at))

    def step(self, seconds: int, at_ms: int) -> None:
        """Set the clock ahead by so many seconds, back when negative."""
        self._set(self._shown_ms(at_ms) + seconds * 1_000, at_ms)

    def drift(self, parts_per_million: int, at_ms: int) -> None:
        """Let it run so much too fast from now on, too slow when negative."""
        self._set(self._shown_ms(at_ms), at_ms)
        self._drift_ppm = parts_per_million

    def _shown_ms(self, at_ms: int) -> int:
        passed = at_ms - self._set_at
        return self._shown_at_set + passed + passed * self._drift_ppm // _MILLION

    def _set(self, shown_ms: int, at_ms: int) -> None:
        self._set_at, self._shown_at_set = at_ms, shown_ms
