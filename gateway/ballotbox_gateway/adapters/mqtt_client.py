"""The paho client of one broker connection, made from the settings."""

import ssl
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ballotbox_gateway.config import Mqtt, Tls
from ballotbox_protocol.wire.message import MESSAGE_MAX

#: A topic, the properties and the fixed header beside the largest message.
_PACKET_MAX: Final = MESSAGE_MAX + 1_024


def make_client(settings: Mqtt, client_id: str, *, keep_session: bool = True) -> Client:
    """Return a client that acknowledges by hand and never reconnects by itself.

    Raises OSError or ValueError when a file that the settings name cannot be used.
    """
    five = settings.protocol == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if five else not keep_session,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    if settings.username is not None:
        client.username_pw_set(settings.username, _password(settings))
    if settings.tls is not None:
        client.tls_set_context(_tls_context(settings.tls))
    session: dict[str, Any] = {}
    if five:
        expiry_s = settings.session_expiry_s if keep_session else 0
        properties = _connect_properties(expiry_s, settings.receive_maximum)
        session = {"clean_start": not keep_session, "properties": properties}
    client.connect_async(settings.host, settings.port, settings.keepalive_s, **session)
    return client


def _connect_properties(expiry_s: int, receive_maximum: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = expiry_s
    properties.ReceiveMaximum = receive_maximum
    properties.MaximumPacketSize = _PACKET_MAX
    return properties


def _password(settings: Mqtt) -> str | None:
    if settings.password_file is None:
        return None
    return settings.password_file.read_text(encoding="utf-8").rstrip("\n")


def _tls_context(settings: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.certificate_file is not None:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
    return context
