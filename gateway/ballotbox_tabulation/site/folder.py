"""A folder of static files that is never blank: the new ones take their names when all are there.

Files are staged beside their places, then renamed, the pages that people open first last of all. A
file that an earlier site left and this one does not have is removed after that.
"""

import re
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Self

SUMS: Final = "SHA256SUMS"
_STAGED: Final = ".staged"
#: A line of the sums that this program wrote; what else stands there removes nothing.
_LINE: Final = re.compile(r"[0-9a-f]{64}  ((?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][\w.-]*)")


class Folder:
    """Takes the files of a site; nothing of the folder changes before `finish`. Raises OSError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._staged = directory / _STAGED
        self._made = not directory.exists()
        self._sums: dict[str, str] = {}
        self._folders: set[Path] = set()

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        # What a run that was killed had staged is of no use.
        shutil.rmtree(self._staged, ignore_errors=True)
        self._staged.mkdir()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._staged, ignore_errors=True)
        if self._made:
            # A directory with files in it stays.
            with suppress(OSError):
                self._directory.rmdir()

    def __len__(self) -> int:
        return len(self._sums)

    def write(self, name: str, data: bytes) -> None:
        """Stage one file."""
        with self._place(name).open("wb") as file:
            file.write(data)
        self._sums[name] = sha256(data).hexdigest()

    def write_text(self, name: str, pieces: Iterable[str]) -> None:
        """Stage one text, given in pieces of which no two need be in memory at once."""
        digest = sha256()
        with self._place(name).open("wb") as file:
            for piece in pieces:
                data = piece.encode()
                digest.update(data)
                file.write(data)
        self._sums[name] = digest.hexdigest()

    def finish(self, last: Collection[str]) -> None:
        """Give all files their names, those in `last` at the end, and remove what is left over."""
        before = self._names_before()
        lines = sorted(f"{digest}  {name}\n" for name, digest in self._sums.items())
        self.write(SUMS, "".join(lines).encode())
        ordered = sorted(self._sums, key=lambda name: (name == SUMS, name in last, name))
        for folder in {(self._directory / name).parent for name in ordered}:
            folder.mkdir(parents=True, exist_ok=True)
        for name in ordered:
            (self._staged / name).replace(self._directory / name)
        self._remove(before - self._sums.keys())

    def _place(self, name: str) -> Path:
        path = self._staged / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        return path

    def _names_before(self) -> set[str]:
        try:
            text = (self._directory / SUMS).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return set()
        return {found[1] for line in text.splitlines() if (found := _LINE.fullmatch(line))}

    def _remove(self, names: set[str]) -> None:
        for name in names:
            (self._directory / name).unlink(missing_ok=True)
        folders = {folder for name in names for folder in Path(name).parents[:-1]}
        for folder in sorted(folders, key=lambda each: -len(each.parts)):
            # A folder with files in it stays.
            with suppress(OSError):
                (self._directory / folder).rmdir()
