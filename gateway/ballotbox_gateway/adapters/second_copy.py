"""The second copy of a gateway's log: an exported log that grows beside the ledger.

It is written after the commit, so it may lack the newest leaves: whoever restores from it must know
whether it has them all. `complete` says so. It is written when a gateway stops in order, and taken
away before the next one commits anything.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.log_directory import (
    STAGED,
    require_own,
    sync_directory,
    unwritable,
    write_file,
)
from ballotbox_gateway.core.publishing import Stretch
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import PublicKey
from ballotbox_protocol.wire.checkpoint import (
    NOTE_BYTES_MAX,
    Checkpoint,
    CheckpointFault,
    verify_checkpoint,
)
from ballotbox_protocol.wire.merkle import EMPTY_ROOT
from ballotbox_protocol.wire.tiles import (
    CHECKPOINT_PATH,
    Bundle,
    attachments_path,
    decode_attachments,
    decode_entries,
    decode_tile,
    entries_path,
    partial_paths,
    tile_path,
)

COMPLETE_PATH: Final = "complete"


class BundleParts(NamedTuple):
    """What a copy holds of one bundle: leaves, attachments, leaf hashes; () for what is damaged."""

    leaves: tuple[bytes, ...]
    attachments: tuple[bytes, ...]
    hashes: tuple[bytes, ...]


class SecondCopy:
    """The copy in `directory` of the log that `origin` signs with `key`."""

    def __init__(self, directory: Path, origin: str, key: PublicKey) -> None:
        self.directory = directory
        self._origin = origin
        self._key = key
        self._kept: list[set[str]] = []
        # A writer that nobody waits for any more may still be at it.
        self._writing = threading.Lock()

    def head(self) -> Checkpoint | None:
        """Return the checkpoint of the copy, None when it holds nothing; raises Problem.

        The problem is that it cannot be read, or that this gateway has not signed for it.
        """
        note = self._read(CHECKPOINT_PATH)
        if note is None:
            return None
        checkpoint = verify_checkpoint(note[: NOTE_BYTES_MAX + 1], self._origin, self._key)
        if isinstance(checkpoint, CheckpointFault):
            what = f"its checkpoint is not one that {self._origin} signed: {checkpoint.name}"
            raise Problem(str(self.directory), what, "Name another directory in second_copy")
        return checkpoint

    def is_complete(self) -> bool:
        """Tell whether the gateway that wrote this copy stopped in order, at its end."""
        mark = self._read(COMPLETE_PATH)
        return mark is not None and mark == self._read(CHECKPOINT_PATH)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.directory / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            what = f"cannot be read: {(error.strerror or str(error)).lower()}"
            remedy = "Mend that disk, or take second_copy out of the settings"
            raise Problem(str(self.directory / name), what, remedy) from error

    def begin(self, empty: bytes) -> None:
        """Say that leaves will follow, and sweep up what was cut short; raises Problem.

        `empty` is the checkpoint of the log without leaves: from here on it is known to have begun.
        """
        with self._writing:
            self._begin(empty)

    def _begin(self, empty: bytes) -> None:
        require_own(self.directory, Checkpoint(self._origin, 0, EMPTY_ROOT), any_size=True)
        head = self.head()
        needed = partial_paths(head.size) if head else set()
        try:
            if (self.directory / COMPLETE_PATH).exists():
                (self.directory / COMPLETE_PATH).unlink()
                sync_directory(self.directory)
            for path in self._left_over():
                if path.relative_to(self.directory).as_posix() not in needed:
                    path.unlink()
        except OSError as error:
            raise unwritable(self.directory, error) from error
        self._kept = [needed]
        if head is None:
            write_file(self.directory / CHECKPOINT_PATH, empty)

    def _left_over(self) -> Iterator[Path]:
        for part in ("tile", "reports"):
            for path in list((self.directory / part).rglob("*")):
                if path.is_file() and (path.name.endswith(STAGED) or path.parent.suffix == ".p"):
                    yield path

    def write(self, stretch: Stretch) -> None:
        """Write what is new or differs; the checkpoint last, and never a shorter one.

        Raises Problem.
        """
        with self._writing:
            self._write(stretch)

    def _write(self, stretch: Stretch) -> None:
        head = self.head()
        reached = head is None or head.size <= stretch.size
        for name, data in stretch.files:
            if name != CHECKPOINT_PATH or reached:
                write_file(self.directory / name, data)
        if reached:
            self._forget(stretch.size)

    def _forget(self, size: int) -> None:
        """Take away what neither this checkpoint nor the one before it needs."""
        self._kept.append(partial_paths(size))
        if len(self._kept) > 2:
            old = self._kept.pop(0)
            try:
                for name in old - self._kept[0] - self._kept[1]:
                    (self.directory / name).unlink(missing_ok=True)
            except OSError as error:
                raise unwritable(self.directory, error) from error

    def finish(self) -> None:
        """Say that no leaf will follow; raises Problem."""
        with self._writing:
            note = self._read(CHECKPOINT_PATH)
            if note is not None:
                write_file(self.directory / COMPLETE_PATH, note)

    def parts(self, bundle: Bundle) -> BundleParts:
        """Return what can be read of one bundle; raises Problem when the disk is sick."""
        number, width = bundle
        leaves = decode_entries(self._read(entries_path(number, width)) or b"", width)
        beside = decode_attachments(self._read(attachments_path(number, width)) or b"", width)
        hashes = decode_tile(self._read(tile_path(0, number, width)) or b"", width)
        return BundleParts(
            leaves if isinstance(leaves, tuple) else (),
            beside if isinstance(beside, tuple) else (),
            hashes if isinstance(hashes, tuple) else (),
        )
