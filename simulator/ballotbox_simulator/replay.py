"""Real precinct protocols become boxes: fed, receipted, stored, tabulated, compared.

Everything between the sheet and the total is the production code: the firmware's core, the
gateway's intake over its SQLite ledger, the exported log, the tabulation. Only the wires are
missing, so that a nation's worth of stations can be replayed on a laptop.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any, Final

from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.election.identifiers import BoxId, require
from ballotbox_simulator.authority import Authority, Plan, make_authority
from ballotbox_simulator.comparison import Difference, column_totals, differences
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.precinct_protocols import (
    ProtocolFile,
    ProtocolRow,
    read_protocols,
    read_same_rows,
)
from ballotbox_simulator.publishing import PublishedPage, tabulate_log
from ballotbox_simulator.results_directory import make_room
from ballotbox_simulator.station_day import ORIGIN, StationDay, plan_of, run_station

#: Told how many stations are done and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What is replayed, against what, and where the results go."""

    file: Path
    stations: int
    out: Path
    sample: int | None = None
    against: Path | None = None
    jobs: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        require(self.stations >= 1, "--stations", "must be at least 1")
        require(self.jobs >= 1, "--jobs", "must be at least 1")


@dataclass(slots=True)
class ReplayOutcome:
    """The stations found, the numbers that must be equal, and what spoils the verdict."""

    stations: int = 0
    fed: int = 0
    sent: int = 0
    receipted: int = 0
    stored: int = 0
    tabulated: int = 0
    broken_rows: list[tuple[ProtocolRow, list[str]]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)
    page: Path | None = None
    refused: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether nothing was lost, doubled or changed and every row was fit to be fed."""
        whole = self.sent == self.receipted == self.stored and self.fed == self.tabulated
        equal = all(fed == published for fed, published in self.totals.values())
        return whole and equal and not (self.broken_rows or self.differences or self.refused)


def replay(plan: ReplayPlan, progress: Progress = lambda _done, _all: None) -> ReplayOutcome:
    """Replay a file of protocols; raises InvalidField for an unusable one, OSError for the disk.

    What an earlier replay left in `plan.out` goes only when the files are found usable.
    """
    file = read_protocols(plan.file, plan.stations, plan.sample)
    require(bool(file.rows), "file", f"{plan.file.name} has no rows")
    reference = file if plan.against is None else read_same_rows(plan.against, file.rows)
    require(
        reference.vote_columns == file.vote_columns and len(reference.rows) == len(file.rows),
        "--against",
        "must have the same vote columns and the same rows",
    )
    make_room(plan.out)
    outcome = ReplayOutcome(stations=len(file.rows))
    outcome.broken_rows = [(row, broken) for row in file.rows if (broken := row.breaches())]
    authority_plan = plan_of(file, plan.seed)
    authority = make_authority(authority_plan)
    days = _days(plan, authority_plan, authority, file, progress)
    _through_the_gateway(plan.out, authority, days, outcome)
    _publish(plan, authority, file, reference, outcome)
    return outcome


def _days(
    plan: ReplayPlan, made: Plan, authority: Authority, file: ProtocolFile, progress: Progress
) -> Iterator[StationDay]:
    """Yield the day of every row that can be fed truthfully, in the order of the file."""
    tasks = [
        (row, box)
        for row, box in zip(file.rows, authority.boxes, strict=True)
        if not row.breaches()
    ]
    if plan.jobs == 1:
        rules = ElectionRules.of(authority.trusted)
        days: Iterable[StationDay] = (
            run_station(authority, rules, row, box, plan.seed) for row, box in tasks
        )
        yield from _counted(days, len(tasks), progress)
        return
    with ProcessPoolExecutor(plan.jobs, initializer=_prepare_worker, initargs=(made,)) as pool:
        rows, boxes = [row for row, _ in tasks], [box for _, box in tasks]
        days = pool.map(_work, rows, boxes, repeat(plan.seed), chunksize=4)
        yield from _counted(days, len(tasks), progress)


def _counted(days: Iterable[StationDay], total: int, progress: Progress) -> Iterator[StationDay]:
    for done, day in enumerate(days, 1):
        yield day
        progress(done, total)


_worker: dict[str, Any] = {}


def _prepare_worker(made: Plan) -> None:
    """Give a worker process the election once, not with every station."""
    authority = make_authority(made)
    _worker.update(authority=authority, rules=ElectionRules.of(authority.trusted))


def _work(row: ProtocolRow, box: BoxId, seed: int) -> StationDay:
    return run_station(_worker["authority"], _worker["rules"], row, box, seed)


def _through_the_gateway(
    out: Path, authority: Authority, days: Iterator[StationDay], outcome: ReplayOutcome
) -> None:
    with InnerGateway(out, authority, ORIGIN) as gateway:
        for day in days:
            outcome.fed += day.fed
            outcome.sent += len(day.reports)
            outcome.receipted += gateway.admit(day.reports)
        outcome.receipted += gateway.flush()
        outcome.stored = gateway.size
        if outcome.stored:
            gateway.export(out / "log")


def _publish(
    plan: ReplayPlan,
    authority: Authority,
    file: ProtocolFile,
    reference: ProtocolFile,
    outcome: ReplayOutcome,
) -> None:
    if outcome.stored == 0:
        outcome.refused = "no row could be fed"
        return
    published = tabulate_log(plan.out / "log", authority, plan.out / "results")
    if not isinstance(published, PublishedPage):
        outcome.refused = published
        return
    outcome.page = published.page
    accepted = published.result["nation"]["counters"]["accepted"]
    outcome.tabulated = accepted
    outcome.differences = list(differences(published.result, reference))
    outcome.totals = column_totals(published.result, reference)
    _write_summary(plan.out / "replay.json", file, outcome)


def _write_summary(path: Path, file: ProtocolFile, outcome: ReplayOutcome) -> None:
    document = {
        "verdict": "PASS" if outcome.passed else "FAIL",
        "fed": outcome.fed,
        "sent": outcome.sent,
        "receipted": outcome.receipted,
        "stored": outcome.stored,
        "tabulated": outcome.tabulated,
        "totals": {name: list(pair) for name, pair in outcome.totals.items()},
        "differences": [str(each) for each in outcome.differences],
        "broken_rows": {row.number: broken for row, broken in outcome.broken_rows},
        # These lines were never on a sheet: they are the protocol's word, not the box's.
        "copied_protocol_data": {
            row.number: {name: row.lines[name] for name in sorted(row.lines.keys() - _FED)}
            for row in file.rows
        },
    }
    staged = path.with_suffix(".new")
    staged.write_text(json.dumps(document, ensure_ascii=False, indent=1))
    staged.replace(path)


_FED: Final = frozenset({"l07", "l08", "l09", "l10"})
