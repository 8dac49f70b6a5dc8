"""What a day in the world need not do twice, or not meanwhile: half of its time, and no outcome.

A report's signature is verified by its gateway, by the centre, by the auditor and by the
tabulation, here all in one process. Verification is a function of its arguments alone, so the later
answers are known; who asks for them, and what follows from them, stays the product's own doing.
So it is with a frame: what was made here and arrives whole need not be taken apart byte by byte.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from cobs import cobs
from nacl import bindings

#: Some 1 KiB each; more than a precinct's day has reports and checkpoints.
_KNOWN_MAX: Final = 4_096
#: Some 300 bytes each; frames arrive soon after they were made, or not at all.
_FRAMES_MAX: Final = 256

_Coding = Callable[[bytes], bytes]


def _remembered(encode: _Coding, decode: _Coding) -> tuple[_Coding, _Coding]:
    """Return both codings, of which the second knows what the first made a while ago."""
    made: dict[bytes, bytes] = {}

    def remember(content: bytes) -> bytes:
        if len(made) == _FRAMES_MAX:
            made.clear()
        coded = bytes(encode(content))
        made[coded] = content
        return coded

    def recall(coded: bytes) -> bytes:
        return made.get(coded) or decode(coded)

    return remember, recall


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, good signatures and whole frames are known, and cycles wait to be collected."""
    collected, verify = gc.isenabled(), bindings.crypto_sign_open
    codings = cobs.encode, cobs.decode
    gc.disable()
    cobs.encode, cobs.decode = _remembered(*codings)
    bindings.crypto_sign_open = lru_cache(_KNOWN_MAX)(verify)
    try:
        yield
    finally:
        bindings.crypto_sign_open = verify
        cobs.encode, cobs.decode = codings
        if collected:
            gc.enable()
