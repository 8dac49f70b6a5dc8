"""Opening and creating a gateway's ledger, with every failure in words."""

import logging
from typing import Final, NamedTuple, Protocol

from ballotbox_gateway.adapters.control_socket import is_answering
from ballotbox_gateway.adapters.law_files import load_laws
from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.adapters.used_register import remember_register
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.intake import Identity, Intake, OlderRegister
from ballotbox_gateway.core.ports import Binding, Damaged, Ledger, LedgerFailure
from ballotbox_gateway.core.quota import Quotas
from ballotbox_gateway.ledger.placing import finish_placing
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.copied import CopiedLog
from ballotbox_gateway.service.kept_checkpoint import require_followed
from ballotbox_gateway.service.mending import Loss, Mending, closed
from ballotbox_gateway.service.opening_database import create_in_database, open_in_database
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.trust import Trusted

_log: Final = logging.getLogger(__name__)

_RESTORE: Final = (
    "Stop every process of this gateway; take the database from its standby or backup, if that has "
    "every leaf that was signed, else ask whoever looks after the election"
)


def create_ledger(config: Config, trusted: Trusted) -> None:
    """Make the ledger that the settings name; raises Problem, also when there is one."""
    binding = Binding(config.origin, trusted.digest, trusted.register.version)
    if config.postgresql is not None:
        create_in_database(config.postgresql, binding)
        return
    path = config.file
    require_no_copy(config, trusted)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create(path, binding)
    except FileExistsError as error:
        if not path.parent.is_dir():
            remedy = "Name a file in a directory in ledger_file"
            raise Problem(str(path.parent), "is no directory", remedy) from error
        remedy = "It stays as it is: `run` uses it; a new election takes a new ledger_file"
        raise Problem(str(path), "there is a ledger already", remedy) from error
    except (OSError, LedgerFailure) as error:
        what = f"cannot be created: {error}"
        raise Problem(str(path), what, "Choose a local disk with room in ledger_file") from error


def require_no_copy(config: Config, trusted: Trusted) -> None:
    """Raise Problem when the second copy holds leaves already: they would be signed for again."""
    if config.second_copy is None:
        return
    key = trusted.register.gateway_keys[config.origin]
    head = SecondCopy(config.second_copy, config.origin, key).head()
    if head is not None:
        what = f"holds {head.size} leaves of {config.origin} already"
        remedy = "`ballotbox-gateway run` restores the ledger from it, or says what to do"
        raise Problem(str(config.second_copy), what, remedy)


class CheckedLedger(Ledger, Protocol):
    """A ledger on a medium that can be checked."""

    def require_whole(self) -> None:
        """Raise Damaged unless everything beside the leaves is as it was committed."""
        ...


def open_existing(config: Config) -> CheckedLedger:
    """Return the ledger that the settings name, unchecked; raises Problem, from its cause."""
    if config.postgresql is not None:
        return open_in_database(config.postgresql)
    path = config.file
    try:
        finish_placing(path)
        return open_ledger(path)
    except FileNotFoundError as error:
        raise Problem(str(path), "there is no ledger", _remedy_of_none(config)) from error
    except LedgerFailure as error:
        what = str(error).removeprefix(f"{path}: ")
        raise Problem(str(path), what, _remedy_of_held(config)) from error
    except OSError as error:
        raise Problem(str(path), str(error), "Mend that disk, or use another one") from error


def _remedy_of_held(config: Config) -> str:
    if is_answering(config.control):
        return (
            "A gateway runs on it: `ballotbox-gateway status` asks it, and to start another one, "
            "stop it first (systemctl stop ballotbox-gateway)"
        )
    return "Stop the other process; of a damaged file, `run` makes a whole one"


def _remedy_of_none(config: Config) -> str:
    if config.second_copy is not None and (config.second_copy / "checkpoint").exists():
        return "`ballotbox-gateway run` makes it again from the second copy, or says what to do"
    return (
        "Make it once with `ballotbox-gateway init`; if there was one, find it; if it is lost, "
        "`ballotbox-gateway init --replace` opens a new log"
    )


class Opened(NamedTuple):
    """A ledger and the intake over it; `told` is what befell the ledger before."""

    ledger: CheckedLedger
    intake: Intake
    told: list[str]


def open_intake(
    config: Config, trusted: Trusted, identity: Identity, quotas: Quotas | None = None
) -> Opened:
    """Return ledger and intake, everything checked that is stored; mends what can be mended.

    Raises Problem.
    """
    copied = _copied(config, identity)
    try:
        return _whole(config, trusted, identity, copied, quotas)
    except _NotWhole as fault:
        if config.postgresql is not None:
            raise Problem(config.ledger, str(fault), _RESTORE) from fault
        told = Mending(config, trusted, identity, copied).mend(str(fault))
    try:
        return _whole(config, trusted, identity, copied, quotas)._replace(told=told)
    except _NotWhole as fault:
        remedy = "Use another disk: this one does not keep what is written"
        raise Problem(config.ledger, f"is damaged again: {fault}", remedy) from fault


def size_of_whole(config: Config, trusted: Trusted, identity: Identity) -> int:
    """Return the size of the log when everything stored is whole; raises Problem.

    Mends nothing. Beside other processes of one log it makes none of them use a newer register.
    """
    shared = config.postgresql is not None
    try:
        opened = _whole(config, trusted, identity, _copied(config, identity), reading=shared)
    except _NotWhole as fault:
        mended = "`ballotbox-gateway run` makes it whole again, or says what to do"
        remedy = _RESTORE if shared else mended
        raise Problem(config.ledger, str(fault), remedy) from fault
    opened.ledger.close()
    if not shared:
        remember_register(config, trusted.register)
    return opened.intake.size


class _NotWhole(Exception):
    """The ledger is damaged, missing or older than it was; the text says how."""


def _copied(config: Config, identity: Identity) -> CopiedLog | None:
    if config.second_copy is None:
        return None
    copy = SecondCopy(config.second_copy, identity.origin, identity.key.public)
    try:
        head = copy.head()
        return None if head is None else CopiedLog(copy, head)
    except Problem as problem:
        # A copy that cannot be read stops no gateway whose ledger is whole.
        _log.error("second copy: %s", problem)
        return None


def _whole(
    config: Config,
    trusted: Trusted,
    identity: Identity,
    copied: CopiedLog | None,
    quotas: Quotas | None = None,
    *,
    reading: bool = False,
) -> Opened:
    """Return what is open when it is whole; raises _NotWhole where mending may help."""
    ledger = _opened(config, copied)
    try:
        laws = load_laws(config.laws)
        intake = Intake(trusted, identity, ledger, quotas, laws, reading=reading)
        ledger.require_whole()
        _require_newest(config, intake, copied)
        if config.postgresql is not None:
            require_followed(config, identity, intake)
    except (InvalidField, OlderRegister) as error:
        ledger.close()
        raise Problem(config.ledger, str(error), "Correct the settings") from error
    except Damaged as error:
        ledger.close()
        raise _NotWhole(_without_path(config, error)) from error
    except LedgerFailure as error:
        ledger.close()
        what = _without_path(config, error)
        raise Problem(config.ledger, what, "Look at that disk, and start again") from error
    except BaseException:
        ledger.close()
        raise
    return Opened(ledger, intake, [])


def _opened(config: Config, copied: CopiedLog | None) -> CheckedLedger:
    try:
        return open_existing(config)
    except Problem as problem:
        damaged = isinstance(problem.__cause__, Damaged)
        missing = isinstance(problem.__cause__, FileNotFoundError)
        if damaged or (missing and copied is not None):
            raise _NotWhole(problem.what) from problem
        raise


def _require_newest(config: Config, intake: Intake, copied: CopiedLog | None) -> None:
    """Hold the ledger against the second copy: a log never shrinks, and never changes."""
    if copied is None:
        return
    root = intake.root_at(copied.size)
    if root is None:
        raise _NotWhole(f"it has {intake.size} leaves, and the second copy {copied.size}")
    if root != copied.head.root:
        why = "the second copy has other leaves, and this gateway signed for both"
        loss = Loss(why, 0, max(intake.size, copied.size))
        raise closed(config.file, copied.head.origin, loss)


def _without_path(config: Config, error: LedgerFailure) -> str:
    return str(error).removeprefix(f"{config.ledger}: ")
