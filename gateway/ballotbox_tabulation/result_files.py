"""Writing the published result: whole or not at all."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """Where the published result lies."""

    result: Path
    page: Path


def write_result(directory: Path, result: bytes, page: bytes) -> ResultFiles:
    """Write `result.json` and `index.html` into `directory`, made when missing; raises OSError.

    Each file appears under its name only when its bytes are on the disk.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = ResultFiles(directory / "result.json", directory / "index.html")
    staged = [
        (_stage(path, data), path) for path, data in ((files.result, result), (files.page, page))
    ]
    # Commit point: from here on a reader finds the new result under its names.
    for temporary, path in staged:
        temporary.replace(path)
    return files


def _stage(path: Path, data: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return temporary
