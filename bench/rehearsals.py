"""The campaign of rehearsed nights on which something breaks: real parts, each a named plan."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from units import Row, Stopwatch

from ballotbox_simulator.live.postgresql import PostgresqlUnavailable, find_postgresql
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.plan_file import load_plan
from ballotbox_simulator.rehearse.result_file import NAME, read_result

PLANS = (
    *("broker-killed", "gateway-killed", "upstream-out"),
    *("one-of-two-killed", "database-restarted"),
)
_COMMAND = (sys.executable, "-c", "from ballotbox_simulator.cli import main; main()")


def run_nights() -> Iterator[Row]:
    """Rehearse every night, each in a folder that goes; one that has no result counts as lost."""
    for plan in PLANS:
        if missing := _missing(plan):
            print(f"nights.{plan}: {missing}: not rehearsed", file=sys.stderr)
            continue
        watch = Stopwatch(f"nights.{plan}", "bench/soak.py")
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            subprocess.run([*_COMMAND, "rehearse", plan, "--out", str(out)], check=False)
            result = read_result(out / NAME) if (out / NAME).exists() else None
        yield from rows_of(plan, result, watch)


def _missing(plan: str) -> str:
    """Return what is not installed and a night cannot do without, or nothing."""
    if load_plan(plan).target.has_database:
        try:
            find_postgresql()
        except PostgresqlUnavailable as error:
            return str(error)
    return ""


def rows_of(plan: str, result: RehearsalResult | None, watch: Stopwatch) -> Iterator[Row]:
    """Return what a night came to: reports, how long it took to drain, and what must be nought."""
    name = f"nights.{plan}"
    if result is None:
        yield watch.row(1, "nights", "no result was written", f"{name}.failed")
        return
    ledger, what = result.ledger, "; ".join(each.words for each in result.events)
    drained = [each.drained_s for each in result.events]
    yield watch.row(ledger.sent, "reports", what)
    yield watch.row(max((each or 0 for each in drained), default=0), "s", what, f"{name}.drained")
    yield watch.row(len(ledger.missing), "reports", what, f"{name}.missing")
    yield watch.row(len(ledger.doubled), "reports", what, f"{name}.doubled")
    # A tester that was the limit says nothing about the night: it was not passed.
    failed = result.verdict.outcome != "GO" or None in drained
    why = "; ".join(result.verdict.reasons) or result.verdict.outcome
    yield watch.row(int(failed), "nights", why, f"{name}.failed")
