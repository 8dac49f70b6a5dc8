"""A certificate authority of the test's own, and the certificates it issues."""

import datetime as dt
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: Wide enough for every clock that a test machine may show.
_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_UNTIL = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class CertificateAuthority:
    """Writes its own certificate as `ca`, and issues others beside it."""

    def __init__(
        self, folder: Path, name: str = "Test authority", until: dt.datetime = _UNTIL
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        own = _certificate(self._name, self._name, self._key.public_key(), until).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(_sign(own, self._key))

    def issue(
        self, common_name: str, file_name: str | None = None, until: dt.datetime = _UNTIL
    ) -> tuple[Path, Path]:
        """Write a certificate for 127.0.0.1 under that name, and its key; return both paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(
            _name(common_name), self._name, key.public_key(), until
        ).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        stem = file_name or common_name
        paths = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        paths[0].write_bytes(_sign(builder, self._key))
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths


def write_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Write authority, server certificate and its key; return the three paths."""
    authority = CertificateAuthority(folder)
    return authority.ca, *authority.issue("server")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    until: dt.datetime = _UNTIL,
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


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
