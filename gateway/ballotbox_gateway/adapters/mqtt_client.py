"""The paho client of one broker connection, made from the settings and the files they name."""

import ssl
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ballotbox_gateway.adapters.mqtt_bounds import Bounds
from ballotbox_gateway.adapters.mqtt_line import Lines
from ballotbox_gateway.config_roads import Mqtt, Tls
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.message import MESSAGE_MAX

#: A topic, the properties and the fixed header beside the largest message.
_PACKET_MAX: Final = MESSAGE_MAX + 1_024


def session_name(settings: Mqtt, origin: str) -> str:
    """Return the client id of a gateway's session, which its certificate bears as common name."""
    return settings.client_id or f"bbx-{origin_id(origin).hex()}"


def credentials_of(settings: Mqtt) -> bytes:
    """Return a digest of the files that prove who is who; raises Problem when one is unreadable."""
    files = [settings.password_file]
    if (tls := settings.tls) is not None:
        files += [tls.ca_file, tls.certificate_file, tls.key_file]
    contents = (_read(each) if each is not None else b"" for each in files)
    return sha256(b"".join(sha256(each).digest() for each in contents)).digest()


def make_client(
    settings: Mqtt,
    client_id: str,
    *,
    keep_session: bool = True,
    over_lines: bool = False,
    packet_max: int = _PACKET_MAX,
) -> Client:
    """Return a client that acknowledges by hand and never reconnects by itself.

    packet_max: bytes of the largest packet that it takes. over_lines: its socket is a `Line`, and
    whoever polls it reads that before paho does. Raises Problem when a file that the settings name
    cannot be used.
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
        password = password_in(settings.password_file, "mqtt.password_file")
        client.username_pw_set(settings.username, password)
    tls = None if settings.tls is None else _tls_context(settings.tls)
    if over_lines:
        lines = Lines(packet_max, tls, properties=five)
        client.tls_set_context(cast("ssl.SSLContext", lines))
    elif five:
        client.tls_set_context(cast("ssl.SSLContext", Bounds(packet_max, tls)))
    elif tls is not None:
        # Before MQTT 5 no broker is told how long a packet may be, and none can be blamed for one.
        client.tls_set_context(tls)
    session: dict[str, Any] = {}
    if five:
        expiry_s = settings.session_expiry_s if keep_session else 0
        properties = _connect_properties(expiry_s, settings.receive_maximum, packet_max)
        session = {"clean_start": not keep_session, "properties": properties}
    client.connect_async(settings.host, settings.port, settings.keepalive_s, **session)
    return client


def _connect_properties(expiry_s: int, receive_maximum: int, packet_max: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = expiry_s
    properties.ReceiveMaximum = receive_maximum
    properties.MaximumPacketSize = packet_max
    return properties


def password_in(path: Path | None, setting: str) -> str | None:
    """Return the password in a file, None where none is named; raises Problem."""
    if path is None:
        return None
    try:
        return _read(path, setting).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Problem(str(path), "is not UTF-8 text", f"Correct {setting}") from error


def _read(path: Path, setting: str = "the mqtt table") -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Problem(str(path), words, f"Correct {setting}, or the file") from error


def _tls_context(settings: Tls) -> ssl.SSLContext:
    if settings.ca_file is not None:
        _read(settings.ca_file)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except ssl.SSLError as error:
        what = "holds no certificate in PEM"
        raise Problem(str(settings.ca_file), what, "Correct mqtt.tls.ca_file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if settings.certificate_file is not None and settings.key_file is not None:
        _show_certificate(context, settings.certificate_file, settings.key_file)
    return context


def _show_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    _read(certificate)
    _read(key)
    try:
        # Without a password here, OpenSSL would ask a service for one at its terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        what = f"is no open private key of the certificate in {certificate}"
        remedy = "Give the pair in PEM, the key without passphrase, as mqtt.tls"
        raise Problem(str(key), what, remedy) from error
