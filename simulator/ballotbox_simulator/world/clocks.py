"""The clocks that nodes believe in: wrong zone, drift and steps over the world's one time."""

from ballotbox_device.core.ports import Instant
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_simulator.world.schedule import Schedule

#: Midnight that begins election day, 29 November 2026 in UTC+6, in Unix seconds.
MIDNIGHT = 1_795_888_800
_PPM = 1_000_000


class NodeClock:
    """One node's wall clock and its uptime counter."""

    __slots__ = ("_drift_ppm", "_known", "_offset_s", "_schedule", "_started")

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._started = schedule.now
        self._offset_s = 0
        self._drift_ppm = 0
        #: The last answer and the time for which it holds.
        self._known: tuple[int, Instant] | None = None

    def power_on(self) -> None:
        """Begin the uptime anew; the wall clock has a battery."""
        self._started = self._schedule.now
        self._known = None

    def step(self, seconds: int) -> None:
        """Set the wall clock forward, or back."""
        self._offset_s += seconds
        self._known = None

    def drift(self, ppm: int) -> None:
        """Run so much faster than the world since midnight."""
        self._drift_ppm = ppm
        self._known = None

    def uptime_ms(self) -> int:
        """Milliseconds since power came on; never goes back while it stays on."""
        elapsed = self._schedule.now - self._started
        return elapsed + elapsed * self._drift_ppm // _PPM

    def unix(self) -> int:
        """The wall clock's Unix seconds, never below zero."""
        now = self._schedule.now
        drifted = now + now * self._drift_ppm // _PPM
        return max(0, MIDNIGHT + drifted // 1_000 + self._offset_s)

    def instant(self) -> Instant:
        """What a box writes into its reports."""
        now, known = self._schedule.now, self._known
        if known is None or known[0] != now:
            instant = Instant(self.unix(), ClockQuality.FREE_RUNNING, self.uptime_ms())
            known = self._known = now, instant
        return known[1]
