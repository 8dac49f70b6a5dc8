"""A new log in the place of one that is closed: its ledger, with two officers' statement first."""

from collections.abc import Sequence
from pathlib import Path

import apsw

from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.adapters.used_register import remember_register
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.intake import Identity, Intake
from ballotbox_gateway.core.ports import Binding, LedgerFailure
from ballotbox_gateway.ledger.placing import clear, finish_placing, making, put_in_place
from ballotbox_gateway.ledger.remains import Remains
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.trust import Trusted


def replace_log(
    config: Config, trusted: Trusted, identity: Identity, statements: Sequence[bytes], now: int
) -> Path | None:
    """Put the ledger of the new log in place; return where the old one is kept, if there was one.

    statements: of the closed log, then of those that it stood for, newest first.
    Raises Problem, and then has changed nothing.
    """
    if config.postgresql is not None:
        what = "cannot hold a log that stands for another one"
        raise Problem(config.ledger, what, "Give the new log a ledger_file in place of the table")
    path = config.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        finish_placing(path)
        _require_other(path, identity)
        _require_own_copy(config, identity)
        made = making(path)
        clear(made)
        create(made, Binding(identity.origin, trusted.digest, trusted.register.version))
        ledger = open_ledger(made)
        try:
            first, *before = statements
            Intake(trusted, identity, ledger).open_replacing(first, now, *before)
        finally:
            ledger.close()
        kept = put_in_place(made, path)
    except InvalidField as error:
        raise Problem("statement", str(error), "Nothing was changed: correct it") from error
    except (OSError, LedgerFailure) as error:
        what = f"the new ledger cannot be written: {error}"
        raise Problem(str(path), what, "Choose a local disk with room in ledger_file") from error
    remember_register(config, trusted.register)
    return kept


def _require_other(path: Path, identity: Identity) -> None:
    """Raise Problem when the present ledger is in use, or is that of the new log already."""
    if not path.is_file():
        return
    try:
        remains = Remains(path)
    except LedgerFailure as error:
        if isinstance(error.__cause__, apsw.BusyError):
            raise Problem(str(path), "is in use", "Stop the gateway first") from error
        return
    origin = remains.origin()
    remains.close()
    remains.discard()
    if origin == identity.origin:
        what = f"is the ledger of {origin} already"
        remedy = "Set `origin` to a new one that the register lists with this gateway's key"
        raise Problem(str(path), what, remedy)


def _require_own_copy(config: Config, identity: Identity) -> None:
    if config.second_copy is None:
        return
    head = SecondCopy(config.second_copy, identity.origin, identity.key.public).head()
    if head is not None:
        what = f"holds {head.size} leaves of {identity.origin} already"
        raise Problem(str(config.second_copy), what, "Set `origin` to a new one")
