"""Planted bugs: each patch here breaks one promise of the product, and the swarm must find it.

    python -m tests.simulator.mutants.hunt [--only WORD] [--unseen] [--days 400] [--cpu 120]

The project's packages are copied, one patch is applied to the copy, and days with the seeds 1, 2, …
run on it in a process of its own until the auditor objects. A patch that does not apply or does not
run fails the hunt, and so does a bug that is not found within the bounds. The tree as it is must
pass all the days that were needed: otherwise a catch could be owed to something else.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.units import Row, Stopwatch, write
from tests.simulator.mutants.chase import ROOT, Bounds, Catch, chase

HERE = Path(__file__).resolve().parent
#: Bugs that no day shows and no auditor sees; one that is found moves up.
UNSEEN = HERE / "unseen"
ROWS = ROOT / "bench" / "teeth.json"
_WORDS_MAX = 150


def patches(folder: Path = HERE) -> list[Path]:
    """Return the bugs of a folder, in order."""
    return sorted(folder.glob("[0-9][0-9][0-9]-*.patch"))


def main(arguments: list[str] | None = None) -> int:
    """Hunt for all, print a table and write the rows; return 0 when all were found, else 1."""
    asked = _parser().parse_args(arguments)
    bounds = Bounds(asked.days, asked.cpu)
    planted = patches(UNSEEN) if asked.unseen else patches()
    chosen = [patch for patch in planted if asked.only in patch.stem]
    whole = Stopwatch("simulation.mutants_planted")
    with _progress() as progress:
        task = progress.add_task("planted bugs", total=len(chosen) + 1)
        caught = _hunt(chosen, bounds, asked.jobs, partial(progress.advance, task))
        control = chase(None, Bounds(_needed(caught), 10 * bounds.cpu_s))
        progress.advance(task)
    catches = [catch for catch, _ in caught]
    found = sum(catch.found for catch in catches)
    console = Console()
    console.print(table([*catches, control]))
    console.print(f"{found} of {len(chosen)} planted bugs were found")
    if chosen == patches():
        write(_rows(caught, whole), ROWS)
    unsound = control.problem or control.finding or control.days < _needed(caught)
    return 1 if unsound or found < len(chosen) or not chosen else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.mutants.hunt")
    parser.add_argument("--only", default="", help="the patches with this in their name")
    parser.add_argument("--unseen", action="store_true", help="those that nothing sees yet")
    parser.add_argument("--days", type=int, default=Bounds().days, help="days for each patch")
    parser.add_argument("--cpu", type=int, default=Bounds().cpu_s, help="CPU seconds for each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="hunts at a time")
    return parser


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))


def _hunt(
    chosen: list[Path], bounds: Bounds, jobs: int, done: Callable[[], None]
) -> list[tuple[Catch, Row]]:
    def one(patch: Path) -> tuple[Catch, Row]:
        watch = Stopwatch(f"simulation.mutant_{patch.stem}")
        catch = chase(patch, bounds)
        done()
        words = _words(catch)
        return catch, _row(watch, catch.days if catch.found else -1, "days until found", words)

    with ThreadPoolExecutor(jobs) as workers:
        return list(workers.map(one, chosen))


def _needed(caught: list[tuple[Catch, Row]]) -> int:
    return max((catch.days for catch, _ in caught if catch.found), default=1)


def _words(catch: Catch) -> str:
    return (catch.problem or catch.finding or "nothing found")[:_WORDS_MAX]


def table(catches: list[Catch]) -> Table:
    """Return the catches for people."""
    made = Table("planted bug", "days", "first finding")
    for catch in catches:
        made.add_row(catch.name, str(catch.days), _words(catch))
    return made


def _rows(caught: list[tuple[Catch, Row]], whole: Stopwatch) -> list[Row]:
    days = [catch.days for catch, _ in caught if catch.found]
    planted = _row(whole, len(caught), "planted bugs", "what people thought of")
    found = replace(planted, name="simulation.mutants_found", value=len(days))
    found = replace(found, limited_by="what the swarm does and what its auditor sees")
    median = replace(planted, name="simulation.mutants_days_median", unit="days until found")
    median = replace(median, value=statistics.median(days or [-1]), limited_by=found.limited_by)
    return [planted, found, median, *(row for _, row in caught)]


def _row(watch: Stopwatch, value: float, unit: str, limited_by: str) -> Row:
    return replace(watch.row(value, unit, limited_by), command="make teeth")


if __name__ == "__main__":
    sys.exit(main())
