"""Putting a ledger that was made again in the place of the one it stands for.

A ledger is a file with a write-ahead log beside it, and two files cannot be renamed at once. So the
new one waits, whole, under a name that says so; from then on every start ends what was begun.
"""

import os
from itertools import count
from pathlib import Path


def making(ledger: Path) -> Path:
    """Return the name under which the ledger to stand at `ledger` is made."""
    return beside(ledger, ".making")


def clear(made: Path) -> None:
    """Give up what was made under this name before; raises OSError."""
    for suffix in ("", "-wal", "-shm"):
        beside(made, suffix).unlink(missing_ok=True)


def put_in_place(made: Path, ledger: Path) -> Path | None:
    """Let the closed ledger `made` stand at `ledger`; return where the old one is now, if any."""
    made.rename(beside(ledger, ".made"))
    sync_folder(ledger.parent)
    return finish_placing(ledger)


def finish_placing(ledger: Path) -> Path | None:
    """End what was begun before a cut; return where the old ledger is now, if one was moved.

    Raises OSError.
    """
    made = beside(ledger, ".made")
    if not made.exists():
        return None
    names = (beside(ledger, f".aside-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    # The write-ahead log goes first: beside the new file it would be played into it.
    for suffix in ("-wal", "-shm", ""):
        if beside(ledger, suffix).exists():
            beside(ledger, suffix).rename(beside(aside, suffix))
    sync_folder(ledger.parent)
    made.rename(ledger)
    sync_folder(ledger.parent)
    return aside if aside.exists() else None


def beside(path: Path, suffix: str) -> Path:
    """Return the path of the file that is named so after another one."""
    return path.with_name(path.name + suffix)


def sync_folder(directory: Path) -> None:
    """See to it that what a folder names is named there after a power cut; raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
