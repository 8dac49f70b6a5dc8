"""The clocks that nodes believe in: wrong zone, drift and steps over the world's one time."""

from ballotbox_device.core.ports import Instant
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_simulator.world.schedule import Schedule

#: Midnight that begins election day, 29 November 2026 in UTC+6, in Unix seconds.
MIDNIGHT = 1_795_888_800
_PPM = 1_000_000


class NodeClock:
    """One node's wall clock and its uptime counter.

    offset_s: how far the wall clock is ahead; steps add to it. drift_ppm: how much faster than the
    world it runs since midnight.
    """

    __slots__ = ("_schedule", "_started", "drift_ppm", "offset_s")

    def __init__(self, schedule: Schedule, offset_s: int = 0, drift_ppm: int = 0) -> None:
        self._schedule = schedule
        self._started = schedule.now
        self.offset_s = offset_s
        self.drift_ppm = drift_ppm

    def power_on(self) -> None:
        """Begin the uptime anew; the wall clock has a battery."""
        self._started = self._schedule.now

    def uptime_ms(self) -> int:
        """Milliseconds since power came on; never goes back while it stays on."""
        elapsed = self._schedule.now - self._started
        return elapsed + elapsed * self.drift_ppm // _PPM

    def unix(self) -> int:
        """The wall clock's Unix seconds, never below zero."""
        now = self._schedule.now
        drifted = now + now * self.drift_ppm // _PPM
        return max(0, MIDNIGHT + drifted // 1_000 + self.offset_s)

    def instant(self) -> Instant:
        """What a box writes into its reports."""
        return Instant(self.unix(), ClockQuality.FREE_RUNNING, self.uptime_ms())
