"""What a day in the world need not do twice, or not meanwhile: half of its time, and no outcome.

A report's signature is verified by its gateway, by the centre, by the auditor and by the
tabulation, here all in one process. Verification is a function of its arguments alone, so the later
answers are known; who asks for them, and what follows from them, stays the product's own doing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from nacl import bindings

#: Some 1 KiB each; more than a precinct's day has reports and checkpoints.
_KNOWN_MAX: Final = 4_096


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, good signatures are known after the first time, and cycles wait to be collected."""
    collected, verify = gc.isenabled(), bindings.crypto_sign_open
    gc.disable()
    bindings.crypto_sign_open = lru_cache(_KNOWN_MAX)(verify)
    try:
        yield
    finally:
        bindings.crypto_sign_open = verify
        if collected:
            gc.enable()
