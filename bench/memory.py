"""The campaigns over a box's memory: power cut at every operation, every bit that may rot.

Each is a list of jobs, done by one process per processor. What is done is kept twice a minute, and
good only for the same commit with nothing changed.
"""

import multiprocessing
import os
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from units import Row, Stopwatch

from tests.device import examined_cuts
from tests.device import memory_rot as rot
from tests.device import power_cuts as cuts
from tests.device.poll_day import SCRIPTS

_FOLDER = Path(__file__).parent
_KEEP_S = 30
#: How many flipped bits make a job.
_BITS = 3_000
_SHOWN = 20


@dataclass
class Done:
    """What is done of a campaign on one commit, and what it found."""

    commit: str
    tally: Any
    jobs: set[tuple[Any, ...]] = field(default_factory=set)
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Campaign:
    """Jobs that may be done in any order, each once; what they find adds up to one tally."""

    name: str
    jobs: Sequence[tuple[Any, ...]]
    do: Callable[[tuple[Any, ...]], Any]
    new_tally: Callable[[], Any]

    @property
    def file(self) -> Path:
        """Where what is done is kept."""
        return _FOLDER / f"soak-{self.name}.pickle"


def run_power_cuts(commit: str) -> Iterator[Row]:
    """Cut the scripted days at every operation, in every way, and the boots after it once more."""
    watch = Stopwatch("powercut.states", "bench/soak.py")
    moments = [len(cuts.moments_of(script)) for script in SCRIPTS]
    jobs = [(day, number) for day, count in enumerate(moments) for number in range(count)]
    done = run_jobs(Campaign("powercuts", jobs, _cut, examined_cuts.Tally), commit)
    tally = done.tally
    limit = f"{sum(moments)} operations of {len(moments)} days; {tally.second} cut twice"
    yield watch.row(tally.states, "states", limit)
    yield watch.row(tally.states / done.cpu_s, "states/s", "one processor", "powercut.speed")
    yield watch.row(tally.asked, "states", "in which a person was asked, once", "powercut.asked")
    yield watch.row(tally.lost, "sheets", limit, "powercut.lost")
    yield watch.row(tally.doubled, "sheets", limit, "powercut.doubled")
    yield watch.row(len(tally.findings), "states", limit, "powercut.findings")


def run_rot(commit: str) -> Iterator[Row]:
    """Flip every bit of memories at rest, and under a running box of its reports and slots."""
    watch = Stopwatch("rot.bits", "bench/soak.py")
    jobs = [(what, first) for what, bits in _rotting().items() for first in range(0, bits, _BITS)]
    done = run_jobs(Campaign("rot", jobs, _decay, rot.RotTally), commit)
    tally = done.tally
    limit = f"{len(rot.images())} memories at rest; reports and slots of a running box"
    yield watch.row(tally.bits, "bits", limit)
    yield watch.row(tally.undetected, "bits", limit, "rot.undetected")
    yield watch.row(tally.unrepaired, "bits", limit, "rot.unrepaired")


def _cut(job: tuple[Any, ...]) -> examined_cuts.Tally:
    day, number = job
    return examined_cuts.examine_moment(SCRIPTS[day], number, cuts.EVERYTHING, cuts.SECOND)


def _rotting() -> dict[int, int]:
    """Return the bits of each thing that rots: the images by their number, then the others."""
    images = len(rot.images())
    return {number: _rot(number).bits for number in range(images + 2)}


@cache
def _rot(number: int) -> rot.Rot | rot.RotOfReports | rot.RotOfVotes:
    images = len(rot.images())
    if number < images:
        return rot.Rot(number)
    return (rot.RotOfReports, rot.RotOfVotes)[number - images]()


def _decay(job: tuple[Any, ...]) -> rot.RotTally:
    what, first = job
    it = _rot(what)
    it.tally = rot.RotTally()
    for bit in range(first, min(first + _BITS, it.bits)):
        it.try_bit(bit)
    return it.tally


def run_jobs(campaign: Campaign, commit: str) -> Done:
    """Do the jobs that are not done yet on this commit, on every processor."""
    done = _resumed(campaign, commit)
    left = [(campaign.do, job) for job in campaign.jobs if job not in done.jobs]
    kept = time.monotonic()
    with (
        multiprocessing.Pool(os.cpu_count()) as pool,
        Progress(console=Console(stderr=True)) as progress,
    ):
        bar = progress.add_task(campaign.name, total=len(campaign.jobs), completed=len(done.jobs))
        for job, tally, cpu_s in pool.imap_unordered(_timed, left):
            done.jobs.add(job)
            done.tally.add(tally)
            done.cpu_s += cpu_s
            progress.update(bar, advance=1)
            if time.monotonic() - kept > _KEEP_S:
                campaign.file.write_bytes(pickle.dumps(done))
                kept = time.monotonic()
    campaign.file.write_bytes(pickle.dumps(done))
    for finding in done.tally.findings[:_SHOWN]:
        print(f"  {finding}")
    return done


def _timed(
    work: tuple[Callable[[tuple[Any, ...]], Any], tuple[Any, ...]],
) -> tuple[tuple[Any, ...], Any, float]:
    do, job = work
    began = time.process_time()
    tally = do(job)
    return job, tally, time.process_time() - began


def _resumed(campaign: Campaign, commit: str) -> Done:
    if campaign.file.exists():
        stored: Done = pickle.loads(campaign.file.read_bytes())
        if stored.commit == commit and not commit.endswith("-dirty"):
            return stored
    return Done(commit, campaign.new_tally())
