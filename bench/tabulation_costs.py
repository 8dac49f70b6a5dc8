"""What the tabulation takes: processor per report, memory and time per station."""

import atexit
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from long_log import write_long_log
from units import Row, Stopwatch, verification

from ballotbox_protocol.wire.trust import Root, Trusted
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Published, conclude
from ballotbox_tabulation.log_directory import directory_reader
from ballotbox_tabulation.scratch_shelf import ScratchShelf
from ballotbox_tabulation.second_opinion import second_opinion
from ballotbox_tabulation.trust_files import load_trusted

#: Numbers of stations between which the memory of a station is what they differ by. What a report
#: costs is measured over the many.
_FEW, _MANY = 2_000, 20_000
_REPORTS_A_STATION: Final = 5
#: A shared machine is now faster, now slower: each pass is held against the unit around it.
_PASSES: Final = 3
_KIB: Final = 1_024


def report_cost(_directory: Path) -> Iterator[Row]:
    """CPU of the tabulation per report of an exported log: verify, fold, laws, count again.

    As in the command, nobody looks for cycles meanwhile, and the register is read before.
    """
    watch = Stopwatch("tabulation.report_cost")
    folder = _long_log(_MANY)
    root, trusted = _trust(folder)
    reports = _REPORTS_A_STATION * _MANY
    unit, costs = verification(), []
    gc.disable()
    before = unit.now()
    for _ in range(_PASSES):
        used = _seconds(folder / "log", root, trusted)
        after = unit.now()
        costs.append(2 * used / reports / (before + after))
        before = after
        gc.collect()
    gc.enable()
    yield watch.row(
        statistics.median(costs),
        "Ed25519 verifications",
        f"CPU; verify, fold, gates, second computation; {reports:,} reports, five a box, two with "
        f"two officers; median of {_PASSES} passes, {min(costs):.2f} to {max(costs):.2f}",
    )


def _seconds(log: Path, root: Root, trusted: Trusted) -> float:
    """Return the processor time that a log takes until its result may be published."""
    began = time.process_time()
    opened = open_log(directory_reader(log), trusted)
    if isinstance(opened, Fault):
        raise SystemExit(str(opened))
    leaves, shelf = read_leaves(opened), ScratchShelf()
    concluded = conclude(opened, leaves, root, "bench", second_opinion, shelf=shelf)
    if not isinstance(concluded, Published):
        raise SystemExit(str(concluded))
    return time.process_time() - began


def _trust(folder: Path) -> tuple[Root, Trusted]:
    """Read the documents in a folder, and what every reader of its log makes of them."""
    documents = folder / "election.cose", folder / "register.cose"
    root, trusted = load_trusted(*documents, (folder / "root.txt").read_text())
    _ = trusted.reporters, trusted.register.entries_of, trusted.register.expected
    return root, trusted


@cache
def _long_log(stations: int) -> Path:
    """Return a folder with a log of so many stations, which every measurement here reads."""
    kept = TemporaryDirectory()
    atexit.register(kept.cleanup)
    write_long_log(Path(kept.name), stations)
    return Path(kept.name)


#: What every reader of a log has in memory before the first leaf: definition and register.
_TRUSTING: Final = """
import sys
from pathlib import Path
from ballotbox_tabulation.trust_files import load_trusted

_, trusted = load_trusted(*map(Path, sys.argv[1:3]), sys.argv[3])
trusted.reporters, trusted.register.entries_of, trusted.register.expected
"""


class Spent(NamedTuple):
    """What one command took: the most memory it ever had, and time on the clock."""

    peak_kib: int
    wall_s: float


def memory_per_station(_directory: Path) -> Iterator[Row]:
    """Memory that `ballotbox-tabulate run` takes for each station more, the whole command.

    And for each report more, but for the definition and the register, which are there before it.
    """
    watch = Stopwatch("tabulation.memory_per_station")
    folders = _long_log(_FEW), _long_log(_MANY)
    few, many = map(_tabulated, folders)
    grown = many.peak_kib - few.peak_kib
    yield watch.row(
        grown / (_MANY - _FEW),
        "KiB per station",
        f"memory; a box a station, five reports each; {many.peak_kib / _KIB:.0f} MiB at "
        f"{_MANY:,} stations, {many.wall_s:.0f} s on the clock",
    )
    less, more = (_trusted(folder).peak_kib for folder in folders)
    reports = _REPORTS_A_STATION * (_MANY - _FEW)
    yield watch.row(
        (grown - (more - less)) * _KIB / reports,
        "bytes per report",
        f"memory; from {_REPORTS_A_STATION * _FEW:,} to {_REPORTS_A_STATION * _MANY:,} reports, "
        f"beside definition and register, {(more - less) / (_MANY - _FEW):.2f} KiB a station",
        "tabulation.memory_growth",
    )


def _tabulated(folder: Path) -> Spent:
    """Run the command over the log in a folder."""
    program = Path(sys.executable).with_name("ballotbox-tabulate")
    trust = ["--election", folder / "election.cose", "--register", folder / "register.cose"]
    trust += ["--root", (folder / "root.txt").read_text()]
    return _spent(program, "run", folder / "log", *trust, "--out", folder / "out")


def _trusted(folder: Path) -> Spent:
    """Read the documents in a folder, and no log."""
    documents = folder / "election.cose", folder / "register.cose"
    root = (folder / "root.txt").read_text()
    return _spent(sys.executable, "-c", _TRUSTING, *documents, root)


#: Starts a command, and says the most memory that it had. Of a child the system tells no less than
#: what the one that started it had, so this one is small.
_WATCHING: Final = """
import os, subprocess, sys

running = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(running.pid, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def _spent(*command: str | Path) -> Spent:
    began = time.monotonic()
    watching = [sys.executable, "-c", _WATCHING, *command]
    ended = subprocess.run(watching, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{Path(command[0]).name} ended with {ended.returncode}")
    return Spent(int(ended.stdout), time.monotonic() - began)
