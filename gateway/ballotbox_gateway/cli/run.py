"""`ballotbox-gateway run`: the service itself."""

from typing import TYPE_CHECKING, Final

import click

from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.config import Config

#: The ledger failed: nothing may be acknowledged until someone has looked at the disk.
EXIT_LEDGER: Final = 3
_GARBAGE_THRESHOLD: Final = 50_000


@click.command()
@config_option
@click.pass_context
def run(ctx: click.Context, config: "Config") -> None:
    """Serve until SIGTERM; SIGHUP takes in newer register and certificates. Makes no ledger."""
    import asyncio
    import logging

    from ballotbox_gateway.core.ports import LedgerFailure
    from ballotbox_gateway.plain_text import PlainFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    log = logging.getLogger(__name__)
    try:
        asyncio.run(_serve(config))
    except LedgerFailure as error:
        log.critical("the ledger failed: %s. Look at the disk, then start again", error)
        ctx.exit(EXIT_LEDGER)
    except Problem:
        raise
    except Exception:
        log.critical("a defect of this program stopped it; everything receipted is stored")
        raise


async def _serve(config: "Config") -> None:
    import gc
    import logging

    from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
    from ballotbox_gateway.service.gateway import Gateway
    from ballotbox_gateway.service.opening import open_intake
    from ballotbox_gateway.service.room import quotas_of

    log = logging.getLogger(__name__)
    trusted = load_trusted(config)
    identity = load_identity(config, trusted)
    quotas = quotas_of(config)
    ledger, intake, told = open_intake(config, trusted, identity, quotas)
    for line in told:
        log.warning("%s: %s", config.ledger_file, line)
    version, size = trusted.register.version, ledger.log_head().size
    # What was loaded stays for the life of the process, and a batch's values form no cycles: to
    # search them all for garbage after each few hundred would cost a fifth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    try:
        gateway = Gateway(config, trusted, intake, ledger, quotas)
        await gateway.run(
            lambda: log.info(
                "ready: %s, register version %s, %s leaves", config.origin, version, size
            )
        )
        log.info("stopped: %s leaves", ledger.log_head().size)
    finally:
        ledger.close()
