"""`make soak`: long campaigns, in parts of at most ten minutes; writes bench/soak.json.

`SET=days` runs simulated election days, each with its own faults; `SET=properties` runs the
property tests with other seeds and many more examples; `SET=powercuts` cuts the power of a box at
every operation of scripted days, and `SET=rot` flips every bit of its memory. Of a gateway,
`SET=kill9` kills the process at every step and system call, `SET=long_day` watches its memory for a
simulated day, `SET=gateway_powercut` cuts the power of its ledger at every operation and
`SET=io_errors` lets each fail; `SET=acceptance` runs the fifteen acceptance tests at full scale.
`SET=laws` gives a million damaged formulas, laws, maps of columns and tables of protocols to what
reads them, and `SET=nights` rehearses each night on which something breaks, with real parts. A
campaign that was interrupted goes on where it was, but only on the same commit with
nothing changed; otherwise it begins anew.
"""

import argparse
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import acceptance
import durability
import laws
import memory
import rehearsals
from rich.console import Console
from rich.progress import Progress
from units import Row, Stopwatch, table, write

from ballotbox_simulator.world.campaign import Campaign, DayResult, run_campaign
from ballotbox_simulator.world.campaign_table import campaign_lines
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.scenario_file import load_scenario
from ballotbox_simulator.world.secrecy import tells_nothing
from tests.gateway.durable.long_day import PER_LEAF_MAX

RESULTS = Path(__file__).parent / "soak.json"
STATE = Path(__file__).parent / "soak-state.pickle"
DAYS = 20_000
PART_S = 570
_AT_ONCE = 200
#: One day in so many is held a second time with other choices, to compare what is carried.
_TWIN_EVERY = 100
_PROPERTIES_S = 1_800
#: What is printed of a campaign that failed; its kept record has all of it.
_FAILED_DAYS_TOLD = 20
_OBJECTIONS_TOLD = 5
_UNEXCUSED = "of boxes that no declared fault excuses"


@dataclass
class Soak:
    """The days so far, on one commit; `telling` are the seeds of days that told a choice."""

    commit: str
    first_seed: int
    campaign: Campaign = field(default_factory=Campaign)
    twins: int = 0
    telling: list[int] = field(default_factory=list)


def run_days(wanted: int) -> Iterator[Row]:
    """Run days until there are `wanted`, part by part."""
    watch = Stopwatch("simulation.days", "bench/soak.py")
    soak = _resumed()
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("days", total=wanted, completed=soak.campaign.days)
        while soak.campaign.days < wanted:
            began = time.monotonic()
            while soak.campaign.days < wanted and time.monotonic() - began < PART_S:
                _run_some(soak)
                progress.update(bar, completed=soak.campaign.days)
            STATE.write_bytes(pickle.dumps(soak))
    _tell(soak)
    return _rows(soak, watch)


def _run_some(soak: Soak) -> None:
    scenario = load_scenario("swarm")
    first = soak.first_seed + soak.campaign.days
    seeds = range(first, first + _AT_ONCE)
    some = run_campaign(scenario, seeds, os.cpu_count() or 1)
    soak.campaign.merge(some)
    for seed in range(first, first + _AT_ONCE, _TWIN_EVERY):
        soak.twins += 1
        if not tells_nothing(scenario.day(seed)):
            soak.telling.append(seed)


def _resumed() -> Soak:
    commit = _commit()
    if STATE.exists():
        stored: Soak = pickle.loads(STATE.read_bytes())
        if stored.commit == commit and not commit.endswith("-dirty"):
            return stored
    # A new campaign sees days that no other has seen.
    return Soak(commit, int(time.time()) * 100)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def _tell(soak: Soak) -> None:
    print("\n".join(campaign_lines(soak.campaign)))
    for line in objections(soak.campaign.failed):
        print(line)
    for seed in soak.telling:
        print(f"seed {seed}: what was carried tells a choice")
    missing = [kind.value for kind in FaultKind if not soak.campaign.struck[kind]]
    if missing:
        print("never struck:", ", ".join(missing))


def objections(failed: Sequence[DayResult]) -> Iterator[str]:
    """Yield what is told of failed days: how to see each again, and the first objections to it."""
    for day in failed[:_FAILED_DAYS_TOLD]:
        yield f"ballotbox-sim run --scenario swarm --seed {day.seed}"
        yield from (f"  {finding}" for finding in day.findings[:_OBJECTIONS_TOLD])
        if (more := len(day.findings) - _OBJECTIONS_TOLD) > 0:
            yield f"  and {more} more: the command above tells all"
    if (more := len(failed) - _FAILED_DAYS_TOLD) > 0:
        yield f"and {more} more days with objections, all kept in {STATE.name}"


def _rows(soak: Soak, watch: Stopwatch) -> Iterator[Row]:
    campaign = soak.campaign
    seeds = f"seeds {soak.first_seed} to {soak.first_seed + campaign.days - 1}"
    kinds = sum(count > 0 for count in campaign.struck.values())
    held = f"{kinds} kinds; {sum(campaign.overcome.values())} overcome"
    counts = (
        ("simulation.days", campaign.days, "days", seeds),
        ("simulation.sheets", campaign.sheets, "sheets", seeds),
        ("simulation.faults", sum(campaign.struck.values()), "faults", held),
        ("simulation.lost", campaign.balance.lost, "sheets", _UNEXCUSED),
        ("simulation.doubled", campaign.balance.doubled, "sheets", _UNEXCUSED),
        ("simulation.findings", len(campaign.failed) + len(soak.telling), "days", seeds),
        ("simulation.twins", soak.twins, "days", "held twice with other choices"),
    )
    return (watch.row(value, unit, limit, name) for name, value, unit, limit in counts)


def run_properties(seconds: int) -> Iterator[Row]:
    """Repeat the property tests with a new seed each round; a round that fails ends it."""
    watch = Stopwatch("properties.rounds", "bench/soak.py")
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
    parser.add_argument("--set", action="append", choices=_SETS, dest="sets")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seconds", type=int, default=_PROPERTIES_S, help="of properties")
    options = parser.parse_args()
    rows: list[Row] = []
    campaigns: dict[str, Callable[[], Iterator[Row]]] = {
        "days": lambda: run_days(options.days),
        "properties": lambda: run_properties(options.seconds),
        "powercuts": lambda: memory.run_power_cuts(_commit()),
        "rot": lambda: memory.run_rot(_commit()),
        "kill9": lambda: durability.run_kills(_commit()),
        "gateway_powercut": lambda: durability.run_power_cuts(_commit()),
        "io_errors": lambda: durability.run_errors(_commit()),
        "acceptance": lambda: acceptance.run_acceptance(_commit()),
        "long_day": lambda: durability.run_long_day(_commit()),
        "laws": lambda: laws.run_laws(_commit()),
        "nights": rehearsals.run_nights,
    }
    for name in options.sets or _SETS:
        rows += list(campaigns[name]())
        write(rows, RESULTS)
    print(table(rows))
    remembers = any(
        row.name == "long_day.bytes_per_leaf" and row.value > PER_LEAF_MAX for row in rows
    )
    if remembers or any(row.name in _MUST_BE_ZERO and row.value for row in rows):
        sys.exit(1)


_SETS = (
    *("days", "properties", "powercuts", "rot"),
    *("kill9", "gateway_powercut", "io_errors", "acceptance", "long_day", "laws", "nights"),
)
_MUST_BE_ZERO = (
    *("simulation.lost", "simulation.doubled", "simulation.findings"),
    *("powercut.lost", "powercut.doubled", "powercut.findings"),
    *("rot.undetected", "rot.unrepaired"),
    *("kill9.lost", "kill9.doubled", "kill9.findings"),
    *("gateway_powercut.lost", "gateway_powercut.doubled", "gateway_powercut.findings"),
    *("io_errors.acked_without_data", "io_errors.findings", "acceptance.failed"),
    "laws.findings",
    *(
        f"nights.{plan}.{what}"
        for plan in rehearsals.PLANS
        for what in ("missing", "doubled", "failed")
    ),
)

if __name__ == "__main__":
    main()
