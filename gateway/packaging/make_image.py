"""Builds the container image of the gateway: a Debian tree with the package, as OCI has it."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from make_tree import make_tree, unpack, within

_CONFIG: Final = {
    "user": "ballotbox",
    "workingdir": "/etc/ballotbox",
    "entrypoint": "/usr/lib/ballotbox/bin/ballotbox-gateway",
    "cmd": "run",
    "stopsignal": "SIGTERM",
}
_ENVIRONMENT: Final = (
    "BALLOTBOX_GATEWAY_CONFIG=/etc/ballotbox/gateway.toml",
    "BALLOTBOX_GATEWAY_LOG=json",
)
_VOLUMES: Final = ("/etc/ballotbox", "/var/lib/ballotbox")
#: What only an installer needs, and what says when and where the tree was made.
_LEFT_OUT: Final = ("var/cache/apt", "var/lib/apt/lists", "var/log", "var/cache/debconf", "tmp")


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def install(package: Path, tree: Path) -> None:
    """Install the package in the tree, and leave out what only that needed."""
    shutil.copyfile(package, tree / "tmp" / package.name)
    _run(*within(tree, "dpkg", "--install", f"/tmp/{package.name}"))  # noqa: S108 - the tree's own
    for name in _LEFT_OUT:
        shutil.rmtree(tree / name, ignore_errors=True)
    for name in ("tmp", "var/log"):
        (tree / name).mkdir(mode=0o755, exist_ok=True)
    (tree / "tmp").chmod(0o1777)


def pack(tree: Path, work: Path, tag: str, image: Path) -> None:
    """Write the tree as an image of one layer with that tag."""
    layout, layer = work / "layout", work / "layer.tar"
    _run("tar", "-cf", layer, "--sort=name", "--numeric-owner", "--xattrs", "-C", tree, ".")
    name = f"{layout}:{tag}"
    _run("umoci", "init", "--layout", layout)
    _run("umoci", "new", "--image", name)
    _run("umoci", "raw", "add-layer", "--image", name, layer)
    options = [f"--config.{key}={value}" for key, value in _CONFIG.items()]
    options += [f"--config.env={each}" for each in _ENVIRONMENT]
    options += [f"--config.volume={each}" for each in _VOLUMES]
    _run("umoci", "config", "--image", name, *options)
    _run("umoci", "gc", "--layout", layout)
    _run("tar", "-cf", image, "--sort=name", "-C", layout, ".")


def main() -> None:
    """Build the image from a package, and print where it lies and how large it is."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("--tree", type=Path, required=True, help="archive; made where missing")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    make_tree(given.tree)
    tag = given.package.name.split("_")[1]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        unpack(given.tree, work / "tree")
        install(given.package, work / "tree")
        size = subprocess.run(
            ["du", "-sb", work / "tree"],  # noqa: S607 - every system has it
            capture_output=True, text=True, check=True,
        ).stdout.split()[0]  # fmt: skip
        pack(work / "tree", work, tag, given.out)
    image = given.out.stat().st_size
    print(f"{given.out}: {image / 1e6:.1f} MB, {int(size) / 1e6:.1f} MB unpacked")


if __name__ == "__main__":
    main()
