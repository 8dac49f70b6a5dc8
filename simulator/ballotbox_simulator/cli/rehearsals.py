"""The commands that rehearse: a demonstration, a replay of protocols, the files of an election."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_simulator.cli.nights import tell_pages
from ballotbox_simulator.cli.screen import FAILED, PATH, in_words, progress_bar

if TYPE_CHECKING:
    from ballotbox_simulator.replay import ReplayOutcome

_DIFFERENCES_SHOWN = 12


@click.command()
@click.option("--boxes", default=100, show_default=True, help="Boxes behind the MQTT broker.")
@click.option("--serial", default=4, show_default=True, help="Boxes on pseudo-terminals.")
@click.option("--ballots", default=30, show_default=True, help="Ballots per box, about.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same voters.")
@click.option("--out", type=PATH, default="demo-out", show_default=True, help="Results go here.")
@click.option(
    "--mosquitto/--no-mosquitto", default=True, help="Use mosquitto when it is installed."
)
@click.option("--night", is_flag=True, help="Then publish a small night of 2021, as pages.")
def demo(
    boxes: int, serial: int, ballots: int, seed: int, out: Path, *, mosquitto: bool, night: bool
) -> None:
    """Hold a compressed election day with real broker, gateways and signatures."""
    from ballotbox_simulator.demo import publish_night, run_demo
    from ballotbox_simulator.election_day import DayPlan, Stuck
    from ballotbox_simulator.live.broker import BrokerUnavailable
    from ballotbox_simulator.live.processes import GatewayFailed
    from ballotbox_simulator.night.program import OfficeFailed
    from ballotbox_simulator.results_directory import make_room

    try:
        with in_words(f"--out {out}"), progress_bar() as progress:
            plan = DayPlan(out.resolve(), boxes, serial, ballots, seed, mosquitto)
            make_room(out)
            result = run_demo(plan, progress)
            held = publish_night(plan, progress, result.conclusion) if night else None
    except (Stuck, BrokerUnavailable, GatewayFailed, OfficeFailed) as error:
        click.echo(f"VERDICT: FAIL {error}")
        sys.exit(FAILED)
    if result.demonstration_only:
        click.echo(f"Broker: {result.broker}, for demonstration only (docs/brokers.md).")
    else:
        click.echo(f"Broker: {result.broker}.")
    click.echo(f"Boxes: {result.boxes}, {serial} of them on serial lines.")
    if result.page is not None:
        click.echo(f"Results page: {result.page}")
    if held is not None:
        tell_pages(held)
    click.echo(result.conclusion.line())
    sys.exit(0 if result.conclusion.passed else FAILED)


@click.command()
@click.argument("file", type=PATH)
@click.option("--stations", required=True, type=int, help="How many rows of FILE to replay.")
@click.option("--sample", type=int, metavar="SEED", help="Draw the rows with this seed.")
@click.option("--against", type=PATH, metavar="FILE2", help="Compare with the rows of FILE2.")
@click.option("--jobs", default=2, show_default=True, help="Processes that feed boxes.")
@click.option("--out", type=PATH, default="replay-out", show_default=True, help="Results go here.")
def replay(
    file: Path, stations: int, sample: int | None, against: Path | None, jobs: int, out: Path
) -> None:
    """Feed the precinct protocols in FILE (CSV or gzip) to boxes; compare the published total.

    Columns l07 to l10 and every column `c` with digits must come out as they stand in the file.
    """
    from ballotbox_simulator.replay import ReplayPlan
    from ballotbox_simulator.replay import replay as run_replay

    with in_words(f"--out {out}"), progress_bar() as progress:
        plan = ReplayPlan(file, stations, out.resolve(), sample, against, jobs)
        outcome = run_replay(plan, lambda done, whole: progress("Stations", done / whole))
    if outcome.stations < stations:
        click.echo(f"{file.name} has no more than {outcome.stations} rows: all are replayed.")
    _tell(outcome)
    sys.exit(0 if outcome.passed else FAILED)


@click.command()
@click.argument("directory", type=PATH)
@click.option("--boxes", default=2, show_default=True, help="Boxes, from box-1 on.")
@click.option("--broker", default="127.0.0.1:1883", show_default=True, help="Broker of the boxes.")
def election(directory: Path, boxes: int, broker: str) -> None:
    """Make a rehearsal election in DIRECTORY: documents, keys, a gateway's settings, boxes."""
    from ballotbox_simulator.trial import write_trial

    with in_words(str(directory)):
        files = write_trial(directory, boxes, broker)
    for path in files:
        click.echo(path)
    click.echo(f"Next: ballotbox-gateway init --config {directory / 'gateway.toml'}")


def _tell(outcome: "ReplayOutcome") -> None:
    for row, broken in outcome.broken_rows[:_DIFFERENCES_SHOWN]:
        click.echo(f"row {row.number} ({row.label}) cannot be fed truthfully: {'; '.join(broken)}")
    for difference in outcome.differences[:_DIFFERENCES_SHOWN]:
        click.echo(str(difference))
    hidden = len(outcome.differences) - _DIFFERENCES_SHOWN
    if hidden > 0:
        click.echo(f"and {hidden} more differences, all in replay.json")
    click.echo(f"{'column':<8} {'in the file':>12} {'published':>12} {'difference':>11}")
    for column, (expected, published) in outcome.totals.items():
        click.echo(f"{column:<8} {expected:>12,} {published:>12,} {published - expected:>11,}")
    if outcome.page is not None:
        click.echo(f"Results page: {outcome.page}")
    click.echo(_line(outcome))


def _line(outcome: "ReplayOutcome") -> str:
    numbers = (
        f"sheets fed {outcome.fed}, tabulated {outcome.tabulated}; reports sent {outcome.sent}, "
        f"receipted {outcome.receipted}, stored {outcome.stored}"
    )
    if outcome.passed:
        return f"VERDICT: PASS difference 0 in {len(outcome.totals)} columns; {numbers}"
    reasons = []
    if outcome.refused:
        reasons.append(outcome.refused)
    if outcome.broken_rows:
        reasons.append(f"{len(outcome.broken_rows)} rows break a control ratio")
    if outcome.differences:
        reasons.append(f"{len(outcome.differences)} numbers differ")
    return f"VERDICT: FAIL {', '.join(reasons) or 'the totals differ'}; {numbers}"
