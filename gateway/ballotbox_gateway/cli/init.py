"""`ballotbox-gateway init`: make the ledger, once."""

from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import config_option

if TYPE_CHECKING:
    from ballotbox_gateway.config import Config


@click.command()
@config_option
def init(config: "Config") -> None:
    """Create the ledger; an existing one is never touched."""
    from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
    from ballotbox_gateway.service.opening import create_ledger

    trusted = load_trusted(config)
    load_identity(config, trusted)
    create_ledger(config, trusted)
    click.echo(f"created  {config.ledger_file}")
    click.echo(f"for      {trusted.election.name} ({trusted.election.mode.name.lower()})")
    click.echo(f"origin   {config.origin}")
    click.echo(f"register version {trusted.register.version}")
