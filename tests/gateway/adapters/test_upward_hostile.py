"""Does a broker, or whoever writes through it, stop no road upward for good?"""

import asyncio
import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.mqtt_bounds import BoundedSocket
from ballotbox_gateway.adapters.mqtt_from_below import ANSWER_MAX, MqttFromBelow
from ballotbox_gateway.adapters.upstream_mqtt import UpstreamMqtt
from ballotbox_gateway.adapters.upward_answers import answer_of
from ballotbox_gateway.adapters.upward_topics import log_in, topic_back, topic_upward
from ballotbox_gateway.config_roads import Mqtt, Upstream
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardEntry, UpwardReply
from ballotbox_protocol.election.identifiers import InvalidField
from tests.gateway.adapters.scripted_broker import ScriptedBroker
from tests.gateway.scripted import CENTRE, ORIGIN, authority
from tests.patience import soon

DIGEST = authority().trusted.digest
TOPIC = topic_upward(DIGEST, ORIGIN)
BATCH = UpwardBatch(ORIGIN, 0, (UpwardEntry(b"leaf", None, None),), b"note")


class Said:
    """A message as paho hands it over."""

    def __init__(self, payload, topic=TOPIC):
        self.payload, self.topic = payload, topic
        self.retain, self.mid, self.qos = False, 7, 1
        self.properties = SimpleNamespace()


class Noted:
    """A client that notes what is done with it, and can publish nothing where it is `dumb`."""

    def __init__(self, *, dumb=False):
        self.dumb = dumb
        self.done = []

    def publish(self, topic, answer, **_):
        if self.dumb:
            raise ValueError("cannot be sent")
        self.done.append((topic, json.loads(answer)))

    def ack(self, mid, qos):
        self.done.append(("ack", mid, qos))

    def disconnect(self):
        self.done.append("disconnect")


def from_below(port=1, answer=lambda _: UpwardConflict(0)):
    settings = Mqtt(host="127.0.0.1", port=port, client_id="centre")
    return MqttFromBelow(settings, CENTRE, DIGEST, answer, Backoff(lambda: 0.01))


async def came(client, message, answer=lambda _: UpwardConflict(0)):
    road = from_below(answer=answer)
    await asyncio.to_thread(road._came, client, message)
    return client.done


@pytest.mark.parametrize("topic", [f"{TOPIC[:-35]}{'a' * 60_000}/up", "bbg/1/x/up", "\0"])
def test_a_topic_of_no_log_is_acknowledged_and_not_answered(topic):
    assert log_in(TOPIC)
    assert asyncio.run(came(Noted(), Said(b"{}", topic))) == [("ack", 7, 1)]


def test_what_cannot_be_answered_is_acknowledged_and_comes_no_more(caplog):
    assert asyncio.run(came(Noted(dumb=True), Said(b"{}"))) == [("ack", 7, 1)]
    assert "a message was not answered" in caplog.text


def test_what_comes_when_the_service_has_ended_stays_at_the_broker():
    async def make():
        return from_below()

    road, client = asyncio.run(make()), Noted()
    road._came(client, Said(json.dumps(BATCH.to_json()).encode()))
    assert client.done == ["disconnect"]


def test_receipts_that_no_packet_holds_are_refused_with_the_remedy():
    reply = UpwardReply(CENTRE, (bytes(ANSWER_MAX),))
    body = json.dumps(BATCH.to_json()).encode()
    (topic, answer), _ = asyncio.run(came(Noted(), Said(body), lambda _: reply))
    assert topic == topic_back(TOPIC)
    assert answer["status"] == 400
    assert answer["body"]["fix"] == "Make upstream.batch_leaves smaller"


def test_a_fault_quotes_little_of_what_a_peer_wrote():
    names = {f"{at}" * 5_000: 0 for at in range(10, 99)}
    with pytest.raises(InvalidField, match="and 86 more") as caught:
        UpwardBatch.from_json(BATCH.to_json() | names)
    assert len(str(caught.value)) < 250
    body = {"error": "e" * 10**6, "field": "f" * 10**6, "fix": "x" * 10**6}
    fault = answer_of(503, body)
    assert len(fault.problem + fault.field + fault.fix) < 1_000


@asynccontextmanager
async def served(broker):
    road = from_below(broker.port)
    task = asyncio.create_task(road.run())
    yield road, task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


#: A PUBLISH of more than the client said that it takes, one at QoS 2, and one that is none.
LONG = b"\x32\xff\xff\xff\x7f"
TWICE = b"\x34\x05\x00\x01a\x00\x01"


@pytest.mark.parametrize(
    "script",
    [{"SUBACK": b""}, {"afterwards": LONG}, {"afterwards": TWICE}],
    ids=["no codes", "too long", "QoS 2"],
)
def test_a_broker_that_keeps_no_rule_costs_one_connection(script):
    async def scenario():
        async with ScriptedBroker(**script) as broker, served(broker) as (_, task):
            await soon(lambda: broker.connections > 2 or task.done(), "another connection")
            assert not task.done()

    asyncio.run(scenario())


class Pieces:
    """A socket that has these bytes."""

    def __init__(self, data):
        self.data = data

    def recv(self, size):
        part, self.data = self.data[:size], self.data[size:]
        return part


def packets(data, packet_max=200):
    """Read packets as paho does."""
    sock = BoundedSocket(Pieces(data), packet_max)
    while head := sock.recv(1):
        length = shift = 0
        while (byte := sock.recv(1)[0]) >= 128:
            length, shift = length | byte - 128 << shift, shift + 7
        length |= byte << shift
        yield head + sock.recv(length // 2) + sock.recv(length - length // 2)


def test_packets_within_the_bound_come_whole_and_in_order():
    fit = b"\x32\xc8\x01" + b"4" * 200
    data = b"\xd0\x00" + fit + b"\x40\x02\x00\x01" + fit
    assert [len(each) for each in packets(data)] == [1, 201, 3, 201]


@pytest.mark.parametrize("data", [b"\x32\xc9\x01" + bytes(201), TWICE, b"\x3d\x00", LONG])
def test_a_packet_beyond_the_bound_ends_the_connection(data):
    with pytest.raises(ConnectionAbortedError):
        list(packets(b"\xd0\x00" + data))


@pytest.mark.parametrize(
    "payload",
    [b'{"status": 1e999, "body": {}}', b'{"status": true, "body": {}}', b"[]", b"\xff"],
)
def test_an_answer_that_is_none_is_told_and_ends_nothing(payload):
    url = "mqtt://127.0.0.1:1"
    road = UpstreamMqtt(Upstream(url=url, origin=CENTRE, timeout_s=1), ORIGIN, DIGEST)
    road._waiting_for = b"asked"
    message = Said(payload)
    message.properties.CorrelationData = b"asked"
    road._heard(message)
    assert road._answer.problem.endswith("an answer is not JSON with status and body")


def test_what_is_not_answered_in_time_is_asked_again_by_a_new_client():
    async def scenario():
        async with ScriptedBroker(PUBACK=b"\x00") as broker:
            url = f"mqtt://127.0.0.1:{broker.port}"
            settings = Upstream(url=url, origin=CENTRE, timeout_s=1)
            road = UpstreamMqtt(settings, ORIGIN, DIGEST)
            road._patience_s = 0.2
            first = await asyncio.to_thread(road.deliver, BATCH)
            assert first.problem == "the broker is there, but no answer comes in time"
            former = road._client
            await asyncio.to_thread(road.deliver, BATCH)
            assert road._client is not former
            assert broker.connections == 2
            road.close()

    asyncio.run(scenario())
