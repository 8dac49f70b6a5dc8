"""A disk that takes its time to sync, beneath each SQLite file of a process: an apsw VFS."""

from collections.abc import Callable

import apsw


class _File(apsw.VFSFile):
    def __init__(self, base: str, name: object, flags: list[int], wait: Callable[[], None]) -> None:
        self._wait = wait
        super().__init__(base, name, flags)  # type: ignore[arg-type]

    def xSync(self, flags: int) -> None:  # noqa: N802 (SQLite's own name)
        self._wait()
        super().xSync(flags)


class SlowDisk(apsw.VFS):
    """The system's own files, each sync after a wait; in use from when it is made."""

    def __init__(self, wait: Callable[[], None]) -> None:
        """wait: is called before each sync, and may let other threads run."""
        self._base, self._wait = apsw.vfs_names()[0], wait
        super().__init__("slow", self._base, makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> _File:  # noqa: N802 (SQLite's own name)
        """Open a file that waits."""
        return _File(self._base, name, flags, self._wait)
