"""How much of something a test of real parts does: little in `make accept`, all of it in a soak."""

import os
from typing import Final

SCALE: Final = "BALLOTBOX_SCALE"
FULL: Final = "full"


def at_scale(small: int, full: int) -> int:
    """Return the full count when the environment asks for it, else the small one."""
    return full if os.environ.get(SCALE) == FULL else small
