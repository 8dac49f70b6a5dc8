"""The campaigns over a gateway's durability: processes killed, power cut, errors of the disk."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from memory import Campaign, run_jobs
from units import Row, Stopwatch

from tests.gateway.durable.kills import Kill, Killer, KillTally
from tests.gateway.durable.nursery import strace_trouble

#: Days that are killed everywhere; each has about 450 places to die at.
KILLED_DAYS = 24
#: The places of one day make so many jobs.
_PARTS = 8


def run_kills(commit: str) -> Iterator[Row]:
    """Kill the gateway's program at every step and system call of so many days."""
    watch = Stopwatch("kill9.runs", "bench/soak.py")
    jobs = [(seed, part) for seed in range(KILLED_DAYS) for part in range(_PARTS)]
    tally = run_jobs(Campaign("kill9", jobs, _kill, KillTally), commit).tally
    how = strace_trouble() or f"{tally.runs - tally.at_steps} at system calls"
    limit = f"{tally.at_steps} at labelled steps, {how}; {KILLED_DAYS} days"
    yield watch.row(tally.runs, "kills", limit)
    yield watch.row(tally.lost, "reports", limit, "kill9.lost")
    yield watch.row(tally.doubled, "reports", limit, "kill9.doubled")
    yield watch.row(len(tally.findings), "kills", limit, "kill9.findings")


def _kill(job: tuple[Any, ...]) -> KillTally:
    seed, part = job
    tally = KillTally()
    for index, kill in enumerate(_kills(seed)):
        if index % _PARTS == part:
            tally.add(_killer().kill(seed, kill, index // _PARTS))
    return tally


@cache
def _killer() -> Killer:
    # Its server ends with this process: it reads that there is nobody left.
    return Killer()


@cache
def _kills(seed: int) -> list[Kill]:
    return _killer().kills(seed)
