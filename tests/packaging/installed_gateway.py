"""A Debian tree on this machine, and the packaged gateway in it as its administrator has it."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from ballotbox_simulator.authority import Authority
from tests.end_to_end.field_gateway import FieldGateway

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGING = REPOSITORY / "gateway/packaging"
STATE = Path("var/lib/ballotbox")
#: Made once, and kept beside what else is built.
ARCHIVE = REPOSITORY / "build/debian.tar"


def load(name: str):
    """A module of the packaging folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, PACKAGING / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*words: object) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class DebianTree:
    """An empty Debian; what runs inside it sees its files alone, and our devices and ports."""

    def __init__(self, folder: Path) -> None:
        tree = load("make_tree")
        tree.make_tree(ARCHIVE)
        tree.unpack(ARCHIVE, folder)
        self.folder = folder
        self.within = lambda *words: tree.within(folder, *map(str, words))

    def run(self, *words: object) -> str:
        """Run a command in the tree to its good end; return all it said."""
        return run(*self.within(*words))

    def install(self, package: Path) -> str:
        shutil.copyfile(package, self.folder / "tmp" / package.name)
        return self.run("dpkg", "--install", f"/tmp/{package.name}")

    def give(self, *paths: Path) -> None:
        """Let files of ours stand in the tree under the same path, as the gateway's own."""
        for path in paths:
            shutil.copytree(path, self.folder / path.relative_to("/"), dirs_exist_ok=True)
            self.own(path)

    def own(self, path: Path) -> None:
        self.run("chown", "-R", "ballotbox:ballotbox", path)


class InstalledGateway(FieldGateway):
    """The gateway that a package has put into a tree."""

    def __init__(self, tree: DebianTree, authority: Authority, origin: str) -> None:
        super().__init__(tree.folder / "etc/ballotbox", authority, origin)
        self.tree = tree
        self.program = tuple(tree.within("ballotbox-gateway"))

    def configure(self, *tables: str, **fields: object) -> None:
        super().configure(*tables, **{"ledger_file": f"/{STATE}/ledger.sqlite"} | fields)
        self.tree.own(Path("/etc/ballotbox"))

    @property
    def ledger(self) -> Path:
        return self.tree.folder / STATE / "ledger.sqlite"

    def ask(self, *words: str) -> str:
        """Run one sub-command in the tree; return all it said."""
        return self.tree.run("ballotbox-gateway", *words)


def renumbered(package: Path, version: str, folder: Path) -> Path:
    """The same package under another version, which is all that dpkg goes by."""
    work, made = folder / "work", folder / f"{version}.deb"
    run("dpkg-deb", "--raw-extract", package, work)
    control = work / "DEBIAN/control"
    lines = control.read_text().splitlines()
    changed = [f"Version: {version}" if line.startswith("Version: ") else line for line in lines]
    control.write_text("\n".join(changed) + "\n")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", work, made)
    return made


def missing_tools() -> str:
    """Why no package can be tried here; an empty text when one can."""
    if os.geteuid() != 0:
        return "a Debian tree has files of several owners: only root can unpack one"
    names = ("mmdebstrap", "dpkg-deb", "unshare")
    gone = [name for name in names if shutil.which(name) is None]
    return f"not installed: {', '.join(gone)}" if gone else ""
