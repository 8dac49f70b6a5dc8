"""Gateways below, behind an MQTT broker (docs/roads.md); a thread of paho's reads and waits.

A batch is acknowledged to the broker when it is decided, durable and answered. What a lost
connection brought comes again, and stands here once. Batches are decided one by one, so that any
number of gateways that come back at once is only a longer queue at the broker.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.http_questions import asked
from ballotbox_gateway.adapters.mqtt_client import credentials_of, make_client, session_name
from ballotbox_gateway.adapters.mqtt_topics import printable
from ballotbox_gateway.adapters.mqtt_words import (
    about_below,
    connection_trouble,
    refusal_trouble,
    subscription_trouble,
)
from ballotbox_gateway.adapters.roads import CarrierState
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.adapters.upward_answers import Answer, response_of
from ballotbox_gateway.adapters.upward_topics import (
    PACKET_MAX,
    WINDOW,
    log_in,
    session_below,
    topic_back,
    topics_upward,
)
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_gateway.core.upward import UpwardBatch, UpwardFault
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import ElectionDigest, InvalidField
from ballotbox_protocol.election.register import origin_id

_log: Final = logging.getLogger(__name__)

#: For the loop to decide a batch.
PATIENCE_S: Final = 30.0
_TOPIC_SHOWN: Final = 100
_LATER: Final = "Send it again later"
_FEWER: Final = "Make upstream.batch_leaves smaller"
#: What every gateway below takes, with its topic and properties.
ANSWER_MAX: Final = PACKET_MAX - 1_024
_AS_SHOWN: Final = "Send what intake.openapi.json shows"


class MqttFromBelow:
    """The road from the gateways below through one broker. Make it on the service's loop."""

    def __init__(
        self,
        settings: Mqtt,
        origin: str,
        election: ElectionDigest,
        take_in: Callable[[UpwardBatch], Answer],
        backoff: Backoff,
    ) -> None:
        """`take_in` is called on the loop. Raises Problem when a file of the settings is bad."""
        self.name = f"gateways below, MQTT broker {settings.host}:{settings.port}"
        self.state = CarrierState.DOWN
        self.trouble = ""
        self._topics = topics_upward(election)
        self._take_in = take_in
        self._backoff = backoff
        self._loop = asyncio.get_running_loop()
        self._settings = settings.model_copy(
            update={"receive_maximum": min(WINDOW, settings.receive_maximum)}
        )
        self._session = session_below(session_name(settings, origin))
        self._client = self._made()

    def _made(self) -> Client:
        try:
            credentials = credentials_of(self._settings)
            client = make_client(self._settings, self._session, packet_max=PACKET_MAX)
        except Problem as problem:
            raise Problem(problem.where, problem.what, about_below(problem.remedy)) from problem
        self._credentials = credentials
        client.on_connect = lambda own, _data, _flags, code, _more: self._connected(own, code)
        client.on_subscribe = lambda own, _data, _mid, codes, _more: self._subscribed(own, codes[0])
        client.on_message = lambda own, _data, message: self._came(own, message)
        return client

    def renew(self) -> bool:
        """Connect anew if the files of the settings have changed; tell whether they have.

        Raises Problem when one is bad; then the present connection stays.
        """
        before, made = self._credentials, self._made()
        if self._credentials == before:
            return False
        # Whoever serves now ends, and the next connection has this client.
        former, self._client = self._client, made
        former.disconnect()
        return True

    async def run(self) -> None:
        """Serve until cancelled, trying again with a growing, random delay."""
        try:
            while True:
                began = self._loop.time()
                await in_thread(self._serve)
                self.state = CarrierState.DOWN
                self._backoff.lasted(self._loop.time() - began)
                await asyncio.sleep(self._backoff.failed())
        finally:
            self._client.disconnect()

    def _serve(self) -> None:
        self.state = CarrierState.CONNECTING
        client = self._client
        try:
            client.reconnect()
            client.loop_forever()
        except OSError as error:
            self._down(about_below(connection_trouble(error)))
        except Exception:  # noqa: BLE001 - paho's own faults are of any kind
            _log.exception("%s: the MQTT client failed; connecting anew", self.name)
            self._down("sends what is no MQTT. Its log says why")
        if not self.trouble:
            self._down("ended the connection. Connecting again")

    def _down(self, trouble: str) -> None:
        if trouble != self.trouble:
            _log.warning("%s %s", self.name, trouble)
        self.trouble = trouble

    def _connected(self, client: Client, code: ReasonCode) -> None:
        if code.is_failure:
            self._down(about_below(refusal_trouble(code)))
            return
        client.drop_out_messages()
        client.subscribe(self._topics, qos=1)

    def _subscribed(self, client: Client, code: ReasonCode) -> None:
        if code.is_failure:
            self._down(subscription_trouble(self._topics, code))
            client.disconnect()
            return
        self.state, self.trouble = CarrierState.UP, ""
        _log.info("%s: connected, listening on %s", self.name, self._topics)

    def _came(self, client: Client, message: MQTTMessage) -> None:
        try:
            if not message.retain:
                self._answer(client, message)
        except Exception:  # noqa: BLE001 - whatever it is, paho's thread goes on
            if self._loop.is_closed():
                # Unacknowledged, it comes again to whoever runs next.
                client.disconnect()
                return
            # Kept at the broker, it would fail again, and before all that comes behind it.
            _log.exception("%s: a message was not answered", self.name)
        # The commit point lies behind: only now may the broker forget it.
        client.ack(message.mid, message.qos)

    def _answer(self, client: Client, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        if not log_in(topic):
            _log.warning(
                "%s: %s is the topic of no log", self.name, printable(topic[:_TOPIC_SHOWN])
            )
            return
        answer = _written(self._decided(topic, message.payload))
        if len(answer) > ANSWER_MAX:
            answer = _written(
                UpwardFault("entries", "have receipts too large for a packet", _FEWER)
            )
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if correlation := getattr(message.properties, "CorrelationData", b""):
            properties.CorrelationData = correlation
        # Whoever is away for longer asks again.
        properties.MessageExpiryInterval = int(PATIENCE_S)
        # Never where the sender asks for it, but where the log of its topic listens.
        client.publish(topic_back(topic), answer, qos=1, properties=properties)

    def _decided(self, topic: str, payload: bytes | bytearray) -> Answer:
        try:
            value: Any = json.loads(payload)
        except (ValueError, RecursionError):
            return UpwardFault("body", "is not JSON in UTF-8", _AS_SHOWN)
        try:
            batch = UpwardBatch.from_json(value)
        except InvalidField as error:
            return UpwardFault(error.field, error.problem, _AS_SHOWN)
        if origin_id(batch.origin).hex() != log_in(topic):
            _log.warning("%s: another log came on %s", self.name, printable(topic))
            return UpwardFault("origin", "is not the log of the topic", "Send it on its own topic")
        try:
            return asked(self._loop, lambda: self._take_in(batch)).result(PATIENCE_S)
        except LedgerFailure:
            return UpwardFault("body", "the ledger cannot store anything now", _LATER, retry=True)
        except TimeoutError:
            return UpwardFault("body", "no answer in time", _LATER, retry=True)


def _written(answer: Answer) -> bytes:
    status, body = response_of(answer)
    return json.dumps({"status": status, "body": body}).encode()
