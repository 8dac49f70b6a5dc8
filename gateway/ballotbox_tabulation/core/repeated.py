"""Which reports more than one leaf of a log is about, found before any of them is read.

A later leaf about a report may come without it, so a reader keeps those reports; of the others,
which are nearly all, nothing needs to stay in memory.
"""

from collections.abc import Iterable, Sequence
from typing import Final

#: Where the id of a report stands in a leaf, and the part of it by which it is remembered.
_ID: Final = slice(5, 37)
_PART: Final = slice(5, 13)
#: For each leaf; one in 32 ids is then taken for another one at the most.
_BYTES: Final = 4


def repeated_ids(bundles: Iterable[Sequence[bytes]], size: int) -> set[bytes]:
    """Return the ids that stand in more than one of `size` leaves; a few others are among them.

    What is no leaf is not asked here: its bytes at that place may be among them too.
    """
    seen, again = bytearray(_BYTES * size + 1), set[bytes]()
    places = 8 * len(seen)
    for leaves in bundles:
        for leaf in leaves:
            byte, bit = divmod(int.from_bytes(leaf[_PART]) % places, 8)
            if seen[byte] >> bit & 1:
                again.add(leaf[_ID])
            else:
                seen[byte] |= 1 << bit
    return again
