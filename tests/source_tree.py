"""The files of this project, as text: what git tracks or would track, or the tree without git."""

import subprocess
from pathlib import Path

PACKAGES = {
    "ballotbox_protocol": Path("device/ballotbox_protocol"),
    "ballotbox_device": Path("device/ballotbox_device"),
    "ballotbox_gateway": Path("gateway/ballotbox_gateway"),
    "ballotbox_tabulation": Path("gateway/ballotbox_tabulation"),
    "ballotbox_simulator": Path("simulator/ballotbox_simulator"),
}
PURE = (
    PACKAGES["ballotbox_protocol"],
    PACKAGES["ballotbox_device"] / "core",
    PACKAGES["ballotbox_device"] / "machine",
    PACKAGES["ballotbox_gateway"] / "core",
    PACKAGES["ballotbox_tabulation"] / "core",
    PACKAGES["ballotbox_simulator"] / "rehearse" / "core",
)
_NOT_OURS = {"build", "dist", "htmlcov", "demo-out", "node_modules", "simulation-failures"}


def project_files(root: Path) -> list[Path]:
    """Every file that belongs to the project, relative to `root`, in a fixed order."""
    listed = _listed_by_git(root)
    names = listed if listed is not None else _found_on_disk(root)
    return sorted(name for name in names if (root / name).is_file())


def python_files(root: Path) -> list[Path]:
    """The Python files among them."""
    return [name for name in project_files(root) if name.suffix == ".py"]


def is_pure(name: Path) -> bool:
    """Whether a file, relative to the root, belongs to the protocol or to a core."""
    return any(name.is_relative_to(folder) for folder in PURE)


def text_of(path: Path) -> str | None:
    """The text of a file, or None when it holds something else."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def _listed_by_git(root: Path) -> set[Path] | None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return {Path(name) for name in done.stdout.decode().split("\0") if name}


def _found_on_disk(root: Path) -> set[Path]:
    names = (path.relative_to(root) for path in root.rglob("*"))
    return {name for name in names if not _NOT_OURS & set(name.parts) and not _is_hidden(name)}


def _is_hidden(name: Path) -> bool:
    return any(part.startswith(".") and part != ".ci" for part in name.parts[:-1]) or any(
        part == "__pycache__" or part.endswith(".egg-info") for part in name.parts
    )
