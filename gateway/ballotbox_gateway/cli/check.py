"""`ballotbox-gateway check`: try everything that the day depends on."""

from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import election_option, installation_option
from ballotbox_gateway.plain_text import plain

if TYPE_CHECKING:
    from ballotbox_gateway.installation import Installation


@click.command()
@installation_option
@election_option
@click.pass_context
def check(ctx: click.Context, installation: "Installation", election: str | None) -> None:
    """Try everything; say of each fault, in one line, what to do. Exit code 1 if there is one."""
    from ballotbox_gateway.service.preflight import preflight

    config = installation.one(election)
    beside = [each for each in installation.elections if each is not config]
    click.echo("ok    settings: every field is valid")
    faults = 0
    for finding in preflight(config, beside):
        faults += not finding.well
        click.echo(f"{'ok  ' if finding.well else 'FAIL'}  {plain(finding.line)}")
    if faults:
        click.echo(f"{faults} to mend")
        ctx.exit(1)
    click.echo("ready")
