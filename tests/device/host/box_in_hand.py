"""A folder with a rehearsal election and its boxes, for tests that hold a box in the hand."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from ballotbox_simulator.trial import write_trial


@cache
def _made() -> Path:
    # Sealing the officers' keys takes a second: it is done once in each process.
    folder = Path(mkdtemp(prefix="ballotbox-trial-")) / "try-out"
    write_trial(folder, 1, "127.0.0.1:1883")
    return folder


def try_out(folder: Path) -> Path:
    """A copy of an election that `ballotbox-sim election` makes, with box 1 unused."""
    return shutil.copytree(_made(), folder / "try-out")


def run_options(place: Path, *more: object) -> list[str]:
    """The options of `ballotbox-device run` for box 1."""
    options = {
        "--state": place / "box-1",
        "--election": place / "election.cose",
        "--register": place / "register.cose",
        "--root": (place / "root.txt").read_text().strip(),
    }
    return [*(str(part) for pair in options.items() for part in pair), *map(str, more)]
