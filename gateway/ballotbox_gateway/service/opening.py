"""Opening and creating a gateway's ledger, with every failure in words."""

from ballotbox_gateway.config import Config
from ballotbox_gateway.core.intake import Identity, Intake, OlderRegister
from ballotbox_gateway.core.ports import Binding, Ledger, LedgerFailure
from ballotbox_gateway.core.quota import Quotas
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.trust import Trusted


def create_ledger(config: Config, trusted: Trusted) -> None:
    """Make the ledger that the settings name; raises Problem, also when there is one."""
    path = config.ledger_file
    binding = Binding(config.origin, trusted.digest, trusted.register.version)
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


def open_existing(config: Config) -> Ledger:
    """Return the ledger that the settings name; raises Problem."""
    path = config.ledger_file
    try:
        return open_ledger(path)
    except FileNotFoundError as error:
        remedy = "Make it once with `ballotbox-gateway init`; if there was one, find it"
        raise Problem(str(path), "there is no ledger", remedy) from error
    except LedgerFailure as error:
        what = str(error).removeprefix(f"{path}: ")
        remedy = "Stop the other process, or restore the file and its -wal from the last copy"
        raise Problem(str(path), what, remedy) from error


def open_intake(
    config: Config, trusted: Trusted, identity: Identity, quotas: Quotas | None = None
) -> tuple[Ledger, Intake]:
    """Return ledger and intake, the log checked leaf by leaf; raises Problem."""
    ledger = open_existing(config)
    try:
        return ledger, Intake(trusted, identity, ledger, quotas)
    except (InvalidField, OlderRegister) as error:
        ledger.close()
        raise Problem(str(config.ledger_file), str(error), "Correct the settings") from error
    except LedgerFailure as error:
        ledger.close()
        remedy = "Keep the file for examination, and restore it from the last copy"
        raise Problem(str(config.ledger_file), str(error), remedy) from error
