"""One chase: the packages copied, one patch applied to the copy, days run on it in a process."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from tests.simulator.mutants import days
from tests.source_tree import PACKAGES

ROOT = Path(__file__).resolve().parents[3]
_FOLDERS = sorted({package.parent for package in PACKAGES.values()})
#: What a patch with a slip of the pen raises; a bug worth planting breaks a promise instead.
_SLIPS = re.compile(r"^CRASH .*\b(Name|UnboundLocal|Attribute|Type|Index|Import)Error: ")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a bug is looked for: seeds 1 to `days`, but no more CPU seconds than `cpu_s`."""

    days: int = 400
    cpu_s: int = 120


@dataclass(frozen=True, slots=True)
class Catch:
    """What came of one chase.

    days: how many ran, that of the finding included. finding: the first objection, or nothing.
    problem: why the chase itself failed, or nothing.
    """

    name: str
    days: int = 0
    finding: str = ""
    problem: str = ""

    @property
    def found(self) -> bool:
        """Tell whether the auditor objected."""
        return bool(self.finding) and not self.problem


class Unplanted(Exception):
    """A patch could not be applied; the message is that of git."""


def apply(patch: Path, folder: Path, *options: str) -> None:
    """Let git apply a patch below `folder`, where all its context must stand; else Unplanted.

    With the option `--check` nothing is changed.
    """
    # A repository around the folder, or one that a hook names, must not narrow what is patched.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    environment["GIT_CEILING_DIRECTORIES"] = str(folder.resolve().parent)
    command = ["git", "apply", *options, str(patch.resolve())]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unplanted(done.stderr.strip())


def chase(patch: Path | None, bounds: Bounds) -> Catch:
    """Look for the bug of a patch, or for anything at all in the tree as it is (None)."""
    name = "control" if patch is None else patch.stem
    with tempfile.TemporaryDirectory(prefix="ballotbox-mutant-") as place:
        folder = Path(place).resolve()
        for package in PACKAGES.values():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / package, folder / package, ignore=ignored)
        try:
            if patch is not None:
                apply(patch, folder)
        except Unplanted as error:
            return Catch(name, problem=f"does not apply: {error}")
        with tempfile.TemporaryFile("w+") as complaints:
            return _run(name, folder, bounds, complaints)


def _run(name: str, folder: Path, bounds: Bounds, complaints: IO[str]) -> Catch:
    program = [sys.executable, "-P", days.__file__, folder, bounds.days, bounds.cpu_s]
    # The copy comes before the packages as they are installed; the child holds this to be so.
    path = os.pathsep.join(str(folder / each) for each in _FOLDERS)
    done = subprocess.run(
        [str(each) for each in program],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        check=False,
    )
    ran = [json.loads(line) for line in done.stdout.splitlines()]
    findings = [finding for day in ran for finding in day["findings"]]
    catch = Catch(name, len(ran), next(iter(findings), ""))
    if done.returncode or not ran:
        complaints.seek(0)
        words = complaints.read().strip().rpartition("\n")[2]
        return replace(catch, problem=f"status {done.returncode} after {len(ran)} days: {words}")
    if _SLIPS.match(catch.finding):
        return replace(catch, problem=f"the patch has a slip: {catch.finding}")
    return catch
