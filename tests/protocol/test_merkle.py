"""The tree against a naive reading of RFC 6962 section 2.1, and proofs against every tampering."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

SIZE_MAX = 70
LEAVES = [b"leaf %d" % index for index in range(600)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(size: int) -> int:
    """The largest power of two below `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def reference_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    at = split(len(leaves))
    return sha256(b"\x01" + reference_root(leaves[:at]) + reference_root(leaves[at:]))


def reference_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    at = split(len(leaves))
    if index < at:
        return [*reference_path(index, leaves[:at]), reference_root(leaves[at:])]
    return [*reference_path(index - at, leaves[at:]), reference_root(leaves[:at])]


def reference_consistency(old: int, leaves: list[bytes], known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if known else [reference_root(leaves)]
    at = split(len(leaves))
    if old <= at:
        return [*reference_consistency(old, leaves[:at], known), reference_root(leaves[at:])]
    return [
        *reference_consistency(old - at, leaves[at:], False),
        reference_root(leaves[:at]),
    ]


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree(HASHES)


@pytest.fixture(scope="module")
def roots() -> list[bytes]:
    return [reference_root(LEAVES[:size]) for size in range(SIZE_MAX + 1)]


def flips(proof: list[bytes]) -> list[list[bytes]]:
    """Every proof that differs from this one in a single bit."""
    mutants = []
    for at, bit in itertools.product(range(len(proof)), range(256)):
        mutants.append([*proof[:at], flip(proof[at], bit), *proof[at + 1 :]])
    return mutants


def flip(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes((data[bit // 8] ^ 1 << bit % 8,)) + data[bit // 8 + 1 :]


def reshapes(proof: list[bytes]) -> list[list[bytes]]:
    """The proof cut short, made longer, reordered, and with hashes of other lengths."""
    extra = bytes(32)
    shapes = [proof[:at] for at in range(len(proof))]
    shapes += [[*proof, extra], [extra, *proof], [*proof, b""], proof + proof[-1:] + [extra]]
    for at, each in enumerate(proof):
        shapes += [[*proof[:at], wrong, *proof[at + 1 :]] for wrong in (each[:-1], each + b"\0")]
    return shapes


def test_hashes_are_domain_separated() -> None:
    assert leaf_hash(b"x") == sha256(b"\x00x")
    assert node_hash(bytes(32), bytes([1] * 32)) == sha256(b"\x01" + bytes(32) + bytes([1] * 32))
    assert sha256(b"") == EMPTY_ROOT


def test_roots_of_all_small_sizes(tree: Tree, roots: list[bytes]) -> None:
    frontier = Frontier()
    for size, root in enumerate(roots):
        assert tree.root(size) == root
        assert Tree(HASHES[:size]).root() == root
        assert (frontier.size, frontier.root()) == (size, root)
        frontier.append(HASHES[size])


def test_inclusion_of_every_leaf_in_all_small_sizes(tree: Tree, roots: list[bytes]) -> None:
    for size in range(1, SIZE_MAX + 1):
        for index in range(size):
            proof = tree.inclusion(index, size)
            assert proof == reference_path(index, LEAVES[:size])
            assert verify_inclusion(HASHES[index], index, size, proof, roots[size])


def test_consistency_of_all_small_size_pairs(tree: Tree, roots: list[bytes]) -> None:
    for new in range(1, SIZE_MAX + 1):
        for old in range(1, new + 1):
            proof = tree.consistency(old, new)
            assert proof == reference_consistency(old, LEAVES[:new])
            assert verify_consistency(old, new, proof, roots[old], roots[new])


@given(st.data())
def test_larger_trees_agree_with_the_reference(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    tree = Tree(HASHES)
    assert tree.root(size) == reference_root(LEAVES[:size])
    assert tree.inclusion(index, size) == reference_path(index, LEAVES[:size])
    assert tree.consistency(old, size) == reference_consistency(old, LEAVES[:size])


@given(st.lists(st.integers(0, 90), max_size=8), st.booleans())
def test_growth_in_any_portions_gives_the_same_tree(portions: list[int], ask: bool) -> None:
    tree, frontier = Tree(), Frontier()
    for count in portions:
        fresh = [leaf_hash(b"%d" % (tree.size + at)) for at in range(count)]
        if count == 1:
            tree.append(fresh[0])
        else:
            tree.extend(fresh)
        for each in fresh:
            frontier.append(each)
        if ask and tree.size:
            # Proofs between growths must not leave anything stale behind.
            proof = tree.inclusion(tree.size - 1)
            last = leaf_hash(b"%d" % (tree.size - 1))
            assert verify_inclusion(last, tree.size - 1, tree.size, proof, frontier.root())
    assert (tree.size, tree.root()) == (frontier.size, frontier.root())
    assert tree.root() == reference_root([b"%d" % at for at in range(tree.size)])


def test_a_batch_of_proofs_across_the_shared_part(tree: Tree) -> None:
    for size in (256, 257, 511, 512, 513, 600):
        root = reference_root(LEAVES[:size])
        for index in (0, 255, 256, size - 1, 1, 255, 300):
            if index < size:
                proof = tree.inclusion(index, size)
                assert verify_inclusion(HASHES[index], index, size, proof, root)


def test_a_returned_proof_is_the_callers_to_change(tree: Tree) -> None:
    for ask in (lambda: tree.inclusion(3, 600), lambda: tree.consistency(300, 600)):
        first = ask()
        expected = list(first)
        first.clear()
        assert ask() == expected


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 11, 16])
def test_no_tampered_inclusion_proof_verifies(tree: Tree, size: int) -> None:
    root = tree.root(size)
    for index in range(size):
        proof, leaf = tree.inclusion(index, size), HASHES[index]
        for other in flips(proof) + reshapes(proof):
            assert not verify_inclusion(leaf, index, size, other, root)
        for bit in range(256):
            assert not verify_inclusion(flip(leaf, bit), index, size, proof, root)
            assert not verify_inclusion(leaf, index, size, proof, flip(root, bit))
        for other_index in {-1, *range(size + 3)} - {index}:
            assert not verify_inclusion(leaf, other_index, size, proof, root)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (1, 8), (2, 3), (3, 7), (4, 7), (6, 7), (7, 16)])
def test_no_tampered_consistency_proof_verifies(tree: Tree, old: int, new: int) -> None:
    proof, old_root, new_root = tree.consistency(old, new), tree.root(old), tree.root(new)
    assert verify_consistency(old, new, proof, old_root, new_root)
    for other in flips(proof) + reshapes(proof):
        assert not verify_consistency(old, new, other, old_root, new_root)
    for bit in range(256):
        assert not verify_consistency(old, new, proof, flip(old_root, bit), new_root)
        assert not verify_consistency(old, new, proof, old_root, flip(new_root, bit))
    for other_old in range(-1, new + 2):
        if other_old != old:
            assert not verify_consistency(other_old, new, proof, old_root, new_root)


def test_a_rewritten_log_is_not_consistent(tree: Tree) -> None:
    rewritten = Tree([*HASHES[:2], leaf_hash(b"another"), *HASHES[3:9]])
    for new in range(4, 10):
        proof = rewritten.consistency(3, new)
        assert not verify_consistency(3, new, proof, tree.root(3), rewritten.root(new))


def test_hashes_of_another_length_never_verify() -> None:
    """Each of these proofs would hold if only the algorithm were followed."""
    full, short = HASHES[0], HASHES[1][:31]
    assert not verify_inclusion(short, 0, 1, [], short)
    assert not verify_inclusion(short, 0, 2, [full], node_hash(short, full))
    assert not verify_inclusion(full, 0, 2, [short], node_hash(full, short))
    assert not verify_inclusion(full, 1, 2, [short], node_hash(short, full))
    assert not verify_consistency(1, 2, [full], short, node_hash(short, full))
    assert not verify_consistency(1, 2, [short], full, node_hash(full, short))
    for start, right in ((short, full), (full, short)):
        old_root, new_root = node_hash(full, start), node_hash(full, node_hash(start, right))
        assert not verify_consistency(3, 4, [start, right, full], old_root, new_root)


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    assert verify_consistency(3, 3, [], HASHES[0], HASHES[0])
    assert not verify_consistency(3, 3, [], HASHES[0], HASHES[1])
    assert not verify_consistency(3, 3, [HASHES[0]], HASHES[0], HASHES[0])


def test_a_log_never_shrinks() -> None:
    for old, new in ((2, 1), (4, 3), (3, 2), (1, 0)):
        assert not verify_consistency(old, new, [], HASHES[0], HASHES[0])


def test_the_empty_log_proves_nothing() -> None:
    assert not verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    assert not verify_consistency(0, 1, [], EMPTY_ROOT, HASHES[0])
    assert not verify_inclusion(HASHES[0], 0, 0, [], EMPTY_ROOT)
    assert Tree().root() == Tree(HASHES[:3]).root(0) == Frontier().root() == EMPTY_ROOT


def test_a_frontier_is_restored_from_what_it_exports() -> None:
    frontier = Frontier()
    for index in range(SIZE_MAX):
        restored = Frontier(frontier.size, frontier.hashes)
        restored.append(HASHES[index])
        frontier.append(HASHES[index])
        assert (restored.size, restored.hashes) == (frontier.size, frontier.hashes)
        assert restored.root() == frontier.root()


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, []), (0, HASHES[:1]), (3, HASHES[:1]), (1, [bytes(31)])]
)
def test_a_frontier_that_does_not_fit_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"subtree hashes do not fit|31 bytes"):
        Frontier(size, hashes)


def test_a_wrong_leaf_hash_adds_nothing() -> None:
    tree, frontier = Tree(HASHES[:3]), Frontier()
    with pytest.raises(ValueError, match="33 bytes"):
        tree.extend([HASHES[3], bytes(33)])
    with pytest.raises(ValueError, match="0 bytes"):
        tree.append(b"")
    with pytest.raises(ValueError, match="31 bytes"):
        frontier.append(bytes(31))
    assert (tree.size, frontier.size) == (3, 0)
    assert tree.root() == reference_root(LEAVES[:3])


def test_sizes_and_indices_outside_the_tree_are_refused(tree: Tree) -> None:
    size = len(LEAVES)
    for wrong in (-1, size + 1):
        with pytest.raises(ValueError, match=f"size {wrong} is not one of"):
            tree.root(wrong)
        with pytest.raises(ValueError, match=f"size {wrong} is not one of"):
            tree.consistency(1, wrong)
    for index, of in ((-1, 5), (5, 5), (0, 0), (size, None)):
        with pytest.raises(ValueError, match=f"leaf {index} is not in"):
            tree.inclusion(index, of)
    for old, new in ((0, 5), (6, 5), (-1, 5), (size + 1, None)):
        with pytest.raises(ValueError, match=f"from size {old}"):
            tree.consistency(old, new)


def test_complete_subtrees_are_read_in_one_piece(tree: Tree) -> None:
    assert tree.subtrees(0, 2, 5) == b"".join(HASHES[2:5])
    assert tree.subtrees(3, 1, 2) == reference_root(LEAVES[8:16])
    assert tree.subtrees(9, 1, 1) == tree.subtrees(20, 0, 0) == b""
    for level, start, stop in ((0, -1, 2), (0, 3, 2), (0, 0, 601), (9, 0, 2), (20, 0, 1)):
        with pytest.raises(ValueError, match="are not in the tree"):
            tree.subtrees(level, start, stop)
