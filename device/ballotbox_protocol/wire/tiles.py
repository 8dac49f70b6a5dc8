"""A log as static files: C2SP tlog-tiles, and beside each entry bundle a bundle of attachments.

Only names and bytes; who writes or reads the files is elsewhere. A log consists of `checkpoint`,
the hash tiles, the entry bundles (its leaves) and the attachment bundles (what each leaf decides
about, such as a signed report).
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum, unique
from itertools import islice
from typing import Final, NamedTuple

from ballotbox_protocol.wire.merkle import HASH_SIZE, Tree, leaf_hash

CHECKPOINT_PATH: Final = "checkpoint"
TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
TILE_LEVEL_MAX: Final = 63
ENTRY_BYTES_MAX: Final = 0xFFFF
#: Far above the largest report (16 KiB); bounds what a reader holds for one leaf.
ATTACHMENT_BYTES_MAX: Final = 1 << 20

_ENTRY_PREFIX: Final = 2
_ATTACHMENT_PREFIX: Final = 4


@unique
class TileFault(IntEnum):
    """Why the bytes are not the file they should be; the codes are stable."""

    ENDS_EARLY = 1
    BYTES_LEFT_OVER = 2
    ITEM_TOO_LONG = 3


class Tile(NamedTuple):
    """One hash tile of a log: `width` hashes, each the root of 256^level leaves."""

    level: int
    number: int
    width: int


class Bundle(NamedTuple):
    """One bundle of a log: the leaves from 256 * number on, `width` of them."""

    number: int
    width: int


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Return the name of a hash tile: `tile/<L>/<N>[.p/<W>]`."""
    if not 0 <= level <= TILE_LEVEL_MAX:
        raise ValueError(f"tile level {level} is outside 0..{TILE_LEVEL_MAX}")
    return f"tile/{level}/{_numbered_path(number, width)}"


def entries_path(number: int, width: int = TILE_WIDTH) -> str:
    """Return the name of an entry bundle: `tile/entries/<N>[.p/<W>]`."""
    return f"tile/entries/{_numbered_path(number, width)}"


def attachments_path(number: int, width: int = TILE_WIDTH) -> str:
    """Return the name of an attachment bundle: `reports/<N>[.p/<W>]`."""
    return f"reports/{_numbered_path(number, width)}"


def _numbered_path(number: int, width: int) -> str:
    if number < 0 or not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"there is no tile {number} of width {width}")
    number, low = divmod(number, 1000)
    path = f"{low:03d}" if width == TILE_WIDTH else f"{low:03d}.p/{width}"
    while number:
        number, low = divmod(number, 1000)
        path = f"x{low:03d}/{path}"
    return path


def tiles_of(size: int, old: int = 0) -> Iterator[Tile]:
    """Yield the hash tiles of a log of `size` leaves, lowest level first.

    Of a log that was `old` leaves long, those alone that are new or have changed.
    """
    level = 0
    while old < size:
        for number, width in bundles_of(size, old):
            yield Tile(level, number, width)
        size //= TILE_WIDTH
        old //= TILE_WIDTH
        level += 1


def bundles_of(size: int, old: int = 0) -> Iterator[Bundle]:
    """Yield the bundles (of entries, or of attachments) of a log of `size` leaves, in order.

    Of a log that was `old` leaves long, those alone that hold a later leaf.
    """
    full, rest = divmod(size, TILE_WIDTH)
    for number in range(old // TILE_WIDTH, full):
        yield Bundle(number, TILE_WIDTH)
    if rest:
        yield Bundle(full, rest)


def encode_entries(leaves: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each leaf after its length as a big-endian uint16."""
    return _encode_bundle(leaves, _ENTRY_PREFIX, ENTRY_BYTES_MAX)


def decode_entries(data: bytes, width: int) -> tuple[bytes, ...] | TileFault:
    """Return the `width` leaves of an entry bundle, or why it does not hold exactly these."""
    return _decode_bundle(data, width, _ENTRY_PREFIX, ENTRY_BYTES_MAX)


def encode_attachments(attachments: Sequence[bytes]) -> bytes:
    """Return an attachment bundle: each attachment after its length as a big-endian uint32."""
    return _encode_bundle(attachments, _ATTACHMENT_PREFIX, ATTACHMENT_BYTES_MAX)


def decode_attachments(data: bytes, width: int) -> tuple[bytes, ...] | TileFault:
    """Return the `width` attachments of a bundle, or why it does not hold exactly these."""
    return _decode_bundle(data, width, _ATTACHMENT_PREFIX, ATTACHMENT_BYTES_MAX)


def _encode_bundle(items: Sequence[bytes], prefix: int, item_max: int) -> bytes:
    if not 1 <= len(items) <= TILE_WIDTH:
        raise ValueError(f"a bundle holds 1..{TILE_WIDTH} items, not {len(items)}")
    parts: list[bytes] = []
    for item in items:
        if len(item) > item_max:
            raise ValueError(f"an item has {len(item)} bytes, at most {item_max} are allowed")
        parts += (len(item).to_bytes(prefix), item)
    return b"".join(parts)


def _decode_bundle(
    data: bytes, width: int, prefix: int, item_max: int
) -> tuple[bytes, ...] | TileFault:
    items: list[bytes] = []
    position, end = 0, len(data)
    stride = prefix + int.from_bytes(data[:prefix])
    # Leaves are nearly all of one length: then the lengths are asked together, not one by one.
    if end == width * stride and stride <= prefix + item_max and _alike(data, prefix, stride):
        return tuple([data[at + prefix : at + stride] for at in range(0, end, stride)])
    for _ in range(width):
        start = position + prefix
        length = int.from_bytes(data[position:start])
        position = start + length
        if position > end:
            return TileFault.ENDS_EARLY
        if length > item_max:
            return TileFault.ITEM_TOO_LONG
        items.append(data[start:position])
    return TileFault.BYTES_LEFT_OVER if position < end else tuple(items)


def _alike(data: bytes, prefix: int, stride: int) -> bool:
    """Tell whether the same length stands at every `stride`."""
    return all(len(set(data[at::stride])) == 1 for at in range(prefix))


def decode_tile(data: bytes, width: int) -> tuple[bytes, ...] | TileFault:
    """Return the `width` hashes of a hash tile, or why it does not hold exactly these."""
    size = width * HASH_SIZE
    if len(data) != size:
        return TileFault.ENDS_EARLY if len(data) < size else TileFault.BYTES_LEFT_OVER
    return tuple(data[at : at + HASH_SIZE] for at in range(0, size, HASH_SIZE))


def partial_paths(size: int) -> set[str]:
    """Return the names of the files of a log of `size` leaves that a longer log does not need."""
    names = {tile_path(*tile) for tile in tiles_of(size) if tile.width < TILE_WIDTH}
    for bundle in bundles_of(size, size):
        names |= {entries_path(*bundle), attachments_path(*bundle)}
    return names


def export_tiles(
    tree: Tree, leaves: Iterable[bytes], old: int = 0, size: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of every entry bundle and hash tile of the tree's first `size` leaves.

    Of a log that was `old` leaves long, the new and changed ones alone. `leaves` are the tree's
    leaves in order, from the first of the first bundle on. Raises ValueError as soon as one is
    missing, left over or not the leaf that the tree holds. Write `checkpoint` last: it makes the
    directory complete.
    """
    size = tree.size if size is None else size
    for (number, width), bundle in _in_bundles(size, leaves, old):
        start = number * TILE_WIDTH
        if b"".join(map(leaf_hash, bundle)) != tree.subtrees(0, start, start + width):
            raise ValueError(f"leaves {start}..{start + width - 1} are not those of the tree")
        yield entries_path(number, width), encode_entries(bundle)
    for level, number, width in tiles_of(size, old):
        start = number * TILE_WIDTH
        hashes = tree.subtrees(level * TILE_HEIGHT, start, start + width)
        yield tile_path(level, number, width), hashes


def export_attachments(
    size: int, attachments: Iterable[bytes], old: int = 0
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of every attachment bundle of a log of `size` leaves.

    `attachments` has one item per leaf, in order, b"" for a leaf without one; ValueError otherwise.
    `old` is as for the tiles.
    """
    for (number, width), bundle in _in_bundles(size, attachments, old):
        yield attachments_path(number, width), encode_attachments(bundle)


def _in_bundles(
    size: int, items: Iterable[bytes], old: int
) -> Iterator[tuple[Bundle, list[bytes]]]:
    rest = iter(items)
    for bundle in bundles_of(size, old):
        part = list(islice(rest, bundle.width))
        if len(part) != bundle.width:
            raise ValueError(f"fewer items than the {size} leaves of the log")
        yield bundle, part
    if next(rest, None) is not None:
        raise ValueError(f"more items than the {size} leaves of the log")
