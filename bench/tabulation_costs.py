"""What the tabulation takes: processor per report, memory and time per station."""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from long_log import write_long_log
from night import ORIGIN, authority_of, close_and_finish, crew_at_close
from units import Row, Stopwatch, verification

from ballotbox_device.core.rules import ElectionRules
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Published, conclude
from ballotbox_tabulation.log_directory import directory_reader
from ballotbox_tabulation.scratch_shelf import ScratchShelf
from ballotbox_tabulation.second_opinion import second_opinion

_BOXES = 1_000
#: Numbers of stations between which the memory of a station is what they differ by.
_FEW, _MANY = 2_000, 10_000
_KIB: Final = 1_024


def report_cost(directory: Path) -> Iterator[Row]:
    """CPU of the tabulation per report of an exported log: verify, fold, laws, count again.

    As in the command, nobody looks for cycles meanwhile.
    """
    watch = Stopwatch("tabulation.report_cost")
    authority = authority_of(_BOXES)
    rules = ElectionRules.of(authority.trusted)
    crews = [crew_at_close(authority, rules, number) for number in range(_BOXES)]
    close_and_finish(crews)
    log = directory / "log"
    with InnerGateway(directory, authority, ORIGIN) as gateway:
        for crew in crews:
            gateway.admit([each.data for each in crew.made])
        gateway.flush()
        reports = gateway.size
        gateway.export(log)
    unit = verification()
    gc.disable()
    began = time.process_time()
    opened = open_log(directory_reader(log), authority.trusted)
    if isinstance(opened, Fault):
        raise SystemExit(str(opened))
    leaves, shelf = read_leaves(opened), ScratchShelf()
    concluded = conclude(opened, leaves, authority.root, "bench", second_opinion, shelf=shelf)
    used = time.process_time() - began
    gc.enable()
    unit.sample()
    if not isinstance(concluded, Published):
        raise SystemExit(str(concluded))
    yield watch.row(
        used / reports / unit.seconds,
        "Ed25519 verifications",
        "CPU; verify, fold, gates, second computation; five reports a box, two with two officers",
    )


#: What every reader of a log has in memory before the first leaf: definition and register.
_TRUSTING: Final = """
import sys
from pathlib import Path
from ballotbox_tabulation.trust_files import load_trusted

_, trusted = load_trusted(*map(Path, sys.argv[1:3]), sys.argv[3])
trusted.reporters, trusted.register.entries_of, trusted.register.expected
"""
_REPORTS_A_STATION: Final = 5


class Spent(NamedTuple):
    """What one command took: the most memory it ever had, and time on the clock."""

    peak_kib: int
    wall_s: float


def memory_per_station(directory: Path) -> Iterator[Row]:
    """Memory that `ballotbox-tabulate run` takes for each station more, the whole command.

    And for each report more, but for the definition and the register, which are there before it.
    """
    watch = Stopwatch("tabulation.memory_per_station")
    sizes = {_FEW: directory / "few", _MANY: directory / "many"}
    for stations, folder in sizes.items():
        folder.mkdir()
        write_long_log(folder, stations)
    few, many = (_tabulated(folder) for folder in sizes.values())
    grown = many.peak_kib - few.peak_kib
    yield watch.row(
        grown / (_MANY - _FEW),
        "KiB per station",
        f"memory; a box a station, five reports each; {many.peak_kib / _KIB:.0f} MiB at "
        f"{_MANY:,} stations, {many.wall_s:.0f} s on the clock",
    )
    less, more = (_trusted(folder).peak_kib for folder in sizes.values())
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


def _spent(*command: str | Path) -> Spent:
    began = time.monotonic()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    # Of this child alone: what the others took is in the sum that the system keeps of all.
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"{Path(command[0]).name} ended with {running.returncode}")
    return Spent(used.ru_maxrss, time.monotonic() - began)
