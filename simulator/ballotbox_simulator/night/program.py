"""The program that computes a publication, in a process of its own: the installed one, or a copy.

A copy is a folder with the packages that a program's digest covers, and something in them changed.
What runs there is the whole program with another digest, not a pretence of one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import require

_PACKAGES: Final = ("ballotbox_protocol", "ballotbox_tabulation")
#: What a command of it ends with; see ballotbox_tabulation.cli.
_DONE, _REFUSED, _UNUSABLE = range(3)
#: A command of the whole country takes minutes.
_LONGEST_S: Final = 4 * 3_600
_CRASH: Final = "Traceback (most recent call last):"
_START: Final = "from ballotbox_tabulation.cli import main; main()"


class OfficeFailed(RuntimeError):
    """A step that had to go well did not; the message is what the command said."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command of the program ended, and what it said."""

    status: int
    words: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a program: in `file`, below its packages, `after` stands for `before`."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Program:
    """`ballotbox-tabulate`: the installed one, or the copy in `folder`."""

    folder: Path | None = None

    def run(self, *arguments: object) -> Said:
        """Run one command of it; raises OfficeFailed when it comes to no end of its own."""
        environment = dict(os.environ)
        if self.folder is not None:
            environment["PYTHONPATH"] = str(self.folder.resolve())
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", _START, *map(str, arguments)],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=_LONGEST_S,
            )
        except subprocess.TimeoutExpired:
            raise OfficeFailed(f"the program has not ended after {_LONGEST_S} s") from None
        return _said(done)


def _said(done: subprocess.CompletedProcess[str]) -> Said:
    """Return what a command said; a crash is no refusal, whatever it ended with."""
    status, words = done.returncode, done.stderr
    if status == _DONE:
        return Said(status, done.stdout)
    if status not in (_REFUSED, _UNUSABLE) or not words.strip() or _CRASH in words:
        last = words.strip().rpartition("\n")[2]
        raise OfficeFailed(f"the program ended with {status}{': ' if last else ''}{last}")
    return Said(status, words)


INSTALLED: Final = Program()


def changed(folder: Path, edits: Iterable[Edit]) -> Program:
    """Return a copy of the installed program in `folder`, made anew, with these edits.

    Raises InvalidField when the text that an edit replaces does not stand there exactly once.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for package in _PACKAGES:
        # With what Python compiled of it, which stays true of every file that no edit touches.
        shutil.copytree(Path(str(files(package))), folder / package)
    for edit in edits:
        path = folder / edit.file
        text = path.read_text("utf-8")
        once = text.count(edit.before) == 1
        require(once, f"edit of {edit.file}", f"{edit.before!r} must stand there once")
        path.write_text(text.replace(edit.before, edit.after), "utf-8")
    return Program(folder)
