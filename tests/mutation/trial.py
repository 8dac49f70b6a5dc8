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
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
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


class Verdict(Enum):
    """What became of a fault."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Result:
    """`told`: the first test that failed. `seconds`: CPU of the trial."""

    verdict: Verdict
    told: str = ""
    seconds: float = 0.0


class NoVerdictError(RuntimeError):
    """The tests could not be run at all: not a fault of what is tested."""


class Trial:
    """Runs `tests` with another text in the place of `file`; `source` is asked for it over there.

    `sentinel` is ready, as `multiprocessing.connection.wait` says it, when `end` will not wait.
    """

    def __init__(
        self, root: Path, file: Path, source: Source, tests: Sequence[str], cpu_s: float
    ) -> None:
        self._reading, writing = _FORK.Pipe(duplex=False)
        arguments = (root, file, source, tests, cpu_s, writing)
        self._process = _FORK.Process(target=_run, args=arguments)
        self._process.start()
        writing.close()
        self.sentinel = self._process.sentinel
        self.deadline = time.monotonic() + _PATIENCE * cpu_s

    def stop(self) -> None:
        """End a trial that will not end, with all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)

    def end(self) -> Result:
        """Return what became of the fault; waits for the process. Raises NoVerdictError."""
        self._process.join()
        told, seconds = self._reading.recv() if self._reading.poll() else ("", 0.0)
        code = self._process.exitcode
        self._reading.close()
        if code is not None and code < 0:
            return Result(Verdict.TIMED_OUT)
        if code == pytest.ExitCode.OK:
            return Result(Verdict.SURVIVED, told, seconds)
        if code in _SEEN:
            return Result(Verdict.KILLED, told, seconds)
        raise NoVerdictError(f"the tests ended with code {code}: {told}")


class _FirstFailure:
    """Remembers who saw the fault."""

    def __init__(self) -> None:
        self.told = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
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
    root: Path, file: Path, source: Source, tests: Sequence[str], cpu_s: float, answer: Connection
) -> None:
    os.setsid()
    _keep_quiet_and_bounded(root, cpu_s)
    planted = _Planted(module_name(file), root / file, source())
    sys.meta_path.insert(0, planted)
    first = _FirstFailure()
    code = pytest.main([*_OPTIONS, *tests], plugins=[first])
    if not planted.loaded:
        code, first.told = pytest.ExitCode.NO_TESTS_COLLECTED, f"no test imports {planted.name}"
    answer.send((first.told, time.process_time()))
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
