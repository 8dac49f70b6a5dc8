"""Which alarms officers have marked as seen. In memory alone: after a start every alarm is unseen.

Written by the local page's server, read by that and by the door for phones.
"""

from dataclasses import dataclass
from typing import Final

#: Marks kept of one election; the oldest make room.
MARKS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Seen:
    """Who marked an alarm as seen, and when (Unix seconds)."""

    officer: str
    at: int


class Marks:
    """The marks of each election, by the ids of its alarms."""

    def __init__(self) -> None:
        self._marks: dict[str, dict[str, Seen]] = {}

    def set(self, election: str, alarm: str, seen: Seen) -> None:
        """Mark an alarm."""
        former = self._marks.get(election, {})
        kept = {each: mark for each, mark in former.items() if each != alarm} | {alarm: seen}
        # Put in its place whole, because another thread may be reading the former.
        self._marks[election] = dict(list(kept.items())[-MARKS_MAX:])

    def of(self, election: str) -> dict[str, Seen]:
        """Return the marks of an election; not to be changed."""
        return self._marks.get(election, {})
