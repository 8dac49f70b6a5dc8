"""The campaign over what reads laws: a million damaged inputs, each judged right or refused."""

from collections.abc import Iterator
from typing import Any

from memory import Campaign, run_jobs
from units import Row, Stopwatch

from tests.tabulation.law_fuzz import FuzzTally, fuzz

#: How many inputs of each kind; together a million.
INPUTS = {"formula": 400_000, "law": 100_000, "map": 200_000, "table": 300_000}
#: How many inputs make a job.
_INPUTS = 1_000


def run_laws(commit: str) -> Iterator[Row]:
    """Give damaged formulas, laws, maps and tables to their readers; no seed is tried twice."""
    watch = Stopwatch("laws.inputs", "bench/soak.py")
    jobs = [(kind, first) for kind, most in INPUTS.items() for first in range(0, most, _INPUTS)]
    done = run_jobs(Campaign("laws", jobs, _try, FuzzTally), commit)
    tally = done.tally
    limit = ", ".join(f"{count:,} of {kind}" for kind, count in tally.inputs.items())
    yield watch.row(tally.inputs.total(), "inputs", limit)
    yield watch.row(tally.read.total(), "inputs", "read and judged, the rest refused", "laws.read")
    yield watch.row(tally.inputs.total() / done.cpu_s, "inputs/s", "one processor", "laws.speed")
    yield watch.row(len(tally.findings), "inputs", limit, "laws.findings")


def _try(job: tuple[Any, ...]) -> FuzzTally:
    kind, first = job
    return fuzz(kind, first, _INPUTS)
