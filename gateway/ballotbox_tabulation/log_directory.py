"""An exported log on disk, as the core wants to read it."""

from pathlib import Path

from ballotbox_tabulation.core.log import FILE_BYTES_MAX, Read


def directory_reader(directory: Path) -> Read:
    """Return a port that reads the files of the log in `directory`.

    A file longer than any file of a log may be comes cut off, which the core then refuses. Raises
    OSError when a file is there and cannot be read.
    """

    def read(path: str) -> bytes | None:
        try:
            with (directory / path).open("rb") as file:
                return file.read(FILE_BYTES_MAX + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read
