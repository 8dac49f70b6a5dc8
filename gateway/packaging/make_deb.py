"""Builds the Debian package of the gateway: pinned wheels in a tree, packed by dpkg-deb.

The same source gives the same bytes: times are those of the last commit, compiled files follow
from their sources, and what installers note about this machine is left out.
"""

import argparse
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
from functools import cache
from importlib.metadata import requires
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE: Final = Path(__file__).resolve().parent
REPOSITORY: Final = HERE.parents[1]
PROJECT: Final = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
NAME: Final = "ballotbox-gateway"
#: Where everything lies when it is installed.
HOME: Final = "/usr/lib/ballotbox"
#: What is in it; a key in a security module needs nothing more.
EXTRAS: Final = "gateway,hsm,postgresql"
COMMANDS: Final = (NAME, "ballotbox-verify")
#: The firmware and the simulated world are no part of a gateway.
_NOT_OURS: Final = ("ballotbox_device", "ballotbox_simulator")
_ENTRY: Final = re.compile(r"^([\w.-]+)==[^\n]*\\\n(?:    --hash=[^\n]*\n)+", re.MULTILINE)


def closure(extra: str) -> set[str]:
    """Return the names of all that the project needs with `extra`, as installed here."""
    found: set[str] = set()
    waiting = [Requirement(f"{PROJECT['project']['name']}[{extra}]")]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        extras = asked.extras or {""}
        fresh = {f"{name}[{each}]" for each in extras} - found
        found |= fresh
        for line in requires(name) or () if fresh else ():
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(need)
    return {name.partition("[")[0] for name in found} - {
        canonicalize_name(PROJECT["project"]["name"])
    }


def locked(extra: str) -> str:
    """Return the entries of the lock for `extra`, with their hashes."""
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    names = closure(extra)
    entries = [each for each in _ENTRY.finditer(lock) if canonicalize_name(each[1]) in names]
    missing = names - {canonicalize_name(each[1]) for each in entries}
    if missing:
        sys.exit(f"requirements.lock: lacks {', '.join(sorted(missing))}. Run `make lock`")
    return "".join(each[0] for each in entries)


def run(*command: str | Path) -> str:
    """Run a command to its end; what it says goes to our error output when it fails."""
    done = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, env=_environment()
    )
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    return os.environ | {"SOURCE_DATE_EPOCH": str(epoch()), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@cache
def epoch() -> int:
    """Return the time that all files get, in Unix seconds: that of the last commit."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told:
        return int(told)
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],  # noqa: S607 - whichever git is here
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return int(done.stdout) if done.returncode == 0 else 0


def install(tree: Path, work: Path, python: Path) -> None:
    """Put the program and what it needs into the tree, for that Python."""
    home = tree / HOME[1:]
    run(python, "-m", "venv", "--without-pip", home)
    requirements = work / "requirements.txt"
    requirements.write_text(locked(EXTRAS), encoding="utf-8")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", work)
    pip = (sys.executable, "-m", "pip", "--quiet", "--python", home / "bin/python")
    plain = ("--no-deps", "--no-compile", "--only-binary", ":all:")
    run(*pip, "install", *plain, "--require-hashes", "-r", requirements)
    run(*pip, "install", *plain, "--no-index", next(work.glob("*.whl")))
    packages = next(home.glob("lib/python3.*/site-packages"))
    for name in _NOT_OURS:
        shutil.rmtree(packages / name)
    _forget_here(home, packages)
    run(python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", tree,
        "-p", "/", packages)  # fmt: skip


def _forget_here(home: Path, packages: Path) -> None:
    """Leave out of a tree what it says of the place it was made in, and what it has no use for."""
    for path in (home / "bin").iterdir():
        if path.name not in COMMANDS and not path.name.startswith("python"):
            path.unlink()
    for command in COMMANDS:
        path = home / "bin" / command
        _, _, body = path.read_text(encoding="utf-8").partition("\n")
        path.write_text(f"#!{HOME}/bin/python -I\n{body}", encoding="utf-8")
    settings = home / "pyvenv.cfg"
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith("command")))
    for path in packages.glob("*.dist-info/*"):
        if path.name in ("direct_url.json", "RECORD", "REQUESTED"):
            path.unlink()


def furnish(tree: Path) -> None:
    """Put in what Debian needs around the program: commands, unit, defaults, documents."""
    places = {
        "usr/lib/systemd/system/ballotbox-gateway.service": HERE / "ballotbox-gateway.service",
        "etc/default/ballotbox-gateway": HERE / "debian/ballotbox-gateway.default",
        "usr/bin/ballotbox-gateway": HERE / "debian/ballotbox-gateway",
        "usr/share/doc/ballotbox-gateway/copyright": REPOSITORY / "LICENSE",
        "usr/share/doc/ballotbox-gateway/OPERATING.md": REPOSITORY / "gateway/OPERATING.md",
    }
    for name, source in places.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, tree / name)
    (tree / "usr/bin/ballotbox-verify").symlink_to(f"{HOME}/bin/ballotbox-verify")


def describe(tree: Path, version: str, python: Path) -> str:
    """Write what dpkg asks about the package; return its architecture."""
    architecture = run("dpkg", "--print-architecture").strip()
    size = sum(path.lstat().st_size for path in tree.rglob("*")) // 1024
    control = tree / "DEBIAN"
    control.mkdir()
    for name in ("control", "conffiles", "postinst", "prerm", "postrm"):
        text = (HERE / "debian" / name).read_text(encoding="utf-8")
        words = {
            "VERSION": version,
            "ARCHITECTURE": architecture,
            "SIZE": size,
            "PYTHON": python.name,
        }
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        (control / name).write_text(text, encoding="utf-8")
    return architecture


def settle(tree: Path) -> None:
    """Give every file the mode and time that it has in every package of this source."""
    programs = {tree / "usr/bin/ballotbox-gateway"}
    programs |= {tree / "DEBIAN" / name for name in ("postinst", "prerm", "postrm")}
    programs |= {tree / HOME[1:] / "bin" / name for name in COMMANDS}
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (epoch(), epoch()), follow_symlinks=False)


def main() -> None:
    """Build the package and print where it lies and how large it is."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--version", default=PROJECT["project"]["version"])
    parser.add_argument("--python", type=Path, default=Path("/usr/bin/python3"))
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dist")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder).resolve(), given.version, given.python.resolve(), given.out)


def build(work: Path, version: str, python: Path, out: Path) -> None:
    """Build the package in `work`, for that Python, and put it into `out`."""
    tree = work / "tree"
    tree.mkdir()
    install(tree, work, python)
    furnish(tree)
    architecture = describe(tree, version, python)
    settle(tree)
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"{NAME}_{version}_{architecture}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, package)
    installed = sum(
        each.lstat().st_size for each in tree.rglob("*") if stat.S_ISREG(each.lstat().st_mode)
    )
    print(f"{package}: {package.stat().st_size / 1e6:.1f} MB, {installed / 1e6:.1f} MB installed")


if __name__ == "__main__":
    main()
