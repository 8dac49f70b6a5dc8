"""The result document of a rehearsal: everything that a page, a planner or a comparison needs.

Seconds are real ones since the start barrier, when the first box was switched on; what happened
before it is below 0. `None` in a series is a second in which there was nothing to measure.
"""

from dataclasses import dataclass
from typing import Any, Final

from ballotbox_simulator.rehearse.core.latency import Percentiles
from ballotbox_simulator.rehearse.core.objectives import Judged

#: Rises when a field changes its meaning or goes; fields may be added.
FORMAT: Final = "ballotbox-rehearsal/1"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """GO, NO-GO or INVALID, the reasons of what is no GO, and what a reader must know besides."""

    outcome: str
    exit_code: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ElectionPart:
    """Which election was rehearsed; `mode` is what its root has signed."""

    name: str
    mode: str
    digest: str
    root: str
    boxes: int
    precincts: int


@dataclass(frozen=True, slots=True)
class LimitPart:
    """One limit of the machine: how much of it there is, how much the plan takes, in words."""

    name: str
    available: float
    needed: float
    unit: str
    enough: bool
    words: str


@dataclass(frozen=True, slots=True)
class MachinePart:
    """The machine on which the tester ran, and in an embedded set-up everything else."""

    system: str
    processor: str
    cores: int
    python: str
    memory_mib: int
    limits: tuple[LimitPart, ...]


@dataclass(frozen=True, slots=True)
class Moments:
    """When what happened; None: it did not.

    receipted_99, receipted_all: of all reports of the night. finals_99: when 99 of 100 of those
    made since the close held a receipt.
    """

    connecting: float
    connected: float
    closing: float | None
    last_close: float | None
    receipted_99: float | None
    receipted_all: float | None
    ended: float
    finals_99: float | None = None


@dataclass(frozen=True, slots=True)
class EventPart:
    """A bad event: when it was planned on the day's clock, and when it began and was over.

    drained_s: seconds from its end until no report waited longer than usual; None: never seen.
    """

    kind: str
    planned: str
    began_s: float | None
    ended_s: float | None
    drained_s: float | None
    words: str


@dataclass(frozen=True, slots=True)
class PartUse:
    """What one part used: cores busy and MiB resident, second by second.

    kind: tester, broker, gateway, centre or database; machine for all that ran there, ours or not.
    cpu_s: seconds of CPU since the start barrier, all in all. machine: the name of the machine on
    which it ran, empty where that is the one that conducted.
    """

    name: str
    kind: str
    program: str
    cpu_cores: tuple[float | None, ...]
    memory_mib: tuple[float | None, ...]
    cpu_s: float
    memory_peak_mib: float
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """What was seen each second; all lists are as long as `at_s`.

    made, receipted, sheets, reconnects, refused: so many since the start. backlog: reports made and
    not receipted. log_size, upstream_waiting: as the gateway says of itself.
    """

    at_s: tuple[float, ...]
    connections: tuple[int, ...]
    made: tuple[int, ...]
    receipted: tuple[int, ...]
    refused: tuple[int, ...]
    sheets: tuple[int, ...]
    reconnects: tuple[int, ...]
    reports_per_s: tuple[float, ...]
    receipts_per_s: tuple[float, ...]
    backlog: tuple[int, ...]
    latency_p50_ms: tuple[float | None, ...]
    latency_p99_ms: tuple[float | None, ...]
    tester_lag_p99_ms: tuple[float | None, ...]
    log_size: tuple[int | None, ...]
    upstream_waiting: tuple[int | None, ...]
    parts: tuple[PartUse, ...]


@dataclass(frozen=True, slots=True)
class LatencyPart:
    """One kind of latency: `receipt` of the night, `receipt_day`, `receipt_burst`, `connect`.

    `finals`: of the reports that were made since the close.
    """

    name: str
    words: str
    percentiles: Percentiles


@dataclass(frozen=True, slots=True)
class SheetCount:
    """Sheets, each number from another witness; None: that witness was not heard."""

    fed: int
    counted: int
    receipted: int
    stored: int | None
    tabulated: int | None


@dataclass(frozen=True, slots=True)
class Astray:
    """A report that is missing or doubled: its id and, where known, its box and place there."""

    report: str
    box: str
    sequence: int | None
    where: str


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """Sent = receipted = stored = tabulated, report by report.

    stored: accepted in the exported log. tabulated: finals that the result counts, of the finals
    that were made; other kinds carry no votes. missing, doubled: every one of them.
    """

    sent: int
    receipted: int
    stored: int | None
    finals: int
    tabulated: int | None
    missing: tuple[Astray, ...]
    doubled: tuple[Astray, ...]
    objections: tuple[str, ...]
    sheets: SheetCount
    holds: bool


@dataclass(frozen=True, slots=True)
class RehearsalProcess:
    """One process of the tester as it told of itself, in the time of which `lag_burst` is.

    cores: kept busy, in the mean. memory_mib: at most. lag_ms: 99 % of its worst second. machine:
    its name, empty where that is the one that conducted. machine_cores: how many that has;
    machine_busy: how many of them all that ran there kept busy.
    """

    name: str
    machine: str
    boxes: int
    cores: float
    memory_mib: float
    lag_ms: float
    machine_cores: int
    machine_busy: float


@dataclass(frozen=True, slots=True)
class RehearsalMachine:
    """A machine of a rehearsal with Locust: its limits, and what its share takes of each."""

    name: str
    cores: int
    boxes: int
    processes: int
    limits: tuple[LimitPart, ...]


@dataclass(frozen=True, slots=True)
class RehearsalTester:
    """Whether the tester kept up: a run that it limited says nothing about what was tested.

    lag_burst: from the close until the last close, or until 99 of 100 finals held a receipt.
    memory_per_box_kib: when all were connected, journals and slots not counted. cpu_share: of all
    cores of the machines that held boxes. machines: with Locust those of its workers, also when it
    is one alone, and with [embedded] the one that conducted; without Locust none.
    """

    valid: bool
    workers: int
    lag_limit_ms: float
    lag: Percentiles
    lag_burst: Percentiles
    cpu_share: float
    memory_per_box_kib: float | None
    words: str
    processes: tuple[RehearsalProcess, ...] = ()
    machines: tuple[RehearsalMachine, ...] = ()


@dataclass(frozen=True, slots=True)
class BottleneckPart:
    """What was closest to its limit while the burst lasted; share: of what it could do, 0 to 1."""

    part: str
    share: float
    words: str


@dataclass(frozen=True, slots=True)
class UnitCost:
    """What one unit of work cost: CPU in microseconds, or memory in KiB.

    part: a kind of part, all processes of it together; or what the words say.
    """

    part: str
    per: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates that a planner starts from; a sustained rate is that of the best ten seconds.

    Seconds after the close: receipted_99_s of all reports of the night, finals_99_s of those made
    since the close.
    """

    connect_per_s: float
    reports_per_s_peak: float
    receipts_per_s_peak: float
    receipts_per_s_sustained: float
    receipted_99_s: float | None
    finals_99_s: float | None = None


@dataclass(frozen=True, slots=True)
class RehearsalResult:
    """One rehearsal, whole; `plan` is the plan as it was run, what it left out filled in."""

    format: str
    program: str
    started: str
    title: str
    text: str
    verdict: Conclusion
    plan: dict[str, Any]
    election: ElectionPart
    machine: MachinePart
    assumptions: tuple[str, ...]
    moments: Moments
    events: tuple[EventPart, ...]
    series: Series
    latencies: tuple[LatencyPart, ...]
    ledger: LedgerCheck
    objectives: tuple[Judged, ...]
    tester: RehearsalTester
    bottleneck: BottleneckPart
    costs: tuple[UnitCost, ...]
    rates: Rates
