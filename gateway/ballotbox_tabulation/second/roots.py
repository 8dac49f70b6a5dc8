"""The root of a log from its leaves alone, some at a time: RFC 6962 section 2.1."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

#: So many leaves come at once, and so high is the subtree that they are.
_HEIGHT: Final = 8
_SUBTREE: Final = 1 << _HEIGHT


class LogRoot:
    """Takes leaves in order; keeps one hash for each size of a whole subtree."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Take the next leaves; a whole subtree of them is worked out by itself."""
        nodes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
        if len(nodes) == _SUBTREE and all(height >= _HEIGHT for height, _ in self._peaks):
            while len(nodes) > 1:
                pairs = zip(nodes[::2], nodes[1::2], strict=True)
                nodes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
            self._put(_HEIGHT, nodes[0])
            return
        for node in nodes:
            self._put(0, node)

    def _put(self, height: int, node: bytes) -> None:
        while self._peaks and self._peaks[-1][0] == height:
            node = sha256(b"\x01" + self._peaks.pop()[1] + node).digest()
            height += 1
        self._peaks.append((height, node))

    def value(self) -> bytes:
        """Return the root of the leaves taken so far."""
        if not self._peaks:
            return sha256().digest()
        (_, root), *rest = reversed(self._peaks)
        for _, peak in rest:
            root = sha256(b"\x01" + peak + root).digest()
        return root
