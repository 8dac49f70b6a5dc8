"""What the core takes from the system: chance and time."""

import secrets
from time import monotonic_ns, time

from ballotbox_device.core.ports import Instant
from ballotbox_protocol.wire.report import ClockQuality


class SystemEntropy:
    """The entropy port on the system's cryptographic generator."""

    __slots__ = ()

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound` - 1, each equally likely and unpredictable."""
        return secrets.randbelow(bound)


class SystemClock:
    """The system's clock. `quality` is what the host was told about it: it cannot know itself."""

    __slots__ = ("_quality", "_since")

    def __init__(self, quality: ClockQuality = ClockQuality.FREE_RUNNING) -> None:
        self._quality = quality
        self._since = monotonic_ns()

    def now(self) -> Instant:
        """Return the time, and the milliseconds since this clock was made, which never step."""
        uptime_ms = (monotonic_ns() - self._since) // 1_000_000
        # A clock that lost its battery may stand before 1970, which no report can say.
        return Instant(max(0, int(time())), self._quality, uptime_ms)


class SteadyTime:
    """True time for a simulated mechanism: the system's time at its start, and never a step."""

    __slots__ = ("_ahead_ms",)

    def __init__(self) -> None:
        self._ahead_ms = int(time() * 1_000) - monotonic_ns() // 1_000_000

    def now_ms(self) -> int:
        """Return the milliseconds since 1970."""
        return monotonic_ns() // 1_000_000 + self._ahead_ms
