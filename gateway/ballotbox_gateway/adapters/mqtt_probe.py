"""Asks a broker, before anything depends on it, whether a gateway could work with it."""

import time
from typing import Final

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.mqtt_client import make_client, session_name
from ballotbox_gateway.adapters.mqtt_words import (
    UNHEARD,
    about_below,
    answer_trouble,
    connection_trouble,
    refusal_trouble,
    subscription_trouble,
)
from ballotbox_gateway.adapters.upward_topics import session_below, stem_upward
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import BOX_ID_SIZE, ElectionDigest

_PATIENCE_S: Final = 5.0


def shows_certificate(settings: Mqtt) -> bool:
    """Tell whether a broker may know the gateway by its certificate, whatever name it gives."""
    return settings.tls is not None and settings.tls.certificate_file is not None


def broker_trouble(
    settings: Mqtt, origin: str, election: ElectionDigest, *, below: bool = False
) -> str:
    """Return why a gateway cannot work with the broker, or an empty text.

    Connects under another name, so a running gateway is not disturbed, and leaves no session
    behind. With a certificate it comes as the gateway itself: then ask only while that is stopped.
    below: ask about the topics of gateways below instead of those of boxes.
    """
    trouble = _trouble(settings, origin, election, below=below)
    return about_below(trouble) if below else trouble


def _trouble(settings: Mqtt, origin: str, election: ElectionDigest, *, below: bool) -> str:
    itself = shows_certificate(settings)
    session = session_name(settings, origin)
    own = session_below(session) if below else session
    name = own if itself else f"bbx-check-{time.monotonic_ns():x}"
    try:
        client = make_client(settings, name, keep_session=itself)
    except Problem as problem:
        return f"cannot be asked: {problem}"
    try:
        client.reconnect()
    except OSError as error:
        return connection_trouble(error)
    stem = stem_upward(election) if below else f"bbx/1/{election[:8].hex()}"
    asked = _Question(client, settings, stem)
    try:
        return asked.answer()
    finally:
        _leave(client, found_session=asked.found_session)


def _leave(client: Client, *, found_session: bool) -> None:
    properties = None
    if client.protocol == MQTTProtocolVersion.MQTTv5 and not found_session:
        properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
    client.disconnect(properties=properties)


class _Question:
    """Subscribes as a gateway does and writes one empty answer to nobody."""

    def __init__(self, client: Client, settings: Mqtt, stem: str) -> None:
        self.found_session = False
        self._client = client
        self._nobody = f"{stem}/{bytes(BOX_ID_SIZE).hex()}/down"
        self._topics = f"{stem}/+"
        self._unheard_over_tls = settings.tls is not None
        self._told: list[str] = []
        client.on_connect = lambda _client, _data, flags, code, _more: self._connected(flags, code)
        client.on_subscribe = lambda _client, _data, _mid, codes, _more: self._subscribed(codes[0])
        client.on_publish = lambda _client, _data, _mid, code, _more: self._answered(code)

    def answer(self) -> str:
        """Return what is wrong, or an empty text."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self._told and time.monotonic() < deadline:
            if self._client.loop(timeout=0.1) != 0:
                ended = "ended the connection at once. Its log says why"
                self._told.append(UNHEARD if self._unheard_over_tls else ended)
        told = "does not answer as an MQTT broker. Correct mqtt.port"
        return self._told[0] if self._told else told

    def _connected(self, flags: ConnectFlags, code: ReasonCode) -> None:
        self.found_session = flags.session_present
        self._unheard_over_tls = False
        if code.is_failure:
            self._told.append(refusal_trouble(code))
        else:
            self._client.subscribe(f"{self._topics}/up", qos=1)

    def _subscribed(self, code: ReasonCode) -> None:
        if code.is_failure:
            self._told.append(subscription_trouble(f"{self._topics}/up", code))
        else:
            self._client.publish(self._nobody, qos=1)

    def _answered(self, code: ReasonCode) -> None:
        failed = code.is_failure
        self._told.append(answer_trouble(f"{self._topics}/down", code) if failed else "")
