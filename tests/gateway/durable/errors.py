"""Each operation of a ledger's disk fails, once or from then on: what is acknowledged after it?

After an error that is no lack of room this process acknowledges nothing more: it opens the ledger
again, with all its checks, or ends. What was told is held against the files as they are, and
against what of them is durable, in which what a failed sync was to write is lost.
"""

import asyncio
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ballotbox_gateway.service.opening import create_ledger
from tests.gateway.durable.audit import Findings, open_side, twice
from tests.gateway.durable.ledger_day import LEDGER, Day, live, under_ledger
from tests.gateway.durable.power_cuts import Disk, examined, put
from tests.gateway.durable.program import GIVEN, config, reports
from tests.gateway.durable.recorder import FAULTS_OF, Fault, Record
from tests.gateway.scripted import NOW, ORIGIN, arrivals


class Point(NamedTuple):
    """One fault: at the number-th operation since the ledger was made, or from there on."""

    fault: Fault
    number: int
    sticky: bool


@dataclass
class ErrorTally:
    """What came of the faults so far; `ended`: how often the process ended for one."""

    points: int = 0
    ended: int = 0
    acked_without_data: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: "ErrorTally") -> None:
        """Take in what another tally has counted."""
        self.points += other.points
        self.ended += other.ended
        self.acked_without_data += other.acked_without_data
        self.findings += other.findings


@cache
def _made() -> bytes:
    """What the file of a ledger holds that was made and closed."""
    with tempfile.TemporaryDirectory(prefix="bbx-") as name:
        create_ledger(config(Path(name), ORIGIN), GIVEN.trusted)
        return (Path(name) / LEDGER).read_bytes()


def _lived(folder: Path, seed: int, point: Point | None = None) -> Day:
    put(folder, {LEDGER: _made()})
    with under_ledger() as record:
        day = Day(record)
        if point is not None:
            record.fault, record.at, record.sticky = point
            record.strike = lambda fault: None if fault.is_full else day.error()
        asyncio.run(live(folder, seed, day))
    return day


def points(folder: Path, seed: int) -> list[Point]:
    """Return every fault that can strike a day."""
    asked = _lived(folder, seed).record.asked
    return [
        Point(fault, number, sticky)
        for number, do in enumerate(asked, start=1)
        for fault in FAULTS_OF[do]
        for sticky in (False, True)
    ]


def strike(folder: Path, seed: int, point: Point) -> ErrorTally:
    """Live a day with this fault, look at what is left, and send everything again."""
    day = _lived(folder, seed, point)
    findings = Findings()
    if day.after_error:
        findings.lost.append(f"{day.after_error} words after the error, in the same opening")
    kept = {path.name: path.read_bytes() for path in folder.glob(f"{LEDGER}*")}
    for files in (_durable(day.record), kept):
        found = examined(folder, files, day.told, must_start=True)
        findings.lost += found.lost
        findings.other += found.doubled + found.other
    findings.other += _again(folder)
    tally = ErrorTally(1, bool(day.failures), len(findings.lost))
    if not day.record.struck:
        findings.other.append("the fault struck nothing")
    if findings:
        tally.findings.append(f"seed {seed}, {point}: {findings}, {day.failures}")
    return tally


def _durable(record: Record) -> dict[str, bytes | None]:
    disk = Disk({LEDGER: _made()})
    for op in record.ops:
        disk.do(op)
    return disk.durable


def _again(folder: Path) -> list[str]:
    """Send everything to a gateway whose disk is well again; say what is not as it should be."""
    opened = open_side(folder, ORIGIN)
    with closing(opened.ledger):
        for day in reports():
            opened.intake.admit(arrivals(*day), NOW)
        leaves = list(opened.ledger.leaves(0))
        rows = [row for head in opened.ledger.box_heads()
                for row in opened.ledger.reports_of(head.box, 0, None)]  # fmt: skip
    missing = sum(map(len, reports())) - len(rows)
    return twice(leaves) + ([f"{missing} reports are not stored"] if missing else [])
