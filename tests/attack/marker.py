"""The marker `attack`: a marked test runs with its check, and again with the check taken out.

    @pytest.mark.attack(1, says=[Reason.BOOT], without=Without("module:Class.check", other))
    def test_…                # two items: [row 1: holds] and [row 1: without the check]

The second passes only when the body fails by an assertion. The check is replaced in the product's
own module by an object that stands in the marker; the product has no switch for it. `without` may
be several. A test among real processes, whose check no replacement takes out, has its control as a
test of its own:

    @pytest.mark.attack(15, check="the broker's access list")
    def test_foreign_topic_is_refused…

    @pytest.mark.attack(15, control_of="test_foreign_topic_is_refused")
    def test_without_the_list_it_is_not…

A run with `-m attack` ends with the table of all rows.
"""

import io
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from tests.attack.rows import THREATS

_CASE = "_attack_case"
_WIDTH = 170
_SEEN = (AssertionError, pytest.fail.Exception)


@dataclass(frozen=True)
class Without:
    """A check, as `module:name` or `module:Class.name`, and what stands in its place."""

    check: str
    instead: object

    @property
    def name(self) -> str:
        """The check for people: its module's last name and its own."""
        module, _, path = self.check.partition(":")
        return f"{module.rpartition('.')[2]}.{path}"

    def take_out(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the check; AttributeError when there is none of this name."""
        module, _, path = self.check.partition(":")
        owner: Any = import_module(module)
        *parents, name = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        patch.setattr(owner, name, self.instead)


@dataclass(frozen=True)
class Attack:
    """What a marker says."""

    rows: tuple[int, ...]
    says: tuple[Any, ...] = ()
    without: tuple[Without, ...] = ()
    check: str = ""
    control_of: str = ""

    @property
    def checks(self) -> str:
        """The checks in words."""
        return self.check or ", ".join(each.name for each in self.without)


def read_marker(marker: pytest.Mark) -> Attack:
    """Return what a marker says; UsageError when it names no row, or no check or two sorts."""
    given = dict(marker.kwargs)
    without = given.pop("without", ())
    without = (without,) if isinstance(without, Without) else tuple(without)
    try:
        attack = Attack(marker.args, tuple(given.pop("says", ())), without, **given)
    except TypeError as error:
        raise pytest.UsageError(f"attack{marker.args}: {error}") from error
    if not attack.rows or any(row not in THREATS for row in attack.rows):
        raise pytest.UsageError(f"attack{marker.args}: rows of the threat table are 1 to 29")
    if sum(map(bool, (attack.without, attack.check, attack.control_of))) != 1:
        problem = "needs one of without=, check= with a control of its own, control_of="
        raise pytest.UsageError(f"attack{marker.args}: {problem}")
    return attack


def _attack_of(item: pytest.Item) -> Attack | None:
    marker = item.get_closest_marker("attack")
    return None if marker is None else read_marker(marker)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make two items of a test whose marker says how its check is taken out."""
    marker = metafunc.definition.get_closest_marker("attack")
    if marker is None:
        return
    attack = read_marker(marker)
    if attack.without:
        rows = "row " + "+".join(map(str, attack.rows))
        metafunc.fixturenames.append(_CASE)
        names = [f"{rows}: holds", f"{rows}: without the check"]
        metafunc.parametrize(_CASE, [False, True], ids=names)


def _is_control(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and bool(callspec.params.get(_CASE, False))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a control's body without the check, and ask that an assertion fails."""
    attack = _attack_of(pyfuncitem)
    if attack is None or not _is_control(pyfuncitem):
        return (yield)
    _forget()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for each in attack.without:
                each.take_out(patch)
            yield
    except _SEEN:
        return True
    finally:
        _forget()
    pytest.fail(f"holds without {attack.checks}: the test does not show this check")


def _forget() -> None:
    """Empty the product's caches: nothing read without a check may be known with it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("ballotbox_"):
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None:
                    clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report say what the marker says; plain values, so that workers can send them."""
    report = yield
    attack = _attack_of(item)
    if attack is not None:
        name = getattr(item, "originalname", None) or item.name
        report.attack = {
            "rows": list(attack.rows),
            "says": [getattr(each, "name", str(each)) for each in attack.says],
            "check": attack.checks,
            "test": f"{item.location[0].removeprefix('tests/')}::{attack.control_of or name}",
            "control": bool(attack.control_of) or _is_control(item),
        }
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """End an attack run with the table."""
    if terminalreporter.config.option.markexpr != "attack":
        return
    shown = list(_shown(terminalreporter))
    if shown:
        out = io.StringIO()
        Console(file=out, width=_WIDTH).print(table(shown))
        terminalreporter.section("attacks")
        terminalreporter.write(out.getvalue())
        for line in ending(shown):
            terminalreporter.write_line(line)


@dataclass(order=True)
class Shown:
    """One test of the table, with how it and its control ended."""

    rows: tuple[int, ...]
    test: str
    says: tuple[str, ...] = ()
    check: str = ""
    holds: str = "not run"
    control: str = "not run"

    @property
    def is_complete(self) -> bool:
        """Tell whether it held, and did not without its check."""
        return (self.holds, self.control) == ("holds", "fails")


_ORDER = ("passed", "skipped", "failed", "error")


def _shown(terminalreporter: Any) -> Iterator[Shown]:
    found: dict[str, Shown] = {}
    for outcome in _ORDER:
        for report in terminalreporter.stats.get(outcome, ()):
            said = getattr(report, "attack", None)
            if said is not None:
                _enter(found.setdefault(said["test"], Shown(tuple(said["rows"]), said["test"])),
                       said, outcome)  # fmt: skip
    yield from sorted(found.values(), key=lambda each: (each.rows, each.test))


def _enter(shown: Shown, said: dict[str, Any], outcome: str) -> None:
    if said["control"]:
        shown.control = {"passed": "fails", "skipped": "skipped"}.get(outcome, "HOLDS")
    else:
        shown.holds = {"passed": "holds", "skipped": "skipped"}.get(outcome, "FAILS")
        shown.check, shown.says = said["check"], tuple(said["says"])
    if not shown.check:
        shown.check, shown.says = said["check"], tuple(said["says"])


def table(shown: Iterable[Shown]) -> Table:
    """Return the table for people."""
    made = Table("row", "attack", "reasons", "check", "test", "with it", "without it")
    for column in made.columns:
        column.overflow = "fold"
    told = sorted((row, each.test, each) for each in shown for row in each.rows)
    before = 0
    for row, test, each in told:
        attack = THREATS[row].attack if row != before else ""
        says = " ".join(each.says)
        made.add_row(str(row), attack, says, each.check, test, each.holds, each.control)
        before = row
    return made


def ending(shown: Sequence[Shown]) -> Iterator[str]:
    """Yield the last lines: how much was shown, and what cannot be shown yet."""
    amiss = {row for each in shown if not each.is_complete for row in each.rows}
    complete = {row for each in shown for row in each.rows} - amiss
    whole = sum(each.is_complete for each in shown)
    rows = f"{len(complete)} of {len(THREATS)} rows"
    yield f"{rows}, {whole} tests, each seen to fail without its check"
    for row, threat in THREATS.items():
        if row not in complete:
            yield f"row {row}: {threat.attack}: NOT SHOWN in this run"
        if threat.missing:
            yield f"row {row}: {threat.attack}: not here: {threat.missing}"
