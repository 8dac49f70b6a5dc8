"""What a gateway costs: each report, its delivery, its growth, its memory and its start."""

import asyncio
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from laid_out import lay_out
from night import (
    ORIGIN,
    UPPER,
    Night,
    at,
    authority_of,
    close_and_finish,
    crew_at_close,
    made,
    mean_batch,
)
from units import Row, Stopwatch, Unit, cpu_seconds, resident_mib, verification

from ballotbox_device.core.rules import ElectionRules
from ballotbox_gateway.core.outcome import Identity
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.crew import OPENING, Crew, new_crew
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.live.boxes import MqttBox
from ballotbox_simulator.live.broker import free_port
from ballotbox_simulator.live.processes import GatewayProcess, Roads

OPENING_KINDS: Final = (ReportKind.BOOT, ReportKind.ZERO, ReportKind.OPEN)
_BOXES: Final = 2_000
_UNIT: Final = "Ed25519 verifications"


def report_costs(directory: Path) -> Iterator[Row]:
    """Cost of one final and of one turnout report, and the rate, over a real broker."""
    watches = {
        name: Stopwatch(f"gateway.{name}")
        for name in ("report_cost_final", "report_cost_turnout", "reports_per_s")
    }
    authority, crews = closed_crews(_BOXES)
    night = Night(directory, authority)
    try:
        unit = verification()
        night.admit([report for crew in crews for report in made(crew, OPENING_KINDS)])
        for number in range(_TURNOUTS_EACH):
            for crew in crews:
                crew.turnout(at(6 + number))
        turnout = _in_passes(night, crews, ReportKind.TURNOUT, unit)
        close_and_finish(crews)
        night.admit([report for crew in crews for report in made(crew, (ReportKind.CLOSE,))])
        final = _in_passes(night, crews, ReportKind.FINAL, unit)
    finally:
        night.close()
    openings, closes = len(OPENING_KINDS), len(OPENING_KINDS) + _TURNOUTS_EACH
    for name, cost, first, stop in (
        ("final", final, closes + 1, closes + 2),
        ("turnout", turnout, openings, closes),
    ):
        batch = mean_batch(night.ledger, first * _BOXES, stop * _BOXES)
        limit = (
            f"CPU of the process, from the socket to the published receipt; {batch:.0f} reports a "
            f"commit, from a backlog; median of {_PASSES} passes, {cost.told}; the verification, "
            "then reading the body and SQLite"
        )
        yield watches[f"report_cost_{name}"].row(cost.units, _UNIT, limit)
    yield watches["reports_per_s"].row(
        1 / final.wall_s,
        "finals/s, wall",
        "one core of the gateway; broker and publisher beside it",
    )


#: A shared machine is now faster, now slower: each pass is held against the unit around it.
_PASSES: Final = 8
#: So that a pass is many batches: waking up costs as much as dozens of reports.
_TURNOUTS_EACH: Final = 4


@dataclass(frozen=True, slots=True)
class _Passes:
    """What one report cost in each pass: in units of that moment, and the least wall time."""

    costs: tuple[float, ...]
    wall_s: float

    @property
    def units(self) -> float:
        return statistics.median(self.costs)

    @property
    def told(self) -> str:
        return f"{min(self.costs):.2f} to {max(self.costs):.2f}"


def _in_passes(night: Night, crews: list[Crew], kind: ReportKind, unit: Unit) -> _Passes:
    """Admit these reports of all boxes, a part of the boxes in each pass."""
    costs, walls = [], []
    before = unit.now()
    for first in range(_PASSES):
        some = crews[first::_PASSES]
        cost = night.admit([report for crew in some for report in made(crew, (kind,))])
        after = unit.now()
        costs.append(2 * cost.cpu_s / (before + after))
        walls.append(cost.wall_s)
        before = after
    return _Passes(tuple(costs), min(walls))


def closed_crews(boxes: int) -> tuple[Authority, list[Crew]]:
    """Return an election and its boxes, closed and without their finals."""
    authority = authority_of(boxes)
    rules = ElectionRules.of(authority.trusted)
    return authority, [crew_at_close(authority, rules, number) for number in range(boxes)]


def delivery_cost(directory: Path) -> Iterator[Row]:
    """CPU of the lower gateway per report that it delivers upward and has receipted."""
    watch = Stopwatch("gateway.delivery_cost")
    authority, crews = closed_crews(_BOXES)
    port = free_port()
    night = Night(directory, authority, upstream=(f"http://127.0.0.1:{port}", UPPER))
    centre = GatewayProcess(directory / "centre", authority, UPPER, Roads(http_port=port))
    try:
        reports = [report for crew in crews for report in made(crew, OPENING_KINDS)]
        night.admit(reports)
        unit = verification()
        cpu = cpu_seconds(night.gateway.pid)
        asyncio.run(centre.start())
        # The centre is asked, not the gateway that is measured: answering costs as well.
        night.until(lambda: centre.status()["log"]["size"] == len(reports), "delivery", 0.2)
        used = cpu_seconds(night.gateway.pid) - cpu
        unit.sample()
    finally:
        centre.close()
        night.close()
    cost = used / len(reports) / unit.seconds
    yield watch.row(cost, _UNIT, "CPU; batches of 512 leaves over HTTP, loopback")


_SIZES: Final = (1_000, 1_000_000)
_ROUNDS: Final = 8
#: Their openings make up the smaller log; a round is two turnout reports of each.
_GROWING: Final = 300


def growth(directory: Path) -> Iterator[Row]:
    """Cost of a report where a million leaves stand over its cost where a thousand do."""
    watch = Stopwatch("gateway.growth")
    authority, crews = closed_crews(_GROWING)
    nights = {size: _night_with(directory / str(size), authority, crews, size) for size in _SIZES}
    used = dict.fromkeys(_SIZES, 0.0)
    try:
        unit = verification()
        for number in range(_ROUNDS):
            reports = _turnouts(crews, number)
            # The same within seconds, in turn first: what else the machine does is in both.
            for size in _SIZES[:: 1 if number % 2 else -1]:
                used[size] += nights[size].admit(reports).cpu_s / _ROUNDS
            unit.sample()
    finally:
        for night in nights.values():
            night.close()
    few, many = (used[size] / unit.seconds for size in _SIZES)
    limit = (
        f"{many:.2f} over {few:.2f} verifications, CPU, {_ROUNDS} times in turn {len(reports)} "
        f"turnout reports beyond each size; {_SIZES[1]:,} leaves laid out, not judged; the index "
        "of the ids"
    )
    yield watch.row(many / few, "times", limit)


def _night_with(directory: Path, authority: Authority, crews: list[Crew], leaves: int) -> Night:
    """Return a night whose gateway has so many leaves and all crews' openings."""
    opening = [report for crew in crews for report in made(crew, OPENING_KINDS)]
    identity = Identity(ORIGIN, authority.gateway_keys[ORIGIN])

    def prepare(ledger: Path) -> None:
        lay_out(ledger, identity, crews[0].made[0].data, leaves - len(opening))

    night = Night(directory, authority, prepare=prepare)
    night.admit(opening)
    return night


def _turnouts(crews: list[Crew], number: int) -> list[tuple[Crew, bytes]]:
    reports = []
    for _ in range(2):
        for crew in crews:
            crew.turnout(at(6 + number))
            reports.append((crew, crew.made[-1].data))
    return reports


_PRECINCT: Final = 64
_TURNOUTS: Final = 48


def memory(directory: Path) -> Iterator[Row]:
    """Resident memory of a gateway after 64 boxes have sent it their day over a broker."""
    watch = Stopwatch("gateway.rss_64_boxes")
    authority = authority_of(_PRECINCT)
    rules = ElectionRules.of(authority.trusted)
    crews = [new_crew(authority, rules, box, 1) for box in authority.boxes]
    night = Night(directory, authority)
    try:
        asyncio.run(_live(crews, night))
        told = night.gateway.status()["log"]["size"]
        resident = resident_mib(night.gateway.pid)
        peak = resident_mib(night.gateway.pid, peak=True)
    finally:
        night.close()
    limit = (
        f"VmRSS after {told} reports of {_PRECINCT} connected boxes, {peak:.0f} at most; the "
        "interpreter and the libraries it loads"
    )
    yield watch.row(resident, "MiB", limit)


async def _live(crews: list[Crew], night: Night) -> None:
    """Let every box send its day, each report when the one before it is receipted."""
    broker = night.broker
    boxes = [
        MqttBox(crew, broker.host, broker.port, random.Random(number))
        for number, crew in enumerate(crews)
    ]
    await asyncio.gather(*(box.connect() for box in boxes))
    for crew in crews:
        crew.switch_on(at(0))
        crew.act(at(0), *OPENING)
    await _receipted(boxes)
    for number in range(_TURNOUTS):
        for crew in crews:
            crew.turnout(at(1 + number % 10))
        await _receipted(boxes)
    close_and_finish(crews)
    await _receipted(boxes)
    for box in boxes:
        box.close()


async def _receipted(boxes: list[MqttBox]) -> None:
    deadline = time.monotonic() + 120
    for box in boxes:
        box.pump()
    while any(box.unanswered for box in boxes):
        if time.monotonic() > deadline:
            raise TimeoutError("receipts")
        await asyncio.sleep(0.005)


_START_LEAVES: Final = 100_000
_START_BOXES: Final = 1_000
_STARTS: Final = 5


def start_time(directory: Path) -> Iterator[Row]:
    """Wall time from the command to a gateway that has verified 100,000 leaves and answers."""
    watch = Stopwatch("gateway.start_100k")
    authority, crews = closed_crews(_START_BOXES)
    inner = directory / "inner"
    leaves = _fill(inner, authority, crews)
    process = GatewayProcess(directory / "gateway", authority, ORIGIN, Roads(http_port=free_port()))
    (inner / "ledger.sqlite").replace(directory / "gateway" / "ledger.sqlite")
    walls, cpus = [], []
    for _ in range(_STARTS):
        began = time.monotonic()
        asyncio.run(process.start())
        walls.append(time.monotonic() - began)
        cpus.append(cpu_seconds(process.pid))
        process.stop()
    process.close()
    limit = (
        f"best of {_STARTS}, {min(cpus):.2f} s of CPU; {leaves} leaves: imports, SQLite's own "
        "check, each leaf and report hashed"
    )
    yield watch.row(min(walls), "s, wall", limit)


def _fill(directory: Path, authority: Authority, crews: list[Crew]) -> int:
    with InnerGateway(directory, authority, ORIGIN) as gateway:
        for crew in crews:
            gateway.admit([each.data for each in crew.made])
        hour = 0
        while gateway.size < _START_LEAVES:
            hour += 1
            for crew in crews:
                crew.turnout(at(6 + hour))
                gateway.admit([crew.made[-1].data])
        gateway.flush()
        return gateway.size
