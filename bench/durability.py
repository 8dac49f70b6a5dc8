"""The campaigns over a gateway's durability: processes killed, power cut, errors of the disk."""

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

from memory import Campaign, run_jobs
from units import Row, Stopwatch

from tests.gateway.durable import errors, ledger_day, long_day, power_cuts
from tests.gateway.durable.audit import in_memory
from tests.gateway.durable.kills import Kill, Killer, KillTally
from tests.gateway.durable.nursery import strace_trouble

#: Days that are killed everywhere; each has about 450 places to die at.
KILLED_DAYS = 8
#: The places of one day make so many jobs.
_PARTS = 8
#: Days whose ledgers are cut after every operation; each has about 1,800 distinct states.
CUT_DAYS = 320
#: Days in which each operation fails in every way; each has about 1,000.
ERROR_DAYS = 10
#: Boxes of the long day, and what each reports in an hour.
CROWD = (64, 120)


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


def run_power_cuts(commit: str) -> Iterator[Row]:
    """Cut the power of a ledger after every operation of so many days, and open what is left."""
    watch = Stopwatch("gateway_powercut.states", "bench/soak.py")
    jobs = [(seed,) for seed in range(CUT_DAYS)]
    done = run_jobs(Campaign("gateway_powercut", jobs, _cut, power_cuts.CutTally), commit)
    tally, limit = done.tally, f"distinct states of {CUT_DAYS} days, each opened and checked"
    yield watch.row(tally.states, "states", limit)
    yield watch.row(
        tally.states / done.cpu_s, "states/s", "one processor", "gateway_powercut.speed"
    )
    yield watch.row(tally.lost, "reports", limit, "gateway_powercut.lost")
    yield watch.row(tally.doubled, "reports", limit, "gateway_powercut.doubled")
    yield watch.row(len(tally.findings), "states", limit, "gateway_powercut.findings")


def _cut(job: tuple[Any, ...]) -> power_cuts.CutTally:
    (seed,) = job
    with in_memory() as folder:
        return power_cuts.cut_everywhere(folder, ledger_day.lived(folder, seed), seed)


def run_errors(commit: str) -> Iterator[Row]:
    """Let each operation of a ledger's disk fail in every way, on so many days."""
    watch = Stopwatch("io_errors.points", "bench/soak.py")
    jobs = [(seed, part) for seed in range(ERROR_DAYS) for part in range(_PARTS)]
    tally = run_jobs(Campaign("io_errors", jobs, _fail, errors.ErrorTally), commit).tally
    limit = f"EIO, ENOSPC, short writes, once and sticky; {tally.ended} ended the process"
    yield watch.row(tally.points, "faults", limit)
    yield watch.row(tally.acked_without_data, "faults", limit, "io_errors.acked_without_data")
    yield watch.row(len(tally.findings), "faults", limit, "io_errors.findings")


def _fail(job: tuple[Any, ...]) -> errors.ErrorTally:
    seed, part = job
    # Each gateway says at length what ails its disk.
    logging.disable()
    tally = errors.ErrorTally()
    with in_memory() as folder:
        for point in errors.points(folder, seed)[part::_PARTS]:
            tally.add(errors.strike(folder, seed, point))
    return tally


def run_long_day(_commit: str) -> Iterator[Row]:
    """Let a gateway live 24 hours with this crowd, and look what memory it has."""
    watch = Stopwatch("long_day.bytes_per_leaf", "bench/soak.py")
    hours = long_day.lived(*CROWD)
    last = hours[-1]
    limit = f"{last.leaves} leaves in 24 h; the tree keeps 64; at most {long_day.PER_LEAF_MAX}"
    yield watch.row(long_day.per_leaf(hours), "bytes", limit)
    yield watch.row(last.memory_kib / 1_024, "MiB", "boxes included", "long_day.rss")


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
