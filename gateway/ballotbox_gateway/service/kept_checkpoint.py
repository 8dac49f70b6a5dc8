"""The newest checkpoint that one process of several has followed, kept on its own disk.

A database that comes back as an older copy is whole in itself. Whoever followed it further knows
better, also after a restart: a signed log never shrinks, and never changes.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ballotbox_gateway.adapters.log_directory import write_file
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.intake import Identity, Intake
from ballotbox_gateway.core.ports import Damaged, LedgerFailure, StoredCheckpoint
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire.checkpoint import Checkpoint, verify_checkpoint

_log: Final = logging.getLogger(__name__)

#: Each writing is a sync of the disk, which what is decided meanwhile does not wait for.
PAUSE_S: Final = 1.0


def place_of_checkpoint(config: Config) -> Path:
    """Return the file in which a process of these settings keeps it."""
    return config.control.with_name(f"{config.control.name}.checkpoint")


class KeptCheckpoint:
    """Keeps it while the log grows, a moment later. Lives on the loop's thread."""

    def __init__(self, config: Config, newest: Callable[[], StoredCheckpoint | None]) -> None:
        """`newest` returns what this process has followed; may raise LedgerFailure."""
        self._path = place_of_checkpoint(config)
        self._newest = newest
        self._more = asyncio.Event()
        self._more.set()
        self._told = False

    def wake(self) -> None:
        """Look again: the log may have grown."""
        self._more.set()

    async def run(self) -> None:
        """Keep up until cancelled."""
        while True:
            await self._more.wait()
            self._more.clear()
            await self.keep()
            await asyncio.sleep(PAUSE_S)

    async def keep(self) -> None:
        """Keep the newest one now; a disk that does not take it stops nothing."""
        try:
            if (found := self._newest()) is not None:
                await in_thread(lambda: write_file(self._path, found.note))
        except (Problem, LedgerFailure) as problem:
            if not self._told:
                _log.error("the newest checkpoint is not kept: %s", problem)
            self._told = True
        else:
            self._told = False


def require_followed(config: Config, identity: Identity, intake: Intake) -> None:
    """Raise Damaged unless the ledger holds the log that was followed, as it was or longer.

    Raises Problem when what was kept cannot be read.
    """
    path = place_of_checkpoint(config)
    try:
        note = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise Problem(str(path), str(error), "Mend that disk, or use another one") from error
    kept = verify_checkpoint(note, identity.origin, identity.key.public)
    if not isinstance(kept, Checkpoint):
        remedy = "It is of another log or damaged: move it away if you are sure of the database"
        raise Problem(str(path), f"holds no checkpoint of {identity.origin}", remedy)
    root = intake.root_at(kept.size)
    if root is None:
        raise Damaged(f"it has {intake.size} leaves, and this process has followed {kept.size}")
    if root != kept.root:
        raise Damaged(f"its first {kept.size} leaves are not those followed here")
