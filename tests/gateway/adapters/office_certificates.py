"""An authority for gateways of the test's own, and the certificates it makes for them."""

import datetime as dt
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_UNTIL = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class OfficeCa:
    """Writes its own certificate to `path`, and others beside it."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test {name}")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        own = self._builder(self._name, self._key, _UNTIL).add_extension(constraints, critical=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self._sign(own))

    def _builder(self, subject, key, until):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_FROM)
            .not_valid_after(until)
        )

    def _sign(self, builder):
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def issue(
        self, file: str, common: str, *, uri: str = "", host: str = "", until: dt.datetime = _UNTIL
    ) -> dict[str, str]:
        """Write a certificate and its key; return the two settings that name them.

        With a host it is for a server there, else for a client.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.UniformResourceIdentifier(uri)] if uri else []
        names += [x509.IPAddress(ip_address(host))] if host else []
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        builder = self._builder(subject, key, until)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        use = ExtendedKeyUsageOID.SERVER_AUTH if host else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        certificate, secret = self._folder / f"{file}.pem", self._folder / f"{file}.key"
        certificate.write_bytes(self._sign(builder))
        secret.touch(mode=0o600)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return {"certificate_file": str(certificate), "key_file": str(secret)}
