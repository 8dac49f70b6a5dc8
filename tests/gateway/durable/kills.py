"""Killing the small program with SIGKILL, everywhere: at each step and at each system call.

After each kill the ledgers are examined as they are, then a new process sends everything again; of
every third kill that process is killed, too. At last one lives to its end, and all is counted.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.gateway.durable import audit
from tests.gateway.durable.nursery import (
    KILLED,
    Nursery,
    calls_in,
    killing,
    listing,
    strace_trouble,
)
from tests.gateway.durable.program import STEPS, Order, Steps, prepare

#: One kill in so many meets the process that is to make good for it.
_AGAIN_EVERY = 3


class Kill(NamedTuple):
    """Where a process dies: at the number-th time of a step or of a system call."""

    what: str
    number: int

    @property
    def is_step(self) -> bool:
        """Whether it is a step of the program rather than a system call."""
        return self.what in STEPS


@dataclass
class KillTally:
    """What came of the kills so far."""

    runs: int = 0
    at_steps: int = 0
    lost: int = 0
    doubled: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: "KillTally") -> None:
        """Take in what another tally has counted."""
        self.runs += other.runs
        self.at_steps += other.at_steps
        self.lost += other.lost
        self.doubled += other.doubled
        self.findings += other.findings


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder with the ledgers of a station."""
    with audit.in_memory() as folder:
        prepare(folder)
        yield folder


class Killer:
    """Kills processes of one nursery; `kills` are all there are in the life of one seed."""

    def __init__(self, *, early: bool = False) -> None:
        self._nursery = Nursery()
        self._early = early

    def kills(self, seed: int) -> list[Kill]:
        """Live this seed once, undisturbed, and return every place where it may die."""
        with fresh_folder() as folder:
            watched = not strace_trouble()
            options = listing(folder / "calls") if watched else ()
            order = Order(str(folder), seed, early=self._early)
            assert self._nursery.run(order, options) == 0, (folder / "stderr").read_text()
            passed = Steps.read(folder)
            calls = calls_in(folder / "calls") if watched else {}
        found = [(step, passed[step]) for step in STEPS] + sorted(calls.items())
        return [Kill(what, number) for what, times in found for number in range(1, times + 1)]

    def kill(self, seed: int, kill: Kill, index: int) -> KillTally:
        """Let a process die there, look, and send everything again until it is well."""
        findings, tally = audit.Findings(), KillTally()
        with fresh_folder() as folder:
            self._die(folder, seed, kill, tally, again=False)
            audit.examine(folder, findings)
            if index % _AGAIN_EVERY == 0:
                chance = random.Random(f"{seed} {index}")
                second = Kill(kill.what, chance.randint(1, kill.number))
                self._die(folder, seed, second, tally, again=True)
                audit.examine(folder, findings)
            code = self._nursery.run(Order(str(folder), seed, again=True))
            if code != 0:
                findings.other.append(f"code {code}: {(folder / 'stderr').read_text()[-400:]}")
            else:
                audit.conclude(folder, findings)
        tally.lost, tally.doubled = len(findings.lost), len(findings.doubled)
        if findings:
            tally.findings.append(f"seed {seed}, {kill.what} {kill.number}: {findings}")
        return tally

    def _die(self, folder: Path, seed: int, kill: Kill, tally: KillTally, *, again: bool) -> None:
        where = (kill.what, kill.number) if kill.is_step else ("", 0)
        order = Order(str(folder), seed, *where, again=again, early=self._early)
        code = self._nursery.run(order, () if kill.is_step else killing(*kill))
        # The second life may be too short to come there: then it is no kill.
        if code == KILLED:
            tally.runs += 1
            tally.at_steps += kill.is_step
        elif code != 0 or not again:
            tally.findings.append(f"seed {seed}: {kill} ended with {code}")

    def close(self) -> None:
        """Let the nursery end."""
        self._nursery.close()


def spread(kills: list[Kill], most: int) -> list[Kill]:
    """Of each step and each call the first, the last and some between, `most` at the most."""
    chosen: list[Kill] = []
    for what in dict.fromkeys(kill.what for kill in kills):
        some = [kill for kill in kills if kill.what == what]
        chosen += [some[at * (len(some) - 1) // max(1, most - 1)] for at in range(most)]
    return list(dict.fromkeys(chosen))
