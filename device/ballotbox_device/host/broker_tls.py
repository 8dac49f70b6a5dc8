"""The certificates between a box and its broker: TLS 1.3, and a certificate of the box's own."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from ballotbox_device.host.problem import Problem


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """The files, in PEM. The certificate's common name is the box's id; its key is not the box's.

    ca: whom to believe. certificate, key: what to show.
    """

    ca: Path
    certificate: Path
    key: Path

    def mark(self) -> object:
        """Return what changes when one of the files is replaced or written."""
        return tuple(map(_mark_of, (self.ca, self.certificate, self.key)))

    def context(self) -> ssl.SSLContext:
        """Return a context from the files as they are now; raises Problem."""
        for path in (self.ca, self.certificate, self.key):
            _require_readable(path)
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except ssl.SSLError as error:
            what = "holds no certificate in PEM"
            raise Problem(str(self.ca), what, "Correct --mqtt-ca") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            # Without a password here, OpenSSL would ask for one at the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except ssl.SSLError as error:
            what = f"is no open private key of the certificate in {self.certificate}"
            remedy = "Give the pair in PEM as --mqtt-certificate and --mqtt-key"
            raise Problem(str(self.key), what, remedy) from error
        return context


def handshake_trouble(error: ssl.SSLError) -> tuple[str, str]:
    """Return why no TLS connection came about, and the remedy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"shows a certificate that fails: {error.verify_message}", "Correct --mqtt-ca"
    what = f"does not speak TLS 1.3 with the box: {error.reason or error}"
    return what, "Correct --mqtt, or the broker's listener"


def _mark_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _require_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Problem(str(path), words, "Correct the --mqtt options, or the file") from error
