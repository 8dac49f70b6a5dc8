"""`make bench`: measures, prints a table, writes bench/results.json.

Every cost is a ratio within one run, in Ed25519 operations of the same machine, because absolute
times of shared machines cannot be compared. `--only NAME` (again for more) measures part of it.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from centre import centre_costs
from gateway_costs import delivery_cost, growth, memory, report_costs, start_time
from nacl.secret import SecretBox
from night import VOTE_LINES, at, authority_of
from peer import side_by_side
from planner import planner_errors
from rehearsed_box import box_memory
from small_hardware import small_hardware
from tabulation_costs import memory_per_station, report_cost
from units import (
    Row,
    Stopwatch,
    Unit,
    signature,
    table,
    write,
)

from ballotbox_device.core.events import DropSensed, SheetInserted
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.tally import Marks
from ballotbox_simulator.crew import OPENING, new_crew
from ballotbox_simulator.world.nation import PRECINCTS, NationPlan, run_nation
from ballotbox_simulator.world.plan import Day, DayPlan
from ballotbox_simulator.world.run import DayOutcome, run_day
from ballotbox_simulator.world.swarm import swarm_day
from tests.protocol.test_law_source import VICTIM, hostile_laws

_ROOT = Path(__file__).parents[1]


def ballot_cost(_directory: Path) -> Iterator[Row]:
    """CPU of one ballot through the firmware's core with memory ports, journalled and counted."""
    watch = Stopwatch("device.ballot_cost")
    authority = authority_of(1)
    crew = new_crew(authority, ElectionRules.of(authority.trusted), authority.boxes[0], 1)
    crew.switch_on(at(0))
    crew.act(at(0), *OPENING)
    sheets = [Sheet(0, 0, (Marks(frozenset({n % VOTE_LINES})),)) for n in range(20_000)]
    device, now = crew.device, at(1)
    unit = signature()
    spent = 0.0
    for first in range(0, len(sheets), 2_000):
        began = time.process_time()
        for sheet in sheets[first : first + 2_000]:
            device.on(SheetInserted(sheet), now)
            device.on(DropSensed(), now)
        spent += time.process_time() - began
        unit.sample()
    cost = spent / len(sheets) / unit.seconds
    what = "CPU; memory ports, two copies, three journalled steps, one sheet, one contest"
    yield watch.row(cost, "Ed25519 signatures", what)
    stored = crew.memory_size / len(sheets)
    what = "journal and slots on both media, slots that doubled with the sheets"
    yield watch.row(stored, "bytes per ballot", what, "device.stored_per_ballot")
    yield _sealing(unit, ElectionRules.of(authority.trusted).slots.size)


def _sealing(unit: Unit, size: int) -> Row:
    """What it would cost to encrypt each slot with a key that is in memory alone."""
    watch = Stopwatch("device.sealing_cost")
    box = SecretBox(bytes(range(SecretBox.KEY_SIZE)))
    slots = [number.to_bytes(size) for number in range(20_000)]
    nonces = [number.to_bytes(SecretBox.NONCE_SIZE) for number in range(len(slots))]
    began = time.process_time()
    for slot, nonce in zip(slots, nonces, strict=True):
        box.encrypt(slot, nonce)
    spent = time.process_time() - began
    what = f"CPU; XSalsa20-Poly1305 over a slot of {size} bytes; not part of ballot_cost, not built"
    return watch.row(spent / len(slots) / unit.seconds, "Ed25519 signatures", what)


_PRECINCT_DAYS = 60
#: What else a shared machine does may slow a day by a third: its best time says what it costs.
_PASSES = 3


def simulation_speed(_directory: Path) -> Iterator[Row]:
    """Simulated seconds per CPU second of precinct days with swarm faults and the auditor."""
    watch = Stopwatch("simulator.speed")
    plan = DayPlan(boxes=3, ballots=600, portable=0)
    days = [swarm_day(seed, plan) for seed in range(1, _PRECINCT_DAYS + 1)]
    run_day(days[0])
    passes = [[_timed_day(day) for day in days] for _ in range(_PASSES)]
    simulated_s = sum(outcome.simulated_s for outcome, _ in passes[0])
    times = [[used for _, used in each] for each in passes]
    whole = [f"{simulated_s / sum(each):,.0f}" for each in times]
    yield watch.row(
        simulated_s / sum(map(min, *times)),
        "simulated s per CPU s",
        f"CPU of one core; {len(days)} days of {simulated_s / len(days) / 3_600:.1f} h, 3 boxes, "
        "600 ballots each, half-hourly turnout, swarm faults; each day at the best of "
        f"{_PASSES} passes, which by themselves gave {', '.join(whole)}",
    )


def _timed_day(day: Day) -> tuple[DayOutcome, float]:
    began = time.process_time()
    outcome = run_day(day)
    used = time.process_time() - began
    if not outcome.passed:
        raise SystemExit(f"seed {day.seed}: {outcome.findings[0]}")
    return outcome, used


def nation_time(_directory: Path) -> Iterator[Row]:
    """Wall time of a national day in two processes."""
    watch = Stopwatch("simulator.nation")
    began = time.monotonic()
    outcome = run_nation(NationPlan(), jobs=2)
    if outcome.findings:
        raise SystemExit(str(outcome.findings[0]))
    yield watch.row(
        time.monotonic() - began,
        "s, wall",
        f"two processes; {PRECINCTS} precincts, {outcome.sheets} sheets, swarm faults",
    )


def law_nation(directory: Path) -> Iterator[Row]:
    """Processor time of a law over the protocols of a nation, the whole command."""
    table = _ROOT.parent / "shared" / "data" / "ru_uik_2021.csv.gz"
    if not table.exists():
        print("ru_uik_2021.csv.gz is not among the shared data: not measured", file=sys.stderr)
        return
    watch = Stopwatch("law.nation")
    columns = _ROOT / "docs" / "examples" / "columns" / "ru-2021.toml"
    program = Path(sys.executable).with_name("ballotbox-tabulate")
    command = [program, "check", "ru-state-duma", table, "--columns", columns, "--out", directory]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    yield watch.row(
        _spent_since(before), "s, processor", "96,325 protocols; reading the table takes most"
    )


def hostile_law(_directory: Path) -> Iterator[Row]:
    """Processor time of the slowest hostile law, read, bound and judged by a fresh process."""
    watch = Stopwatch("law.hostile")
    slowest = max(map(_law_seconds, hostile_laws().values()))
    yield watch.row(slowest, "s, processor", f"the slowest of {len(hostile_laws())}; limit 1")


def _law_seconds(text: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    law = text.encode("utf-8", "surrogatepass")
    subprocess.run([sys.executable, "-c", VICTIM], input=law, check=True, capture_output=True)
    return _spent_since(before)


def _spent_since(before: resource.struct_rusage) -> float:
    """Return the processor time that ended children have taken since."""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


MEASURES: dict[str, Callable[[Path], Iterator[Row]]] = {
    "gateway": report_costs,
    "growth": growth,
    "centre": centre_costs,
    "rss": memory,
    "start": start_time,
    "delivery": delivery_cost,
    "peer": side_by_side,
    "small_hardware": small_hardware,
    "planner": planner_errors,
    "ballot": ballot_cost,
    "memory": box_memory,
    "tabulation": report_cost,
    "stations": memory_per_station,
    "law": law_nation,
    "hostile": hostile_law,
    "simulation": simulation_speed,
    "nation": nation_time,
}


def main() -> None:
    """Run the chosen measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASURES, help="measure this alone")
    options = parser.parse_args()
    # What is installed has its bytecode; without this, each start would compile the sources anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows: list[Row] = []
    for name in options.only or MEASURES:
        print(f"measuring {name} …", file=sys.stderr)
        with tempfile.TemporaryDirectory() as directory:
            rows += MEASURES[name](Path(directory))
        write(rows)
    print(table(rows))


if __name__ == "__main__":
    main()
