"""A stick's folder on a mounted medium: every file appears whole and durable, or not at all.

Strangers may have had the stick in hands: names are checked before they get here, and what is no
plain file or folder of its own (a link to elsewhere, a pipe) is not touched.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ballotbox_gateway.adapters.log_directory import STAGED, write_file
from ballotbox_gateway.adapters.plain_files import open_plain, size_of
from ballotbox_gateway.core.stick import MANIFEST_NAME, Manifest, folder_name, size_max
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import InvalidField

_FOLDERS: Final = "ballotbox-*-to-*"


class StickFolder:
    """What goes from one gateway to another, and back, on one medium."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def on(medium: Path, origin: str, upper: str) -> "StickFolder":
        """Return the folder for what goes from `origin` to `upper`; it may not be there yet.

        Raises Problem when the medium is not there.
        """
        _require_medium(medium)
        return StickFolder(medium / folder_name(origin, upper))

    @property
    def names(self) -> list[str]:
        """The names of its files; raises Problem."""
        try:
            return sorted(each.name for each in self.path.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def manifest(self) -> Manifest:
        """Return the manifest; raises Problem when the folder was copied in part or damaged."""
        data = self.read(MANIFEST_NAME)
        remedy = "Export again onto this stick: nothing is lost"
        if data is None:
            raise Problem(str(self.path), "has no manifest: it was copied in part", remedy)
        try:
            return Manifest.from_bytes(data)
        except InvalidField as error:
            where = f"{self.path / MANIFEST_NAME}: {error.field}"
            raise Problem(where, error.problem, remedy) from error

    def read(self, name: str) -> bytes | None:
        """Return a file's content, None when there is no such plain file; raises Problem."""
        path = self.path / name
        try:
            file = open_plain(path)
            if file is None:
                return None
            with file:
                if size_of(file) > size_max(name):
                    what = f"has {size_of(file)} bytes, more than any such file"
                    raise Problem(str(path), what, "Take it away, and export again")
                return file.read(size_max(name))
        except OSError as error:
            raise _unreadable(path, error) from error

    def holds(self, name: str, data: bytes) -> bool:
        """Tell whether a file has this content already."""
        try:
            return self.read(name) == data
        except Problem:
            return False

    def write(self, name: str, data: bytes) -> None:
        """Let a file have this content, durably; raises Problem and leaves what was there."""
        path = self.path / name
        staged = path.with_name(name + STAGED)
        if self.path.is_symlink():
            raise Problem(str(self.path), "is a link to elsewhere", "Use an empty stick")
        try:
            staged.unlink(missing_ok=True)
            write_file(path, data)
        except OSError as error:
            raise _unreadable(path, error) from error
        except Problem as problem:
            _unlink_quietly(staged)
            remedy = "Make room on the stick or take another one, and do it again: nothing is lost"
            raise Problem(str(path), problem.what, remedy) from problem

    def forget(self, names: Iterable[str]) -> None:
        """Take files away that nobody needs any more; raises Problem."""
        for name in names:
            try:
                (self.path / name).unlink(missing_ok=True)
            except OSError as error:
                raise _unreadable(self.path / name, error) from error


def folders_on(medium: Path) -> Iterator[StickFolder]:
    """Yield every folder of a stick on a medium; raises Problem when the medium is not there."""
    _require_medium(medium)
    try:
        found = sorted(medium.glob(_FOLDERS))
    except OSError as error:
        raise _unreadable(medium, error) from error
    for path in found:
        if path.is_dir() and not path.is_symlink():
            yield StickFolder(path)


def _require_medium(medium: Path) -> None:
    if not medium.is_dir():
        what = "is no directory" if medium.exists() else "is not there"
        raise Problem(str(medium), what, "Plug the stick in, mount it, and name its directory")


def _unlink_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # what prevented the writing is told already


def _unreadable(path: Path, error: OSError) -> Problem:
    words = (error.strerror or str(error)).lower()
    remedy = "Check the stick, or take another one and export again"
    return Problem(str(path), f"cannot be used: {words}", remedy)
