"""Writing the published result: whole or not at all."""

import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """Where the published result lies."""

    result: Path
    page: Path


#: What a file is to hold: its bytes, or what yields them a piece at a time.
Content = bytes | Iterable[bytes]


def write_result(directory: Path, result: Content, page: Content) -> ResultFiles:
    """Write `result.json` and `index.html` into `directory`, made when missing; raises OSError.

    Each file appears under its name only when its bytes are on the disk.
    """
    files = ResultFiles(directory / "result.json", directory / "index.html")
    write_together({files.result: result, files.page: page})
    return files


def write_together(contents: Mapping[Path, Content]) -> None:
    """Write files whose folders are made when missing, none before all are on the disk."""
    staged = [(_stage(path, data), path) for path, data in contents.items()]
    # Commit point: from here on a reader finds the new result under its names.
    for temporary, path in staged:
        temporary.replace(path)


def _stage(path: Path, data: Content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.writelines((data,) if isinstance(data, bytes) else data)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def written_to(out: Path | None) -> str:
    """Return what a command writes to, in words for `in_words`, of its option --out."""
    return "the temporary files" if out is None else f"--out {out}"


def in_words(error: OSError, folder: str) -> str:
    """Return what is wrong with a disk and what to do; `folder` is where files are written.

    An error of a file that was opened long before names no file.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{folder}: {error.strerror}; make room there, then run it again"
    where = error.filename or f"a file, perhaps in {folder}"
    return f"{where}: {error.strerror}; check the path"
