"""The Merkle tree of every log here: RFC 6962 section 2.1 (RFC 9162 section 2.1) with SHA-256.

`Frontier` follows a log and knows its root; `Tree` keeps every complete subtree and makes proofs;
`verify_inclusion` and `verify_consistency` need neither.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

HASH_SIZE: Final = 32
_PAIR_SIZE: Final = 2 * HASH_SIZE
#: Root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1).
EMPTY_ROOT: Final = sha256(b"").digest()

#: A frontier holds at most so many leaves that are in no subtree yet.
_WAITING_MAX: Final = 256
_MANY: Final = 16
#: Neighbours below this level share the rest of their audit path; one such rest is remembered.
_SHARED_LEVEL: Final = 8


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 || data) (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right) (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def _require_hashes(hashes: Sequence[bytes]) -> None:
    for each in hashes:
        if len(each) != HASH_SIZE:
            raise ValueError(f"a hash has {len(each)} bytes, it must have {HASH_SIZE}")


def _parents(nodes: Sequence[bytes]) -> list[bytes]:
    """Return the nodes above an even number of neighbours."""
    inner = [b"\x01" + left + right for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
    if len(inner) < _MANY:
        return [sha256(each).digest() for each in inner]
    # A box's journal repeats itself sheet by sheet: what is alike is hashed once.
    known = {each: sha256(each).digest() for each in set(inner)}
    return [known[each] for each in inner]


class Frontier:
    """The roots of the complete subtrees a log splits into: enough to append and to know the root.

    `hashes` are ordered from the largest subtree, one per set bit of `size`; a stored pair
    (size, hashes) makes the frontier again. Raises ValueError when the two do not fit.
    """

    __slots__ = ("_folded", "_hashes", "_waiting")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError(f"{len(hashes)} subtree hashes do not fit a log of size {size}")
        _require_hashes(hashes)
        self._folded = size
        self._hashes = list(hashes)
        #: Leaves that are in no subtree yet: many are folded in faster than each by itself.
        self._waiting: list[bytes] = []

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._folded + len(self._waiting)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The subtree roots, largest subtree first: what to store beside `size`."""
        self._fold()
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given by its 32-byte leaf hash (else ValueError)."""
        if len(leaf) != HASH_SIZE:
            raise ValueError(f"a hash has {len(leaf)} bytes, it must have {HASH_SIZE}")
        self._waiting.append(leaf)
        if len(self._waiting) == _WAITING_MAX:
            self._fold()

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves as `append` does."""
        for leaf in leaves:
            self.append(leaf)

    def _fold(self) -> None:
        nodes, rest = self._waiting, self._folded
        self._waiting = []
        self._folded += len(nodes)
        left_over = []
        while nodes:
            if rest & 1:
                nodes.insert(0, self._hashes.pop())
            if len(nodes) & 1:
                left_over.append(nodes.pop())
            nodes = _parents(nodes)
            rest >>= 1
        self._hashes += reversed(left_over)

    def root(self) -> bytes:
        """Return the root of the log so far."""
        self._fold()
        if not self._folded:
            return EMPTY_ROOT
        *lefts, node = self._hashes
        for left in reversed(lefts):
            node = sha256(b"\x01" + left + node).digest()
        return node


class Tree:
    """A whole log's complete subtrees, 64 bytes per leaf: roots and proofs for any of its sizes.

    Sizes and indices outside the tree raise ValueError: they are the caller's bug.
    """

    __slots__ = ("_edge", "_edge_size", "_levels", "_shared", "_shared_key")

    def __init__(self, leaf_hashes: Sequence[bytes] = ()) -> None:
        self._levels = [bytearray()]
        self._edge: list[bytes] = []
        self._edge_size = 0
        self._shared: list[bytes] = []
        self._shared_key = (0, 0)
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0]) // HASH_SIZE

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given by its 32-byte leaf hash (else ValueError, nothing added)."""
        self.extend((leaf,))

    def extend(self, leaf_hashes: Sequence[bytes]) -> None:
        """Add leaves in order, given by their 32-byte leaf hashes (else ValueError, none added)."""
        _require_hashes(leaf_hashes)
        levels = self._levels
        levels[0] += b"".join(leaf_hashes)
        level = 0
        while pairs := self._pairs_without_parent(level):
            level += 1
            if level == len(levels):
                levels.append(bytearray())
            starts = range(0, len(pairs), _PAIR_SIZE)
            levels[level] += b"".join(
                [sha256(b"\x01" + pairs[at : at + _PAIR_SIZE]).digest() for at in starts]
            )

    def _pairs_without_parent(self, level: int) -> bytes:
        hashes, parents = self._levels[level], self._levels[level + 1 : level + 2]
        done = 2 * len(parents[0]) if parents else 0
        return bytes(hashes[done : len(hashes) // _PAIR_SIZE * _PAIR_SIZE])

    def subtrees(self, level: int, start: int, stop: int) -> bytes:
        """Return the joined roots of the complete subtrees start..stop-1 of 2^level leaves each."""
        if not 0 <= start <= stop <= self.size >> level:
            raise ValueError(f"subtrees {start}..{stop} of level {level} are not in the tree")
        if start == stop:
            return b""
        return bytes(self._levels[level][start * HASH_SIZE : stop * HASH_SIZE])

    def frontier(self, size: int | None = None) -> Frontier:
        """Return what follows the first `size` leaves (all when not given) without keeping them."""
        size = self._checked(size)
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        return Frontier(size, [self._node(level, (size >> level) - 1) for level in levels])

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first `size` leaves (all of them when not given)."""
        size = self._checked(size)
        return self._right_edge(size)[-1] if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the audit path of leaf `index` in the first `size` leaves (RFC 9162 2.1.3)."""
        size = self._checked(size)
        if not 0 <= index < size:
            raise ValueError(f"leaf {index} is not in a log of size {size}")
        top = (size - 1).bit_length()
        if top <= _SHARED_LEVEL:
            return self._path(0, index, top, size)
        key = (index >> _SHARED_LEVEL, size)
        if key != self._shared_key:
            self._shared = self._path(_SHARED_LEVEL, key[0], top, size)
            self._shared_key = key
        return self._path(0, index, _SHARED_LEVEL, size) + self._shared

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Return the proof that the first `old` leaves begin the first `new` (RFC 9162 2.1.4).

        `old` is at least 1: the empty log begins every log, and a proof of it would say nothing.
        """
        new = self._checked(new)
        if not 1 <= old <= new:
            raise ValueError(f"no consistency proof leads from size {old} to size {new}")
        if old == new:
            return []
        level = (old & -old).bit_length() - 1
        index = (old >> level) - 1
        path = self._path(level, index, (new - 1).bit_length(), new)
        return [self._node(level, index), *path] if index else path

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"size {size} is not one of a log of size {self.size}")
        return size

    def _node(self, level: int, index: int) -> bytes:
        at = index * HASH_SIZE
        return bytes(self._levels[level][at : at + HASH_SIZE])

    def _right_edge(self, size: int) -> list[bytes]:
        """Return, per level, the root of the incomplete subtree at its right end, b"" if none.

        The last item is the root of the whole. Complete subtrees never change, so what was
        computed for a size holds for ever; the last one asked for is kept, for batches of proofs.
        """
        if size == self._edge_size:
            return self._edge
        edge: list[bytes] = []
        ragged = b""
        for level in range(size.bit_length()):
            edge.append(ragged)
            complete = size >> level
            if complete & 1:
                last = self._node(level, complete - 1)
                ragged = node_hash(last, ragged) if ragged else last
        edge.append(ragged)
        self._edge, self._edge_size = edge, size
        return edge

    def _path(self, bottom: int, index: int, top: int, size: int) -> list[bytes]:
        """Return the siblings from subtree `index` of level `bottom` up to below level `top`."""
        levels = self._levels
        path: list[bytes] = []
        for level in range(bottom, top):
            sibling = index ^ 1
            complete = size >> level
            if sibling < complete:
                at = sibling * HASH_SIZE
                path.append(bytes(levels[level][at : at + HASH_SIZE]))
            elif sibling == complete and (ragged := self._right_edge(size)[level]):
                path.append(ragged)
            index >>= 1
        return path


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether the leaf hash `leaf` is number `index` of the log (size, root).

    RFC 9162 section 2.1.3.2. False for a proof of another length, a hash that has not 32 bytes,
    and any index or size outside the log; never an exception.
    """
    if not 0 <= index < size or len(leaf) != HASH_SIZE:
        return False
    last = size - 1
    for sibling in proof:
        if not last or len(sibling) != HASH_SIZE:
            return False
        if index & 1:
            leaf = sha256(b"\x01" + sibling + leaf).digest()
        elif index == last:
            leaf = sha256(b"\x01" + sibling + leaf).digest()
            # A lone right end is its own parent: climb to the level where it has a left sibling.
            climbed = (index & -index).bit_length() - 1
            index >>= climbed
            last >>= climbed
        else:
            leaf = sha256(b"\x01" + leaf + sibling).digest()
        index >>= 1
        last >>= 1
    return not last and leaf == root


def verify_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Tell whether the log (new_size, new_root) begins with the log (old_size, old_root).

    RFC 9162 section 2.1.4.2. Equal sizes need an empty proof and equal roots. False from or to
    the empty log (nothing is proved by it), for a proof of another length, and for a hash that has
    not 32 bytes; never an exception.
    """
    if old_size < 1 or new_size < old_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if len(old_root) != HASH_SIZE or len(new_root) != HASH_SIZE:
        return False
    level = (old_size & -old_size).bit_length() - 1
    index, last = (old_size >> level) - 1, (new_size - 1) >> level
    if index:
        if not proof or len(proof[0]) != HASH_SIZE:
            return False
        start, proof = proof[0], proof[1:]
    else:
        start = old_root
    return _climb_both(start, index, last, proof) == (old_root, new_root)


def _climb_both(
    start: bytes, index: int, last: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Return the old and the new root that a consistency proof leads to; None if misshapen."""
    old = new = start
    for sibling in proof:
        if not last or len(sibling) != HASH_SIZE:
            return None
        if index & 1 or index == last:
            old = sha256(b"\x01" + sibling + old).digest()
            new = sha256(b"\x01" + sibling + new).digest()
            if not index & 1:
                climbed = (index & -index).bit_length() - 1
                index >>= climbed
                last >>= climbed
        else:
            new = sha256(b"\x01" + new + sibling).digest()
        index >>= 1
        last >>= 1
    return None if last else (old, new)
