"""What the service manager is told of this process: one datagram each, as sd_notify(3) says.

The sign of life comes from the loop that decides. A loop that stands still says nothing, and is
ended and started again; everything that was receipted is stored.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import Final

#: Signs of life in the time after which the manager gives up.
_SIGNS: Final = 3
_MICROSECONDS: Final = 1_000_000


class Supervisor:
    """The socket of a service manager; one that is not there hears nothing, and that is no fault.

    address: path of its socket, or its abstract name after an @. patience_s: after so long a
    silence it ends the process; None where it does not watch.
    """

    def __init__(self, address: str | None, patience_s: float | None = None) -> None:
        self._address = address
        self._patience_s = patience_s if address else None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Supervisor":
        """Return the one that started this process, as its variables say."""
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        patience = environment.get("WATCHDOG_USEC", "")
        watched = for_us and patience.isascii() and patience.isdigit() and int(patience) > 0
        patience_s = int(patience) / _MICROSECONDS if watched else None
        return cls(environment.get("NOTIFY_SOCKET"), patience_s)

    def ready(self) -> None:
        """Say that the doors are open."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """Say that the end has begun: what was read in is still decided and answered."""
        self._tell("STOPPING=1")

    async def watch(self) -> None:
        """Give signs of life until cancelled; returns at once where nobody watches."""
        while self._patience_s is not None:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self._patience_s / _SIGNS)

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        name = f"\0{self._address[1:]}" if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as way:
            try:
                way.sendto(state.encode(), name)
            except OSError:
                # A manager that is away or busy must not end the service.
                return
