"""One connection to a PostgreSQL server that keeps what it is told, made anew when it was lost."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

import psycopg
from psycopg import errors, sql

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.ports import (
    Conflict,
    Damaged,
    DatabaseAway,
    DiskFull,
    LedgerFailure,
    ReadOnly,
)

#: Older ones lack settings that are made below, or get no corrections any more.
_VERSION_MIN: Final = 130_000
#: What must be so on the server; one that forgets what it acknowledged is not used.
_DURABLE: Final = ("fsync", "full_page_writes")
#: A process that stops or leaves the network while it holds the log must not hold it for ever; and
#: the server tells by a warning that it did not wait for a standby.
_OPTIONS: Final = {
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "30s",
    "client_min_messages": "warning",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
}
_PATIENCE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

#: With these the server ends the connection, whatever else it says: a turn that stood still, too.
_ENDS: Final = ("FATAL", "PANIC")

Link = psycopg.Connection[tuple[object, ...]]


def connect(settings: Postgresql) -> Link:
    """Return a connection without open transaction; raises psycopg.Error or LedgerFailure."""
    link = psycopg.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.dbname,
        user=settings.user,
        password=_password(settings),
        sslmode="prefer" if settings.is_local else "verify-full",
        sslrootcert=None if settings.is_local else str(settings.ca_file),
        application_name="ballotbox-gateway",
        autocommit=True,
        **_PATIENCE,
    )
    try:
        _make_sure(link, settings)
    except BaseException:
        link.close()
        raise
    return link


def _password(settings: Postgresql) -> str | None:
    if settings.password_file is None:
        return None
    try:
        return settings.password_file.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerFailure(f"postgresql.password_file cannot be read: {error}") from error


def _make_sure(link: Link, settings: Postgresql) -> None:
    if link.info.server_version < _VERSION_MIN:
        raise LedgerFailure("the server is older than PostgreSQL 13: use a newer one")
    for name, value in _OPTIONS.items():
        link.execute("SELECT set_config(%s, %s, false)", (name, value))
    schema = sql.Identifier(settings.schema_name)
    link.execute(sql.SQL("SET search_path = {}").format(schema))
    for name in _DURABLE:
        ((found,),) = link.execute("SELECT current_setting(%s)", (name,)).fetchall()
        if found != "on":
            raise LedgerFailure(f"{name} is {found} on the server: turn it on")


class OnServer(Protocol):
    """What asks a server; `where` says which one."""

    where: str


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=OnServer)
Method = Callable[Concatenate[S, P], R]


def on_server(method: Method[S, P, R]) -> Method[S, P, R]:
    """Turn the server's errors into the port's."""

    @wraps(method)
    def guarded(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except psycopg.Error as error:
            raise translated(error, self.where) from error

    return cast("Method[S, P, R]", guarded)


def translated(error: psycopg.Error, where: str) -> LedgerFailure | Conflict:
    """Return what an error of the server is to a gateway."""
    told = f"{where}: {' '.join(str(error).split())}"
    if error.diag.severity_nonlocalized in _ENDS:
        return DatabaseAway(told)
    if isinstance(error, psycopg.IntegrityError):
        return Conflict(told)
    if isinstance(error, errors.DiskFull):
        return DiskFull(told)
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return ReadOnly(told)
    if isinstance(error, errors.DataCorrupted | errors.IndexCorrupted):
        return Damaged(told)
    if isinstance(error, psycopg.OperationalError):
        # Gone, going, coming up, full of others, or somebody held the log for too long.
        return DatabaseAway(told)
    return LedgerFailure(told)
