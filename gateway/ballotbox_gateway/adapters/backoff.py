"""How long to wait before the next try: exponential, with full jitter.

After a cut everybody comes back at once; drawing the whole delay at random spreads them out
(AWS Architecture Blog, "Exponential Backoff and Jitter", 2015). A success counts only once it has
lasted, or a peer that accepts and drops would be tried without pause.
"""

import asyncio
from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.5
CAP_S: Final = 30.0
#: While a peer refuses for a reason that only people can take away.
REFUSED_CAP_S: Final = 600.0
#: A connection that lasted this long was a success.
HEALTHY_S: Final = 10.0


class Backoff:
    """The delays before one peer's next tries."""

    def __init__(
        self, draw: Callable[[], float], first_s: float = FIRST_S, cap_s: float = CAP_S
    ) -> None:
        """Draw from `draw`, which returns numbers from 0 to 1."""
        self._draw = draw
        self._first_s = first_s
        self._cap_s = cap_s
        self.failures = 0

    def failed(self) -> float:
        """Return the seconds to wait after one more failure."""
        return self._after(self._cap_s)

    def refused(self) -> float:
        """Return the seconds to wait after one more refusal, which may last until somebody acts."""
        return self._after(max(self._cap_s, REFUSED_CAP_S))

    def _after(self, cap_s: float) -> float:
        # Beyond 2^16 times the first delay the cap has long been reached.
        ceiling = min(cap_s, self._first_s * 2.0 ** min(self.failures, 16))
        self.failures += 1
        return self._draw() * ceiling

    def lasted(self, seconds: float) -> None:
        """Forget the failures if the connection that ended now had lasted."""
        if seconds >= HEALTHY_S:
            self.failures = 0

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures = 0


async def either(event: asyncio.Event, timeout_s: float) -> None:
    """Return when the event is set or the time is up."""
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
