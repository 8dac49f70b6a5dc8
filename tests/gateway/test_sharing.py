"""Are all boxes listened to, whoever comes and goes, and does every process have its share?"""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_gateway.core.ports import DatabaseAway
from ballotbox_gateway.core.sharding import SHARDS, Change, Lease, decide, share
from ballotbox_gateway.ledger.postgresql_leases import Holding, Leases
from ballotbox_gateway.ledger.postgresql_opening import create
from ballotbox_gateway.service.sharing import Sharing
from ballotbox_protocol.wire.message import shard_of, sharded_topic_of
from tests.databases import NewSchema
from tests.gateway.scripted import authority, binding

NAMES = ("a", "b", "c")


class Table:
    """The leases as a database has them, one step after the other."""

    def __init__(self, shards: int) -> None:
        self.leases = [Lease(shard, None, live=True) for shard in range(shards)]

    def renew(self, name: str, processes: int) -> Change:
        change = decide(name, self.leases, processes)
        free = [each.shard for each in self.leases if not (each.live and each.holder)]
        for shard in change.release:
            self.leases[shard] = Lease(shard, None, live=True)
        for shard in free[: change.take]:
            self.leases[shard] = Lease(shard, name, live=True)
        return change

    def die(self, name: str) -> None:
        self.leases = [e._replace(live=e.live and e.holder != name) for e in self.leases]

    def held(self, name: str) -> int:
        return sum(each.holder == name and each.live for each in self.leases)


@given(
    steps=st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=30),
    shards=st.integers(1, 12),
)
def test_whoever_is_alive_has_a_share_and_nothing_is_left_over(
    steps: list[tuple[str, bool]], shards: int
) -> None:
    table, alive = Table(shards), {"a"}
    for name, lives in steps:
        if lives:
            alive.add(name)
            table.renew(name, len(alive))
        elif len(alive) > 1 and name in alive:
            alive.remove(name)
            table.die(name)
    # What one lets go in this round another one takes in the next.
    for _ in range(2):
        for name in sorted(alive):
            table.renew(name, len(alive))
    assert sum(map(table.held, alive)) == shards
    assert all(table.held(name) <= share(len(alive), shards) for name in alive)
    assert [table.renew(name, len(alive)) for name in sorted(alive)] == [Change((), 0)] * len(alive)


def test_what_another_process_holds_is_never_taken() -> None:
    leases = [Lease(0, "b", live=True), Lease(1, "b", live=False), Lease(2, None, live=True)]
    assert decide("a", leases, 1) == Change((), 2)
    assert decide("a", [*leases[:1], Lease(1, "a", live=True)], 2) == Change((), 0)


def test_what_ran_out_is_nobodys_even_for_who_held_it() -> None:
    leases = [Lease(0, "a", live=False), Lease(1, "b", live=True)]
    assert decide("a", leases, 2) == Change((), 1)


def test_a_share_covers_every_shard() -> None:
    assert [share(processes) for processes in (0, 1, 2, 3, 64, 65)] == [64, 64, 32, 22, 1, 1]


def test_boxes_fall_into_all_shards_and_the_topic_says_which() -> None:
    boxes = [number.to_bytes(16) for number in range(4_096)]
    assert {shard_of(box) for box in boxes} == set(range(SHARDS))
    topic = sharded_topic_of(bytes(32), boxes[7])
    assert topic == f"bbx/1/{bytes(8).hex()}/{boxes[7].hex()}/up/{shard_of(boxes[7]):02x}"


@pytest.fixture
def processes(new_schema: NewSchema) -> Iterator[list[Leases]]:
    settings = new_schema()
    create(settings, binding(authority().trusted))
    made = [Leases(settings, name) for name in NAMES]
    yield made
    for each in made:
        each.leave()


def test_processes_share_the_shards_and_take_over_what_ran_out(processes: list[Leases]) -> None:
    one, two, three = processes
    everything = frozenset(range(SHARDS))
    assert one.renew() == Holding(everything, 1)
    assert two.renew() == Holding(frozenset(), 2)
    first, second = one.renew(), two.renew()
    assert [len(first.shards), len(second.shards)] == [SHARDS // 2] * 2
    assert first.shards | second.shards == everything
    # The database's clock alone says when a lease has run out: here it says so at once.
    for table, column in (("shards", "holder"), ("processes", "name")):
        one._link.execute(f"UPDATE {table} SET expires = now() WHERE {column} = 'b'")
    assert three.renew() == Holding(second.shards, 2)
    assert two.renew() == Holding(frozenset(), 3), "what ran out is another one's"


def test_who_leaves_lets_go_at_once(processes: list[Leases]) -> None:
    one, two, _ = processes
    one.renew()
    one.leave()
    assert two.renew() == Holding(frozenset(range(SHARDS)), 1)


class Told:
    """Leases by a script: what to hold, or what is in the way."""

    def __init__(self, *script: Holding | DatabaseAway) -> None:
        self.script = list(script)

    def renew(self) -> Holding:
        step = self.script.pop(0)
        if isinstance(step, DatabaseAway):
            raise step
        return step

    def leave(self) -> None:
        self.script.clear()


async def listened(*script: Holding | DatabaseAway, able: bool = True) -> list[frozenset[int]]:
    heard: list[frozenset[int]] = []
    leases = Told(*script)
    sharing = Sharing(leases, heard.append, lambda: able, lease_s=3)
    for _ in script:
        await sharing.renew()
    assert able or len(leases.script) == len(script)
    return heard


def test_the_broker_is_told_what_is_held_and_a_database_that_is_away_changes_nothing() -> None:
    first, second = frozenset({1, 2}), frozenset({2})
    script = Holding(first, 1), DatabaseAway("gone"), Holding(second, 2)
    assert asyncio.run(listened(*script)) == [first, second]


def test_who_may_not_hear_a_shard_lets_go_of_all_until_it_connects_anew() -> None:
    first, second = frozenset({1, 2}), frozenset({3})
    heard: list[frozenset[int]] = []
    deaf = iter([False, True, True, False])
    leases = Told(Holding(first, 1), Holding(second, 2))
    left: list[int] = []
    leases.leave = lambda: left.append(1)
    sharing = Sharing(leases, heard.append, lambda: True, 3, lambda: next(deaf))

    async def scenario() -> None:
        for _ in range(4):
            await sharing.renew()

    asyncio.run(scenario())
    assert (heard, left) == ([first, frozenset(), second], [1])


def test_who_takes_nothing_in_renews_no_lease() -> None:
    assert asyncio.run(listened(Holding(frozenset({1}), 1), able=False)) == []
