"""A log as a directory of static files (device/WIRE.md, after C2SP tlog-tiles).

Whoever reads it may come at any moment: every file appears whole, and `checkpoint`, which says how
far the directory reaches, comes last. Under another name it comes first as well: an export that was
cut short is known by it, and goes on.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.plain_files import holds, make_plain
from ballotbox_gateway.core.publishing import attachment
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire.checkpoint import Checkpoint, CheckpointFault, parse_note
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.tiles import CHECKPOINT_PATH, export_attachments, export_tiles

STAGED: Final = ".partial"
_AGAIN: Final = "Choose an empty directory"


class LoggedEntry(NamedTuple):
    """A leaf with what it decides about: report, ruling, and the lower checkpoint it came with."""

    leaf: bytes
    report: bytes | None
    ruling: bytes | None
    note: bytes | None


def write_log(directory: Path, note: bytes, entries: Iterable[LoggedEntry]) -> int:
    """Write the log that `note` signs for and return the number of files.

    Raises Problem when the directory holds something else, or a longer log, or cannot be written;
    ValueError when the entries are not those of the checkpoint.
    """
    require_own(directory, _checkpoint(note))
    files = log_files(note, entries)
    # That the entries are not the checkpoint's shows here, before anything is written.
    first = next(files)
    _stage(directory / CHECKPOINT_PATH, note)
    count = 0
    for path, data in chain((first,), files):
        write_file(directory / path, data)
        count += 1
    return count


def log_files(note: bytes, entries: Iterable[LoggedEntry]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of the log that `note` signs for, `checkpoint` last.

    Raises ValueError, before the first file, when the entries are not those of the checkpoint.
    """
    checkpoint = _checkpoint(note)
    kept = list(entries)
    tree = Tree()
    tree.extend([leaf_hash(entry.leaf) for entry in kept])
    if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
        raise ValueError("the entries are not those that the checkpoint signs for")
    yield from export_tiles(tree, (entry.leaf for entry in kept))
    attachments = (attachment(entry.report, entry.ruling, entry.note) for entry in kept)
    yield from export_attachments(tree.size, attachments)
    yield CHECKPOINT_PATH, note


def _checkpoint(note: bytes) -> Checkpoint:
    signed = parse_note(note)
    if not isinstance(signed, CheckpointFault):
        return signed.checkpoint
    raise ValueError(f"the checkpoint is none: {signed.name}")


def require_own(directory: Path, checkpoint: Checkpoint, *, any_size: bool = False) -> None:
    """Let an export grow in place, and nothing else be written over; raises Problem.

    any_size: a longer log of the same origin may be there.
    """
    path = directory / CHECKPOINT_PATH
    try:
        names = _names_in(directory)
        if names <= {_staged(path).name}:
            return
        note = path if path.exists() else _staged(path)
        before = parse_note(note.read_bytes()) if note.exists() else CheckpointFault.NOT_A_NOTE
    except OSError as error:
        raise unwritable(directory, error) from error
    if isinstance(before, CheckpointFault):
        raise Problem(str(directory), "is not empty and holds no exported log", _AGAIN)
    there = before.checkpoint
    if there.origin != checkpoint.origin:
        raise Problem(str(directory), f"holds the log of {there.origin}", _AGAIN)
    if there.size > checkpoint.size and not any_size:
        what = f"holds a longer log ({there.size} leaves, not {checkpoint.size})"
        raise Problem(str(directory), what, "Find out why this ledger is behind it")


def _names_in(directory: Path) -> set[str]:
    """Return what a directory holds; of one that is not there nothing, however lately it went."""
    try:
        return {each.name for each in directory.iterdir()}
    except FileNotFoundError:
        return set()


def write_file(path: Path, data: bytes) -> None:
    """Let a file have this content, whole and durably, or stay as it was; raises Problem."""
    try:
        if holds(path, data):
            _staged(path).unlink(missing_ok=True)
            return
        _stage(path, data)
        _staged(path).replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def _stage(path: Path, data: bytes) -> None:
    try:
        make_directory(path.parent)
        with make_plain(_staged(path)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error


def make_directory(directory: Path) -> None:
    """Make a directory and those above it, durably, where they are missing; raises OSError."""
    if not directory.is_dir():
        make_directory(directory.parent)
        directory.mkdir(exist_ok=True)
        sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    """Make durable which files a directory holds; raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _staged(path: Path) -> Path:
    return path.with_name(path.name + STAGED)


def unwritable(path: Path, error: OSError) -> Problem:
    """Return the problem of a place of the log that cannot be written."""
    words = (error.strerror or str(error)).lower()
    return Problem(str(path), f"cannot be written: {words}", "Choose another directory or disk")
