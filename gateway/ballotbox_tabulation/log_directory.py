"""An exported log on disk, as the core wants to read it."""

import os
from pathlib import Path

from ballotbox_protocol.wire.checkpoint import NOTE_BYTES_MAX, CheckpointFault, parse_note
from ballotbox_protocol.wire.tiles import CHECKPOINT_PATH
from ballotbox_tabulation.core.log import FILE_BYTES_MAX, Read


def directory_reader(directory: Path) -> Read:
    """Return a port that reads the files of the log in `directory`.

    A file longer than any file of a log may be comes cut off, which the core then refuses. Raises
    OSError when a file is there and cannot be read.
    """

    def read(path: str) -> bytes | None:
        try:
            with (directory / path).open("rb") as file:
                # Of that size alone: a reader makes room for as much as it is asked for.
                size = os.fstat(file.fileno()).st_size
                return file.read(min(size, FILE_BYTES_MAX) + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read


def origin_of(directory: Path) -> str | None:
    """Return which log a directory says it is, None when it does not say; nothing is verified.

    Raises OSError when its checkpoint is there and cannot be read.
    """
    note = directory_reader(directory)(CHECKPOINT_PATH)
    if note is None:
        return None
    signed = parse_note(note[: NOTE_BYTES_MAX + 1])
    return None if isinstance(signed, CheckpointFault) else signed.checkpoint.origin
