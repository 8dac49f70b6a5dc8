"""Whether a time service keeps this machine's clock, as the kernel knows it: adjtimex(2)."""

import ctypes
from typing import Final

#: More than struct timex has on any machine; all zero, it asks and sets nothing.
_TIMEX_BYTES: Final = 512
_UNSYNCHRONISED: Final = 5


def is_kept() -> bool | None:
    """Return whether the clock is kept by a time service; None where the kernel does not tell."""
    try:
        told = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (AttributeError, OSError):
        return None
    return None if told < 0 else told != _UNSYNCHRONISED
