"""Delivery to the gateway above over an MQTT broker (docs/roads.md): MQTT 5, one batch at a time.

Nothing rests on the broker. A batch is delivered when its receipts came back, whatever was
acknowledged; nothing waits in paho's own window, so a line that comes back brings no flood. This
never dials by itself: whoever delivers decides when, with the delays of `backoff`.
"""

import json
import logging
import ssl
import threading
from hashlib import sha256
from typing import Any, Final, cast
from urllib.parse import urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.certificate_words import verification_remedy
from ballotbox_gateway.adapters.http_tls import calling_context
from ballotbox_gateway.adapters.mqtt_bounds import Bounds
from ballotbox_gateway.adapters.mqtt_client import password_in
from ballotbox_gateway.adapters.mqtt_words import connection_trouble
from ballotbox_gateway.adapters.upward_answers import Answer, answer_of, not_ours
from ballotbox_gateway.adapters.upward_topics import PACKET_MAX, topic_back, topic_upward
from ballotbox_gateway.config_roads import Upstream
from ballotbox_gateway.core.upward import UpwardBatch, UpwardFault
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.election.register import origin_id

_log: Final = logging.getLogger(__name__)

_KEEPALIVE_S: Final = 30
_SESSION_S: Final = 86_400
_CORRELATION_SIZE: Final = 16
_NO_SUBSCRIBER: Final = 0x10
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_CHECK: Final = "Check the network, upstream.url and whether the broker runs"
_CREDENTIALS: Final = "Correct upstream.username and upstream.password_file"


class UpstreamMqtt:
    """The way to one upper gateway; may be called from any thread, and answers one at a time."""

    def __init__(self, settings: Upstream, origin: str, election: ElectionDigest) -> None:
        """Prepare a client; nothing is sent yet. Raises Problem for a file of the settings."""
        self._patience_s = settings.timeout_s
        self._topic = topic_upward(election, origin)
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._up = False
        self._trouble: UpwardFault | None = None
        self._waiting_for = b""
        self._answer: Answer | None = None
        self._settings = settings
        self._origin = origin
        self._tls = calling_context(settings)
        self._password = password_in(settings.password_file, "upstream.password_file")
        self._client = self._made()

    def _made(self) -> Client:
        settings = self._settings
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"bbg-{origin_id(self._origin).hex()}",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        if settings.username is not None:
            client.username_pw_set(settings.username, self._password)
        bounds = Bounds(PACKET_MAX, self._tls)
        client.tls_set_context(cast("ssl.SSLContext", bounds))
        client.max_queued_messages_set(1)
        client.connect_timeout = float(settings.timeout_s)
        client.on_connect = lambda _client, _data, _flags, code, _more: self._connected(code)
        client.on_subscribe = lambda _client, _data, _mid, codes, _more: self._subscribed(codes)
        client.on_publish = lambda _client, _data, _mid, code, _more: self._published(code)
        client.on_message = lambda _client, _data, message: self._heard(message)
        client.on_disconnect = lambda _client, _data, _flags, code, _more: self._ended(code)
        parts = urlsplit(settings.url)
        port = parts.port or _PORTS[parts.scheme]
        client.connect_async(
            str(parts.hostname), port, _KEEPALIVE_S, clean_start=False, properties=_session()
        )
        return client

    def deliver(self, batch: UpwardBatch) -> Answer:
        """Send a batch and return the answer; what prevents one is a fault like any other."""
        body = json.dumps(batch.to_json()).encode()
        with self._turn:
            return self._connect() or self._ask(body)

    def reachable(self) -> UpwardFault | None:
        """Connect; return what stands in the way, None when the broker lets us hear answers."""
        with self._turn:
            return self._connect()

    def close(self) -> None:
        """Leave the broker, which keeps the session for a day."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self) -> UpwardFault | None:
        if self._up:
            return None
        self._client.loop_stop()
        # paho makes a pair of sockets with each start of its thread, and lets go of one alone.
        self._client = self._made()
        self._trouble = None
        try:
            self._client.reconnect()
        except OSError as error:
            return _unreachable(error)
        self._client.loop_start()
        with self._changed:
            self._changed.wait_for(lambda: self._up or self._trouble, self._patience_s)
            if self._up:
                return None
            return self._trouble or _fault("does not let us in, in time")

    def _ask(self, body: bytes) -> Answer:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        # What is asked again is asked by the same name: any answer to it will do.
        self._waiting_for = sha256(body).digest()[:_CORRELATION_SIZE]
        properties.CorrelationData = self._waiting_for
        properties.MessageExpiryInterval = self._settings.timeout_s
        self._answer = None
        sent = self._client.publish(self._topic, body, qos=1, properties=properties)
        if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            return _fault("takes nothing")
        with self._changed:
            self._changed.wait_for(lambda: self._answer or not self._up, self._patience_s)
            answer, self._waiting_for = self._answer, b""
            lost = not self._up
        if answer is None:
            words = "ended the connection" if lost else "is there, but no answer comes in time"
            fault = self._trouble or _fault(words)
            self._hang_up()
            return fault
        return answer

    def _hang_up(self) -> None:
        """Let the next try have a new client: this one keeps the batch, or may hear no more."""
        self._client.disconnect()
        self._note(up=False)

    # What follows is called on paho's thread.

    def _connected(self, code: ReasonCode) -> None:
        if code.is_failure:
            fix = _CREDENTIALS if code.value in (0x86, 0x87) else _CHECK
            self._note(trouble=_fault(f"refuses us: {str(code).lower()}", fix))
            return
        # Nothing of an older connection is sent by itself: the batch comes again from the log.
        self._client.drop_out_messages()
        self._client.subscribe(topic_back(self._topic), qos=1)

    def _subscribed(self, codes: list[ReasonCode]) -> None:
        if not codes:
            self._note(trouble=_fault("does not say whether we may hear answers"))
        elif codes[0].is_failure:
            self._note(trouble=_fault(f"refuses the topic of answers: {str(codes[0]).lower()}"))
        else:
            self._note(up=True)

    def _published(self, code: ReasonCode) -> None:
        if code.is_failure:
            self._note(answer=_fault(f"refuses the topic {self._topic}: {str(code).lower()}"))
        elif code.value == _NO_SUBSCRIBER:
            self._note(answer=_fault("is there, and no upper gateway has ever listened at it"))

    def _heard(self, message: MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", b"")
        if message.retain or not correlation or correlation != self._waiting_for:
            return  # an answer to what was given up, or no answer at all
        self._note(answer=_read(message.payload))

    def _ended(self, code: ReasonCode) -> None:
        self._note(trouble=_fault(f"ended the connection: {str(code).lower()}"), up=False)

    def _note(
        self,
        *,
        up: bool | None = None,
        trouble: UpwardFault | None = None,
        answer: Answer | None = None,
    ) -> None:
        with self._changed:
            self._up = self._up if up is None else up
            self._trouble = self._trouble or trouble
            self._answer = self._answer or answer
            self._changed.notify_all()


def _unreachable(error: OSError) -> UpwardFault:
    # The remedies are about the table of the boxes' broker; here one address has all of it.
    problem = connection_trouble(error).partition(". ")[0]
    if isinstance(error, ssl.SSLCertVerificationError):
        return _fault(problem, verification_remedy(error, "upstream.ca_file", "upstream.url"))
    return _fault(problem)


def _session() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = _SESSION_S
    properties.MaximumPacketSize = PACKET_MAX
    return properties


def _read(payload: bytes | bytearray) -> Answer:
    try:
        value: Any = json.loads(payload)
        status, body = value["status"], value["body"]
        if type(status) is int:
            return answer_of(status, body)
    except (ValueError, RecursionError, TypeError, KeyError):
        pass
    except Exception:  # noqa: BLE001 - a peer's words end no thread of paho's
        _log.exception("an answer cannot be read")
    return not_ours("an answer is not JSON with status and body")


def _fault(problem: str, fix: str = _CHECK) -> UpwardFault:
    return UpwardFault("upstream.url", f"the broker {problem}", fix, retry=True)
