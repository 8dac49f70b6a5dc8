"""The root of a log from its leaves alone, one at a time: RFC 6962 section 2.1."""

from hashlib import sha256


class LogRoot:
    """Takes leaves in order; keeps one hash for each size of a whole subtree."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf."""
        height, node = 0, sha256(b"\x00" + leaf).digest()
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
