"""`ballotbox-gateway run`: the service itself."""

from typing import TYPE_CHECKING, Final

import click

from ballotbox_gateway.cli.options import election_option, installation_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.installation import Installation

#: The ledger failed: nothing may be acknowledged until someone has looked at the disk.
EXIT_LEDGER: Final = 3


@click.command()
@installation_option
@election_option
@click.option(
    "--log",
    "kind",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="BALLOTBOX_GATEWAY_LOG",
    show_default=True,
    show_envvar=True,
    help="How each line of the log is written.",
)
@click.pass_context
def run(ctx: click.Context, installation: "Installation", election: str | None, kind: str) -> None:
    """Serve until SIGTERM; SIGHUP takes in newer register and certificates. Makes no ledger.

    Where the settings hold several elections, serves all of them, or the one that --election names.
    """
    import gc

    # What a start loads and reads stays or forms no cycles; `serve` turns it on when all is opened.
    gc.disable()

    import asyncio
    import logging

    from ballotbox_gateway.core.ports import LedgerFailure
    from ballotbox_gateway.log_lines import LAST_FAULTS, formatter
    from ballotbox_gateway.marking import MarkFilter
    from ballotbox_gateway.service.serving import serve

    elections, marks = installation.chosen(election), MarkFilter()
    handler = logging.StreamHandler()
    handler.addFilter(marks)
    handler.setFormatter(formatter(kind))
    logging.basicConfig(handlers=[handler, LAST_FAULTS], level=logging.INFO)
    log = logging.getLogger(__name__)
    try:
        asyncio.run(serve(elections, marks))
    except LedgerFailure as error:
        log.critical("the ledger failed: %s. Look at the disk, then start again", error)
        ctx.exit(EXIT_LEDGER)
    except Problem:
        raise
    except Exception:
        log.critical("a defect of this program stopped it; everything receipted is stored")
        raise
    finally:
        gc.enable()
