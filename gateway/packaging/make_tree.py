"""Makes the Debian tree that image and tests start from: what is essential, Python, and no more."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

#: What the package depends on; everything else a gateway needs it brings along.
INCLUDED: Final = ("python3.11", "adduser")
SUITE: Final = "bookworm"
#: Words for people at a console that nobody sits at.
_LEFT_OUT: Final = (
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
)


def make_tree(archive: Path) -> None:
    """Write the tree as a tar archive, unless it is there; from the mirrors of this machine."""
    if archive.exists():
        return
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".part.tar")
    options = [f"--dpkgopt={each}" for each in _LEFT_OUT]
    include = f"--include={','.join(INCLUDED)}"
    command = ["mmdebstrap", "--variant=essential", include, *options, SUITE, unfinished]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"mmdebstrap failed:\n{done.stderr[-2000:]}")
    unfinished.rename(archive)


def unpack(archive: Path, tree: Path) -> None:
    """Unpack the archive into a folder; needs root, because its files have owners."""
    if os.geteuid() != 0:
        sys.exit("A Debian tree has files of several owners: run this as root")
    tree.mkdir(parents=True)
    subprocess.run(["tar", "-xf", archive, "--numeric-owner", "-C", tree], check=True)  # noqa: S607


def within(tree: Path, *command: str) -> list[str]:
    """Return the command that runs another one inside the tree, with devices and processes.

    What it mounts, only it sees, and it is gone with the last of its processes.
    """
    mounts = f"mount --rbind /dev {tree}/dev && mount -t proc proc {tree}/proc"
    inside = f'{mounts} && exec chroot {tree} "$@"'
    return ["unshare", "--mount", "sh", "-c", inside, "sh", *command]


def main() -> None:
    """Make the tree where it is missing, and print where it lies."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("archive", type=Path)
    given = parser.parse_args()
    make_tree(given.archive)
    print(f"{given.archive}: {given.archive.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
