"""The command that simulates a whole country's election day."""

import sys
import time

import click

from ballotbox_simulator.cli.screen import FAILED, in_words, progress_bar, unusable

_FINDINGS_SHOWN = 12


@click.command()
@click.option("--precincts", default=2_494, show_default=True, help="One box each.")
@click.option("--ballots", default=482, show_default=True, help="Ballots of each box.")
@click.option("--seed", default=1, show_default=True, help="Everything left to chance.")
@click.option("--jobs", default=2, show_default=True, help="Processes that run regions.")
def nation(precincts: int, ballots: int, seed: int, jobs: int) -> None:
    """Run a country's day: regions in parallel, one national log and total.

    The transcript is the same for any number of processes.
    """
    from ballotbox_simulator.world.nation import NationPlan, run_nation

    if jobs < 1:
        unusable(f"--jobs {jobs}: must be 1 or more", command="nation")
    with in_words("nation"):
        plan = NationPlan(seed, precincts, ballots)
    started = time.monotonic()
    with progress_bar() as progress:
        outcome = run_nation(plan, jobs, lambda done, of: progress("Regions", done / of))
    click.echo(f"Faults: {sum(outcome.struck.values()):,} of {len(outcome.struck)} kinds.")
    click.echo(
        f"Boxes counted: {outcome.boxes_counted:,} of {precincts:,}; the others are named in the "
        "result."
    )
    if outcome.excused:
        click.echo(f"Boxes of which a person told what was not so: {len(outcome.excused):,}.")
    for finding in outcome.findings[:_FINDINGS_SHOWN]:
        click.echo(f"  {finding}")
    click.echo(f"Transcript: {outcome.transcript}")
    verdict = f"FAIL {len(outcome.findings)} findings;" if outcome.findings else "PASS"
    seconds = time.monotonic() - started
    click.echo(
        f"VERDICT: {verdict} sheets fed {outcome.sheets:,}, tabulated {outcome.tabulated:,}, "
        f"{seconds:.0f} s"
    )
    sys.exit(FAILED if outcome.findings else 0)
