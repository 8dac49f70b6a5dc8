"""What a day in the world need not do twice, or not meanwhile: half of its time, and no outcome.

A report's signature is verified by its gateway, by the centre, by the auditor and by the
tabulation, here all in one process. Verification is a function of its arguments alone, so what was
signed here, or verified before, is known as good; who asks, and what follows from the answer, stays
the product's own doing. So it is with a frame: what was made here and arrives whole need not be
taken apart byte by byte.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from cobs import cobs
from nacl import bindings

#: Some 1 KiB each; more than a region's day has reports and checkpoints, or a nation's log.
_KNOWN_MAX: Final = 32_768
#: Some 300 bytes each; frames arrive soon after they were made, or not at all.
_FRAMES_MAX: Final = 256

_Coding = Callable[[bytes], bytes]
_Signing = Callable[..., bytes]


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


def _known_signatures(sign: _Signing, verify: _Signing) -> tuple[_Signing, _Signing]:
    """Return both functions, of which the second knows what the first signed, and what it saw."""
    known: dict[tuple[bytes, bytes], bytes] = {}

    def learn(signed: bytes, public: bytes, message: bytes) -> None:
        if len(known) == _KNOWN_MAX:
            known.clear()
        known[signed, public] = message

    def sign_and_know(message: bytes, secret: bytes) -> bytes:
        signed = sign(message, secret)
        learn(signed, secret[-bindings.crypto_sign_PUBLICKEYBYTES :], message)
        return signed

    def verify_unless_known(signed: bytes, public: bytes) -> bytes:
        message = known.get((signed, public))
        if message is None:
            message = verify(signed, public)
            learn(signed, public, message)
        return message

    return sign_and_know, verify_unless_known


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, good signatures and whole frames are known, and cycles wait to be collected."""
    collected = gc.isenabled()
    codings = cobs.encode, cobs.decode
    signing = bindings.crypto_sign, bindings.crypto_sign_open
    gc.disable()
    cobs.encode, cobs.decode = _remembered(*codings)
    bindings.crypto_sign, bindings.crypto_sign_open = _known_signatures(*signing)
    try:
        yield
    finally:
        bindings.crypto_sign, bindings.crypto_sign_open = signing
        cobs.encode, cobs.decode = codings
        if collected:
            gc.enable()
