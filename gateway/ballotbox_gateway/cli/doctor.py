"""`ballotbox-gateway doctor`: one file for whoever is asked for help."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import election_option, installation_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from contextlib import ExitStack

    from ballotbox_gateway.cli.asking import Ask
    from ballotbox_gateway.config import Config
    from ballotbox_gateway.installation import Installation


@click.command()
@installation_option
@election_option
@click.option(
    "--out",
    "-o",
    "path",
    type=click.Path(path_type=Path),
    help="File to write, never over another.  [default: doctor-TIME.json]",
)
def doctor(installation: "Installation", election: str | None, path: Path | None) -> None:
    """Write check, status, log integrity, disk and last faults to a file: no keys, no votes."""
    import json
    import time
    from contextlib import ExitStack

    from ballotbox_gateway.service.diagnosis import diagnosis

    config = installation.one(election)
    beside = [each for each in installation.elections if each is not config]
    with ExitStack() as stack:
        told = diagnosis(config, beside, lambda: _asking(config, stack))
    path = path or Path(time.strftime("doctor-%Y%m%dT%H%M%SZ.json", time.gmtime()))
    _write(path, json.dumps(told, indent=2) + "\n")
    faults = [each["line"] for each in told["check"] if not each["well"]]
    for line in faults:
        click.echo(f"FAIL  {line}")
    whole = told["log"].get("as_signed")
    click.echo(
        f"log   {'is as signed' if whole else told['log'].get('problem', 'is not as signed')}"
    )
    click.echo(f"wrote {path}: no keys and no votes are in it; send it to whoever helps you")


def _asking(config: "Config", stack: "ExitStack") -> "Ask | Problem":
    """Return what asks the gateway, or why it cannot be asked: the rest is told all the same."""
    from ballotbox_gateway.cli.asking import asking

    try:
        return stack.enter_context(asking(config))
    except Problem as problem:
        return problem


def _write(path: Path, text: str) -> None:
    import os

    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        what = str(error.strerror).lower()
        raise Problem(str(path), what, "Name another file with --out") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
