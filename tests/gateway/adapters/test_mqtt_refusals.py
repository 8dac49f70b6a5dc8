"""Is what a broker refuses, or says wrongly, told once, and does it cost its connection alone?"""

import asyncio

import pytest

from ballotbox_gateway.adapters.mqtt_probe import broker_trouble
from ballotbox_gateway.adapters.roads import CarrierState
from ballotbox_gateway.config_roads import Mqtt
from tests.brokers import mosquitto
from tests.gateway.adapters.scripted_broker import ScriptedBroker
from tests.gateway.adapters.test_mqtt_intake import (
    ELECTION,
    UP,
    Publisher,
    fresh,
    road,
    up,
)
from tests.gateway.scripted import ORIGIN
from tests.patience import soon


def test_answers_that_the_broker_refuses_are_seen_and_told(tmp_path):
    acl = tmp_path / "acl"
    acl.write_text("topic read bbx/#\n")
    told = (
        f"refuses answers on bbx/1/{ELECTION[:8].hex()}/+/down: not authorized. "
        "Allow them in the broker's ACL"
    )

    async def scenario():
        with mosquitto(tmp_path / "b", f"acl_file {acl}") as broker:
            async with road(broker) as intake:
                await soon(lambda: intake.trouble, "the words")
                for _ in range(20):
                    assert intake.trouble == told
                    await asyncio.sleep(0)
                await soon(lambda: intake._connection >= 3, "two more connections")
                assert intake.trouble == told
            settings = Mqtt(host=broker.host, port=broker.port)
            assert await asyncio.to_thread(broker_trouble, settings, ORIGIN, ELECTION) == told

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("packets", "told"),
    [
        (
            {"CONNACK": bytes.fromhex("2003008700")},
            "refuses us: not authorized. Correct mqtt.username and mqtt.password_file",
        ),
        (
            {"CONNACK": bytes.fromhex("2003008400")},
            "refuses us: unsupported protocol version. Set mqtt.protocol to the version it speaks",
        ),
        (
            {"CONNACK": bytes.fromhex("2003008900")},
            "refuses us: server busy. Its log says why",
        ),
        (
            {"SUBACK": bytes.fromhex("87")},
            (
                f"refuses the subscription to bbx/1/{ELECTION[:8].hex()}/+/up: not authorized. "
                "Allow it in the broker's ACL"
            ),
        ),
    ],
)
def test_a_refusal_of_the_broker_is_told_and_tried_again(packets, told):
    async def scenario():
        async with ScriptedBroker(**packets) as broker, road(broker) as intake:
            await soon(lambda: broker.connections >= 3, "three tries")
            assert intake.trouble == told
            assert intake.state is not CarrierState.UP
            settings = Mqtt(host=broker.host, port=broker.port)
            assert await asyncio.to_thread(broker_trouble, settings, ORIGIN, ELECTION) == told

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "word"), [(b"\x87", "not authorized"), (b"\x97", "quota exceeded")]
)
def test_a_refused_answer_is_seen_and_told_once(caplog, code, word):
    """Acceptance 8: PUBACK 0x87 or 0x97 for what a gateway says: an alarm in log and status."""
    told = f"refuses answers on bbx/1/{ELECTION[:8].hex()}/+/down: {word}. "

    async def scenario():
        async with ScriptedBroker(PUBACK=code) as broker, road(broker) as intake:
            await soon(lambda: intake.trouble, "the words")
            assert intake.trouble.startswith(told)
            assert intake.state is CarrierState.UP
        async with ScriptedBroker(PUBACK=b"\x00") as broker, road(broker) as intake:
            await up(intake)
            await soon(lambda: not intake._client._out_messages, "the answer")
            assert intake.trouble == ""

    asyncio.run(scenario())
    assert caplog.text.count(told) == 1


@pytest.mark.parametrize(
    "garbage",
    [bytes.fromhex("20030000"), b"\xff" * 64, bytes.fromhex("30ffffffffff7f"), b"HTTP/1.1 400\r\n"],
    ids=["cut CONNACK", "no packet", "endless length", "HTTP"],
)
def test_a_peer_that_speaks_no_mqtt_costs_its_connection_alone(garbage):
    async def scenario():
        fake = ScriptedBroker(CONNACK=garbage, then_close=True)
        async with fake as broker, road(broker) as intake:
            await soon(lambda: broker.connections >= 3, "three tries")
            assert intake.state is not CarrierState.UP

    asyncio.run(scenario())


def test_an_exception_inside_the_client_costs_one_connection_and_is_logged(
    broker, monkeypatch, caplog
):
    async def scenario():
        async with road(broker, **fresh("exception")) as intake:
            await up(intake)
            monkeypatch.setattr(intake, "_take", lambda _: 1 / 0)
            with Publisher(broker) as box:
                await asyncio.to_thread(box.say, UP[0], b"one")
                await soon(lambda: "connecting anew" in caplog.text, "the log")
                monkeypatch.undo()
                await soon(lambda: len(intake._inbox) == 1, "the letter, on the next connection")
        assert "ZeroDivisionError" in caplog.text

    asyncio.run(scenario())


def test_an_unreachable_broker_is_told_in_words(unused_port):
    settings = Mqtt(host="127.0.0.1", port=unused_port)
    assert broker_trouble(settings, ORIGIN, ELECTION) == (
        "refuses the connection. Start the broker, or correct mqtt.host and mqtt.port"
    )
    settings = Mqtt(host="no-such-host.invalid", port=unused_port)
    assert broker_trouble(settings, ORIGIN, ELECTION) == (
        "cannot be found by that name. Correct mqtt.host, or the name service"
    )


def test_a_good_broker_has_nothing_against_us(broker):
    for protocol in ("5", "3.1.1"):
        settings = Mqtt(host=broker.host, port=broker.port, protocol=protocol)
        assert broker_trouble(settings, ORIGIN, ELECTION) == ""
