"""Waiting for something that another thread or process will do: until it is so, or too late."""

import asyncio
import threading
import time
from collections.abc import Callable

PATIENCE_S = 30.0


def wait_until(
    changed: threading.Condition,
    is_so: Callable[[], bool],
    what: str,
    patience_s: float = PATIENCE_S,
) -> None:
    """Wait for a condition that its owner notifies."""
    with changed:
        if not changed.wait_for(is_so, patience_s):
            raise AssertionError(f"waited {patience_s} s in vain for: {what}")


async def soon(is_so: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Let the loop run until something on it is so."""
    deadline = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s} s in vain for: {what}")
        await asyncio.sleep(0.005)
