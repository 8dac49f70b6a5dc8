"""The planner held against what came: one plan in three sizes, foretold from one of them.

Unit costs come from the largest size whose rehearsal is a GO; what is between the smallest and the
largest is foretold from these two as well. A run that is no GO has no row. This program itself
prints the table of docs/rehearsal.md from the rows that bench/results.json has.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from units import RESULTS, Row, Stopwatch, forget

from ballotbox_simulator.rehearse.core.capacity_check import Checked, checked
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.core.unit_costs import unit_costs
from ballotbox_simulator.rehearse.result_file import NAME, read_result

SIZES: Final = (500, 1_500, 4_000)
#: A short morning and a short day; the close lasts as long in every size, in real time.
PLAN: Final = """
title = "{boxes:,} boxes, measured for the planner"
[[boxes]]
count = {boxes}
sheets = 2
turnout = "24h"
[day]
morning = "20s"
compression = 4_320
[burst]
spread = "30s"
[tester]
patience = "60s"
"""
#: What a figure of the planner is called in a row, by the kind of part it is about.
FIGURES: Final = {
    "99 % answered after the close": "receipted_99_error",
    "processor time of the gateway": "gateway_cpu_error",
    "processor time of the broker": "broker_cpu_error",
}
_COMMAND: Final = (sys.executable, "-c", "from ballotbox_simulator.cli import main; main()")
_ALONE, _PAIR = "planner", "planner.pair"
_SOURCE: Final = "planner.costs_from"


def planner_errors(directory: Path) -> Iterator[Row]:
    """Rehearse each size, and foretell all but the one that the costs come from."""
    forget("planner.")
    found = {boxes: _rehearsed(directory, boxes) for boxes in SIZES}
    yield from rows({boxes: result for boxes, result in found.items() if is_valid(boxes, result)})


def _rehearsed(directory: Path, boxes: int) -> RehearsalResult | None:
    print(f"rehearsing {boxes:,} boxes …", file=sys.stderr)
    plan, out = directory / f"{boxes}.toml", directory / str(boxes)
    plan.write_text(PLAN.format(boxes=boxes))
    command = [*_COMMAND, "rehearse", str(plan), "--out", str(out)]
    # Standard output has the rows alone.
    subprocess.run(command, check=False, stdout=sys.stderr)
    return read_result(out / NAME) if (out / NAME).exists() else None


def is_valid(boxes: int, result: RehearsalResult | None) -> bool:
    """Tell whether a rehearsal may be measured by, and say on standard error why not."""
    if result is not None and result.verdict.outcome == "GO":
        return True
    verdict = result.verdict if result is not None else None
    why = f"{verdict.outcome}: {'; '.join(verdict.reasons)}" if verdict else "there is no result"
    print(f"planner: {boxes:,} boxes are not measured: {why}", file=sys.stderr)
    return False


def rows(measured: Mapping[int, RehearsalResult]) -> Iterator[Row]:
    """Return the errors of what can be foretold, in percent; nothing from fewer than two sizes."""
    watch = Stopwatch(_ALONE)
    if len(measured) < 2:
        print("planner: fewer than two sizes are measured: nothing is foretold", file=sys.stderr)
        return
    *others, largest = sorted(measured)
    machine = measured[largest].machine
    words = f"unit costs from this one; {machine.cores} cores, tester on the same machine"
    yield watch.row(largest, "boxes", words, _SOURCE)
    for boxes in others:
        yield from _errors(watch, _ALONE, measured[boxes], [measured[largest]])
    for boxes in others[1:]:
        sources = [measured[others[0]], measured[largest]]
        yield from _errors(watch, _PAIR, measured[boxes], sources)


def _errors(
    watch: Stopwatch, prefix: str, result: RehearsalResult, sources: Sequence[RehearsalResult]
) -> Iterator[Row]:
    for each in checked(result, [unit_costs(source) for source in sources]):
        name = f"{prefix}.{FIGURES[each.name]}.{each.boxes}"
        yield watch.row(100 * each.error, "%", _said(each, sources), name)


def _said(each: Checked, sources: Sequence[RehearsalResult]) -> str:
    sizes = " and ".join(f"{source.election.boxes:,}" for source in sources)
    return f"said {each.said:.2f} s, came {each.came:.2f} s; costs of {sizes} boxes"


def markdown(stored: Sequence[Mapping[str, Any]]) -> str:
    """Return the errors as a table, from the rows of results.json; raises SystemExit."""
    known = {row["name"]: float(row["value"]) for row in stored}
    if _SOURCE not in known:
        raise SystemExit("bench/results.json has no rows of it: run `make bench SET=planner` first")
    largest = int(known[_SOURCE])
    lines = [
        "| Boxes | 99 % answered | Processor time of the gateway | Of the broker |",
        "|---|---|---|---|",
        *_table_rows(known, _ALONE, f"costs from {largest:,}"),
        *_table_rows(known, _PAIR, f"costs from {SIZES[0]:,} and {largest:,}"),
    ]
    return "\n".join(lines)


def _table_rows(known: Mapping[str, float], prefix: str, source: str) -> Iterator[str]:
    for boxes in SIZES:
        found = [known.get(f"{prefix}.{figure}.{boxes}") for figure in FIGURES.values()]
        if any(each is not None for each in found):
            told = ("not seen" if each is None else f"{each:+.0f} %" for each in found)
            yield f"| {boxes:,}, {source} | {' | '.join(told)} |".replace("-", "−")


if __name__ == "__main__":
    print(markdown(json.loads(RESULTS.read_text()) if RESULTS.exists() else []))
