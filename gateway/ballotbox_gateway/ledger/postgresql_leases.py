"""The leases of shards in PostgreSQL: what one process holds, by the database's clock."""

from typing import Any, Final, NamedTuple

import psycopg

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.sharding import Lease, decide
from ballotbox_gateway.ledger.postgresql_connection import Link, connect, on_server

#: A lease and a sign of life end at this time.
_END: Final = "now() + make_interval(secs => %s)"
_ALIVE: Final = f"""
INSERT INTO processes VALUES (%s, {_END})
ON CONFLICT (name) DO UPDATE SET expires = excluded.expires
"""  # noqa: S608 - an expression of this module
_FORGET: Final = "DELETE FROM processes WHERE expires <= now()"
_COUNT: Final = "SELECT count(*) FROM processes"
_LEASES: Final = "SELECT shard, holder, expires > now() FROM shards ORDER BY shard"
_RENEW: Final = f"UPDATE shards SET expires = {_END} WHERE holder = %s AND expires > now()"  # noqa: S608
_RELEASE: Final = "UPDATE shards SET holder = NULL WHERE holder = %s AND shard = ANY(%s)"
_RELEASE_ALL: Final = "UPDATE shards SET holder = NULL WHERE holder = %s"
_LEAVE: Final = "DELETE FROM processes WHERE name = %s"
#: Whoever takes shards at the same moment takes others.
_TAKE: Final = f"""
UPDATE shards SET holder = %s, expires = {_END} WHERE shard IN (
    SELECT shard FROM shards WHERE holder IS NULL OR expires <= now()
    ORDER BY shard LIMIT %s FOR UPDATE SKIP LOCKED)
"""  # noqa: S608 - an expression of this module
_HELD: Final = "SELECT shard FROM shards WHERE holder = %s AND expires > now()"


class Holding(NamedTuple):
    """What a process holds now, and how many processes are alive."""

    shards: frozenset[int]
    processes: int


class Leases:
    """The leases of the process `name`; asked from one thread at a time."""

    def __init__(self, settings: Postgresql, name: str) -> None:
        self.where = str(settings)
        self._settings = settings
        self._name = name
        self._link: Link | None = None

    def _connected(self) -> Link:
        if self._link is None or self._link.closed:
            self._link = connect(self._settings)
        return self._link

    @on_server
    def renew(self) -> Holding:
        """Prolong what is held, let go and take what is due, and return what is held then.

        Raises LedgerFailure: then nothing has changed, and what is not prolonged runs out.
        """
        link, name, lease_s = self._connected(), self._name, self._settings.lease_s
        with link.transaction():
            link.execute(_ALIVE, (name, lease_s))
            link.execute(_FORGET)
            ((processes,),) = _rows(link, _COUNT)
            found = _rows(link, _LEASES)
            change = decide(name, [Lease(*row) for row in found], processes)
            link.execute(_RENEW, (lease_s, name))
            if change.release:
                link.execute(_RELEASE, (name, list(change.release)))
            if change.take:
                link.execute(_TAKE, (name, lease_s, change.take))
            held = _rows(link, _HELD, name)
        return Holding(frozenset(row[0] for row in held), processes)

    def leave(self) -> None:
        """Let go of everything at once, so that the others need not wait; quietly if it fails."""
        if self._link is None or self._link.closed:
            return
        try:
            with self._link.transaction():
                self._link.execute(_RELEASE_ALL, (self._name,))
                self._link.execute(_LEAVE, (self._name,))
        except psycopg.Error:
            return  # They run out by themselves.
        finally:
            self._link.close()


def _rows(link: Link, statement: str, *values: object) -> list[Any]:
    return link.execute(statement, values).fetchall()
