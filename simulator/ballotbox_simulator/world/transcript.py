"""What happened, line by line, and one hash over all of it: equal runs have equal hashes.

It is the simulator's own record and knows what no product may: it never leaves a simulation.
"""

from hashlib import blake2b
from typing import NamedTuple

from ballotbox_simulator.world.schedule import Schedule


class Line(NamedTuple):
    """One line: when (milliseconds), at which node, what, and the particulars."""

    time: int
    node: str
    what: str
    detail: str


class Transcript:
    """Takes lines; `lines` are kept only when asked for, the hash always is."""

    __slots__ = ("_digest", "_schedule", "keep", "lines")

    def __init__(self, schedule: Schedule, *, keep: bool = False) -> None:
        self._schedule = schedule
        self._digest = blake2b(digest_size=16)
        self.keep = keep
        self.lines: list[Line] = []

    def note(self, node: str, what: str, detail: object = "") -> None:
        """Add a line at the present time."""
        text = str(detail)
        self._digest.update(f"{self._schedule.now} {node} {what} {text}\n".encode())
        if self.keep:
            self.lines.append(Line(self._schedule.now, node, what, text))

    def hash(self) -> str:
        """Return the hash of all lines so far."""
        return self._digest.hexdigest()
