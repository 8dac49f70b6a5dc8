"""The command that draws what happened to one report, one sheet or one box."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_simulator.cli.days import saved_day, scenario_of
from ballotbox_simulator.cli.screen import PATH, in_words, unusable

if TYPE_CHECKING:
    from ballotbox_simulator.world.plan import Day
    from ballotbox_simulator.world.recording import Recording
    from ballotbox_simulator.world.trace import Story


@click.command()
@click.argument("file", type=PATH, required=False)
@click.option("--scenario", default="swarm", show_default=True, help="A name, or a file (.toml).")
@click.option("--seed", type=int, help="The day of the scenario, instead of FILE.")
@click.option("--box", type=int, help="The day of this box, by its number.")
@click.option("--sheet", type=int, metavar="K", help="The K-th sheet that fell into the box.")
@click.option("--report", metavar="ID", help="The report whose identity begins with these digits.")
@click.option("-o", "--out", type=PATH, default="trace.svg", show_default=True, help="The picture.")
def trace(
    file: Path | None,
    scenario: str,
    seed: int | None,
    box: int | None,
    sheet: int | None,
    report: str | None,
    out: Path,
) -> None:
    """Draw what happened on a day, as an SVG sequence diagram.

    The day is the saved one in FILE, or a scenario's with a seed. Without --box, --sheet or
    --report the reports of the day are listed.
    """
    from ballotbox_simulator.world.recording import record_day

    day = _day(file, scenario, seed)
    _require_one(box, sheet, report)
    recording = record_day(day)
    if box is None and report is None:
        _list_reports(recording)
        return
    from ballotbox_simulator.world.sequence_diagram import sequence_diagram

    story = _story(recording, box, sheet, report)
    with in_words(str(out)):
        out.write_text(sequence_diagram(story), encoding="utf-8")
    click.echo(f"{story.title}: {len(story.rows)} rows, {out}")


def _day(file: Path | None, scenario: str, seed: int | None) -> "Day":
    if (file is None) == (seed is None):
        unusable("give a FILE, or a --seed with its --scenario", command="trace")
    if file is not None:
        return saved_day(file, "trace").day
    return scenario_of(scenario, "trace").day(seed or 0)


def _require_one(box: int | None, sheet: int | None, report: str | None) -> None:
    if report is not None and not (box is None and sheet is None):
        unusable("--report stands alone: leave out --box and --sheet", command="trace")
    if sheet is not None and box is None:
        unusable("--sheet needs the number of its box: add --box", command="trace")


def _story(
    recording: "Recording", box: int | None, sheet: int | None, report: str | None
) -> "Story":
    from ballotbox_simulator.world.trace import NoSuchStory, of_box, of_report, of_sheet

    try:
        if report is not None:
            return of_report(recording, report)
        if sheet is not None:
            return of_sheet(recording, f"box {box}", sheet)
        return of_box(recording, f"box {box}")
    except NoSuchStory as error:
        unusable(str(error), command="trace")


def _list_reports(recording: "Recording") -> None:
    click.echo(f"{'report':<16}  {'box':<8} {'kind':<10} {'number':>6} {'accepted':>8}")
    by_box = sorted(recording.reports.items(), key=lambda each: (each[1].box, each[1].sequence))
    for name, facts in by_box:
        words = f"{name:<16}  {facts.box:<8} {facts.kind:<10} {facts.sequence:>6}"
        click.echo(f"{words} {facts.accepted:>8}")
    for finding in recording.outcome.findings:
        click.echo(f"  {finding}")
    click.echo("Next: the same command with --report ID, or with --box B and perhaps --sheet K")
