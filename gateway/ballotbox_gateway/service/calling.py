"""Asks the boxes for everything again that a log had whose place another one takes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from ballotbox_gateway.core.ports import DiskFull
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.message import Message

Requests = Sequence[tuple[BoxId, Message]]

_log: Final = logging.getLogger(__name__)

#: A request may be lost, or find a box switched off: so often is it said again.
_AGAIN_S: Final = 2.0
_SELDOM_S: Final = 600.0
_AT_ONCE: Final = 256


async def call_boxes(
    requests: Callable[[], Requests],
    say: Callable[[Requests], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Say the requests until there are none left; wait while they cannot be signed.

    requests: makes them anew, raises LedgerFailure. say: hands them to the roads. pause: waits
    for some seconds.
    """
    wait, told = _AGAIN_S, ""
    while True:
        try:
            waiting = requests()
        except DiskFull as error:
            if str(error) != told:
                _log.error("the boxes are asked later: %s. %s", error, error.remedy)
            told = str(error)
            await pause(_AGAIN_S)
            continue
        if not waiting:
            return
        _log.info("asking %s boxes for all their reports", len(waiting))
        for first in range(0, len(waiting), _AT_ONCE):
            say(waiting[first : first + _AT_ONCE])
            await pause(0)
        await pause(wait)
        # The register names boxes of other gateways, too: those never answer here.
        wait, told = min(2 * wait, _SELDOM_S), ""
