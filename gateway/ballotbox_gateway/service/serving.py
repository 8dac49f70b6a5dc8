"""From settings to a running gateway: every election opened, served together, and closed."""

import gc
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
from ballotbox_gateway.adapters.used_register import remember_register
from ballotbox_gateway.config import Config
from ballotbox_gateway.marking import MarkFilter, mark_of, marked
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.gateway import Gateway
from ballotbox_gateway.service.office import Parts
from ballotbox_gateway.service.opening import open_intake
from ballotbox_gateway.service.room import quotas_of

_log: Final = logging.getLogger(__name__)

_GARBAGE_THRESHOLD: Final = 50_000


async def serve(elections: Sequence[Config], marks: MarkFilter) -> None:
    """Serve these elections until told to stop; raises as `Gateway.run`."""
    with ExitStack() as ledgers:
        parts = [_open(config, ledgers, alone=len(elections) == 1) for config in elections]
        marks.serve({each.trusted.election.mode for each in parts})
        # What was loaded stays for the life of the process, and a batch's values form no cycles: to
        # search them all for garbage after each few hundred would cost a fifth of the time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GARBAGE_THRESHOLD)
        gc.enable()
        await Gateway(parts).run(lambda: _tell_ready(parts))
        for each in parts:
            with marked(each.mark):
                _log.info("stopped: %s leaves", each.intake.size)


def _open(config: Config, ledgers: ExitStack, *, alone: bool) -> Parts:
    """Return what was opened for one election; raises Problem that says which."""
    try:
        return _opened(config, ledgers)
    except Problem as problem:
        if alone:
            raise
        others = "`ballotbox-gateway run --election NAME` serves one without the others"
        where = f"election {config.name}: {problem.where}"
        raise Problem(where, problem.what, f"{problem.remedy}; {others}") from problem


def _opened(config: Config, ledgers: ExitStack) -> Parts:
    trusted = load_trusted(config)
    with marked(mark_of(trusted.election.mode, config.name)):
        identity = load_identity(config, trusted)
        quotas = quotas_of(config)
        ledger, intake, told = open_intake(config, trusted, identity, quotas)
        ledgers.callback(ledger.close)
        remember_register(config, trusted.register)
        for line in told:
            _log.warning("%s: %s", config.ledger, line)
    return Parts(config, trusted, intake, ledger, quotas)


def _tell_ready(parts: Sequence[Parts]) -> None:
    for each in parts:
        version, size = each.trusted.register.version, each.intake.size
        with marked(each.mark):
            _log.info(
                "ready: %s, register version %s, %s leaves", each.config.origin, version, size
            )
