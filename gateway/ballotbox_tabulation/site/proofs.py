"""Signed reports and their proofs out of the log that a result was counted from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import NOTE_BYTES_MAX
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.paper import PaperCopy, PaperError, paper_parts, print_entry
from ballotbox_protocol.wire.receipt import encode_receipts
from ballotbox_protocol.wire.tiles import (
    CHECKPOINT_PATH,
    TILE_WIDTH,
    TileFault,
    attachments_path,
    bundles_of,
    decode_attachments,
    decode_entries,
    entries_path,
)
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.attachment import decode_attachment
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import OpenedLog, Read, open_log
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.trust_files import UnusableInput

#: Bundles kept in memory: the reports of one box lie close together.
_BUNDLES_KEPT: Final = 64
_ANEW: Final = "export it anew, then run ballotbox-tabulate run on it"

#: Told how many leaves are read, of how many.
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """One report as its box signed it, and the receipt that proves its newest leaf."""

    report: bytes
    receipt: bytes


class Proofs:
    """Finds reports by the leaves that a result names; raises UnusableInput for another log."""

    def __init__(self, log: OpenedLog, result: Document, told: Told) -> None:
        self._read = log.read
        self._trusted: Trusted = log.trusted
        self._size = log.checkpoint.size
        note = log.read(CHECKPOINT_PATH)
        self._note = b"" if note is None else note[:NOTE_BYTES_MAX]
        _require_same(log, result)
        self._tree = _tree(log, told)
        if self._tree.root() != log.checkpoint.root:
            raise UnusableInput(f"LOG: its leaves are not those that were signed; {_ANEW}")
        self._bundle = lru_cache(_BUNDLES_KEPT)(self._load)

    def of(self, report: Document) -> Proof:
        """Return the proof of a report that the result lists; raises UnusableInput."""
        data = next(filter(None, map(self._report_at, report["leaves"])), None)
        if data is None or _id_of(data) != report["id"]:
            raise UnusableInput(
                f"LOG: report {report['id']} does not stand beside its leaf; {_ANEW}"
            )
        newest = report["leaves"][-1]
        leaf = self._bundle(newest // TILE_WIDTH)[0][newest % TILE_WIDTH]
        (receipt,) = encode_receipts(self._tree, self._size, self._note, [(newest, leaf)])
        return Proof(data, receipt)

    def codes(self, report: bytes) -> tuple[str, ...]:
        """Return the texts of a report's QR codes, none when it does not fit paper."""
        entry = self._trusted.reporters.get(cose.parse(report).protected)
        if entry is None:
            return ()
        try:
            return paper_parts(PaperCopy(report, print_entry(entry)))
        except PaperError:
            return ()

    def _report_at(self, index: int) -> bytes | None:
        number, place = divmod(index, TILE_WIDTH)
        return decode_attachment(self._bundle(number)[1][place]).report

    def _load(self, number: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        width = min(TILE_WIDTH, self._size - number * TILE_WIDTH)
        path = attachments_path(number, width)
        return (
            _leaves(self._read, number, width),
            _whole(decode_attachments(_file(self._read, path), width), path),
        )


def open_proofs(read: Read, trusted: Trusted, result: Document, told: Told) -> Proofs:
    """Return the proofs of a result out of the exported log behind `read`."""
    log = open_log(read, trusted)
    if isinstance(log, Fault):
        raise UnusableInput(f"LOG: {log}; {_ANEW}")
    return Proofs(log, result, told)


def _require_same(log: OpenedLog, result: Document) -> None:
    told, checkpoint = result["log"], log.checkpoint
    for field, has in (
        ("origin", checkpoint.origin),
        ("size", checkpoint.size),
        ("root", checkpoint.root.hex()),
    ):
        if told[field] != has:
            wrong = f"its {field} is {has}, the result was counted from {told[field]}"
            raise UnusableInput(f"LOG: {wrong}; name the log that it was counted from")


def _tree(log: OpenedLog, told: Told) -> Tree:
    tree, size = Tree(), log.checkpoint.size
    for bundle in bundles_of(size):
        tree.extend([leaf_hash(leaf) for leaf in _leaves(log.read, bundle.number, bundle.width)])
        told(tree.size, size)
    return tree


def _leaves(read: Read, number: int, width: int) -> tuple[bytes, ...]:
    path = entries_path(number, width)
    return _whole(decode_entries(_file(read, path), width), path)


def _file(read: Read, path: str) -> bytes:
    data = read(path)
    if data is None:
        raise UnusableInput(f"LOG: {path} is missing; {_ANEW}")
    return data


def _whole(items: tuple[bytes, ...] | TileFault, path: str) -> tuple[bytes, ...]:
    if isinstance(items, TileFault):
        raise UnusableInput(f"LOG: {path} is damaged: {items.name}; {_ANEW}")
    return items


def _id_of(report: bytes) -> str:
    try:
        return cose.statement_id(cose.parse(report).statement).hex()
    except cose.EnvelopeError:
        return ""


def hex_lines(data: bytes) -> Iterator[str]:
    """Yield bytes as hexadecimal text, as ballotbox-verify reads it."""
    text = data.hex()
    for at in range(0, len(text), 64):
        yield f"{text[at : at + 64]}\n"
