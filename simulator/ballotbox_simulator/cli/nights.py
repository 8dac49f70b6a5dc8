"""The scenario of an election night that was: `ballotbox-sim run --scenario kyrgyzstan-2021`."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ballotbox_simulator.cli.screen import FAILED, in_words, progress_bar, unusable

if TYPE_CHECKING:
    from ballotbox_simulator.night.held import HeldNight
    from ballotbox_simulator.night.injections import Attempt
    from ballotbox_simulator.night.parts import NightPlan

NAME = "kyrgyzstan-2021"
_OBJECTIONS_SHOWN = 8
_EVIDENCE_SHOWN = 4


def hold_night(seed: int, jobs: int, out: Path, *, small: bool, inject: str | None) -> NoReturn:
    """Hold the night, publish it twice, say how it went, and exit."""
    from ballotbox_simulator.night.injections import INJECTIONS
    from ballotbox_simulator.night.parts import NightPlan
    from ballotbox_simulator.night.program import OfficeFailed

    if inject is not None and inject not in INJECTIONS:
        unusable(f"--inject {inject}: must be one of {', '.join(INJECTIONS)}", command="run")
    started = time.monotonic()
    objections: list[str] = []
    click.echo(f"Scenario: {NAME}, {'small' if small else 'full'} size, seed {seed}.")
    try:
        with in_words(str(out)):
            _hold(NightPlan(out, seed, small, jobs), inject, objections)
    except OfficeFailed as error:
        objections.append(f"the office could not go on: {error}")
    for words in objections[:_OBJECTIONS_SHOWN]:
        click.echo(f"  {words}")
    if len(objections) > _OBJECTIONS_SHOWN:
        click.echo(f"  and {len(objections) - _OBJECTIONS_SHOWN} more")
    verdict = f"FAIL {len(objections)} objections" if objections else "PASS"
    click.echo(f"VERDICT: {verdict}; {time.monotonic() - started:.0f} s")
    sys.exit(FAILED if objections else 0)


def _hold(plan: "NightPlan", inject: str | None, objections: list[str]) -> None:
    """Hold the night and add each objection as it comes, also to one that ends early."""
    from ballotbox_simulator.night.audit import evening_objections, final_objections
    from ballotbox_simulator.night.hold import hold_evening, hold_late
    from ballotbox_simulator.night.injections import INJECTIONS, attempt

    with progress_bar() as progress:
        held = hold_evening(plan, progress)
        objections += evening_objections(held)
        tried = None
        if inject is not None and not objections:
            progress(f"Publishing with {inject}", 0.7)
            tried = attempt(held, INJECTIONS[inject])
            objections += tried.objections
        hold_late(held, progress)
        # Its pages were still being written when it was looked at first.
        objections += [each for each in evening_objections(held) if each not in objections]
        objections += final_objections(held)
    _tell(held, inject, tried)


def tell_pages(held: "HeldNight") -> None:
    """Say how much of the night is published when, and where the pages lie."""
    from ballotbox_simulator.publishing import PublishedPage

    for when, published in (("22:00", held.evening), ("final", held.final)):
        if not isinstance(published, PublishedPage):
            continue
        nation = published.result["nation"]
        contest = nation["contests"][0]
        click.echo(
            f"{when:<6} {nation['boxes_counted']:,} of {nation['boxes_expected']:,} boxes, "
            f"{contest['ballots']:,} ballots, page {published.page}"
        )


def _tell(held: "HeldNight", inject: str | None, tried: "Attempt | None") -> None:
    tell_pages(held)
    if tried is not None and isinstance(tried.answer, str):
        stays = "the publication of 22:00 stays; its pages say why and until when"
        told = held.office.kept_reason(inject or "")
        click.echo(f"{inject}: {stays}, and {told}.")
        for line in tried.answer.splitlines()[:_EVIDENCE_SHOWN]:
            click.echo(f"  {line}")
    click.echo(
        f"Sheets fed {held.fed:,}; reports signed {held.sent:,}, receipted {held.receipted:,}."
    )
