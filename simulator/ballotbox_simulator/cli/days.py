"""The commands that simulate whole election days: run, run again, shrink."""

import secrets
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ballotbox_simulator.cli import nights
from ballotbox_simulator.cli.screen import FAILED, PATH, in_words, progress_bar, unusable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballotbox_simulator.world.auditor import Finding
    from ballotbox_simulator.world.campaign import Campaign, DayResult
    from ballotbox_simulator.world.day_file import SavedDay
    from ballotbox_simulator.world.plan import Day
    from ballotbox_simulator.world.scenario import Scenario

_FINDINGS_SHOWN, _DAYS_SHOWN = 3, 12
_FRESH_BELOW = 1 << 32


@click.command()
def scenarios() -> None:
    """List the scenarios; simulator/SCENARIOS.md describes them."""
    from ballotbox_simulator.night.facts import load_facts
    from ballotbox_simulator.world.scenario_file import load_scenario, scenario_names

    for name in scenario_names():
        click.echo(f"{name:<30} {load_scenario(name).title}")
    click.echo(f"{nights.NAME:<30} {load_facts().title}")


@click.command()
@click.option("--scenario", default="swarm", show_default=True, help="A name, or a file (.toml).")
@click.option("--seed", type=int, help="One day: everything left to chance comes from this.")
@click.option("--seeds", metavar="A..B", help="Many days, the seeds from A to B.")
@click.option("--jobs", default=2, show_default=True, help="Processes that run days.")
@click.option(
    "--out",
    type=PATH,
    help="Failures go here, or the pages of a night. [default: simulation-failures, or its name]",
)
@click.option("--small", is_flag=True, help="Of kyrgyzstan-2021: 50 precincts.")
@click.option("--inject", metavar="WHAT", help="Of kyrgyzstan-2021: what must be refused.")
def run(
    scenario: str,
    seed: int | None,
    seeds: str | None,
    jobs: int,
    out: Path | None,
    small: bool,  # noqa: FBT001 - click passes flags by name
    inject: str | None,
) -> None:
    """Run simulated election days: the production cores, seeded faults, an auditor.

    Without a seed one is drawn. A day that fails is saved; see rerun, shrink and trace.
    """
    if scenario == nights.NAME:
        numbers = _seeds(seed, seeds)
        if len(numbers) != 1:
            unusable(f"--seeds {seeds}: {scenario} takes one: give --seed", command="run")
        nights.hold_night(numbers[0], jobs, out or Path(nights.NAME), small=small, inject=inject)
    if small or inject is not None:
        option = "--small" if small else "--inject"
        unusable(f"{option}: only {nights.NAME} knows it", command="run")
    _run_days(scenario, _seeds(seed, seeds), jobs, out or Path("simulation-failures"))


def _run_days(scenario: str, numbers: range, jobs: int, out: Path) -> NoReturn:
    from ballotbox_simulator.world.campaign import run_campaign
    from ballotbox_simulator.world.campaign_table import campaign_lines, verdict_line

    held = scenario_of(scenario, "run")
    if jobs < 1:
        unusable(f"--jobs {jobs}: must be 1 or more", command="run")
    click.echo(f"Scenario: {held.name}, {_span(numbers)}.")
    started = time.monotonic()
    with progress_bar() as progress:
        campaign = run_campaign(held, numbers, jobs, lambda done, of: progress("Days", done / of))
    for line in campaign_lines(campaign):
        click.echo(line)
    _tell_failures(held, campaign, out)
    click.echo(verdict_line(campaign, time.monotonic() - started))
    sys.exit(0 if campaign.passed else FAILED)


@click.command()
@click.argument("file", type=PATH)
def rerun(file: Path) -> None:
    """Run the saved day in FILE again and say what is found."""
    from ballotbox_simulator.world.run import run_day

    saved = saved_day(file, "rerun")
    outcome = run_day(saved.day)
    click.echo(f"Day: {_in_short(saved.day)}.")
    _tell_findings(outcome.findings)
    same = outcome.transcript == saved.transcript
    compared = "as when it was saved" if same else "not as when it was saved: the code has changed"
    click.echo(f"Transcript: {outcome.transcript}, {compared}.")
    if outcome.passed:
        click.echo("VERDICT: PASS nothing is found")
        return
    quoted = shlex.quote(str(file))
    click.echo(f"Next: ballotbox-sim shrink {quoted}, or ballotbox-sim trace {quoted}")
    click.echo(f"VERDICT: FAIL {len(outcome.findings)} findings")
    sys.exit(FAILED)


@click.command()
@click.argument("file", type=PATH)
@click.option("--runs", default=300, show_default=True, help="Days run for it at most.")
def shrink(file: Path, runs: int) -> None:
    """Make the saved day in FILE small: fewest faults, boxes and ballots that fail alike.

    Writes FILE.shrunk.json.
    """
    from ballotbox_simulator.world.day_file import SavedDay
    from ballotbox_simulator.world.shrink import NothingToShrink
    from ballotbox_simulator.world.shrink import shrink as run_shrink

    saved = saved_day(file, "shrink")
    if runs < 1:
        unusable(f"--runs {runs}: must be 1 or more", command="shrink")
    try:
        with progress_bar() as progress:
            shrunk = run_shrink(
                saved.day, runs, lambda done, of, day: progress(_in_short(day), done / of)
            )
    except NothingToShrink:
        unusable(f"{file}: the day passes, there is nothing to shrink", command="run")
    path = file.with_name(f"{file.name.removesuffix('.json')}.shrunk.json")
    with in_words(str(path)):
        SavedDay.of(saved.name, shrunk.outcome).write(path)
    click.echo(f"From: {_in_short(saved.day)}.")
    click.echo(f"To:   {_in_short(shrunk.outcome.day)}, after {shrunk.runs} runs.")
    for words in _strike_lines(shrunk.outcome.day):
        click.echo(words)
    _tell_findings(shrunk.outcome.findings)
    click.echo(f"Next: ballotbox-sim rerun {shlex.quote(str(path))}")


# What commands are given


def scenario_of(name: str, command: str) -> "Scenario":
    """Return the scenario that a command names, or refuse the command."""
    from ballotbox_simulator.world.scenario_file import BadScenario, load_scenario

    try:
        return load_scenario(name)
    except BadScenario as error:
        unusable(str(error), command=command)


def _seeds(seed: int | None, seeds: str | None) -> range:
    if seed is not None and seeds is not None:
        unusable("--seed and --seeds exclude each other: give one", command="run")
    if seeds is None:
        one = secrets.randbelow(_FRESH_BELOW) if seed is None else seed
        return range(one, one + 1)
    first, _, last = seeds.partition("..")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        unusable(f"--seeds {seeds}: must be written A..B, as 1..200", command="run")
    return range(int(first), int(last) + 1)


def _span(numbers: range) -> str:
    if len(numbers) == 1:
        return f"seed {numbers[0]}"
    return f"seeds {numbers[0]}..{numbers[-1]}"


def saved_day(file: Path, command: str) -> "SavedDay":
    """Return the day in a file, or refuse the command."""
    from ballotbox_simulator.world.day_file import BadDayFile, read_day

    try:
        return read_day(file)
    except BadDayFile as error:
        unusable(str(error), command=command)


# What they say


def _tell_failures(scenario: "Scenario", campaign: "Campaign", out: Path) -> None:
    """Save every failing day, and name the command that reproduces it."""
    for shown, result in enumerate(campaign.failed):
        path = _save_failure(scenario, result, out)
        if shown < _DAYS_SHOWN:
            click.echo(f"seed {result.seed}:")
            _tell_findings(result.findings)
            click.echo(f"  reproduce: ballotbox-sim rerun {shlex.quote(str(path))}")
    hidden = len(campaign.failed) - _DAYS_SHOWN
    if hidden > 0:
        click.echo(f"and {hidden} more days, all in {out}")


def _save_failure(scenario: "Scenario", result: "DayResult", out: Path) -> Path:
    from ballotbox_simulator.world.day_file import SavedDay

    path = out / f"{scenario.name}-{result.seed}.json"
    day = scenario.day(result.seed)
    saved = SavedDay(day, scenario.name, tuple(map(str, result.findings)), result.transcript)
    with in_words(str(path)):
        out.mkdir(parents=True, exist_ok=True)
        saved.write(path)
    return path


def _tell_findings(findings: "Iterable[Finding]") -> None:
    every = list(findings)
    for finding in every[:_FINDINGS_SHOWN]:
        click.echo(f"  {finding}")
    if len(every) > _FINDINGS_SHOWN:
        click.echo(f"  and {len(every) - _FINDINGS_SHOWN} more")


def _in_short(day: "Day") -> str:
    plan = day.plan
    return (
        f"seed {day.seed}, {len(day.strikes)} strikes, {len(day.weather.chances)} kinds of "
        f"weather, {plan.precincts} x {plan.boxes} boxes, {plan.ballots} + {plan.portable} ballots"
    )


def _strike_lines(day: "Day") -> "Iterable[str]":
    from ballotbox_simulator.world.scenario_page import clock_words

    for kind, chance in day.weather.chances.items():
        yield f"  all day  {kind.value}, chance {chance}"
    for strike in day.strikes:
        about: dict[str, Any] = {
            "target": strike.target,
            "lasts": clock_words(strike.lasts),
            "detail": strike.detail,
        }
        words = ", ".join(f"{name} {value}" for name, value in about.items())
        yield f"  {clock_words(strike.at):<8} {strike.kind.value}, {words}"
