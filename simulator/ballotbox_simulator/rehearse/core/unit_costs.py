"""What one report and one box cost each part, out of the seconds of one rehearsal.

A part spends processor time on being there and on reports. Least squares over spans of seconds tell
the two apart, so that a short run is no dearer by the report than a long one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ballotbox_simulator.rehearse.core.document import PartUse, RehearsalResult, UnitCost
from ballotbox_simulator.rehearse.core.headroom import own_parts

#: Seconds put together, so that work and its receipt fall into the same span.
_SPAN: Final = 5
#: Fewer spans than this draw no line; then all of the time is put down to the reports.
_SPANS_MIN: Final = 4
_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class PartCosts:
    """What one kind of part costs: microseconds of CPU per report, cores while idle, MiB at most.

    processes: how many there were of the kind. here: they shared the machine of broker and gateway.
    """

    kind: str
    processes: int
    us_per_report: float
    idle_cores: float
    memory_mib: float
    here: bool = True


@dataclass(frozen=True, slots=True)
class SetUp:
    """Which parts a rehearsal had started itself, as [embedded] of its plan says."""

    ledger: str
    gateways: int
    centre: bool
    tls: bool


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """What a planner takes from one rehearsal.

    boxes: how many were connected at once. peak_per_s: reports a second in the densest part of the
    burst. day_reports, burst_reports: of each box before and after
    the close. latency_s: of a report that nothing delays. connect_per_s: a lower bound where the
    tester dialled no faster. broker_kib_per_box, log_kib_per_report: None, not measured.
    """

    title: str
    measured_on: str
    machine: str
    cores: int
    set_up: SetUp
    boxes: int
    peak_per_s: float
    reports: int
    day_reports: float
    burst_reports: float
    latency_s: float
    connect_per_s: float
    broker_kib_per_box: float | None
    log_kib_per_report: float | None
    parts: tuple[PartCosts, ...]

    def of(self, kind: str) -> PartCosts | None:
        """Return the costs of a kind of part, None when there was none of it."""
        return next((each for each in self.parts if each.kind == kind), None)


def cost_rows(parts: Sequence[PartUse], reports: int, boxes: int) -> Iterator[UnitCost]:
    """Yield what a report or a box costs each kind of part, all processes of the kind together.

    Whatever they used is put down to the reports, also what they use without any.
    """
    for kind in dict.fromkeys(part.kind for part in parts):
        alike = [part for part in parts if part.kind == kind]
        spent_s = sum(part.cpu_s for part in alike)
        yield UnitCost(kind, "report", round(spent_s * _MICRO / reports, 1), "us")
        if kind == "broker":
            grown = sum(_grown_mib(part) for part in alike)
            yield UnitCost(kind, "box", round(grown * 1_024 / boxes, 2), "KiB")


def _grown_mib(part: PartUse) -> float:
    begin = next((each for each in part.memory_mib if each is not None), 0.0)
    return max(0.0, part.memory_peak_mib - begin)


def unit_costs(result: RehearsalResult) -> UnitCosts:
    """Return the unit costs that a rehearsal has shown."""
    boxes = result.election.boxes
    counts = {each.name: each.percentiles.count for each in result.latencies}
    closing = counts.get("receipt_burst", 0)
    halves = {each.name: each.percentiles.p50_ms for each in result.latencies}
    kinds = dict.fromkeys(part.kind for part in own_parts(result))
    machine = result.machine
    return UnitCosts(
        title=result.title,
        measured_on=result.started[:10],
        machine=f"{machine.processor}, {machine.cores} cores",
        cores=machine.cores,
        set_up=_set_up(result),
        boxes=boxes,
        peak_per_s=_peak_of(result, closing),
        reports=result.ledger.sent,
        day_reports=(result.ledger.sent - closing) / boxes,
        burst_reports=closing / boxes,
        latency_s=halves.get("receipt_day", 0.0) / 1_000,
        connect_per_s=result.rates.connect_per_s,
        broker_kib_per_box=_cost(result, "broker", "box"),
        log_kib_per_report=_cost(result, "log", "report"),
        parts=tuple(_part(result, kind) for kind in kinds),
    )


def _set_up(result: RehearsalResult) -> SetUp:
    table = result.plan.get("embedded") or {}
    return SetUp(
        ledger=table.get("ledger", "sqlite"),
        gateways=table.get("gateways", 1),
        centre=table.get("centre", False),
        tls=table.get("tls", False),
    )


def _peak_of(result: RehearsalResult, closing: int) -> float:
    spread, shape = float(result.plan["burst"]["spread"]), result.plan["burst"]["shape"]
    return float(closing * max(shape) * len(shape) / sum(shape) / spread)


def _cost(result: RehearsalResult, part: str, per: str) -> float | None:
    found = (each.value for each in result.costs if (each.part, each.per) == (part, per))
    return next(found, None)


def _part(result: RehearsalResult, kind: str) -> PartCosts:
    parts = [part for part in result.series.parts if part.kind == kind]
    us, idle = _line(result, parts)
    memory = max(part.memory_peak_mib for part in parts)
    here = not any(part.machine for part in parts)
    return PartCosts(kind, len(parts), us, idle / len(parts), memory, here)


def _line(result: RehearsalResult, parts: Sequence[PartUse]) -> tuple[float, float]:
    """Return microseconds per report, and the cores that all of these keep busy without any."""
    spans = list(_spans(result, parts))
    spent = sum(part.cpu_s for part in parts)
    whole = spent * _MICRO / max(1, result.ledger.sent)
    if len(spans) < _SPANS_MIN:
        return whole, 0.0
    rate_mean = sum(rate for rate, _ in spans) / len(spans)
    busy_mean = sum(busy for _, busy in spans) / len(spans)
    spread = sum((rate - rate_mean) ** 2 for rate, _ in spans)
    if spread == 0:
        return whole, 0.0
    slope = sum((rate - rate_mean) * (busy - busy_mean) for rate, busy in spans) / spread
    idle = busy_mean - slope * rate_mean
    if slope <= 0 or idle <= 0:
        return whole, 0.0
    return slope * _MICRO, idle


def _spans(result: RehearsalResult, parts: Sequence[PartUse]) -> "list[tuple[float, float]]":
    """Return (receipts a second, cores busy) of each whole span since the start."""
    series = result.series
    first = next((at for at, second in enumerate(series.at_s) if second > 0), len(series.at_s))
    spans = []
    for begin in range(first, len(series.at_s) - _SPAN + 1, _SPAN):
        seconds = range(begin, begin + _SPAN)
        rate = sum(series.receipts_per_s[at] for at in seconds) / _SPAN
        busy = sum(part.cpu_cores[at] or 0.0 for part in parts for at in seconds) / _SPAN
        spans.append((rate, busy))
    return spans
