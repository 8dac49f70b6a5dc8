"""Processes that another one has started, as the kernel tells."""

from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_DEAD: Final = frozenset("ZX")


def started_by(pid: int) -> list[int]:
    """Return the processes that `pid` has started and that are not over; nothing if it is gone."""
    found: list[int] = []
    for file in _PROC.glob(f"{pid}/task/*/children"):
        try:
            found += map(int, file.read_text().split())
        except OSError:
            # It ended while it was looked at.
            continue
    return sorted(found)


def is_over(pid: int) -> bool:
    """Tell whether a process has ended, be it that nobody has asked how yet."""
    try:
        state = (_PROC / f"{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return True
    return state in _DEAD
