"""A folder of static files that is never blank: the new ones take their names when all are there.

Files are staged beside their places, then renamed, the pages that people open first at the end. A
file that an earlier site left and this one does not have is removed after that, and the sums of all
files take their name last. A folder with anything in it that no earlier site wrote, by its content,
is not touched.

Until then a journal tells the files of every site that was cut short on the way: whatever is found
halfway, the next run knows it and finishes.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from ballotbox_tabulation.result_files import Content
from ballotbox_tabulation.trust_files import UnusableInput

SUMS: Final = "SHA256SUMS"
#: Every site has it, and it names itself by its digest: no stranger's list of sums comes with one.
RESULT: Final = "data/result.json"
_STAGED: Final = ".ballotbox-site"
_NEW: Final = "new"
_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S+)")
_RESULT_HEAD: Final = re.compile(rb'\{"digest":"sha256:([0-9a-f]{64})","result":')
_RESULT_HEAD_SIZE: Final = 93
_RESULT_TAIL: Final = b"}\n"
_PIECE: Final = 1 << 20
#: A refusal names so many strange files.
_NAMED_MAX: Final = 5


class Folder:
    """Takes the files of a site; nothing of the folder changes before `finish`. Raises OSError.

    Entering raises UnusableInput for a folder with files of others.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._staged = directory / _STAGED
        self._new = self._staged / _NEW
        self._journal = self._staged / SUMS
        self._made = not directory.exists()
        self._sums: dict[str, str] = {}
        self._folders: set[Path] = set()
        self._before: set[str] = set()

    def __enter__(self) -> Self:
        self._before = own_files(self._directory)
        self._directory.mkdir(parents=True, exist_ok=True)
        # What a run that was killed had staged is of no use, but for its journal.
        self._clear()
        self._new.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clear()
        # The journal of a run that was cut short stays.
        with suppress(OSError):
            self._staged.rmdir()
        if self._made:
            # A directory with files in it stays.
            with suppress(OSError):
                self._directory.rmdir()

    def __len__(self) -> int:
        return len(self._sums)

    def write(self, name: str, data: Content) -> None:
        """Stage one file; of bytes in pieces no two need be in memory at once."""
        digest = sha256()
        with self._place(name).open("wb") as file:
            for piece in (data,) if isinstance(data, bytes) else data:
                digest.update(piece)
                file.write(piece)
        self._sums[name] = digest.hexdigest()

    def write_text(self, name: str, pieces: Iterable[str]) -> None:
        """Stage one text, given in pieces of which no two need be in memory at once."""
        self.write(name, (piece.encode() for piece in pieces))

    def finish(self, last: Collection[str]) -> None:
        """Give all files their names, those in `last` at the end, and remove what is left over."""
        # The result names itself: from the first renaming on the folder is a site's.
        ordered = sorted(self._sums, key=lambda name: (name in last, name != RESULT, name))
        for folder in {(self._directory / name).parent for name in ordered}:
            folder.mkdir(parents=True, exist_ok=True)
        self.write(SUMS, _listed(self._sums.items()))
        self._note()
        for name in ordered:
            (self._new / name).replace(self._directory / name)
        self._remove(self._before - self._sums.keys())
        # Commit point: before it the journal knows every file that may lie here.
        (self._new / SUMS).replace(self._directory / SUMS)
        self._journal.unlink()

    def _note(self) -> None:
        """Add the files of this run to the journal."""
        known = {(name, digest) for digest, name in _sums_in(self._journal)}
        staged = self._staged / f"{SUMS}.{_NEW}"
        staged.write_bytes(_listed(known | self._sums.items()))
        staged.replace(self._journal)

    def _clear(self) -> None:
        """Remove what is staged; the journal is no part of it."""
        with suppress(OSError):
            for each in self._staged.iterdir():
                if each != self._journal:
                    _remove_whole(each)

    def _place(self, name: str) -> Path:
        path = self._new / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        return path

    def _remove(self, names: set[str]) -> None:
        for name in names:
            (self._directory / name).unlink(missing_ok=True)
        folders = {folder for name in names for folder in Path(name).parents[:-1]}
        for folder in sorted(folders, key=lambda each: -len(each.parts)):
            # A folder with files in it stays.
            with suppress(OSError):
                (self._directory / folder).rmdir()


def _listed(sums: Iterable[tuple[str, str]]) -> bytes:
    return "".join(sorted(f"{digest}  {name}\n" for name, digest in sums)).encode()


def _remove_whole(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()


def own_files(directory: Path) -> set[str]:
    """Return the files of a site that lie in a directory; raises UnusableInput for any others."""
    present = set(_files_in(directory))
    known = {pair for root in (directory, directory / _STAGED) for pair in _sums_in(root / SUMS)}
    is_site = _is_result(directory / RESULT)
    strange = sorted(
        name
        for name in present
        if not (is_site and (name == SUMS or (_digest(directory / name), name) in known))
    )
    if strange:
        named = ", ".join(strange[:_NAMED_MAX])
        more = f" and {len(strange) - _NAMED_MAX} more" if len(strange) > _NAMED_MAX else ""
        way = "name an empty directory, or take them away"
        raise UnusableInput(f"--out {directory}: no site wrote {named}{more}; {way}")
    return present


def _files_in(directory: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(directory):
        place = Path(folder)
        if place == directory and _STAGED in folders and not (place / _STAGED).is_symlink():
            folders.remove(_STAGED)
        # What leads elsewhere is followed by whoever writes below it.
        links = [name for name in folders if (place / name).is_symlink()]
        for name in (*names, *links):
            yield (place / name).relative_to(directory).as_posix()


def _sums_in(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found:
            yield found[1], found[2]


def _digest(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _is_result(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        found = _RESULT_HEAD.fullmatch(file.read(_RESULT_HEAD_SIZE))
        return found is not None and _digest_within(file) == found[1]


def _digest_within(file: IO[bytes]) -> bytes:
    """Return the digest of the rest of a file but for its tail, nothing when it ends otherwise."""
    digest, held = sha256(), b""
    while piece := file.read(_PIECE):
        held += piece
        digest.update(held[: -len(_RESULT_TAIL)])
        held = held[-len(_RESULT_TAIL) :]
    return digest.hexdigest().encode() if held == _RESULT_TAIL else b""
