"""Does the broker between two levels lose, double or hold up nothing, whatever befalls it?"""

import asyncio
import json
import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from ballotbox_gateway.adapters.backoff import CAP_S, Backoff
from ballotbox_gateway.adapters.mqtt_from_below import PATIENCE_S, MqttFromBelow
from ballotbox_gateway.adapters.roads import CarrierState
from ballotbox_gateway.adapters.upstream_mqtt import UpstreamMqtt
from ballotbox_gateway.adapters.upward_topics import PACKET_MAX, WINDOW, topic_back, topic_upward
from ballotbox_gateway.config_roads import Mqtt, Upstream
from ballotbox_gateway.core.stick import (
    FORMAT,
    MANIFEST_NAME,
    STANDING_NAME,
    Listed,
    Manifest,
    Stretch,
    size_max,
)
from ballotbox_gateway.core.upward import ENTRIES_MAX, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_gateway.service.delivery import UpwardDelivery
from ballotbox_protocol.election.register import origin_id
from ballotbox_simulator.live.broker import free_port
from tests.brokers import mosquitto
from tests.certificates import CertificateAuthority
from tests.contracts.upward_roads import Centre
from tests.gateway.adapters.upper_office import lower_gateway
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, ScriptedBox, arrivals, authority
from tests.patience import soon

DIGEST = authority().trusted.digest


@pytest.fixture(scope="module")
def day():
    return ScriptedBox(authority()).day(30)


@pytest.fixture
def broker(tmp_path):
    with mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def batch(day):
    lower, _ = lower_gateway()
    lower.admit(arrivals(*day[:4]), NOW)
    return lower.next_upward(CENTRE, 512)


@contextmanager
def way(port, timeout_s=10, origin=ORIGIN, scheme="mqtt", **files):
    url = f"{scheme}://127.0.0.1:{port}"
    settings = Upstream(url=url, origin=CENTRE, timeout_s=timeout_s, **files)
    road = UpstreamMqtt(settings, origin, DIGEST)
    yield road
    road.close()


@contextmanager
def listening(centre, broker):
    """The centre at the broker; its session stays there when it leaves."""

    async def start():
        settings = Mqtt(host="127.0.0.1", port=broker.port, client_id="centre")
        backoff = Backoff(lambda: 0.01)
        road = MqttFromBelow(settings, CENTRE, DIGEST, centre.office.take_in, backoff)
        task = asyncio.create_task(road.run())
        await soon(lambda: road.state is CarrierState.UP, "the centre at the broker")
        return road, task

    road, task = centre.on_loop(start())

    async def stop():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await soon(lambda: not road._client.is_connected(), "the end of the connection")

    yield road
    centre.on_loop(stop())


def test_nobody_there_is_told(batch):
    with way(free_port()) as road:
        fault = road.deliver(batch)
    assert (fault.field, fault.retry) == ("upstream.url", True)
    assert fault.problem == "the broker refuses the connection"
    assert fault.fix == "Check the network, upstream.url and whether the broker runs"


def test_a_broker_without_a_centre_is_told(batch, broker):
    with way(broker.port) as road:
        assert road.reachable() is None
        fault = road.deliver(batch)
    assert fault.problem == "the broker is there, and no upper gateway has ever listened at it"
    assert fault.retry


def test_a_centre_that_was_away_takes_what_the_broker_kept_and_answers_the_next_try(
    batch, broker, day
):
    with Centre() as centre, way(broker.port) as road:
        with listening(centre, broker):
            pass
        # The broker keeps a request as long as its answer is waited for: not all of that is here.
        road._patience_s = 1
        fault = road.deliver(batch)
        assert fault.problem == "the broker is there, but no answer comes in time"
        assert centre.office.ledger.log_head().size == 0
        with listening(centre, broker):
            centre.on_loop(soon(lambda: centre.office.taken, "the request that the broker kept"))
            assert centre.office.ledger.log_head().size == len(batch.entries)
            road._patience_s = 10
            reply = road.deliver(batch)
            assert isinstance(reply, UpwardReply)
            assert len(reply.receipts) == len(batch.entries)
            assert centre.office.ledger.log_head().size == len(batch.entries)


def test_the_broker_keeps_a_request_as_long_as_its_answer_is_waited_for(batch, broker):
    asked = []
    with way(broker.port, timeout_s=7) as road:
        assert road.reachable() is None
        publish = road._client.publish

        def noted(topic, body, *, qos, properties):
            asked.append(properties.MessageExpiryInterval)
            return publish(topic, body, qos=qos, properties=properties)

        road._client.publish = noted
        road.deliver(batch)
    assert asked == [7]


def test_another_log_on_a_topic_and_what_is_no_batch_are_refused(batch, broker):
    with Centre() as centre, listening(centre, broker), way(broker.port, origin=OTHER) as road:
        fault = road.deliver(batch)
        assert (fault.field, fault.fix) == ("origin", "Send it on its own topic")
        with road._turn:
            answer = road._ask(b"[" * 100)
        assert answer.problem == "the upper gateway answers 400: is not JSON in UTF-8"
        assert centre.office.ledger.log_head().size == 0


@dataclass
class Said:
    """A message as paho hands it over."""

    payload: bytes
    correlation: bytes
    retain: bool = False

    @property
    def properties(self):
        return SimpleNamespace(CorrelationData=self.correlation)


def test_only_an_answer_to_what_was_asked_is_heard():
    conflict = json.dumps({"status": 409, "body": {"expected": 3}}).encode()
    with way(free_port()) as road:
        road._heard(Said(conflict, b""))
        road._waiting_for = b"asked"
        road._heard(Said(conflict, b"asked", retain=True))
        road._heard(Said(conflict, b"other"))
        assert road._answer is None
        road._heard(Said(b"{", b"asked"))
        assert road._answer.problem.endswith("an answer is not JSON with status and body")
        road._answer = None
        road._heard(Said(conflict, b"asked"))
        assert road._answer == UpwardConflict(3)


class Delivering:
    """A precinct with a day of reports, delivering by a road with the service's own loop."""

    def __init__(self, road, day, port):
        self.intake, self.ledger = lower_gateway()
        self.intake.admit(arrivals(*day), NOW)
        settings = Upstream(url=f"mqtt://127.0.0.1:{port}", origin=CENTRE, batch_leaves=4)
        self.delivery = UpwardDelivery(
            settings, self.intake, self.ledger, Backoff(lambda: 0.1), lambda: NOW, lambda: road
        )


@pytest.mark.accept
def test_a_broker_that_dies_in_the_middle_loses_nothing_and_all_is_drained_in_order(
    broker, day, tmp_path
):
    with Centre() as centre, listening(centre, broker), way(broker.port, timeout_s=2) as road:
        below = Delivering(road, day, broker.port)
        asked = []
        take_in = centre.office.intake.admit_from_below

        def noted(batch, now):
            asked.append((batch.first, batch.stop))
            if len(asked) == 3:
                broker.kill()
            return take_in(batch, now)

        centre.office.intake.admit_from_below = noted

        async def scenario():
            task = asyncio.create_task(below.delivery.run())
            await soon(lambda: below.delivery.trouble, "the trouble")
            assert below.ledger.delivered(CENTRE) < len(day)
            await asyncio.to_thread(broker.start)
            await soon(lambda: below.delivery.status()["waiting"] == 0, "the drain")
            assert below.delivery.status()["leaves_per_s"] > 0
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(scenario())
        assert centre.office.ledger.log_head().size == len(day)
        assert all(below.ledger.upper_receipt(CENTRE, at) for at in range(len(day)))
        assert list(dict.fromkeys(asked)) == sorted(set(asked))
        # What was under way when the broker died came again, and nothing else more than that.
        assert max(Counter(asked).values()) <= 3
        assert len(asked) <= len(day) // 4 + 5


@pytest.mark.accept
def test_over_tls_both_ends_show_certificates(batch, tmp_path):
    issuer = CertificateAuthority(tmp_path / "ca")
    server, key = issuer.issue("broker")
    own, own_key = issuer.issue("precinct")
    stranger = CertificateAuthority(tmp_path / "strangers", "Strangers").issue("precinct")
    secured = free_port()
    lines = (
        f"listener {secured} 127.0.0.1",
        f"cafile {issuer.ca}",
        f"certfile {server}",
        f"keyfile {key}",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous true",
    )
    files = {"certificate_file": own, "key_file": own_key, "ca_file": issuer.ca}
    with mosquitto(tmp_path / "broker", *lines) as broker, Centre() as centre:
        with listening(centre, broker), way(secured, scheme="mqtts", **files) as road:
            assert isinstance(road.deliver(batch), UpwardReply)
        wrong = {"certificate_file": stranger[0], "key_file": stranger[1], "ca_file": issuer.ca}
        for given in (wrong, {"ca_file": issuer.ca}):
            with way(secured, timeout_s=2, scheme="mqtts", **given) as road:
                assert isinstance(road.deliver(batch), UpwardFault)
        with way(secured, scheme="mqtts") as road:
            assert "shows a certificate that fails" in road.deliver(batch).problem


def tries_by_second(gateways, draw):
    """Let gateways try in vain for three hours, then count their tries after the return."""
    back = 3 * 3_600.0
    tries = Counter()
    for number in range(gateways):
        backoff = Backoff(draw(number))
        at = 0.0
        while at < back:
            at += 1e-9 + backoff.failed()
        tries[int(at - back)] += 1
    return tries


def test_gateways_that_come_back_together_come_one_by_one():
    tries = tries_by_second(400, lambda number: random.Random(number).random)
    assert sum(tries.values()) == 400
    assert max(tries) <= CAP_S
    # Spread over half a minute, denser at its begin: never a tenth of all in one second.
    assert max(tries.values()) < 40
    storm = tries_by_second(400, lambda _: lambda: 1.0)
    assert max(storm.values()) == 400


def test_the_document_shows_topics_files_and_fields_as_they_are(repository, batch):
    text = (repository / "docs" / "roads.md").read_text("utf-8")
    election, log = "<election>", "<log>"
    for topic in (topic_upward(DIGEST, ORIGIN), topic_back(topic_upward(DIGEST, ORIGIN))):
        stem, _, rest = topic.partition(DIGEST[:8].hex())
        assert f"{stem}{election}/{log}/{rest.rpartition('/')[2]} " in text
        assert rest.split("/")[1] == origin_id(ORIGIN).hex()
    assert f"no more than {WINDOW} requests at once" in text
    assert f"at most {ENTRIES_MAX:,} leaves" in text
    assert f"Maximum Packet Size of {PACKET_MAX:,} bytes" in text
    assert f"an answer one of {PATIENCE_S:.0f} seconds" in text
    assert (size_max(MANIFEST_NAME), size_max(STANDING_NAME)) == (2**20, 2**12)
    stretch = Stretch(batch, ())
    manifest = Manifest(ORIGIN, CENTRE, DIGEST.hex(), 0, 1, ())
    for name in (*stretch.to_json(), *json.loads(manifest.to_bytes()), *Listed._fields):
        assert f"`{name}`" in text, name
    for name in (MANIFEST_NAME, STANDING_NAME, FORMAT):
        assert f"`{name}`" in text, name
