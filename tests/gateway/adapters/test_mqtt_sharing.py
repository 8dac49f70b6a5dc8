"""Does each message reach one of the processes that share a log, on a real broker?"""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.mqtt_intake import MqttIntake
from ballotbox_gateway.adapters.mqtt_subscriptions import Subscriptions, session_of
from ballotbox_gateway.adapters.roads import Inbox
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.message import Message, MessageKind, shard_of, sharded_topic_of
from tests.brokers import mosquitto
from tests.gateway.adapters.test_mqtt_intake import (
    BOXES,
    DOWN,
    ELECTION,
    UP,
    Publisher,
    bodies,
    settle,
    taken,
    up,
)
from tests.gateway.scripted import ORIGIN
from tests.patience import PATIENCE_S, soon

SHARDED = [sharded_topic_of(ELECTION, box) for box in BOXES]
SHARDS = [shard_of(box) for box in BOXES]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@asynccontextmanager
async def roads(broker, count, *, shared=True):
    """As many roads of one gateway, all of them up."""
    settings = Mqtt(host=broker.host, port=broker.port)
    async with AsyncExitStack() as ends:
        made = []
        for _ in range(count):
            inbox = Inbox(lambda: None)
            intake = MqttIntake(
                settings, ORIGIN, ELECTION, inbox, Backoff(lambda: 0.02), shared=shared
            )
            intake.serve(BOXES)
            running = asyncio.create_task(intake.run())
            ends.push_async_callback(lambda running=running: running)
            ends.push_async_callback(intake.stop, PATIENCE_S)
            made.append(intake)
        for intake in made:
            await up(intake)
        yield made


async def heard(roads, count):
    """What each road has brought once so many messages are there, settled."""
    await soon(lambda: sum(len(each._inbox) for each in roads) >= count, f"{count} letters")
    found = [taken(each) for each in roads]
    for letters in found:
        settle(letters)
    return [sorted(bodies(letters)) for letters in found]


def test_a_shard_is_heard_by_its_holder_and_moves_with_the_lease(broker):
    assert len(set(SHARDS[:2])) == 2, "two boxes of two shards"

    async def scenario():
        async with roads(broker, 2) as both:
            with Publisher(broker) as box:
                for one, other in (both, both[::-1]):
                    one.listen_to({SHARDS[0]})
                    other.listen_to({SHARDS[1]})
                    await answered_by_broker(one, other)
                    await asyncio.to_thread(box.say, SHARDED[0], b"a", b"b")
                    await asyncio.to_thread(box.say, SHARDED[1], b"c")
                    assert await heard((one, other), 3) == [[b"a", b"b"], [b"c"]]

    asyncio.run(scenario())


async def answered_by_broker(*intakes):
    """Return when the broker has answered what was asked of it before, in order."""
    for intake in intakes:
        done = asyncio.Event()
        callback = intake._client.on_subscribe
        intake._client.on_subscribe = lambda *_, done=done: done.set()
        intake._client.subscribe("nothing/at/all", 0)
        await asyncio.wait_for(done.wait(), PATIENCE_S)
        intake._client.on_subscribe = callback


def test_boxes_that_say_no_shard_are_heard_once_and_answered_on_their_own_topic(broker):
    async def scenario():
        async with roads(broker, 2) as both:
            with Publisher(broker, DOWN[0]) as box:
                await asyncio.to_thread(box.say, UP[0], *[b"%d" % n for n in range(20)])
                found = await heard(both, 20)
                assert sorted(found[0] + found[1]) == sorted(b"%d" % n for n in range(20))
                assert all(found), "the broker shares them out"
                for each in both:
                    each.route_to(BOXES[0]).send(Message(MessageKind.CHALLENGE, b"c" * 16))
                await soon(lambda: len(box.heard) == 2, "an answer of each")

    asyncio.run(scenario())


def test_one_process_alone_hears_boxes_with_a_shard_and_without(broker):
    async def scenario():
        async with roads(broker, 1, shared=False) as (intake,):
            with Publisher(broker, DOWN[0]) as box:
                await asyncio.to_thread(box.say, UP[0], b"plain")
                await asyncio.to_thread(box.say, SHARDED[0], b"sharded")
                await soon(lambda: len(intake._inbox) == 2, "both letters")
                letters = taken(intake)
                assert {letter.route.road.box for letter in letters} == {BOXES[0]}
                for letter in letters:
                    letter.route.send(Message(MessageKind.CHALLENGE, b"c" * 16))
                settle(letters)
                await soon(lambda: len(box.heard) == 2, "two answers")

    asyncio.run(scenario())


def test_each_start_of_one_of_several_has_a_name_of_its_own():
    settings = Mqtt(host="b")
    alone = session_of(settings, ORIGIN, shared=False)
    first, second = (session_of(settings, ORIGIN, shared=True) for _ in range(2))
    assert first != second
    assert first.startswith(f"{alone}-")
    named = Mqtt(host="b", client_id="one")
    assert session_of(named, ORIGIN, shared=True) == "one"


def test_a_shard_that_the_broker_refuses_is_trouble_until_the_next_connection(broker):
    """mosquitto refuses no subscription to a client that it lets in: others do."""
    refusal = ReasonCode(PacketTypes.SUBACK, "Not authorized")
    granted = ReasonCode(PacketTypes.SUBACK, "Granted QoS 1")

    async def scenario():
        async with roads(broker, 1) as (intake,):
            intake._subscribed([granted, refusal])
            told = f"refuses the subscription to bbx/1/{ELECTION[:8].hex()}/+/up/+: not authorized"
            assert intake.trouble.startswith(told)
            assert intake.subscriptions.deaf
            intake._detach()
            await soon(lambda: not intake.trouble and not intake.subscriptions.deaf, "a new line")

    asyncio.run(scenario())


def test_what_is_subscribed_to():
    stem = f"bbx/1/{ELECTION[:8].hex()}/+/up"
    assert Subscriptions(ELECTION, ORIGIN, shared=False).filters == [stem, f"{stem}/+"]
    several = Subscriptions(ELECTION, ORIGIN, shared=True)
    several.hold({63, 1}, None)
    group = f"$share/{origin_id(ORIGIN).hex()}"
    assert several.filters == [f"{group}/{stem}", f"{stem}/01", f"{stem}/3f"]
