"""A mosquitto as `ballotbox-gateway broker-config` sets it up, and who has which certificate."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ballotbox_gateway.adapters.mqtt_client import session_name
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_simulator.live.broker import Broker, BrokerUnavailable, find_broker, free_port
from tests.certificates import CertificateAuthority
from tests.end_to_end.field_gateway import FieldGateway
from tests.patience import PATIENCE_S


class SecuredBroker(Broker):
    """Runs the files that the command has written, and nothing beside them."""

    def _prepare(self) -> list[str]:
        return [str(self.program.path), "-c", str(self._directory / "mosquitto.conf")]


class SecuredPlace:
    """A gateway's folder, a broker beside it, and who has which certificate."""

    def __init__(self, gateway: FieldGateway, folder: Path) -> None:
        self.gateway = gateway
        self.folder = folder
        self.port = free_port()
        self.authority = CertificateAuthority(folder / "certificates")
        self.authority.issue("127.0.0.1", "broker")
        self.session = session_name(Mqtt(host="127.0.0.1"), gateway.origin)
        self.authority.issue(self.session, "gateway")
        (folder / "state").mkdir()
        gateway.configure(self.mqtt_table())
        self.broker = SecuredBroker(mosquitto_program(), folder / "broker", self.port)
        self.write_files()

    def mqtt_table(self, name: str = "gateway") -> str:
        """The gateway's settings of this broker, with the certificate in files of that name."""
        folder = self.folder / "certificates"
        return "\n".join(
            (
                "[mqtt]",
                'host = "127.0.0.1"',
                f"port = {self.port}",
                "[mqtt.tls]",
                f'ca_file = "{folder}/ca.pem"',
                f'certificate_file = "{folder}/{name}.pem"',
                f'key_file = "{folder}/{name}.key"',
                "",
            )
        )

    def write_files(self) -> str:
        """Run the command; return what it printed."""
        done = self.gateway.command(
            "broker-config",
            *("-o", str(self.folder / "broker")),
            *("--certificates", str(self.folder / "certificates")),
            *("--state", str(self.folder / "state")),
        )
        assert done.exit_code == 0, done.output
        if os.geteuid() == 0:
            # Root's temporary folders are closed to the user that mosquitto would become.
            with (self.folder / "broker" / "mosquitto.conf").open("a") as config:
                config.write("user root\n")
        return done.output

    def client(self, common_name: str, client_id: str = "") -> "SecuredClient":
        """A client with a certificate of that name; not connected yet."""
        file_name = f"client-{common_name.encode().hex()}"
        files = self.authority.issue(common_name, file_name)
        return SecuredClient(self.port, self.authority.ca, files, client_id or common_name)


class SecuredClient:
    """Any program with a certificate, in MQTT 5 so that refusals can be seen; a context."""

    def __init__(
        self, port: int, ca: Path, files: tuple[Path, Path] | None, client_id: str
    ) -> None:
        self.codes: dict[int, int] = {}
        self.granted: list[int] = []
        self.heard: list[bytes] = []
        self.connected: list[int] = []
        self.ended: list[int] = []
        self.mqtt = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )  # fmt: skip
        certificate, key = files or (None, None)
        self.mqtt.tls_set(ca_certs=str(ca), certfile=certificate, keyfile=key)
        self.mqtt.on_connect = lambda *given: self.connected.append(given[3].value)
        self.mqtt.on_disconnect = lambda *given: self.ended.append(given[3].value)
        self.mqtt.on_publish = lambda *given: self.codes.update({given[2]: given[3].value})
        self.mqtt.on_subscribe = lambda *given: self.granted.append(given[3][0].value)
        self.mqtt.on_message = lambda *given: self.heard.append(given[2].payload)
        self._port = port

    def __enter__(self) -> Self:
        self.mqtt.connect("127.0.0.1", self._port)
        self.until(lambda: self.connected or self.ended)
        return self

    def __exit__(self, *_: object) -> None:
        self.mqtt.disconnect()
        self.mqtt._reset_sockets()

    def until(self, is_so) -> None:
        """Serve the connection until something is so, or the broker has ended it."""
        for _ in range(int(PATIENCE_S * 20)):
            if is_so() or self.ended:
                return
            self.mqtt.loop(0.05)
        raise AssertionError("waited in vain")

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> int:
        """Return the broker's reason code, or that of the end it put to the connection."""
        number = self.mqtt.publish(topic, payload, 1, retain).mid
        self.until(lambda: number in self.codes)
        return self.codes.get(number, self.ended[-1] if self.ended else -1)

    def subscribe(self, topic: str) -> int:
        before = len(self.granted)
        self.mqtt.subscribe(topic, 1)
        self.until(lambda: len(self.granted) > before)
        return self.granted[-1] if len(self.granted) > before else -1


def mosquitto_program():
    try:
        program = find_broker()
    except BrokerUnavailable as missing:
        pytest.skip(str(missing))
    if program.name != "mosquitto":
        pytest.skip("mosquitto is not installed, and the broker from pip has no access control")
    return program


@contextmanager
def secured(gateway: FieldGateway, folder: Path) -> Iterator[SecuredPlace]:
    """A place whose broker runs."""
    place = SecuredPlace(gateway, folder)
    with place.broker:
        yield place
