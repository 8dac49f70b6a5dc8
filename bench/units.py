"""What the measurements share: the unit of each ratio, CPU of a process, one row of results."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.keyfile import PrivateKey

RESULTS = Path(__file__).parent / "results.json"
_KEY = PrivateKey.from_seed(bytes(range(32)))
#: About the size of a final with 33 vote lines, whose Sig_structure is what is verified.
_STATEMENT = bytes(450)
_ROUNDS, _REPEATS = 15, 200


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, as it stands in results.json."""

    name: str
    value: float
    unit: str
    limited_by: str
    commit: str
    machine: str
    start: str
    duration: float
    command: str


class Stopwatch:
    """Makes the row of one measurement; the start and the duration are those of the whole."""

    def __init__(self, name: str, program: str = "bench/run.py") -> None:
        self._name = name
        self._program = program
        self._start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._began = time.monotonic()

    def row(self, value: float, unit: str, limited_by: str, name: str = "") -> Row:
        """Return the finished row; `name` when one measurement has several."""
        return Row(
            name=name or self._name,
            value=round(value, 3),
            unit=unit,
            limited_by=limited_by,
            commit=_commit(),
            machine=f"{os.cpu_count()} x {_processor()}, Python {platform.python_version()}",
            start=self._start,
            duration=round(time.monotonic() - self._began, 1),
            command=" ".join([self._program, *sys.argv[1:]]),
        )


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


class Unit:
    """Seconds of CPU that one Ed25519 operation takes, sampled around what it measures."""

    def __init__(self, operation: Callable[[], object]) -> None:
        self._operation = operation
        self._samples: list[float] = []
        self.sample()

    def sample(self) -> None:
        """Measure again; call it before, between and after."""
        for _ in range(_ROUNDS):
            began = time.process_time()
            for _ in range(_REPEATS):
                self._operation()
            self._samples.append((time.process_time() - began) / _REPEATS)

    @property
    def seconds(self) -> float:
        """The median of all samples."""
        return statistics.median(self._samples)

    def now(self) -> float:
        """Measure again, and return the median of that alone: what it costs at this moment."""
        known = len(self._samples)
        self.sample()
        return statistics.median(self._samples[known:])


def verification() -> Unit:
    """Return the unit `one Ed25519 verification`."""
    signature = _KEY.sign(_STATEMENT)
    return Unit(lambda: cose.verify(_STATEMENT, signature, _KEY.public))


def signature() -> Unit:
    """Return the unit `one Ed25519 signature`."""
    return Unit(lambda: _KEY.sign(_STATEMENT))


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, user and system, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def running_seconds(pid: int) -> float:
    """Return the CPU time of the threads that a process has now, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_mib(pid: int, *, peak: bool = False) -> float:
    """Return the resident memory of a process in MiB, or the most that it ever was."""
    wanted = "VmHWM:" if peak else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(wanted):
            return int(line.split()[1]) / 1_024
    raise RuntimeError(f"the kernel does not tell the memory of process {pid}")


def write(rows: list[Row], file: Path = RESULTS) -> None:
    """Put the rows into results.json, or another file, in place of older ones of the same name."""
    old = json.loads(file.read_text()) if file.exists() else []
    fresh = {row.name for row in rows}
    kept = [row for row in old if row["name"] not in fresh]
    file.write_text(json.dumps(kept + [asdict(row) for row in rows], indent=1) + "\n")


def forget(prefix: str, file: Path = RESULTS) -> None:
    """Take the rows whose names begin so out of results.json: what measures them may have none."""
    if file.exists():
        kept = [row for row in json.loads(file.read_text()) if not row["name"].startswith(prefix)]
        file.write_text(json.dumps(kept, indent=1) + "\n")


def table(rows: list[Row]) -> str:
    """Return the rows for people."""
    lines = [f"{'name':<30} {'value':>10}  {'unit':<28} limited by"]
    lines += [f"{r.name:<30} {r.value:>10.2f}  {r.unit:<28} {r.limited_by}" for r in rows]
    return "\n".join(lines)
