"""`make soak`: long campaigns, in parts of at most ten minutes; writes bench/soak.json.

`SET=days` runs simulated election days, each with its own faults; `SET=properties` runs the
property tests with other seeds and many more examples. A campaign that was interrupted goes on
where it was, but only on the same commit with nothing changed; otherwise it begins anew.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from rich.console import Console
from rich.progress import Progress
from units import Row, Stopwatch, table, write

from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.secrecy import tells_nothing
from ballotbox_simulator.world.swarm import swarm_day

RESULTS = Path(__file__).parent / "soak.json"
STATE = Path(__file__).parent / "soak-state.json"
DAYS = 20_000
PART_S = 570
_CHUNK = 50
#: One day in so many is held a second time with other choices, to compare what is carried.
_TWIN_EVERY = 100
_PROPERTIES_S = 1_800
_UNEXCUSED = "of boxes that no declared fault excuses"


@dataclass
class Campaign:
    """What the days so far came to."""

    commit: str
    first_seed: int
    days: int = 0
    twins: int = 0
    cpu_s: float = 0.0
    sheets: int = 0
    lost: int = 0
    doubled: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    overcome: Counter[str] = field(default_factory=Counter)
    held_to: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def add(self, other: "Campaign") -> None:
        """Take in the days of a part."""
        for name, value in vars(other).items():
            if name not in ("commit", "first_seed"):
                setattr(self, name, getattr(self, name) + value)


def chunk(first: int) -> Campaign:
    """Run the days of one chunk of seeds."""
    part = Campaign("", first)
    began = time.process_time()
    for seed in range(first, first + _CHUNK):
        day = swarm_day(seed)
        outcome = run_day(day)
        part.days += 1
        part.sheets += outcome.sheets
        part.lost += outcome.balance.lost
        part.doubled += outcome.balance.doubled
        part.struck.update({kind.value: count for kind, count in outcome.struck.items()})
        part.overcome.update({kind.value: count for kind, count in outcome.overcome.items()})
        part.held_to[outcome.held_to.name] += 1
        part.findings += [f"seed {seed}: {each}" for each in outcome.findings]
        if seed % _TWIN_EVERY == 0:
            part.twins += 1
            if not tells_nothing(day):
                part.findings.append(f"seed {seed}: what was carried tells a choice")
    part.cpu_s = time.process_time() - began
    return part


def run_days(wanted: int) -> Iterator[Row]:
    """Run days until there are `wanted`, part by part."""
    watch = Stopwatch("simulation.days")
    campaign = _resumed()
    jobs = os.cpu_count() or 1
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("days", total=wanted, completed=campaign.days)
        while campaign.days < wanted:
            began = time.monotonic()
            with ProcessPoolExecutor(jobs) as pool:
                while campaign.days < wanted and time.monotonic() - began < PART_S:
                    first = campaign.first_seed + campaign.days
                    seeds = range(first, first + 2 * jobs * _CHUNK, _CHUNK)
                    for part in pool.map(chunk, seeds):
                        campaign.add(part)
                    progress.update(bar, completed=campaign.days)
            STATE.write_text(json.dumps(asdict(campaign)))
    _tell(campaign)
    return _rows(campaign, watch)


def _resumed() -> Campaign:
    commit = _commit()
    if STATE.exists():
        stored = json.loads(STATE.read_text())
        if stored["commit"] == commit and not commit.endswith("-dirty"):
            for name in ("struck", "overcome", "held_to"):
                stored[name] = Counter(stored[name])
            return Campaign(**stored)
    # A new campaign sees days that no other has seen.
    return Campaign(commit, int(time.time()) * 100)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def _tell(campaign: Campaign) -> None:
    print(f"{'fault':<28} {'struck':>8} {'overcome':>9}")
    for kind in FaultKind:
        print(f"{kind:<28} {campaign.struck[kind]:>8} {campaign.overcome[kind]:>9}")
    print("days by the class they are held to:", dict(sorted(campaign.held_to.items())))
    for finding in campaign.findings[:20]:
        print(f"FINDING {finding}")
    missing = [kind.value for kind in FaultKind if not campaign.struck[kind]]
    if missing:
        print("never struck:", ", ".join(missing))


def _rows(campaign: Campaign, watch: Stopwatch) -> Iterator[Row]:
    seeds = f"seeds {campaign.first_seed} to {campaign.first_seed + campaign.days - 1}"
    kinds = sum(count > 0 for count in campaign.struck.values())
    held = f"{kinds} kinds; {sum(campaign.overcome.values())} overcome"
    counts = (
        ("simulation.days", campaign.days, "days", seeds),
        ("simulation.sheets", campaign.sheets, "sheets", seeds),
        ("simulation.faults", sum(campaign.struck.values()), "faults", held),
        ("simulation.lost", campaign.lost, "sheets", "of boxes that no declared fault excuses"),
        (
            "simulation.doubled",
            campaign.doubled,
            "sheets",
            "of boxes that no declared fault excuses",
        ),
        ("simulation.findings", len(campaign.findings), "findings", seeds),
        ("simulation.twins", campaign.twins, "days", "held twice with other choices"),
    )
    return (watch.row(value, unit, limit, name) for name, value, unit, limit in counts)


def run_properties(seconds: int) -> Iterator[Row]:
    """Repeat the property tests with a new seed each round; a round that fails ends it."""
    watch = Stopwatch("properties.rounds")
    began, rounds = time.time(), 0
    environment = os.environ | {"SOAK_UNTIL": str(int(began) + seconds)}
    while time.time() < began + seconds:
        seed = int(began) + rounds
        command = [
            *(sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal"),
            *("-m", "(hypothesis or soak) and not accept", "-o", "faulthandler_timeout=0"),
            *("--hypothesis-profile=soak", f"--hypothesis-seed={seed}"),
        ]
        print("soak:", " ".join(command[2:]), flush=True)
        subprocess.run(command, env=environment, check=True)
        rounds += 1
    yield watch.row(rounds, "rounds", f"{seconds} s; seeds from {int(began)}")


def main() -> None:
    """Run the chosen campaigns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", action="append", choices=("days", "properties"), dest="sets")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seconds", type=int, default=_PROPERTIES_S, help="of properties")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.sets or ("days", "properties"):
        found = run_days(options.days) if name == "days" else run_properties(options.seconds)
        rows += list(found)
        write(rows, RESULTS)
    print(table(rows))
    if any(row.name in _MUST_BE_ZERO and row.value for row in rows):
        sys.exit(1)


_MUST_BE_ZERO = ("simulation.lost", "simulation.doubled", "simulation.findings")

if __name__ == "__main__":
    main()
