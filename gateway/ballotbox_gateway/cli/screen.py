"""`ballotbox-gateway screen`: who may mark alarms as seen on the screen in the room."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import installation_option

if TYPE_CHECKING:
    from ballotbox_gateway.installation import Installation


@click.group()
def screen() -> None:
    """Give officers tokens for the screen in the room."""


@screen.command()
@installation_option
@click.argument("name")
@click.option("--remove", is_flag=True, help="Take the token of this officer away.")
def token(installation: "Installation", name: str, *, remove: bool) -> None:
    """Make a token for the officer NAME and print it once; a former one of that NAME ends.

    The gateway keeps only its digest, and need not be started anew.
    """
    from ballotbox_gateway.adapters.token_file import new_token, without_token

    path = _token_file(installation)
    if remove:
        without_token(path, name)
        click.echo(f"removed  {name}")
        return
    made = new_token(path, name)
    click.echo(f"officer  {name}")
    click.echo(f"token    {made}")
    click.echo("Write it down now: it is shown this once.", err=True)


def _token_file(installation: "Installation") -> Path:
    from ballotbox_gateway.problem import Problem

    settings = installation.elections[0].screen
    if settings is None or settings.token_file is None:
        remedy = 'Write `token_file = "screen.tokens"` below [screen] in the settings'
        raise Problem(str(installation.path), "screen.token_file: is missing", remedy)
    return settings.token_file
