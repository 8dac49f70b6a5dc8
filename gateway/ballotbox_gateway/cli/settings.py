"""`ballotbox-gateway settings`: every field of the settings file."""

import click


@click.command()
def settings() -> None:
    """List every field of the settings file with its default and meaning."""
    from ballotbox_gateway.config import settings_table

    click.echo(settings_table(), nl=False)
