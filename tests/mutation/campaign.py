"""The campaign: plants fault after fault in what must be exact and counts those that no test saw.

    python -m tests.mutation.campaign [--mutants N|all] [--seed N] [--only PART-OF-A-NAME]

Ends with 1 when a group of modules falls below what is asked and a fault survived that
survivors.toml does not explain. What an interrupted campaign found is kept and not tried again
while no Python file has changed.
"""

import argparse
import gc
import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from bench.units import Stopwatch, write
from tests.mutation.aims import GROUPS, Group
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.report import Finding, lines, row_of, shortfall, tallies
from tests.mutation.survivors import listed
from tests.mutation.trial import Allowance, Result, Trial, Verdict
from tests.source_tree import python_files

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "python -m tests.mutation.campaign"
_SAMPLE = 900
#: CPU that a trial may take: so many times what its tests take without a fault, and this much more;
#: and what they themselves may take.
_TIMES, _GRACE_S, _MOST_S = 2.5, 5.0, 300.0
_TELL_EVERY = 100


Tests = tuple[str, ...]


class RedTestsError(RuntimeError):
    """The tests fail without any fault planted: nothing can be learned from them."""


@dataclass(frozen=True)
class Aim:
    """One fault, and what must see it."""

    group: Group
    mutant: Mutant

    @property
    def tests(self) -> Tests:
        """The tests asked, in this order."""
        return self.group.tests_of[self.mutant.file]


def all_aims(root: Path, groups: Sequence[Group], only: str = "") -> list[Aim]:
    """Return every fault of every module whose path contains `only`."""
    return [
        Aim(group, mutant)
        for group in groups
        for file in group.tests_of
        if only in str(file)
        for mutant in mutants_of(root, file)
    ]


def sample(aims: Sequence[Aim], size: int, seed: int) -> list[Aim]:
    """Return `size` of the faults, always the same for one seed, in their own order."""
    if size >= len(aims):
        return list(aims)
    chosen = random.Random(seed).sample(range(len(aims)), size)
    return [aims[place] for place in sorted(chosen)]


def allowances(root: Path, aims: Iterable[Aim]) -> dict[Tests, Allowance]:
    """Return what each choice of tests may take. Raises RedTestsError for tests that fail.

    They are tried with a module planted as it is: that they pass shows that the loader works.
    """
    allowed: dict[Tests, Allowance] = {}
    for aim in aims:
        if aim.tests not in allowed:
            module, most = aim.mutant.module, Allowance(_MOST_S)
            result = Trial(root, aim.mutant.file, lambda m=module: m.code, aim.tests, most).end()
            if result.verdict is not Verdict.SURVIVED:
                raise RedTestsError(f"red although no fault was planted: {result.told}")
            cpu_s = _GRACE_S + _TIMES * result.seconds
            allowed[aim.tests] = Allowance(cpu_s, result.durations)
    return allowed


def try_all(root: Path, aims: Sequence[Aim], allowed: dict[Tests, Allowance]) -> Iterator[Finding]:
    """Try the faults, as many at a time as there are processors, and yield what became of each."""
    workers = int(os.environ.get("WORKERS", os.cpu_count() or 1))
    waiting, running = iter(aims), {}
    gc.freeze()
    while True:
        while len(running) < workers and (aim := next(waiting, None)):
            mutant = aim.mutant
            trial = Trial(root, mutant.file, mutant.source, aim.tests, allowed[aim.tests])
            running[trial.answer] = aim, trial
        if not running:
            return
        first = min(trial.deadline for _, trial in running.values())
        for answer in wait(list(running), max(0.0, first - time.monotonic())):
            aim, trial = running.pop(answer)
            yield Finding(aim.group.name, aim.mutant, trial.end())
        for _, trial in running.values():
            if trial.deadline <= time.monotonic():
                trial.stop()


class Kept:
    """What was found before, by fault, as long as no Python file of the project has changed."""

    def __init__(self, root: Path) -> None:
        self._path = root / "build" / "mutation" / "results.jsonl"
        digest = hashlib.sha256()
        for name in python_files(root):
            digest.update(hashlib.sha256((root / name).read_bytes()).digest())
        self._tree = digest.hexdigest()
        self._found: dict[tuple[str, int], Result] = {}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        for line in self._path.read_text().splitlines():
            tree, file, number, verdict, told, seconds = json.loads(line)
            if tree == self._tree:
                self._found[file, number] = Result(Verdict(verdict), told, seconds)

    def result(self, mutant: Mutant) -> Result | None:
        """Return what became of a fault, or None when it was not tried yet."""
        return self._found.get((str(mutant.file), mutant.number))

    def keep(self, finding: Finding) -> None:
        """Write down what became of a fault, before anything else happens."""
        mutant, result = finding.mutant, finding.result
        place = (self._tree, str(mutant.file), mutant.number)
        line = json.dumps([*place, result.verdict.value, result.told, result.seconds])
        with self._path.open("a") as file:
            file.write(line + "\n")


def findings_of(root: Path, aims: Sequence[Aim]) -> list[Finding]:
    """Return what became of every fault: as kept from before, or as tried now."""
    kept = Kept(root)
    known = [(aim, kept.result(aim.mutant)) for aim in aims]
    findings = [Finding(aim.group.name, aim.mutant, result) for aim, result in known if result]
    if findings:
        print(f"{len(findings)} are known from a campaign on the same files")
    rest = [aim for aim, result in known if result is None]
    for tried, finding in enumerate(try_all(root, rest, allowances(root, rest)), start=1):
        kept.keep(finding)
        findings.append(finding)
        if tried % _TELL_EVERY == 0:
            survived = sum(each.result.verdict is Verdict.SURVIVED for each in findings)
            print(f"tried {tried} of {len(rest)}; {survived} survived", flush=True)
    return findings


def main(root: Path = ROOT, groups: Sequence[Group] = GROUPS) -> int:
    """See the module."""
    asked = _arguments()
    watches = {group.name: Stopwatch(f"teeth.{group.name}", _PROGRAM) for group in groups}
    aims = all_aims(root, groups, asked.only)
    size = len(aims) if asked.mutants == "all" else int(asked.mutants)
    chosen = sample(aims, size, asked.seed)
    which = "all" if len(chosen) == len(aims) else f"a sample (SEED={asked.seed})"
    print(f"teeth: {len(chosen)} of {len(aims)} faults, {which}", flush=True)
    findings = findings_of(root, chosen)
    accepted = listed(root)
    rows = [row_of(each, watches[each.group]) for each in tallies(findings)]
    write(rows, root / "bench" / "teeth.json")
    print(*lines(findings, accepted), sep="\n")
    return 1 if shortfall(findings, accepted) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    parser.add_argument("--mutants", default=str(_SAMPLE), help="how many, or `all`")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="which, if not all")
    parser.add_argument("--only", default="", help="a part of a path: these modules alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
