"""Reading a gateway's exported log: nothing in it counts before all of it holds together.

A log is a directory of static files (C2SP tlog-tiles, and the attachments of the leaves under
`reports/`; device/WIRE.md), given here as a port that returns a file's bytes. The checkpoint is
verified with the register's key of its origin; every leaf goes into a tree whose root and tiles
must be the signed ones; every leaf must fit the evidence beside it. Files that the checkpoint does
not call for are not read, and so cannot matter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.wire.checkpoint import (
    NOTE_BYTES_MAX,
    Checkpoint,
    CheckpointFault,
    check_signature,
    parse_note,
)
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.tiles import (
    CHECKPOINT_PATH,
    TILE_HEIGHT,
    TILE_WIDTH,
    Bundle,
    TileFault,
    attachments_path,
    bundles_of,
    decode_attachments,
    decode_entries,
    entries_path,
    tile_path,
    tiles_of,
)
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.attachment import ATTACHMENT_LIMITS
from ballotbox_tabulation.core.authenticity import Authenticity
from ballotbox_tabulation.core.evidence import Evidence, LogEntry
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.repeated import repeated_ids

#: Returns the bytes of one file of the log by its name in it, None when there is no such file.
Read = Callable[[str], bytes | None]

#: No file of a log is longer: a full bundle of the largest attachments. A reader may stop there.
FILE_BYTES_MAX: Final = TILE_WIDTH * (ATTACHMENT_LIMITS.size + 4)


@dataclass(frozen=True, slots=True)
class OpenedLog:
    """A log whose checkpoint verifies; of its leaves nothing is known yet."""

    checkpoint: Checkpoint
    read: Read
    trusted: Trusted


def open_log(read: Read, trusted: Trusted) -> OpenedLog | Fault:
    """Return the log behind `read` when a gateway of the register signed its checkpoint."""
    note = read(CHECKPOINT_PATH)
    if note is None:
        return Fault(LogFault.CHECKPOINT_MISSING)
    signed = parse_note(note[: NOTE_BYTES_MAX + 1])
    if isinstance(signed, CheckpointFault):
        return Fault(LogFault.CHECKPOINT_FORM, detail=signed.name)
    origin = signed.checkpoint.origin
    key = trusted.register.gateway_keys.get(origin)
    if key is None:
        return Fault(LogFault.CHECKPOINT_ORIGIN, detail=origin)
    fault = check_signature(signed, key)
    if fault is not None:
        return Fault(LogFault.CHECKPOINT_SIGNATURE, detail=fault.name)
    return OpenedLog(signed.checkpoint, read, trusted)


def read_leaves(log: OpenedLog) -> Iterator[LogEntry | Fault]:
    """Yield, in order, each leaf or what is wrong with it, then what is wrong with the whole.

    A leaf may be believed only after the last item, because root and tiles are compared last. An
    unreadable bundle of leaves ends the reading with its fault.
    """
    tree = Tree()
    authenticity = Authenticity(log.trusted)
    repeated = repeated_ids(_readable(log), _there(log))
    evidence = Evidence(log.trusted, log.checkpoint.origin, tree, repeated)
    for bundle in bundles_of(log.checkpoint.size):
        leaves = _entries(log.read, bundle)
        if isinstance(leaves, Fault):
            yield leaves
            return
        tree.extend([leaf_hash(leaf) for leaf in leaves])
        attachments = _attachments(log.read, bundle)
        if isinstance(attachments, Fault):
            yield attachments
            continue
        first = bundle.number * TILE_WIDTH
        for each in authenticity.open(first, leaves, attachments):
            yield each if isinstance(each, Fault) else evidence.check(each)
    if tree.root() != log.checkpoint.root:
        yield Fault(LogFault.ROOT, detail=f"of {log.checkpoint.size} leaves")
    yield from _tile_faults(log.read, tree)


def _there(log: OpenedLog) -> int:
    """Return how many leaves have files: a checkpoint may be signed for more than memory holds."""
    there = 0
    for number, width in bundles_of(log.checkpoint.size):
        if log.read(entries_path(number, width)) is None:
            break
        there += width
    return there


def _readable(log: OpenedLog) -> Iterator[tuple[bytes, ...]]:
    """Yield the leaves up to the first bundle that cannot be read."""
    for bundle in bundles_of(log.checkpoint.size):
        leaves = _entries(log.read, bundle)
        if isinstance(leaves, Fault):
            return
        yield leaves


def _entries(read: Read, bundle: Bundle) -> tuple[bytes, ...] | Fault:
    path = entries_path(bundle.number, bundle.width)
    data = read(path)
    if data is None:
        return Fault(LogFault.FILE_MISSING, detail=path)
    leaves = decode_entries(data, bundle.width)
    return leaves if isinstance(leaves, tuple) else _misshapen(path, leaves)


def _attachments(read: Read, bundle: Bundle) -> tuple[bytes, ...] | Fault:
    path = attachments_path(bundle.number, bundle.width)
    data = read(path)
    if data is None:
        return Fault(LogFault.FILE_MISSING, detail=path)
    attachments = decode_attachments(data, bundle.width)
    return attachments if isinstance(attachments, tuple) else _misshapen(path, attachments)


def _misshapen(path: str, fault: TileFault) -> Fault:
    return Fault(LogFault.FILE_FORM, detail=f"{path}: {fault.name}")


def _tile_faults(read: Read, tree: Tree) -> Iterator[Fault]:
    for level, number, width in tiles_of(tree.size):
        path = tile_path(level, number, width)
        start = number * TILE_WIDTH
        data = read(path)
        if data is None:
            yield Fault(LogFault.FILE_MISSING, detail=path)
        elif data != tree.subtrees(level * TILE_HEIGHT, start, start + width):
            yield Fault(LogFault.TILE, detail=path)
