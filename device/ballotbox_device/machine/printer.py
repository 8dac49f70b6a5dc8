"""The printer: a roll of paper that ends, a head that jams, and the tapes that came out.

A tape comes out whole or not at all. What cannot be printed waits for paper, until a power cut.
"""

from collections.abc import Callable
from typing import Final

from ballotbox_device.core.signals import Signal
from ballotbox_protocol.wire.report import ReportKind

Tape = tuple[str, ...]
#: Turns a signed report and the number of its copy into a tape.
Compose = Callable[[bytes, int], Tape]
#: The reports that people sign on paper.
ON_PAPER: Final = frozenset(
    {ReportKind.ZERO, ReportKind.OPEN, ReportKind.CLOSE, ReportKind.FINAL, ReportKind.CORRECTION}
)
#: Lines of a new roll: 80 metres with four lines to the centimetre.
ROLL_LINES: Final = 32_000


class Printer:
    """`tapes` are those that came out, `waiting` those that could not yet.

    jams_next: the next tape is torn in the head; it must be printed again as a copy.
    """

    __slots__ = ("_jammed", "jams_next", "lines_left", "tapes", "torn", "waiting")

    def __init__(self) -> None:
        self.lines_left = ROLL_LINES
        self.jams_next = False
        self.tapes: list[Tape] = []
        self.torn = 0
        self.waiting: list[Tape] = []
        self._jammed = False

    def put(self, tape: Tape) -> Signal | None:
        """Print a tape, or let it wait; return what the printer says of itself, if anything."""
        self.waiting.append(tape)
        return self._run()

    def take_paper(self) -> Signal:
        """Take the roll out, as an empty one."""
        self.lines_left = 0
        return Signal.PAPER_OUT

    def refill(self, lines: int = ROLL_LINES) -> Signal:
        """Put a roll in, clear the head and print what waits."""
        self.lines_left, self._jammed = lines, False
        return self._run() or Signal.PRINTER_READY

    def forget(self) -> None:
        """Lose what waits, as in a power cut."""
        self.waiting.clear()

    def _run(self) -> Signal | None:
        while self.waiting and not self._jammed:
            if len(self.waiting[0]) > self.lines_left:
                self.lines_left = 0
                return Signal.PAPER_OUT
            tape = self.waiting.pop(0)
            self.lines_left -= len(tape)
            if self.jams_next:
                self.jams_next, self._jammed = False, True
                self.torn += 1
                return Signal.PRINTER_JAMMED
            self.tapes.append(tape)
        return None
