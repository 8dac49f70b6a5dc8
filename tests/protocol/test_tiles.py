"""The exported log directory: names and sizes by the specification, and strict on the way back."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire.merkle import HASH_SIZE, Frontier, Tree, leaf_hash, node_hash
from ballotbox_protocol.wire.tiles import (
    ATTACHMENT_BYTES_MAX,
    ENTRY_BYTES_MAX,
    TILE_WIDTH,
    TileFault,
    attachments_path,
    bundles_of,
    decode_attachments,
    decode_entries,
    decode_tile,
    encode_attachments,
    encode_entries,
    entries_path,
    export_attachments,
    export_tiles,
    partial_paths,
    tile_path,
    tiles_of,
)

LEAVES = [b"leaf %d" % index for index in range(70_000)]
TREE = Tree([leaf_hash(leaf) for leaf in LEAVES])

bundles = st.lists(st.binary(max_size=40), min_size=1, max_size=TILE_WIDTH)
CODECS = [(encode_entries, decode_entries, 2), (encode_attachments, decode_attachments, 4)]
codecs = pytest.mark.parametrize(("encode", "decode", "prefix"), CODECS)
Encode = Callable[[list[bytes]], bytes]
Decode = Callable[[bytes, int], tuple[bytes, ...] | TileFault]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 1_234_067), "tile/0/x001/x234/067"),
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(63, 999, 255), "tile/63/999.p/255"),
        (tile_path(1, 1000, 1), "tile/1/x001/000.p/1"),
        (tile_path(2, 1_000_000_000), "tile/2/x001/x000/x000/000"),
        (entries_path(1_234_067), "tile/entries/x001/x234/067"),
        (entries_path(273, 112), "tile/entries/273.p/112"),
        (attachments_path(1_234_067), "reports/x001/x234/067"),
        (attachments_path(0, 7), "reports/000.p/7"),
    ],
)
def test_names_of_the_specification(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize(
    ("level", "number", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_names_of_impossible_tiles_are_not_made(level: int, number: int, width: int) -> None:
    with pytest.raises(ValueError, match=r"tile level|there is no tile"):
        tile_path(level, number, width)


def test_tiles_of_the_specifications_examples() -> None:
    tiles = list(tiles_of(70_000))
    assert [tile for tile in tiles if tile.width < TILE_WIDTH] == [
        (0, 273, 112),
        (1, 1, 17),
        (2, 0, 1),
    ]
    assert sum(tile.level == 0 for tile in tiles) == 274
    assert sum(tile.level == 1 for tile in tiles) == 2
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles_of(1)) == [(0, 0, 1)]
    assert list(tiles_of(0)) == list(bundles_of(0)) == []


@given(st.integers(0, 2**40))
def test_partial_widths_follow_the_formula(size: int) -> None:
    size %= 200_000
    widths: dict[int, int] = {}
    for tile in tiles_of(size):
        widths[tile.level] = widths.get(tile.level, 0) + tile.width
    levels = [level for level in range(8) if size // 256**level]
    assert widths == {level: size // 256**level for level in levels}
    assert sum(width for _, width in bundles_of(size)) == size


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 70_000])
def test_an_exported_log_read_back_has_the_same_root(size: int) -> None:
    tree = Tree([leaf_hash(leaf) for leaf in LEAVES[:size]])
    files = dict(export_tiles(tree, iter(LEAVES[:size])))
    frontier = Frontier()
    for number, width in bundles_of(size):
        leaves = decode_entries(files.pop(entries_path(number, width)), width)
        hashes = decode_tile(files.pop(tile_path(0, number, width)), width)
        assert isinstance(leaves, tuple)
        assert hashes == tuple(map(leaf_hash, leaves))
        for each in hashes:
            frontier.append(each)
    assert (frontier.size, frontier.root()) == (size, tree.root()) == (size, TREE.root(size))
    # What is left are the upper tiles: each hash the root of a full tile below.
    for level, number, width in tiles_of(size):
        if level:
            hashes = decode_tile(files.pop(tile_path(level, number, width)), width)
            assert isinstance(hashes, tuple)
            for at, each in enumerate(hashes):
                first = (number * TILE_WIDTH + at) * 256**level
                assert each == naive_root(first, first + 256**level)
    assert files == {}


def naive_root(start: int, stop: int) -> bytes:
    if stop - start == 1:
        return leaf_hash(LEAVES[start])
    middle = (start + stop) // 2
    return node_hash(naive_root(start, middle), naive_root(middle, stop))


@pytest.mark.parametrize("old", [0, 1, 255, 256, 257, 300, 65_535, 65_536, 69_999, 70_000])
@pytest.mark.parametrize("size", [257, 300, 512, 65_536, 70_000])
def test_a_copy_grows_by_what_it_lacks(old: int, size: int) -> None:
    if old > size:
        assert list(tiles_of(size, old)) == []
        return
    begin = old // TILE_WIDTH * TILE_WIDTH if old < size else size - size % TILE_WIDTH
    before = dict(export_tiles(TREE, LEAVES[:old], 0, old))
    new = dict(export_tiles(TREE, LEAVES[begin:size], old, size))
    whole = dict(export_tiles(TREE, LEAVES[:size], 0, size))
    assert {**before, **new}.items() >= whole.items()
    assert new.items() <= whole.items()
    # No full tile that was there is written again.
    assert not {path for path in new if path in before and ".p/" not in path}
    beside = dict(export_attachments(size, LEAVES[begin:size], old))
    assert beside.keys() == {
        attachments_path(*each) for each in bundles_of(size) if entries_path(*each) in new
    }


def test_a_longer_log_needs_no_partial_file_of_a_shorter_one() -> None:
    whole = {tile_path(*tile) for tile in tiles_of(70_000)}
    whole |= {
        path(*each) for each in bundles_of(70_000) for path in (entries_path, attachments_path)
    }
    assert partial_paths(70_000) == {path for path in whole if ".p/" in path}
    assert len(partial_paths(70_000)) == 5
    assert partial_paths(0) == set()
    assert partial_paths(256) == {tile_path(1, 0, 1)}


def test_an_export_of_other_leaves_is_refused() -> None:
    tree = Tree([leaf_hash(leaf) for leaf in LEAVES[:300]])
    swapped = [*LEAVES[:298], LEAVES[299], LEAVES[298]]
    with pytest.raises(ValueError, match=r"leaves 256\.\.299 are not those"):
        list(export_tiles(tree, swapped))
    with pytest.raises(ValueError, match="fewer items than the 300 leaves"):
        list(export_tiles(tree, LEAVES[:299]))
    with pytest.raises(ValueError, match="more items than the 300 leaves"):
        list(export_tiles(tree, LEAVES[:301]))
    with pytest.raises(ValueError, match="more items than the 0 leaves"):
        list(export_tiles(Tree(), [b""]))


@given(st.integers(0, 600))
def test_attachments_stand_beside_their_leaves(size: int) -> None:
    attachments = [b"" if index % 3 else b"report %d" % index for index in range(size)]
    files = dict(export_attachments(size, iter(attachments)))
    entries = [entries_path(*bundle) for bundle in bundles_of(size)]
    assert list(files) == [path.replace("tile/entries", "reports") for path in entries]
    back: list[bytes] = []
    for bundle in bundles_of(size):
        items = decode_attachments(files[attachments_path(*bundle)], bundle.width)
        assert isinstance(items, tuple)
        back += items
    assert back == attachments


def test_attachments_that_do_not_fit_the_log_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer items"):
        list(export_attachments(3, [b"", b""]))
    with pytest.raises(ValueError, match="more items"):
        list(export_attachments(3, [b""] * 4))


@codecs
@given(items=bundles)
def test_bundles_round_trip(
    encode: Encode, decode: Decode, prefix: int, items: list[bytes]
) -> None:
    data = encode(items)
    assert data == b"".join(len(item).to_bytes(prefix, "big") + item for item in items)
    assert decode(data, len(items)) == tuple(items)


@codecs
@given(data=st.binary(max_size=300), width=st.integers(1, 5))
def test_whatever_decodes_encodes_to_the_same_bytes(
    encode: Encode, decode: Decode, prefix: int, data: bytes, width: int
) -> None:
    items = decode(data, width)
    if isinstance(items, tuple):
        assert len(items) == width
        assert encode(list(items)) == data


@codecs
def test_malformed_bundles_are_refused(encode: Encode, decode: Decode, prefix: int) -> None:
    items = [b"one", b"", b"three"]
    data = encode(items)
    for cut in range(len(data)):
        assert decode(data[:cut], 3) is TileFault.ENDS_EARLY
    assert decode(data, 4) is TileFault.ENDS_EARLY
    assert decode(data, 2) is TileFault.BYTES_LEFT_OVER
    assert decode(data + b"\0", 3) is TileFault.BYTES_LEFT_OVER
    assert decode(b"\xff" * prefix, 1) is TileFault.ENDS_EARLY


def test_the_longest_items_and_one_byte_more() -> None:
    entry, attachment = bytes(ENTRY_BYTES_MAX), bytes(ATTACHMENT_BYTES_MAX)
    assert decode_entries(encode_entries([entry]), 1) == (entry,)
    assert decode_attachments(encode_attachments([attachment]), 1) == (attachment,)
    with pytest.raises(ValueError, match="65536 bytes, at most 65535"):
        encode_entries([entry + b"\0"])
    with pytest.raises(ValueError, match="1048577 bytes, at most 1048576"):
        encode_attachments([attachment + b"\0"])
    long = (ATTACHMENT_BYTES_MAX + 1).to_bytes(4, "big") + attachment + b"\0"
    assert decode_attachments(long, 1) is TileFault.ITEM_TOO_LONG


@codecs
def test_a_bundle_has_1_to_256_items(encode: Encode, decode: Decode, prefix: int) -> None:
    assert decode(encode([b""] * 256), 256) == (b"",) * 256
    for count in (0, 257):
        with pytest.raises(ValueError, match=f"not {count}"):
            encode([b""] * count)


def test_a_tile_has_exactly_its_hashes() -> None:
    hashes = tuple(leaf_hash(leaf) for leaf in LEAVES[:3])
    data = b"".join(hashes)
    assert decode_tile(data, 3) == hashes
    assert decode_tile(data[:-1], 3) is decode_tile(data, 4) is TileFault.ENDS_EARLY
    assert decode_tile(data + b"\0", 3) is TileFault.BYTES_LEFT_OVER
    assert decode_tile(data, 2) is TileFault.BYTES_LEFT_OVER
    assert len(data) == 3 * HASH_SIZE


def test_the_codes_are_stable() -> None:
    assert [(fault.name, fault.value) for fault in TileFault] == [
        ("ENDS_EARLY", 1),
        ("BYTES_LEFT_OVER", 2),
        ("ITEM_TOO_LONG", 3),
    ]
