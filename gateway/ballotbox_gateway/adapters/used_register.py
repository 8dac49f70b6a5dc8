"""The register that was used last, beside the ledger: a later one may not undo what it says.

The ledger keeps the highest version; this keeps the content, across restarts.
"""

import logging
from pathlib import Path
from typing import Final

from ballotbox_gateway.adapters.log_directory import write_file
from ballotbox_gateway.config import Config
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.election.register_changes import require_later
from ballotbox_protocol.wire.register import decode_register, encode_register

_log: Final = logging.getLogger(__name__)


def require_follows(config: Config, offered: Register) -> None:
    """Raise Problem where a register undoes what the one used last says."""
    used = _used(_place(config))
    if used is None or used.election != offered.election or offered.version < used.version:
        return
    try:
        require_later(used, offered)
    except InvalidField as error:
        remedy = "Get the newest register of this election from the authority"
        raise Problem(str(config.register_file), str(error), remedy) from error


def remember_register(config: Config, used: Register) -> None:
    """Keep the register that is used now; a disk that does not take it stops no gateway."""
    path = _place(config)
    try:
        write_file(path, encode_register(used))
    except Problem as problem:
        _log.error("the register in use is not kept: %s", problem)


def _place(config: Config) -> Path:
    beside = config.ledger_file or config.control
    return beside.with_name(f"{beside.name}.register")


def _used(path: Path) -> Register | None:
    try:
        return decode_register(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        # The ledger still refuses a lower version; on election day nothing else may stop for this.
        _log.error("%s: cannot be read, so registers are compared by version: %s", path, error)
        return None
