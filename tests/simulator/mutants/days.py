"""Runs simulated days with the packages of one folder until the auditor objects.

    python -P days.py FOLDER LAST CPU_SECONDS

One JSON line a day: its seed, and what was objected to. It ends after the first day with an
objection, after the day LAST, or when the CPU time is used up. Every module of the project must
come from FOLDER: otherwise the status is WRONG_TREE, and nothing that was said counts.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

WRONG_TREE = 3
#: A day that does not end is ended by the kernel, so many seconds after the time is used up.
_GRACE_S = 60


def main(folder: Path, last: int, cpu_s: int) -> int:
    """Return the exit status; see the module."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s + _GRACE_S, cpu_s + 2 * _GRACE_S))
    from ballotbox_simulator.world.run import run_day
    from ballotbox_simulator.world.swarm import swarm_day

    def findings_of(seed: int) -> list[str]:
        return [str(finding) for finding in run_day(swarm_day(seed)).findings]

    status = _status(folder)
    if status == 0:
        _run(findings_of, last, cpu_s)
        status = _status(folder)
    return status


def _run(findings_of: Callable[[int], list[str]], last: int, cpu_s: int) -> None:
    for seed in range(1, last + 1):
        findings = findings_of(seed)
        sys.stdout.write(json.dumps({"seed": seed, "findings": findings}) + "\n")
        sys.stdout.flush()
        if findings or time.process_time() > cpu_s:
            break


def _status(folder: Path) -> int:
    strangers = loaded_elsewhere(folder)
    if not strangers:
        return 0
    sys.stderr.write(f"not loaded from {folder}: {', '.join(strangers)}\n")
    return WRONG_TREE


def loaded_elsewhere(folder: Path) -> list[str]:
    """Return the modules of the project that were not loaded from `folder`, with their files."""
    ours = {name: each for name, each in sys.modules.items() if name.startswith("ballotbox_")}
    files = {name: Path(str(module.__file__)).resolve() for name, module in ours.items()}
    return [f"{name} ({file})" for name, file in files.items() if folder not in file.parents]


if __name__ == "__main__":
    place, *bounds = sys.argv[1:]
    sys.exit(main(Path(place).resolve(), *map(int, bounds)))
