"""When to say something again: a retransmission timer that adapts to the other end.

The rule is that of ASH, the serial link of Silicon Labs' EZSP-UART: an answer in time moves the
patience to 7/8 of the old one plus 1/2 of the time measured (it settles at four times the time an
answer takes), and every timeout doubles it, within fixed bounds. The time the frame itself needs
on the line is no matter of patience and comes on top. All times are milliseconds.
"""

from typing import Final

#: Below this, one slow garbage collection or USB latency timer would cost a retransmission.
PATIENCE_MIN: Final = 400
PATIENCE_START: Final = 1_600
#: Also the pace of a link that is down: soon after the cable is back in its place, it is noticed.
PATIENCE_MAX: Final = 3_200


class Pace:
    """The timer of the one thing that waits for an answer; idle until `started`."""

    def __init__(self, bytes_per_second: int) -> None:
        """Reckon with a line that carries `bytes_per_second` (1 or more)."""
        self._bytes_per_second = bytes_per_second
        self._patience = PATIENCE_START
        self._on_line_at = 0
        #: How often the present thing was said since `reset`.
        self.tries = 0
        #: The time to say it again, or None while nothing waits.
        self.due: int | None = None

    def started(self, now: int, size: int) -> None:
        """Something of `size` bytes was handed to the line and now waits for its answer."""
        self.tries += 1
        self._on_line_at = now + -(-size * 1000 // self._bytes_per_second)
        self.due = self._on_line_at + self._patience

    def ran_out(self) -> None:
        """No answer came in time."""
        self._patience = min(2 * self._patience, PATIENCE_MAX)

    def answered(self, now: int) -> None:
        """The answer came: learn from it, unless it may answer an earlier try, and be idle."""
        if self.tries == 1:
            taken = max(0, now - self._on_line_at)
            learned = self._patience * 7 // 8 + taken // 2
            self._patience = min(max(learned, PATIENCE_MIN), PATIENCE_MAX)
        self.reset()

    def reset(self) -> None:
        """Be idle; what was learned of the other end stays."""
        self.tries = 0
        self.due = None
