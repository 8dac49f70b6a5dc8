"""A new user's mistakes: each made, read, and mended as the words say, while it is written down.

What is written down is a section of docs/mistakes.md, so the page shows what was printed. A command
of another program that a test cannot run (`sudo …`) is stood in for; the effect is the same.
"""

import contextlib
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.end_to_end.field_gateway import COMMAND, FieldGateway

#: What a check says that is well; a new user looks for the rest.
_WELL: Final = re.compile(r"^ok .*\n", re.MULTILINE)
CHECK: Final = "ballotbox-gateway check | grep -v ^ok"


@dataclass
class Notebook:
    """What a user at one gateway does and reads, as the lines of a section.

    names: what stands here for what a machine has of its own, by pattern.
    """

    gateway: FieldGateway
    title: str
    names: dict[str, str] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    _in_console: bool = False

    def say(self, words: str) -> None:
        """Explain something between two blocks."""
        self._console(on=False)
        self.lines += ["", words]

    def reads(self, *words: str, fails: bool, lines: int | None = None) -> str:
        """Run a command of the gateway in a process and write down what it prints."""
        done = subprocess.run(
            [*self.inside, COMMAND, *words],
            cwd=self.gateway.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        told = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, told
        shown = f"ballotbox-gateway {' '.join(words)}"
        if words == ("check",):
            told, shown = _WELL.sub("", told), CHECK
        self._shown(shown, "\n".join(told.splitlines()[:lines]))
        return told

    def runs(self, command: str) -> None:
        """Run a command of the system in the gateway's folder."""
        done = subprocess.run(
            command, shell=True, cwd=self.gateway.folder, capture_output=True, text=True, check=True
        )
        self._shown(command, done.stdout + done.stderr)

    def stands_for(self, command: str, work: Callable[[], object]) -> None:
        """Do what a command would that cannot be run here."""
        work()
        self._shown(command, "")

    def writes(self, *lines: str) -> None:
        """Show lines of the settings, which the test has put there."""
        self._console(on=False)
        self.lines += ["", "```toml", *map(self._blurred, lines), "```"]

    @property
    def section(self) -> str:
        """The section of the page."""
        self._console(on=False)
        return "\n".join([f"## {self.title}", *self.lines]) + "\n"

    def _console(self, *, on: bool) -> None:
        if on and not self._in_console:
            self.lines += ["", "```console"]
        if self._in_console and not on:
            self.lines.append("```")
        self._in_console = on

    def _shown(self, command: str, told: str) -> None:
        self._console(on=True)
        self.lines += [f"$ {command}", *self._blurred(told).splitlines()]

    def _blurred(self, text: str) -> str:
        for pattern, shown in self.names.items():
            text = re.sub(pattern, shown, text)
        return text


@contextlib.contextmanager
def clock_behind(notebook: Notebook, seconds: int) -> Iterator[None]:
    """Let the commands of a notebook see a clock that is behind."""
    code = (
        f"import time; true = time.time; time.time = lambda: true() - {seconds}; import sys; "
        "from ballotbox_gateway.cli import main; main(sys.argv[2:])"
    )
    python = COMMAND.replace("ballotbox-gateway", "python")
    before, notebook.inside = notebook.inside, (python, "-c", code)
    yield
    notebook.inside = before
