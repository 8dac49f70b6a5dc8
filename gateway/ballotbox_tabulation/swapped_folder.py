"""A folder whose files change all at once: readers find those of one release, never of two.

Each name in it is a link into `.shown`, and `.shown` is a link to the release that is shown, a
folder under `.releases`. One renaming of `.shown` changes what every name means; whatever is cut
short before it has changed nothing that anybody reads. It takes a disk that has symbolic links.
"""

import errno
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ballotbox_tabulation.result_files import Content, write_together

_RELEASES: Final = ".releases"
_SHOWN: Final = ".shown"
_NEXT: Final = ".shown.next"
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)


class SwappedFolder:
    """One such folder; `names` are all the files that it may ever show. Raises OSError."""

    def __init__(self, directory: Path, names: Collection[str]) -> None:
        self._directory = directory
        self._names = names

    @property
    def shown(self) -> Path:
        """Where the files lie that are shown; the folder itself before the first release."""
        link = self._directory / _SHOWN
        return link if link.exists() else self._directory

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write some of the files that are shown, each of them whole."""
        shown = self.shown
        write_together({shown / name: data for name, data in contents.items()})
        if shown != self._directory:
            self._link_names(contents)

    @contextmanager
    def staged(self, contents: Mapping[str, Content]) -> Iterator[Path]:
        """Yield a side folder with these files; unless it is shown by the end, it goes again.

        Whatever happens meanwhile, this disk can show it: a link is tried first.
        """
        side = self._directory / _RELEASES / self._free_name()
        try:
            write_together({side / name: data for name, data in contents.items()})
            self._try_link()
            yield side
        finally:
            if self._release_shown() != side.name:
                shutil.rmtree(side, ignore_errors=True)
                self._leave_no_empty_folder()

    def show(self, side: Path) -> None:
        """Show the files of a side folder, and no other, from one moment to the next."""
        self._adopt()
        self._link_names(self._names)
        _sync(side)
        _sync(side.parent)
        # Commit point: before it every name means the last release, behind it this one.
        self._point_to(side.name)
        for name in self._names:
            if not (side / name).exists():
                (self._directory / name).unlink(missing_ok=True)
        for each in (self._directory / _RELEASES).iterdir():
            if each.name != side.name:
                shutil.rmtree(each, ignore_errors=True)

    def _adopt(self) -> None:
        """Make plain files, as earlier programs wrote them, a release that is shown already."""
        if self.shown != self._directory:
            return
        plain = {name: self._directory / name for name in self._names}
        kept = {name: path.read_bytes() for name, path in plain.items() if path.is_file()}
        if kept:
            old = self._directory / _RELEASES / self._free_name()
            write_together({old / name: data for name, data in kept.items()})
            self._point_to(old.name)

    def _link_names(self, names: Collection[str]) -> None:
        for name in names:
            path = self._directory / name
            if not path.is_symlink():
                _link(path, f"{_SHOWN}/{name}")

    def _point_to(self, release: str) -> None:
        _link(self._directory / _SHOWN, f"{_RELEASES}/{release}")

    def _release_shown(self) -> str:
        try:
            return (self._directory / _SHOWN).readlink().name
        except OSError:
            return ""

    def _free_name(self) -> str:
        taken = {each.name for each in (self._directory / _RELEASES).glob("*")}
        return next(str(at) for at in range(1, len(taken) + 2) if str(at) not in taken)

    def _try_link(self) -> None:
        """Make a link and take it away; raises OSError that says what a disk lacks."""
        tried = self._directory / _RELEASES / _NEXT
        tried.unlink(missing_ok=True)
        try:
            tried.symlink_to(_SHOWN)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            words = "this disk takes no symbolic links, which a release needs; name another one"
            raise OSError(error.errno, words, str(self._directory)) from error
        tried.unlink()

    def _leave_no_empty_folder(self) -> None:
        for folder in (self._directory / _RELEASES, self._directory):
            with suppress(OSError):
                folder.rmdir()


def _link(path: Path, target: str) -> None:
    """Let a name be a link, in one step whatever stood there before."""
    beside = path.with_name(_NEXT)
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
