"""Where `--out` points: an earlier run of ours is replaced, nothing else ever is."""

import shutil
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField

_MARKER: Final = ".ballotbox-sim"


def make_room(out: Path) -> None:
    """Make `out` an empty directory of ours.

    Raises InvalidField when it holds what is not ours, OSError when it cannot be made.
    """
    if out.exists() and not out.is_dir():
        raise InvalidField(f"--out {out}", "is no directory: name another")
    marker = out / _MARKER
    if out.exists() and any(out.iterdir()) and not marker.exists():
        raise InvalidField(f"--out {out}", "is not empty and not ours: name another directory")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    marker.touch()
