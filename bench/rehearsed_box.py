"""What one connected box takes in a rehearsal: the memory of its tester, divided by its boxes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from units import Row, Stopwatch

from ballotbox_simulator.rehearse.result_file import NAME, read_result

_BOXES: Final = 2_000
_PLAN: Final = f"""
title = "Memory of a connected box"

[[boxes]]
count = {_BOXES}
sheets = 2

[day]
morning = "10s"
compression = "fastest"

[burst]
spread = "10s"
"""
_COMMAND: Final = (sys.executable, "-c", "from ballotbox_simulator.cli import main; main()")


def box_memory(directory: Path) -> Iterator[Row]:
    """Memory of the tester for each connected box, beside what the box itself has stored."""
    watch = Stopwatch("simulator.box_memory")
    plan, out = directory / "plan.toml", directory / "out"
    plan.write_text(_PLAN)
    command = [*_COMMAND, "rehearse", str(plan), "--out", str(out)]
    # Standard output has the rows alone.
    told = subprocess.run(command, check=False, stdout=sys.stderr)
    if not (out / NAME).exists():
        raise SystemExit(f"the rehearsal ended with {told.returncode} and wrote no {NAME}")
    result = read_result(out / NAME)
    memory = result.tester.memory_per_box_kib
    if memory is None or not result.ledger.holds:
        raise SystemExit(f"the rehearsal ended with {told.returncode}: {result.verdict.reasons}")
    yield watch.row(
        memory,
        "KiB per box",
        f"memory; {_BOXES} boxes of a rehearsal connected to mosquitto, journals and slots not "
        f"counted; verdict {result.verdict.outcome}",
    )
