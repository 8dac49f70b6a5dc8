"""One fault against the tests that must see it, in a process of its own.

The fault is never written anywhere: a loader in front of all others gives the module its changed
text. A process that dies halfway leaves the tree as it was. Child processes of a test import the
file itself and so see no fault; nothing that matters here is tested through one alone.
"""

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from importlib.abc import MetaPathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing.connection import Connection
from pathlib import Path

import hypothesis.stateful
import nacl.bindings
import pytest

#: Imported above for what forks from here: each of them is then loaded once, not once per trial.
PRELOADED = (hypothesis.stateful, nacl.bindings, pytest)

_MEMORY_BYTES = 4 << 30
#: A trial that waits instead of computing is ended after so many times its allowance of CPU.
_PATIENCE = 10
#: A module that cannot even be imported interrupts the collection of its tests, or their conftest
#: cannot be imported either. That the tests can be asked at all is shown without a fault before.
_SEEN = (
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.INTERRUPTED,
    pytest.ExitCode.USAGE_ERROR,
)
_FORK = multiprocessing.get_context("fork")


Source = Callable[[], str]
Durations = Mapping[str, float]


class Verdict(Enum):
    """What became of a fault."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Result:
    """`told`: the first test that failed. `seconds`: CPU. `durations`: of each test that ran."""

    verdict: Verdict
    told: str = ""
    seconds: float = 0.0
    durations: Durations = field(default_factory=dict)


@dataclass(frozen=True)
class Allowance:
    """The CPU that a trial may take, and what each test takes without a fault: quick ones first."""

    cpu_s: float
    durations: Durations = field(default_factory=dict)


class NoVerdictError(RuntimeError):
    """The tests could not be run at all: not a fault of what is tested."""


class Trial:
    """Runs `tests` with another text in the place of `file`; `source` is asked for it over there.

    `answer` is ready, as `multiprocessing.connection.wait` says it, when `end` will not wait long.
    """

    def __init__(
        self, root: Path, file: Path, source: Source, tests: Sequence[str], allowed: Allowance
    ) -> None:
        self.answer, there = _FORK.Pipe(duplex=False)
        arguments = (root, file, source, tests, allowed, there)
        self._process = _FORK.Process(target=_run, args=arguments)
        self._process.start()
        there.close()
        self.deadline = time.monotonic() + _PATIENCE * allowed.cpu_s

    def stop(self) -> None:
        """End a trial that will not end, with all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)

    def end(self) -> Result:
        """Return what became of the fault; waits for the process. Raises NoVerdictError."""
        try:
            told, seconds, durations = self.answer.recv()
        except EOFError:
            told, seconds, durations = "", 0.0, {}
        self._process.join()
        self.answer.close()
        code = self._process.exitcode
        if code is not None and code < 0:
            return Result(Verdict.TIMED_OUT)
        if code == pytest.ExitCode.OK:
            return Result(Verdict.SURVIVED, told, seconds, durations)
        if code in _SEEN:
            return Result(Verdict.KILLED, told, seconds, durations)
        raise NoVerdictError(f"the tests ended with code {code}: {told}")


class _Watch:
    """Puts quick tests first, and remembers how long each took and who saw the fault."""

    def __init__(self, known: Durations) -> None:
        self.told = ""
        self.durations: dict[str, float] = {}
        self._known = known

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0.0) + report.duration
        if report.failed and not self.told:
            self.told = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.told:
            self.told = report.nodeid


class _Planted(SourceFileLoader, MetaPathFinder):
    """Gives one module another text than its file has."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        super().__init__(name, str(path))
        self._source = source
        self.loaded = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname):
        self.loaded = True
        return self.source_to_code(self._source.encode(), self.path)


def module_name(file: Path) -> str:
    """Return the name by which a file is imported; its first folder is an import root."""
    return ".".join(file.with_suffix("").parts[1:])


def _run(
    root: Path,
    file: Path,
    source: Source,
    tests: Sequence[str],
    allowed: Allowance,
    answer: Connection,
) -> None:
    os.setsid()
    _keep_quiet_and_bounded(root, allowed.cpu_s)
    planted = _Planted(module_name(file), root / file, source())
    sys.meta_path.insert(0, planted)
    watch = _Watch(allowed.durations)
    code = pytest.main([*_OPTIONS, *tests], plugins=[watch])
    if not planted.loaded:
        code, watch.told = pytest.ExitCode.NO_TESTS_COLLECTED, f"no test imports {planted.name}"
    answer.send((watch.told, time.process_time(), watch.durations))
    # Without the manners of an exit: a fault may have left threads that never end.
    os._exit(int(code))


_OPTIONS = (
    "-x",
    "-q",
    "--hypothesis-profile=teeth",
    # Loaded before pytest could rewrite its asserts, on purpose.
    "-Wignore::pytest.PytestAssertRewriteWarning",
    "-pno:cacheprovider",
    "-p_hypothesis_pytestplugin",
)


def _keep_quiet_and_bounded(root: Path, cpu_s: float) -> None:
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(root)
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(root / "build" / "mutation" / "bytecode")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(root / "build" / "mutation" / "hypothesis")
