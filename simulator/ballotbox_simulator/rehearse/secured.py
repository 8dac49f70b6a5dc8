"""A mosquitto with a second listener that speaks TLS alone, and certificates that may expire."""

import datetime as dt
import os
import signal
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.live.broker import Broker, BrokerProgram, free_port

_HOST: Final = "127.0.0.1"
#: Wide enough for every clock that a machine may show.
_FROM: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_UNTIL: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_EXPIRED: Final = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)


class Certificates:
    """An authority of the rehearsal's own: certificates of the broker and of the boxes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Rehearsal authority")
        self._broker_key = ec.generate_private_key(ec.SECP256R1())
        own = _certificate(self._name, self._name, self._key.public_key(), _UNTIL).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.ca = self._write("ca.pem", self._signed(own))
        self.broker_key = self._write("broker.key", _pem(self._broker_key))
        self.broker = folder / "broker.pem"
        self.renew()
        boxes = ec.generate_private_key(ec.SECP256R1())
        shown = _certificate(_name("boxes"), self._name, boxes.public_key(), _UNTIL)
        self.boxes = self._write("boxes.pem", self._signed(shown))
        self.boxes_key = self._write("boxes.key", _pem(boxes))

    def renew(self) -> None:
        """Give the broker a certificate that is good."""
        self._issue(_UNTIL)

    def expire(self) -> None:
        """Give it one that was good until long ago."""
        self._issue(_EXPIRED)

    def _issue(self, until: dt.datetime) -> None:
        name = x509.SubjectAlternativeName([x509.IPAddress(ip_address(_HOST))])
        key = self._broker_key.public_key()
        built = _certificate(_name("broker"), self._name, key, until)
        self._write("broker.pem", self._signed(built.add_extension(name, critical=False)))

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _write(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(data)
        return path


class SecuredBroker(Broker):
    """The usual listener for the gateway, and one with TLS for the boxes, at `tls_port`."""

    def __init__(self, program: BrokerProgram, directory: Path, certificates: Certificates) -> None:
        super().__init__(program, directory)
        if program.name != "mosquitto":
            what = "needs mosquitto, which is not installed"
            raise Problem("embedded.tls", what, "Install the Debian package mosquitto")
        self.tls_port = free_port()
        self._certificates = certificates

    def _prepare(self) -> list[str]:
        command = super()._prepare()
        files = self._certificates
        lines = (
            f"listener {self.tls_port} {self.host}",
            f"cafile {files.ca}",
            f"certfile {files.broker}",
            f"keyfile {files.broker_key}",
            "require_certificate true",
        )
        with Path(command[-1]).open("a") as config:
            config.write("\n".join(lines) + "\n")
        return command

    def reload(self) -> None:
        """Have it read its certificate again."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGHUP)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, until: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(until)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
