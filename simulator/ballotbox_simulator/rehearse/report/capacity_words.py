"""What the capacity planner says: sizes first, then everything they rest on."""

from collections.abc import Iterator, Sequence

from ballotbox_simulator.rehearse.core.capacity import (
    DATABASE_OF_LOG,
    LOAD,
    Night,
    Sizing,
    peak_per_s,
    sized,
)
from ballotbox_simulator.rehearse.core.capacity_check import Checked
from ballotbox_simulator.rehearse.core.costs_between import costs_at
from ballotbox_simulator.rehearse.core.unit_costs import UnitCosts
from ballotbox_simulator.rehearse.report.shown_numbers import in_unit

_KIB_PER_GIB = 1_024


def sizing_lines(night: Night, measured: Sequence[UnitCosts]) -> Iterator[str]:
    """Yield the whole answer, line by line; raises InvalidField when there is none."""
    largest = max(measured, key=lambda each: each.boxes)
    on_one = min(night.boxes, night.boxes_per_broker)
    costs = costs_at(measured, on_one, peak_per_s(night, largest))
    sizing = sized(night, costs)
    yield f"{night.boxes:,} boxes, {sizing.reports:,} reports in the day."
    yield from _sizes(sizing)
    yield (
        f"99 % answered: {_time(sizing.answered_s)} after the close "
        f"(asked: {_time(night.within_s)})."
    )
    yield "This rests on:"
    for each in (*_sources(measured), *_assumptions(night, sizing, costs)):
        yield f"  - {each}"


def check_lines(found: tuple[Checked, ...]) -> Iterator[str]:
    """Yield one line for each figure that was foretold and measured."""
    for each in found:
        yield (
            f"{each.boxes:,} boxes, {each.name}: said {in_unit(each.said, each.unit)}, "
            f"came {in_unit(each.came, each.unit)}, error {each.error * 100:+.0f} %"
        )


def _sizes(sizing: Sizing) -> Iterator[str]:
    memory = sizing.broker_memory_mib
    yield (
        f"Brokers: {sizing.brokers:,}, each with {sizing.boxes_per_broker:,} boxes, "
        f"{sizing.broker_cores:.2f} cores at the peak, "
        f"{'memory not measured' if memory is None else in_unit(memory, 'MiB')}."
    )
    yield (
        f"Gateways: {_processes(sizing.gateways)} {sizing.gateway_cores:.2f} cores at the "
        f"peak, {in_unit(sizing.gateway_memory_mib, 'MiB')}; together "
        f"{sizing.capacity_per_s:,.0f} reports a second, {sizing.peak_per_s:,.0f} come at the peak."
    )
    disk = sizing.disk_gib
    yield (
        f"Database: {sizing.database}, {_database_cores(sizing)}, "
        f"{'disk not measured' if disk is None else _disk(disk)}."
    )


def _sources(measured: Sequence[UnitCosts]) -> Iterator[str]:
    for costs in measured:
        yield (
            f"costs measured on {costs.measured_on} with {costs.boxes:,} boxes and "
            f"{costs.reports:,} reports, {costs.peak_per_s:,.0f} a second at the peak "
            f"({costs.title}), on {costs.machine}; another machine has others"
        )
    if len(measured) > 1:
        yield (
            "a report costs what it did in the rehearsal with the nearest peak, between two of "
            "them in the measure of the logarithm, and what parts use besides lies between in the "
            "measure of the boxes; beyond the outermost of them all is as it was there"
        )
    else:
        yield (
            "a report costs the same however many come at once, and what parts use besides is the "
            "same for any number of boxes: neither is quite so, as one commit stores one report or "
            "many, and --measured with rehearsals of two sizes tells it better"
        )


def _database_cores(sizing: Sizing) -> str:
    if sizing.database_cores is not None:
        return f"{sizing.database_cores:.2f} cores at the peak"
    return "on its core" if sizing.gateways == 1 else "processor not measured"


def _assumptions(night: Night, sizing: Sizing, costs: UnitCosts) -> Iterator[str]:
    yield (
        f"each box makes {costs.day_reports:.1f} reports before the close and "
        f"{costs.burst_reports:.1f} after it, as in that rehearsal"
    )
    shape = ":".join(f"{each:g}" for each in night.shape)
    yield (
        f"all boxes report within {_time(night.spread_s)} of the close, equal parts of it "
        f"weighed {shape}"
    )
    for kind in ("gateway", "broker", "database"):
        if part := costs.of(kind):
            yield f"a report costs a {kind} {part.us_per_report:,.0f} µs of processor time"
    yield f"no core is more than {LOAD:.0%} busy in the mean; each process decides on one core"
    if sizing.boxes_per_broker > costs.boxes:
        yield (
            f"a broker bears {sizing.boxes_per_broker:,} connections: more than the "
            f"{costs.boxes:,} that were measured, so rehearse that"
        )
    if sizing.return_s:
        yield (
            f"boxes connect at {costs.connect_per_s:,.0f} a second or more: all of one broker are "
            f"back {_time(sizing.return_s)} after it was away"
        )
    if sizing.gateways == 1:
        yield "one gateway is enough for the work; when it fails, boxes wait until it is back"
    if sizing.gateways > 1 and costs.of("database") is None:
        yield "what PostgreSQL costs was not measured there, so its processor is not sized"
    if costs.of("database") is not None:
        yield (
            "the database is one server with the disk of the measured one and without a standby; "
            "gateways take turns at its log, so rehearse with as many as you mean to run"
        )
    if sizing.disk_gib is not None:
        yield f"a ledger takes {sizing.ledger_of_log:g} times the exported log{_on_top(sizing)}"
    yield "nothing happens at large size that does not happen at the measured one"


def _on_top(sizing: Sizing) -> str:
    if sizing.ledger_of_log != DATABASE_OF_LOG:
        return ""
    return (
        ", and its write-ahead log (max_wal_size, which is no hard limit, and whatever an archive "
        "or a standby has not taken yet) and an empty cluster come on top"
    )


def _processes(number: int) -> str:
    return "1 process," if number == 1 else f"{number:,} processes, each"


def _disk(gib: float) -> str:
    if gib < 1:
        return f"{gib * _KIB_PER_GIB:,.0f} MiB of disk"
    return f"{gib:,.1f} GiB of disk"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min"
