"""ballotbox-sim: simulated ballot boxes, days, rehearsals and replays.

Exit codes: 0 the verdict is PASS or GO, 1 it is FAIL or NO-GO, 2 the command or its input is
unusable, 3 a rehearsal is INVALID.
"""

import click

from ballotbox_simulator.cli import (
    days,
    nations,
    rehearsal_reports,
    rehearsals,
    rehearsing,
    tracing,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Simulate ballot boxes: whole days under faults, over real roads, or from real protocols."""


for _command in (
    rehearsals.demo,
    rehearsals.replay,
    rehearsals.election,
    rehearsing.rehearse,
    rehearsal_reports.report,
    rehearsal_reports.compare_rehearsals,
    rehearsal_reports.plan,
    days.run,
    days.rerun,
    days.shrink,
    tracing.trace,
    days.scenarios,
    nations.nation,
):
    main.add_command(_command)
