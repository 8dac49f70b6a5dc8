"""Files in places where strangers may have put something else under the names that we use.

Nothing here follows a link, waits at a pipe, or reads a device.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAKE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def open_plain(path: Path) -> BinaryIO | None:
    """Open a file to read, None when there is no plain file of this name; raises OSError."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        # What has come in its place since is neither followed nor waited for.
        file = os.fdopen(os.open(path, _READ), "rb")
    except FileNotFoundError:
        return None
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    return None


def make_plain(path: Path) -> BinaryIO:
    """Open a new file to write, in the place of whatever had this name; raises OSError."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, _MAKE, 0o666), "wb")


def size_of(file: BinaryIO) -> int:
    """Return the bytes of an open file."""
    return os.fstat(file.fileno()).st_size


def holds(path: Path, data: bytes) -> bool:
    """Tell whether a plain file has just this content; raises OSError."""
    file = open_plain(path)
    if file is None:
        return False
    with file:
        return size_of(file) == len(data) and file.read(len(data) + 1) == data
