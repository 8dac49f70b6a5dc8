"""Making and opening a ledger in PostgreSQL."""

from importlib import resources

import psycopg
from psycopg import sql as names

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.ports import Binding, LedgerFailure
from ballotbox_gateway.core.sharding import SHARDS
from ballotbox_gateway.ledger import postgresql_statements as sql
from ballotbox_gateway.ledger.postgresql import FORMAT, PostgresqlLedger
from ballotbox_gateway.ledger.postgresql_connection import Link, connect, translated
from ballotbox_protocol.wire.merkle import EMPTY_ROOT

_HAS_LEDGER = "SELECT to_regclass('head') IS NOT NULL"
_ADD_SHARDS = "INSERT INTO shards SELECT *, NULL, now() FROM generate_series(0, %s)"


class NoLedger(LedgerFailure):
    """There is no ledger in this schema."""


class LedgerExists(LedgerFailure):
    """There is a ledger in this schema already."""


def create(settings: Postgresql, binding: Binding) -> None:
    """Create a new ledger, whole or not at all; raises LedgerFailure."""
    try:
        link = connect(settings)
    except psycopg.Error as error:
        raise _failure(error, settings) from error
    try:
        with link, link.transaction():
            schema = names.Identifier(settings.schema_name)
            link.execute(names.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            if _has_ledger(link):
                raise LedgerExists(f"{settings}: there is a ledger already")
            _lay_out(link, binding)
    except psycopg.Error as error:
        raise _failure(error, settings) from error


def _lay_out(link: Link, binding: Binding) -> None:
    script = resources.files(__package__).joinpath("postgresql.sql").read_bytes()
    link.execute(script)
    given = (FORMAT, binding.origin, binding.election, binding.register_version, EMPTY_ROOT)
    link.execute(sql.BIND, given)
    link.execute(_ADD_SHARDS, (SHARDS - 1,))


def _has_ledger(link: Link) -> bool:
    ((found,),) = link.execute(_HAS_LEDGER).fetchall()
    return bool(found)


def open_ledger(settings: Postgresql) -> PostgresqlLedger:
    """Open an existing ledger, beside whoever else has it open.

    Raises NoLedger; LedgerFailure when it cannot be reached, or is of another format.
    """
    try:
        link = connect(settings)
    except psycopg.Error as error:
        raise _failure(error, settings) from error
    try:
        _require_format(link, settings)
    except psycopg.Error as error:
        link.close()
        raise _failure(error, settings) from error
    except BaseException:
        link.close()
        raise
    return PostgresqlLedger(settings, link)


def _require_format(link: Link, settings: Postgresql) -> None:
    if not _has_ledger(link):
        raise NoLedger(f"{settings}: there is no ledger")
    ((found,),) = link.execute(sql.FORMAT).fetchall()
    if found != FORMAT:
        raise LedgerFailure(f"{settings}: has format {found}, this program reads {FORMAT}")


def _failure(error: psycopg.Error, settings: Postgresql) -> LedgerFailure:
    told = translated(error, str(settings))
    return told if isinstance(told, LedgerFailure) else LedgerFailure(str(told))
