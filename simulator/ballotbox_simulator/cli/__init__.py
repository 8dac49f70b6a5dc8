"""ballotbox-sim: simulated ballot boxes, days, rehearsals and replays.

Exit codes: 0 the verdict is PASS, 1 it is FAIL, 2 the command or its input is unusable.
"""

import click

from ballotbox_simulator.cli import days, nations, rehearsals, tracing


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Simulate ballot boxes: whole days under faults, over real roads, or from real protocols."""


for _command in (
    rehearsals.demo,
    rehearsals.replay,
    rehearsals.election,
    days.run,
    days.rerun,
    days.shrink,
    tracing.trace,
    days.scenarios,
    nations.nation,
):
    main.add_command(_command)
