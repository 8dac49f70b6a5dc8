"""The fifteen acceptance tests: which tests show each, and how they ended.

A test says it in its docstring, `Acceptance 6: …`; the negative control of one says `Acceptance 6,
the control: …`. `make accept` runs them all and ends with the table.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ACCEPTANCE: dict[int, str] = {
    1: "kill -9 at each labelled step: receipted is stored, nothing counted twice",
    2: "power cut at every write and sync: the same",
    3: "full disk, error, read-only: no acknowledgement, delivery goes on, recovery",
    4: "kill -9 of mosquitto in a burst: all reports arrive",
    5: "the centre away at the peak, then drained: nothing lost, repeats are one",
    6: "a link cut silently in the middle of a delivery",
    7: "10,000 queued and Receive Maximum 10: un-acked never exceeds it",
    8: "PUBACK 0x87 and 0x97: the message stays, an alarm is raised",
    9: "a restart storm: dials bounded, no synchronised waves",
    10: "a corrupt page or byte: starts, restores or names the lost range",
    11: "certificate and CA renewed by SIGHUP with live connections",
    12: "a reload leaves the ledger's inode and content as they are",
    13: "a serial line: damage, pulled cables, two processes, descriptors above 1,024",
    14: "a cloned key, one sequence with two contents: evidence and an alarm",
    15: "a simulated day of 24 hours: memory stays flat",
}
_SAID = re.compile(r"^\s*Acceptance (\d+)(, the control)?[:.]", re.MULTILINE)
_ORDER = ("passed", "skipped", "failed", "error")
_TESTS = Path(__file__).parent


class Said(NamedTuple):
    """What the docstring of one test says that it shows."""

    number: int
    is_control: bool


def said_by(docstring: str | None) -> list[Said]:
    """Return the acceptance tests that a docstring names."""
    return [Said(int(number), bool(control)) for number, control in _SAID.findall(docstring or "")]


@cache
def said_in(file: Path) -> dict[str, list[Said]]:
    """Return, per test function of a file, what it says that it shows."""
    text = file.read_text("utf-8")
    if "Acceptance" not in text:
        return {}
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return {each.name: found for each in functions if (found := said_by(ast.get_docstring(each)))}


def shown() -> dict[int, list[str]]:
    """Return the names of the tests that show each number, controls left out."""
    found: dict[int, list[str]] = defaultdict(list)
    for file in sorted(_TESTS.rglob("test_*.py")):
        for name, said in said_in(file).items():
            for number in sorted({each.number for each in said if not each.is_control}):
                found[number].append(f"{file.relative_to(_TESTS)}::{name}")
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what shows an acceptance test, so that it can be chosen."""
    for item in items:
        if said_by(getattr(getattr(item, "function", None), "__doc__", None)):
            item.add_marker(pytest.mark.acceptance)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """End a run of the acceptance tests with their table."""
    if "acceptance" not in terminalreporter.config.option.markexpr:
        return
    terminalreporter.section("acceptance tests")
    for line in table(_ended(terminalreporter)):
        terminalreporter.write_line(line)


def _ended(terminalreporter: Any) -> dict[tuple[str, str], str]:
    ended = {}
    for outcome in _ORDER:
        for report in terminalreporter.stats.get(outcome, ()):
            file, _, name = report.nodeid.partition("::")
            ended[file.removeprefix("tests/"), name.partition("[")[0]] = outcome
    return ended


def table(ended: dict[tuple[str, str], str]) -> Iterator[str]:
    """Yield one line per number and per test; `ended`: outcome by file and name."""
    tests = {(str(file.relative_to(_TESTS)), name): said for file in _files() for name, said in
             said_in(file).items()}  # fmt: skip
    for number, title in ACCEPTANCE.items():
        yield f"{number:>2}  {title}"
        for (file, name), said in tests.items():
            for each in {each for each in said if each.number == number}:
                how = ended.get((file, name), "not run")
                what = "control" if each.is_control else "test"
                yield f"      {how:<8} {what:<8} {file}::{name}"


def _files() -> list[Path]:
    return sorted(_TESTS.rglob("test_*.py"))
