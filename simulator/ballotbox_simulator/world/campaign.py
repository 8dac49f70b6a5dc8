"""Many days of one scenario, in any number of processes, added up in the order of their seeds.

The sum, its hash included, is the same for any number of processes.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from ballotbox_simulator.world.auditor import Finding
from ballotbox_simulator.world.faults import FaultClass, FaultKind
from ballotbox_simulator.world.run import DayOutcome, run_day
from ballotbox_simulator.world.scenario import Scenario
from ballotbox_simulator.world.settlement import Balance

#: How many days a process takes at once: days differ much in length, and the last ones end alone.
_DAYS_AT_ONCE: Final = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DayResult:
    """What one day came to, small enough to be sent from process to process."""

    seed: int
    findings: tuple[Finding, ...]
    balance: Balance
    held_to: FaultClass
    struck: Counter[FaultKind]
    overcome: Counter[FaultKind]
    sheets: int
    reports: int
    simulated_s: int
    cpu_s: float
    transcript: str

    @staticmethod
    def of(outcome: DayOutcome, cpu_s: float) -> "DayResult":
        """Return the result of an outcome that took so many seconds of one processor."""
        return DayResult(
            outcome.day.seed,
            outcome.findings,
            outcome.balance,
            outcome.held_to,
            outcome.struck,
            outcome.overcome,
            outcome.sheets,
            outcome.reports,
            outcome.simulated_s,
            cpu_s,
            outcome.transcript,
        )


@dataclass(slots=True)
class Campaign:
    """The sum of days; `failed` keeps the days that somebody objected to, in order."""

    days: int = 0
    failed: list[DayResult] = field(default_factory=list)
    classes: Counter[FaultClass] = field(default_factory=Counter)
    struck: Counter[FaultKind] = field(default_factory=Counter)
    overcome: Counter[FaultKind] = field(default_factory=Counter)
    balance: Balance = field(default_factory=Balance)
    sheets: int = 0
    reports: int = 0
    simulated_s: int = 0
    cpu_s: float = 0.0
    transcript: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether nobody objected to any day."""
        return not self.failed

    @property
    def speed(self) -> float:
        """Simulated seconds for each second of one processor."""
        return self.simulated_s / self.cpu_s if self.cpu_s else 0.0

    def add(self, day: DayResult) -> None:
        """Add a day; the order of days is part of the transcript's hash."""
        self.days += 1
        if day.findings:
            self.failed.append(day)
        self.classes[day.held_to] += 1
        self.struck.update(day.struck)
        self.overcome.update(day.overcome)
        self.balance.add(day.balance)
        self.sheets += day.sheets
        self.reports += day.reports
        self.simulated_s += day.simulated_s
        self.cpu_s += day.cpu_s
        text = f"{self.transcript} {day.seed} {day.transcript}\n"
        self.transcript = blake2b(text.encode(), digest_size=16).hexdigest()

    def merge(self, later: "Campaign") -> None:
        """Add the sum of later days."""
        self.days += later.days
        self.failed += later.failed
        self.classes.update(later.classes)
        self.struck.update(later.struck)
        self.overcome.update(later.overcome)
        self.balance.add(later.balance)
        self.sheets += later.sheets
        self.reports += later.reports
        self.simulated_s += later.simulated_s
        self.cpu_s += later.cpu_s
        text = f"{self.transcript} {later.transcript}\n"
        self.transcript = blake2b(text.encode(), digest_size=16).hexdigest()


def run_campaign(
    scenario: Scenario,
    seeds: Sequence[int],
    jobs: int = 1,
    progress: Progress = lambda _done, _all: None,
) -> Campaign:
    """Run one day for each seed."""
    campaign = Campaign()
    for done, result in enumerate(_results(scenario, seeds, jobs), 1):
        campaign.add(result)
        progress(done, len(seeds))
    return campaign


def _results(scenario: Scenario, seeds: Sequence[int], jobs: int) -> Iterator[DayResult]:
    """Yield the results in the order of the seeds, whoever is ready first."""
    if jobs == 1 or len(seeds) == 1:
        yield from _run_all(scenario, seeds)
        return
    with ProcessPoolExecutor(min(jobs, len(seeds)), None, _prepare_worker, (scenario,)) as pool:
        yield from pool.map(_work, seeds, chunksize=_DAYS_AT_ONCE)


def _run_all(scenario: Scenario, seeds: Iterable[int]) -> Iterator[DayResult]:
    for seed in seeds:
        yield run_seed(scenario, seed)


def run_seed(scenario: Scenario, seed: int) -> DayResult:
    """Run one day of a scenario."""
    started = time.process_time()
    outcome = run_day(scenario.day(seed))
    return DayResult.of(outcome, time.process_time() - started)


_worker: dict[str, Scenario] = {}


def _prepare_worker(scenario: Scenario) -> None:
    """Give a worker process the scenario once, not with every seed."""
    _worker["scenario"] = scenario


def _work(seed: int) -> DayResult:
    return run_seed(_worker["scenario"], seed)
