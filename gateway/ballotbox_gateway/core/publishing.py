"""The log as static files (device/WIRE.md), for an export or for a copy that grows with it."""

from collections.abc import Iterator
from typing import NamedTuple

from ballotbox_gateway.core.books import Books
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.tiles import (
    CHECKPOINT_PATH,
    TILE_WIDTH,
    export_attachments,
)


class Stretch(NamedTuple):
    """What a copy of `first` leaves needs to hold `size` leaves: files by name, checkpoint last."""

    first: int
    size: int
    files: tuple[tuple[str, bytes], ...]


def stretch(books: Books, first: int, bundles: int) -> Stretch | None:
    """Return the next at most `bundles` bundles beyond `first` leaves; None at the log's end."""
    books.follow()
    begin = first // TILE_WIDTH * TILE_WIDTH
    size = min(begin + bundles * TILE_WIDTH, books.log.head.size)
    if size <= first:
        return None
    return Stretch(first, size, tuple(_files(books, first, begin, size)))


def _files(books: Books, first: int, begin: int, size: int) -> Iterator[tuple[str, bytes]]:
    entries = books.ledger.entries(begin, size)
    yield from books.log.tiles([entry.leaf for entry in entries], first, size)
    yield from export_attachments(size, (attachment(*entry[2:]) for entry in entries), first)
    yield CHECKPOINT_PATH, books.log.note_at(size)


def attachment(report: bytes | None, ruling: bytes | None, note: bytes | None) -> bytes:
    """Return what stands beside a leaf, as the files hold it."""
    return cbor.encode([report, ruling, note])
