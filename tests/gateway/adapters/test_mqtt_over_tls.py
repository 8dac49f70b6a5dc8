"""Does the MQTT road lose nothing where the broker speaks TLS?"""

import asyncio
import ssl
from types import SimpleNamespace

import pytest

from ballotbox_gateway.adapters.mqtt_probe import broker_trouble
from ballotbox_gateway.config_roads import Mqtt, Tls
from ballotbox_simulator.live.broker import free_port
from tests.brokers import mosquitto
from tests.certificates import write_certificates
from tests.gateway.adapters.scripted_broker import ScriptedBroker
from tests.gateway.adapters.test_mqtt_intake import (
    ELECTION,
    UP,
    Publisher,
    bodies,
    road,
    settle,
    taken,
    up,
)
from tests.gateway.scripted import ORIGIN
from tests.patience import soon


# paho drops the socket of a failed TLS handshake without closing it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_over_tls_bursts_arrive_whole_and_a_foreign_certificate_is_told(tmp_path):
    authority, certificate, key = write_certificates(tmp_path)
    port = free_port()
    lines = [
        f"listener {port} 127.0.0.1",
        f"cafile {authority}",
        f"certfile {certificate}",
        f"keyfile {key}",
    ]
    many = [b"%d" % n * 100 for n in range(300)]

    async def scenario():
        with mosquitto(tmp_path / "b", *lines) as broker:
            secured = SimpleNamespace(host="127.0.0.1", port=port)
            tls = Tls(ca_file=authority)
            async with road(secured, tls=tls, limit=50) as intake:
                await up(intake)
                with Publisher(broker) as box:
                    await asyncio.to_thread(box.say, UP[0], *many)
                    seen = []
                    while len(seen) < len(many):
                        await soon(lambda: len(intake._inbox), "more letters")
                        letters = taken(intake)
                        settle(letters)
                        intake.resume()
                        seen += bodies(letters)
                assert seen == many
            settings = Mqtt(host="127.0.0.1", port=port, tls=Tls())
            assert (await asyncio.to_thread(broker_trouble, settings, ORIGIN, ELECTION)).startswith(
                "shows a certificate that fails: "
            )
            settings = Mqtt(host="127.0.0.1", port=broker.port, tls=tls)
            assert await asyncio.to_thread(broker_trouble, settings, ORIGIN, ELECTION)

    asyncio.run(scenario())


@pytest.mark.parametrize("limit", [1024, 10])
def test_messages_that_wait_inside_tls_are_read_without_more_bytes_from_the_network(
    tmp_path, limit
):
    authority, certificate, key = write_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    ping_response, many = b"\xd0\x00", 300
    publication = bytes.fromhex("3005 0001 74 00 78")
    burst = publication + ping_response + publication * (many - 1)

    async def scenario():
        fake = ScriptedBroker(tls=context, afterwards=burst)
        async with fake as broker, road(broker, limit=limit, tls=Tls(ca_file=authority)) as intake:
            seen = 0
            while seen < many:
                await soon(lambda: len(intake._inbox), f"letter {seen + 1}")
                seen += len(taken(intake))
                intake.resume()

    asyncio.run(scenario())
