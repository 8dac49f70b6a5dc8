"""What stands before each line of the log: that an election is no official one, and which it is.

A rehearsal looks like the day itself, and is meant to; so each of its lines says what it is.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from ballotbox_protocol.election.identifiers import Mode

_mark: Final[ContextVar[str]] = ContextVar("mark")


def marker(mode: Mode) -> str:
    """Return the word for an election that does not count; an empty text for an official one."""
    return "" if mode is Mode.OFFICIAL else mode.name


def mark_of(mode: Mode, name: str | None) -> str:
    """Return what stands before a line about this election; `name` where there are several."""
    return "".join(f"{part} " for part in (marker(mode), name and f"[{name}]") if part)


@contextmanager
def marked(mark: str) -> Iterator[None]:
    """Put `mark` before each line that is logged inside, or by what is begun inside."""
    before = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(before)


class MarkFilter(logging.Filter):
    """Gives each record its `mark`; passes all."""

    def __init__(self) -> None:
        super().__init__()
        self._common = ""

    def serve(self, modes: Collection[Mode]) -> None:
        """Mark the lines that are about no one election, where none of all is official."""
        if Mode.OFFICIAL not in modes:
            self._common = " ".join(sorted({marker(mode) for mode in modes})) + " "

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the mark."""
        record.mark = _mark.get(self._common)
        return True
