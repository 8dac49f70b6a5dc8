"""The road over a pseudo-terminal that the box makes itself: no port and no cable are needed."""

import os
import secrets
import tty
from typing import Final

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.host.stream_road import StreamRoad

_SESSION_SIZE: Final = 8


class PseudoTerminal:
    """A raw pseudo-terminal: a gateway opens `path` as its serial port, now and again.

    The far end stays open here as well, as a cable that stays plugged in.
    """

    def __init__(self) -> None:
        self.near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self.near, False)
        self.path = os.ttyname(self._far)

    def road(self, outgoing: Outgoing) -> StreamRoad:
        """Return a box's way over it, one for each time the box is switched on."""
        return StreamRoad(outgoing, self.near, secrets.token_bytes(_SESSION_SIZE), Pace())

    def close(self) -> None:
        """Let go of both ends."""
        os.close(self.near)
        os.close(self._far)
