"""A gateway on a small computer: one core, 512 MiB, and a card that takes 50 ms for each sync.

The core is one of this machine's, the memory a limit on what the process may address, which is more
than it ever has resident; the card is `slow_disk`. Broker and boxes are on the other cores.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from night import Night, at, authority_of, made, mean_batch
from units import Row, Stopwatch, resident_mib

from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.wire.message import topic_of
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.crew import OPENING, Crew, new_crew
from ballotbox_simulator.live.processes import GatewayProcess

SYNC_S: Final = 0.05
MEMORY_MIB: Final = 512
_BOXES: Final = 300
#: So many reports of each box stand in the ledger that is started.
_OPENINGS: Final = (ReportKind.BOOT, ReportKind.ZERO, ReportKind.OPEN)
#: The boxes of a large precinct, and what each says one after the other.
_PRECINCT: Final = 8
_ROUNDS: Final = 100
_STARTS: Final = 3
_PATIENCE_S: Final = 60.0
_LIMITS: Final = f"one core, {MEMORY_MIB} MiB, {1_000 * SYNC_S:.0f} ms a sync"


def _program() -> tuple[str, ...]:
    """Return the command of a gateway that makes itself small before it begins."""
    core, size = max(range(os.cpu_count() or 1)), MEMORY_MIB * 2**20
    lines = (
        "import os, resource, sys, time",
        f"os.sched_setaffinity(0, {{{core}}})",
        f"resource.setrlimit(resource.RLIMIT_AS, ({size}, {size}))",
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})",
        "from slow_disk import SlowDisk",
        f"disk = SlowDisk(lambda: time.sleep({SYNC_S}))",
        "from ballotbox_gateway.cli import main",
        "main()",
    )
    return (sys.executable, "-c", "\n".join(lines))


class SmallGateway(GatewayProcess):
    """A gateway process with one core, little memory and a slow card."""

    program = _program()


def small_hardware(directory: Path) -> Iterator[Row]:
    """Reports per second, the wait for a receipt, start and memory of a gateway so small."""
    watch = Stopwatch("small.reports_per_s")
    whole = os.sched_getaffinity(0)
    os.sched_setaffinity(0, whole - {max(whole)} or whole)
    try:
        yield from _measured(directory, watch)
    finally:
        os.sched_setaffinity(0, whole)


def _measured(directory: Path, watch: Stopwatch) -> Iterator[Row]:
    authority = authority_of(_BOXES)
    crews = _opened(authority)
    night = Night(directory, authority, process=SmallGateway)
    try:
        backlog = [report for crew in crews for report in made(crew, _OPENINGS)]
        rate = 1 / night.admit(backlog).wall_s
        waits = _waits(night, crews[:_PRECINCT])
        peak = resident_mib(night.gateway.pid, peak=True)
        size = night.gateway.status()["log"]["size"]
        night.gateway.stop()
        starts = [_start(night.gateway) for _ in range(_STARTS)]
    finally:
        night.close()
    batch = mean_batch(night.ledger, 0, len(backlog))
    share = SYNC_S * rate / batch
    limit = f"{_LIMITS}; {batch:.0f} reports a commit, from a backlog; {share:.0%} is the sync"
    yield watch.row(rate, "reports/s, wall", limit)
    yield from _rest(watch, waits, starts, peak, size)


def _rest(
    watch: Stopwatch, waits: list[float], starts: list[float], peak: float, size: int
) -> Iterator[Row]:
    median, (*_, last) = statistics.median(waits), statistics.quantiles(waits, n=100)
    limit = (
        f"{_LIMITS}; {len(waits)} reports of {_PRECINCT} boxes, each sent when the one before is "
        f"receipted, {1_000 * median:.0f} ms in the median: the sync of its batch, after that of "
        "the batch before"
    )
    yield watch.row(1_000 * last, "ms, wall", limit, "small.receipt_p99")
    limit = f"{_LIMITS}; best of {_STARTS}, {size} leaves verified; imports on one core"
    yield watch.row(min(starts), "s, wall", limit, "small.start")
    limit = f"{_LIMITS}; VmHWM after {size} reports; the interpreter and the libraries it loads"
    yield watch.row(peak, "MiB", limit, "small.peak_rss")


def _opened(authority: Authority) -> list[Crew]:
    rules = ElectionRules.of(authority.trusted)
    crews = [new_crew(authority, rules, box, 1) for box in authority.boxes]
    for crew in crews:
        crew.switch_on(at(0))
        crew.act(at(0), *OPENING)
    return crews


def _waits(night: Night, crews: list[Crew]) -> list[float]:
    """Return the seconds that each report waited for its receipt, box by box in turn."""
    digest = night.authority.trusted.digest
    began: dict[str, float] = {}
    waits: list[float] = []

    def heard(topic: str) -> None:
        if topic in began:
            waits.append(time.monotonic() - began.pop(topic))

    night.on_receipt = heard
    for number in range(_ROUNDS):
        for crew in crews:
            crew.turnout(at(1 + number % 10))
            began[topic_of(digest, crew.device.outgoing.box, "down")] = time.monotonic()
            night.publish(crew, crew.made[-1].data)
        night.until(lambda: not began, "receipts", 0.001)
    return waits


def _start(process: GatewayProcess) -> float:
    began = time.monotonic()
    asyncio.run(process.start(_PATIENCE_S))
    took = time.monotonic() - began
    process.stop()
    return took
