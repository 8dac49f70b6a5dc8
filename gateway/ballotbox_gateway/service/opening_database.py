"""Opening and creating a ledger in PostgreSQL, with every failure in words."""

from typing import TYPE_CHECKING, Final

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.ports import Binding, DatabaseAway, LedgerFailure
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.ledger.postgresql import PostgresqlLedger

_REACH: Final = (
    "See that the server runs and lets this role in; host, dbname, user and password_file of "
    "[postgresql] say where and who"
)


def create_in_database(settings: Postgresql, binding: Binding) -> None:
    """Make the ledger; raises Problem, also when there is one."""
    require_library()
    from ballotbox_gateway.ledger.postgresql_opening import LedgerExists, create

    try:
        create(settings, binding)
    except LedgerExists as error:
        remedy = "It stays as it is: `run` uses it; a new election takes a new postgresql.schema"
        raise Problem(str(settings), "there is a ledger already", remedy) from error
    except LedgerFailure as error:
        raise _problem(settings, error) from error


def open_in_database(settings: Postgresql) -> "PostgresqlLedger":
    """Return the ledger, unchecked; raises Problem, from its cause."""
    require_library()
    from ballotbox_gateway.ledger.postgresql_opening import NoLedger, open_ledger

    try:
        return open_ledger(settings)
    except NoLedger as error:
        remedy = "Make it once, from one of the processes: `ballotbox-gateway init`"
        raise Problem(str(settings), "there is no ledger", remedy) from error
    except LedgerFailure as error:
        raise _problem(settings, error) from error


def require_library() -> None:
    """Raise Problem where the library that speaks to PostgreSQL is not installed."""
    try:
        import psycopg  # noqa: F401 - whether it is there
    except ImportError as error:
        remedy = "Install it: pip install 'ballotbox-kit[postgresql]'"
        raise Problem("postgresql", "needs the library psycopg", remedy) from error


def _problem(settings: Postgresql, error: LedgerFailure) -> Problem:
    what = str(error).removeprefix(f"{settings}: ")
    remedy = _REACH if isinstance(error, DatabaseAway) else "Correct the table postgresql"
    return Problem(str(settings), what, remedy)
