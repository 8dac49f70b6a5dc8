"""Asks a broker, before anything depends on it, whether a gateway could work with it."""

import time
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.mqtt_client import make_client
from ballotbox_gateway.adapters.mqtt_words import (
    answer_trouble,
    connection_trouble,
    refusal_trouble,
    subscription_trouble,
)
from ballotbox_gateway.config import Mqtt
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import BOX_ID_SIZE, ElectionDigest
from ballotbox_protocol.wire.message import topic_of

_PATIENCE_S: Final = 5.0


def broker_trouble(settings: Mqtt, election: ElectionDigest) -> str:
    """Return why a gateway cannot work with the broker, or an empty text.

    Connects under another name and leaves no session behind, so a running gateway is not disturbed.
    """
    name = f"bbx-check-{time.monotonic_ns():x}"
    try:
        client = make_client(settings, name, keep_session=False)
    except Problem as problem:
        return f"cannot be asked: {problem}"
    try:
        client.reconnect()
    except OSError as error:
        return connection_trouble(error)
    try:
        return _conversation(client, election)
    finally:
        client.disconnect()


def _conversation(client: Client, election: ElectionDigest) -> str:
    told: list[str] = []
    topics = f"bbx/1/{election[:8].hex()}/+"

    def connected(code: ReasonCode) -> None:
        if code.is_failure:
            told.append(refusal_trouble(code))
        else:
            client.subscribe(f"{topics}/up", qos=1)

    def subscribed(code: ReasonCode) -> None:
        if code.is_failure:
            told.append(subscription_trouble(f"{topics}/up", code))
        else:
            client.publish(topic_of(election, bytes(BOX_ID_SIZE), "down"), qos=1)

    def answered(code: ReasonCode) -> None:
        told.append(answer_trouble(f"{topics}/down", code) if code.is_failure else "")

    client.on_connect = lambda _client, _data, _flags, code, _more: connected(code)
    client.on_subscribe = lambda _client, _data, _mid, codes, _more: subscribed(codes[0])
    client.on_publish = lambda _client, _data, _mid, code, _more: answered(code)
    deadline = time.monotonic() + _PATIENCE_S
    while not told and time.monotonic() < deadline:
        if client.loop(timeout=0.1) != 0:
            told.append("ended the connection at once. Its log says why")
    return told[0] if told else "does not answer as an MQTT broker. Correct mqtt.port"
