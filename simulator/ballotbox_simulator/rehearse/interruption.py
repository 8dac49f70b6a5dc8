"""An interruption from outside, whichever signal brings it, ends everything that was started."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Final, TypeVar

_Found = TypeVar("_Found")
#: A stop of the machine or its service, and the end of the terminal; Ctrl-C is asyncio's own.
_TOLD: Final = (signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody ended it before its time; nothing that it started is left running."""


def run_until_told(work: Coroutine[None, None, _Found]) -> _Found:
    """Return what `work` comes to on a loop of its own; raises Interrupted when told to end."""
    try:
        return asyncio.run(_listening(work))
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        raise Interrupted("interrupted before its end") from error


async def _listening(work: Coroutine[None, None, _Found]) -> _Found:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in _TOLD:
        # Under nohup a terminal may end without ending this.
        if task is not None and signal.getsignal(number) is not signal.SIG_IGN:
            # Only the main thread hears signals.
            with suppress(ValueError, RuntimeError):
                loop.add_signal_handler(number, task.cancel)
    return await work
