"""Which process of a gateway listens to which boxes: shares of shards, leased for a while.

A shard is a part of the boxes (`ballotbox_protocol.wire.message.shard_of`). Nothing rests on a
lease: two processes that listen to one box each come to the same answer, and it costs them time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from ballotbox_protocol.wire.message import SHARDS as _SHARDS

SHARDS: Final = _SHARDS


class Lease(NamedTuple):
    """Who holds a shard; `live` tells whether by the ledger's clock the lease has not expired."""

    shard: int
    holder: str | None
    live: bool


class Change(NamedTuple):
    """What one process does with its leases: shards to let go, and how many more to take."""

    release: tuple[int, ...]
    take: int


def share(processes: int, shards: int = SHARDS) -> int:
    """Return how many shards are one process's part: as many as all need to hold every one."""
    return -(-shards // max(1, processes))


def decide(name: str, leases: Sequence[Lease], processes: int) -> Change:
    """Return what `name` does where so many processes are alive, itself among them.

    It never lets go more than what is beyond its share, and takes only what nobody holds.
    """
    ours = sorted(each.shard for each in leases if each.holder == name and each.live)
    free = sum(not (each.live and each.holder is not None) for each in leases)
    part = share(processes, len(leases))
    if len(ours) > part:
        return Change(tuple(ours[part:]), 0)
    return Change((), min(part - len(ours), free))
