"""`ballotbox-sim report`, `compare-rehearsals` and `plan`: what results of rehearsals say."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_simulator.cli.screen import PATH, in_words, unusable

if TYPE_CHECKING:
    from ballotbox_simulator.rehearse.core.document import RehearsalResult

_SPREAD_S, _WITHIN_S, _PER_BROKER = 1_800.0, 2_400.0, 50_000
_SHAPE = (8.0, 4.0, 2.0, 1.0)


@click.command()
@click.argument("result", type=PATH)
@click.option("--out", type=PATH, help="The page; rehearsal.html beside RESULT when missing.")
def report(result: Path, out: Path | None) -> None:
    """Write the page of RESULT, a rehearsal.json or the folder that has it.

    One HTML file that needs nothing else: no network, no JavaScript.
    """
    from ballotbox_simulator.rehearse.report.page import NAME, render_report

    path = _file(result)
    page = out or path.with_name(NAME)
    with in_words(str(page)):
        page.write_bytes(render_report(_read(path)))
    click.echo(page)


@click.command("compare-rehearsals")
@click.argument("before", type=PATH)
@click.argument("after", type=PATH)
@click.option("--out", type=PATH, metavar="FILE", help="Write the comparison as a page, too.")
def compare_rehearsals(before: Path, after: Path, out: Path | None) -> None:
    """Say what AFTER did otherwise than BEFORE, and what came out otherwise.

    Each is a rehearsal.json or the folder that has it.
    """
    from ballotbox_simulator.rehearse.core.comparison import compared
    from ballotbox_simulator.rehearse.report.comparison_page import (
        comparison_lines,
        render_comparison,
    )

    with in_words("--out"):
        both = compared(_read(_file(before)), _read(_file(after)))
        for line in comparison_lines(both):
            click.echo(line)
        if out is not None:
            out.write_bytes(render_comparison(both))
            click.echo(out)


@click.command()
@click.option("--boxes", type=click.IntRange(1, 100_000_000), help="How many boxes report.")
@click.option(
    "--measured",
    type=PATH,
    multiple=True,
    metavar="RESULT",
    help="Take unit costs from this rehearsal.json; else from one that comes with the package. "
    "May be repeated, for rehearsals of several sizes: a report costs less when more come at once.",
)
@click.option(
    "--spread",
    type=click.FloatRange(0, min_open=True),
    default=_SPREAD_S,
    show_default=True,
    help="Seconds over which the boxes close and report.",
)
@click.option(
    "--within",
    type=click.FloatRange(0, min_open=True),
    default=_WITHIN_S,
    show_default=True,
    help="Seconds from the close until 99 % of the reports are to be answered.",
)
@click.option(
    "--boxes-per-broker",
    type=click.IntRange(1),
    default=_PER_BROKER,
    show_default=True,
    help="As many connections as you trust one broker with.",
)
@click.option(
    "--check",
    type=PATH,
    multiple=True,
    metavar="RESULT",
    help="Foretell this rehearsal, and say how far that is from what came. May be repeated.",
)
def plan(
    boxes: int | None,
    measured: tuple[Path, ...],
    spread: float,
    within: float,
    boxes_per_broker: int,
    check: tuple[Path, ...],
) -> None:
    """Size brokers, gateways and database for a country from measured unit costs."""
    from ballotbox_simulator.rehearse.core.capacity import Night
    from ballotbox_simulator.rehearse.core.capacity_check import checked
    from ballotbox_simulator.rehearse.core.unit_costs import unit_costs
    from ballotbox_simulator.rehearse.report.capacity_words import check_lines, sizing_lines
    from ballotbox_simulator.rehearse.result_file import packaged_result

    if boxes is None and not check:
        unusable("give --boxes N, or --check RESULT", command="plan")
    with in_words("plan"):
        results = [_told_by(path) for path in measured] or [packaged_result()]
        foretold = [_told_by(path) for path in check]
        costs = [unit_costs(result) for result in results]
        if boxes is not None:
            night = Night(boxes, spread, _SHAPE, within, boxes_per_broker)
            for line in sizing_lines(night, costs):
                click.echo(line)
        for result in foretold:
            for line in check_lines(checked(result, costs)):
                click.echo(line)


def _told_by(path: Path) -> "RehearsalResult":
    """Return a result whose numbers say something; raises InvalidField, OSError."""
    from ballotbox_protocol.election.identifiers import InvalidField

    file = _file(path)
    result = _read(file)
    if result.verdict.outcome == "INVALID":
        problem = (
            "is INVALID, so its numbers say nothing: mend what its report names, and rehearse "
            "again until it is GO or NO-GO"
        )
        raise InvalidField(f"{file}: verdict.outcome", problem)
    return result


def _file(path: Path) -> Path:
    from ballotbox_simulator.rehearse.result_file import NAME

    return path / NAME if path.is_dir() else path


def _read(path: Path) -> "RehearsalResult":
    from ballotbox_simulator.rehearse.result_file import read_result

    return read_result(path)
