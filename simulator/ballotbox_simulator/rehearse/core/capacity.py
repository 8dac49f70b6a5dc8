"""How many brokers, gateways and how much database a country needs, and when it is answered.

Reports arrive as boxes close; what a set-up cannot take at once waits. Each part takes as many a
second as its processor time allows. This is a reckoning with measured unit costs: it knows nothing
of what only large numbers bring about, so its answer is the plan of the next rehearsal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_simulator.rehearse.core.headroom import ON_MANY_CORES
from ballotbox_simulator.rehearse.core.unit_costs import PartCosts, UnitCosts

#: So much of a core may be busy in the mean: the rest is for what nobody thought of.
LOAD: Final = 0.7
#: What a ledger takes beside the exported log of the same reports; 1.65 was measured.
LEDGER_OF_LOG: Final = 2.0
#: The same of one in PostgreSQL, without its write-ahead log and what an empty cluster takes; 2.57
#: was measured.
DATABASE_OF_LOG: Final = 3.0
#: A burst is reckoned in so many steps.
_STEPS: Final = 400
_ANSWERED: Final = 0.99
_MICRO: Final = 1_000_000
_KIB_PER_GIB: Final = 1_024 * 1_024
_PROCESSES_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Night:
    """What is asked: boxes, over how many seconds they close, how that time is weighed.

    within_s: seconds from the close until 99 % of the day's reports are to hold a receipt.
    boxes_per_broker: no more connections on one broker than an office trusts it with.
    """

    boxes: int
    spread_s: float
    shape: tuple[float, ...]
    within_s: float
    boxes_per_broker: int

    def __post_init__(self) -> None:
        require(self.boxes >= 1, "boxes", "must be 1 or more")
        require(self.spread_s > 0, "spread", "must be above 0 seconds")
        require(self.within_s > 0, "within", "must be above 0 seconds")
        require(self.boxes_per_broker >= 1, "boxes per broker", "must be 1 or more")
        good = bool(self.shape) and all(each >= 0 for each in self.shape) and sum(self.shape) > 0
        require(good, "shape", "must be weights of 0 or more, one of them above 0")


@dataclass(frozen=True, slots=True)
class Sizing:
    """What a night needs. Rates are reports a second; memory MiB, disk GiB, times seconds.

    ledger_of_log: bytes of a ledger for each of the exported log. answered_s: from the close until
    99 % hold a receipt. return_s: until all boxes of one broker are connected again after it was
    away. None: the measurement does not say.
    """

    brokers: int
    boxes_per_broker: int
    broker_cores: float
    broker_memory_mib: float | None
    gateways: int
    gateway_cores: float
    gateway_memory_mib: float
    database: str
    database_cores: float | None
    disk_gib: float | None
    ledger_of_log: float
    reports: int
    peak_per_s: float
    capacity_per_s: float
    answered_s: float
    return_s: float


def sized(night: Night, costs: UnitCosts) -> Sizing:
    """Return what a night needs; raises InvalidField when no number of parts is enough."""
    gateway, broker = _needed(costs, "gateway"), _needed(costs, "broker")
    gateways = _gateways(night, costs, gateway.us_per_report)
    peak = peak_per_s(night, costs)
    answered_by = ceil(peak * broker.us_per_report / _MICRO / LOAD)
    brokers = max(1, answered_by, ceil(night.boxes / night.boxes_per_broker))
    each = ceil(night.boxes / brokers)
    capacity = gateways * LOAD * _MICRO / gateway.us_per_report
    passing = min(peak, capacity)
    database = costs.of("database")
    reports = round(night.boxes * (costs.day_reports + costs.burst_reports))
    kib = costs.broker_kib_per_box
    log = costs.log_kib_per_report
    in_file = gateways == 1 and database is None
    ledger = LEDGER_OF_LOG if in_file else DATABASE_OF_LOG
    return Sizing(
        brokers=brokers,
        boxes_per_broker=each,
        broker_cores=_cores(peak / brokers, broker.us_per_report, broker.idle_cores),
        broker_memory_mib=None if kib is None else broker.memory_mib + each * kib / 1_024,
        gateways=gateways,
        gateway_cores=_cores(passing / gateways, gateway.us_per_report, gateway.idle_cores),
        gateway_memory_mib=gateway.memory_mib,
        database="SQLite, in the gateway" if in_file else "PostgreSQL",
        database_cores=None
        if database is None
        else _cores(passing, database.us_per_report, database.idle_cores),
        disk_gib=None if log is None else reports * log * ledger / _KIB_PER_GIB,
        ledger_of_log=ledger,
        reports=reports,
        peak_per_s=peak,
        capacity_per_s=capacity,
        answered_s=answered_s(night, costs, capacity),
        return_s=each / costs.connect_per_s if costs.connect_per_s else 0.0,
    )


def answered_s(night: Night, costs: UnitCosts, capacity_per_s: float) -> float:
    """Return the seconds from the close until 99 % of the day's reports hold a receipt.

    capacity_per_s: reports that the set-up takes each second.
    """
    burst = night.boxes * costs.burst_reports
    whole = night.boxes * (costs.day_reports + costs.burst_reports)
    asked = _ANSWERED * whole - (whole - burst)
    if asked <= 0:
        return 0.0
    step = night.spread_s / _STEPS
    done = waiting = now = 0.0
    for share in _arrivals(night.shape):
        came = waiting + share * burst
        took = min(came, capacity_per_s * step)
        if done + took >= asked:
            return now + step * (asked - done) / took + costs.latency_s
        done, waiting, now = done + took, came - took, now + step
    return now + (asked - done) / capacity_per_s + costs.latency_s


def shared_capacity_per_s(costs: UnitCosts) -> float:
    """Return what the measured machine takes each second with its tester on it.

    Each part but a database decides on one core, and all of them share the machine's.
    """
    alone = [
        part.processes * max(0.05, 1.0 - part.idle_cores) * _MICRO / part.us_per_report
        for part in costs.parts
        if part.us_per_report > 0 and part.kind not in ON_MANY_CORES
    ]
    idle = sum(part.idle_cores * part.processes for part in costs.parts if part.here)
    together = sum(part.us_per_report for part in costs.parts if part.here)
    machine = max(0.05, costs.cores - idle) * _MICRO / max(together, 1e-9)
    return min([*alone, machine])


def peak_per_s(night: Night, costs: UnitCosts) -> float:
    """Return the reports a second in the densest part of the burst."""
    parts = len(night.shape)
    share = max(night.shape) / sum(night.shape)
    return night.boxes * costs.burst_reports * share * parts / night.spread_s


def _needed(costs: UnitCosts, kind: str) -> PartCosts:
    part = costs.of(kind)
    if part is None or part.us_per_report <= 0:
        raise InvalidField("measured", f"has no {kind} that worked: rehearse with [embedded]")
    return part


def _gateways(night: Night, costs: UnitCosts, us_per_report: float) -> int:
    """Return the fewest gateway processes that answer in time."""
    each = LOAD * _MICRO / us_per_report
    soonest = answered_s(night, costs, peak_per_s(night, costs))
    if soonest > night.within_s:
        problem = f"must be {ceil(soonest)} seconds or more: nothing is answered before it is sent"
        raise InvalidField("within", problem)
    low, high = 1, _PROCESSES_MAX
    while low < high:
        middle = (low + high) // 2
        if answered_s(night, costs, middle * each) <= night.within_s:
            high = middle
        else:
            low = middle + 1
    return low


def _cores(per_s: float, us_per_report: float, idle: float) -> float:
    return idle + per_s * us_per_report / _MICRO


def _arrivals(shape: Sequence[float]) -> list[float]:
    """Return which share of the burst comes in each of its steps."""
    whole = sum(shape)
    each = _STEPS / len(shape)
    return [
        shape[min(int((step + 0.5) / each), len(shape) - 1)] / whole / each
        for step in range(_STEPS)
    ]
