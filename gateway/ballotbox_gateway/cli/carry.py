"""`ballotbox-gateway export` and `import`: a stick goes upward, and its receipts come back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.plain_text import plain
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.config import Config

_medium = click.argument("directory", type=click.Path(path_type=Path))


@click.command()
@config_option
@_medium
@click.option("--to", "upper", metavar="ORIGIN", help="The gateway above; else upstream.origin.")
def export(config: "Config", directory: Path, upper: str | None) -> None:
    """Write to DIRECTORY, a stick, what the gateway above has not receipted.

    The gateway may run meanwhile, and deliver by other roads. What waits here goes on waiting until
    the stick is back with receipts; `import` takes it in above, and them here.
    """
    from ballotbox_gateway.adapters.trust_files import load_trusted
    from ballotbox_gateway.cli.asking import asking
    from ballotbox_gateway.service import courier
    from ballotbox_gateway.service.carrying_desk import AskedGateway

    above = upper or _configured(config)
    trusted = load_trusted(config)
    with asking(config) as ask:
        leaves = courier.export(directory, AskedGateway(ask), trusted, config.origin, above)
    if not leaves:
        click.echo(f"nothing waits for {above}: every leaf has its receipt")
        return
    click.echo(f"written  leaves {leaves.start} to {leaves.stop} for {above}")
    click.echo(f"next     there: ballotbox-gateway import {directory}; then bring the stick back")


def _configured(config: "Config") -> str:
    if config.upstream is None:
        what = "there is no [upstream] in the settings that says for whom"
        raise Problem("--to", what, "Give --to and the origin of the gateway above")
    return config.upstream.origin


@click.command(name="import")
@config_option
@_medium
@click.pass_context
def import_(ctx: click.Context, config: "Config", directory: Path) -> None:
    """Take from DIRECTORY, a stick, what is for this gateway: leaves, or receipts from above.

    Leaves are admitted as by any other road, and their receipts written to the stick. A stick that
    comes twice changes nothing. Exit code 1 if anything is to mend.
    """
    from ballotbox_gateway.adapters.trust_files import load_trusted
    from ballotbox_gateway.cli.asking import asking
    from ballotbox_gateway.service import courier
    from ballotbox_gateway.service.carrying_desk import AskedGateway

    trusted = load_trusted(config)
    faults = 0
    with asking(config) as ask:
        for said in courier.carry_in(directory, AskedGateway(ask), trusted, config.origin):
            faults += not said.well
            prefix = "" if said.well else "FAIL     "
            click.echo(plain(prefix + said.line), err=not said.well)
    if faults:
        ctx.exit(1)
