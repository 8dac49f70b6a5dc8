"""TLS between gateways: version 1.3, a certificate at both ends, and the origin that one names.

A certificate names an origin by its common name, or, where 64 characters are too few, by a URI
`bbx:<origin>` among its alternative names. The register alone says which origins there are: a
certificate only says who is at the other end, and vouches for nothing that is sent.
"""

import contextlib
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ballotbox_gateway.config_roads import Http, Upstream
from ballotbox_gateway.problem import Problem

URI_SCHEME: Final = "bbx:"
#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, for which `ssl` has no name.
_AT_ANY_TIME: Final = 0x200000


def listening_context(settings: Http) -> ssl.SSLContext | None:
    """Return how to listen, None for plain HTTP; raises Problem naming the file at fault."""
    if settings.certificate_file is None or settings.client_ca_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    _trust(context, settings.client_ca_file, "http.client_ca_file")
    _show(context, settings.certificate_file, settings.key_file, "http")
    return context


def calling_context(settings: Upstream) -> ssl.SSLContext | None:
    """Return how to call the upper gateway, None for a plain road; raises as above."""
    if not settings.over_tls:
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if settings.ca_file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        _trust(context, settings.ca_file, "upstream.ca_file")
    if settings.certificate_file is not None:
        _show(context, settings.certificate_file, settings.key_file, "upstream")
    return context


def origins_named(certificate: Mapping[str, Any]) -> frozenset[str]:
    """Return the origins that a verified certificate names, as `getpeercert` describes it."""
    common = (
        value
        for part in certificate.get("subject", ())
        for kind, value in part
        if kind == "commonName"
    )
    uris = (value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI")
    named = (uri.removeprefix(URI_SCHEME) for uri in uris if uri.startswith(URI_SCHEME))
    return frozenset((*common, *named))


def examined(certificate: Path, key: Path | None, *, as_client: bool) -> Mapping[str, Any]:
    """Return what a certificate says of itself, after a handshake of this process with itself.

    Whether it has begun or expired is not asked: see `life_of`. Raises ssl.SSLError when it is for
    another purpose or does not fit its key, OSError when a file cannot be read.
    """
    server, client = (ssl.SSLContext(p) for p in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    asks, shows = (server, client) if as_client else (client, server)
    asks.verify_mode = ssl.CERT_REQUIRED
    asks.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_AT_ANY_TIME)
    asks.load_verify_locations(certificate)
    for context in {server, shows}:
        context.load_cert_chain(certificate, key, password="")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = {
        client: client.wrap_bio(to_client, to_server),
        server: server.wrap_bio(to_server, to_client, server_side=True),
    }
    for _ in range(3):  # Client and server speak in turn; TLS 1.3 needs two turns of each.
        for end in ends.values():
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[asks].getpeercert() or {}


def life_of(certificate: Mapping[str, Any], file: Path) -> tuple[int, int]:
    """Return from when to when, in Unix seconds, an examined certificate is good.

    file: where it stands; an authority beside it that ends sooner ends the road as well. Raises
    OSError when that cannot be read.
    """
    beside = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    beside.load_verify_locations(file)
    chain = [certificate, *beside.get_ca_certs()]
    begins = max(ssl.cert_time_to_seconds(str(each["notBefore"])) for each in chain)
    ends = min(ssl.cert_time_to_seconds(str(each["notAfter"])) for each in chain)
    return int(begins), int(ends)


def _trust(context: ssl.SSLContext, path: Path, setting: str) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as error:
        remedy = f"Correct {setting}: certificates of authorities in PEM"
        raise Problem(str(path), f"cannot be used: {_words(error)}", remedy) from error


def _show(context: ssl.SSLContext, certificate: Path, key: Path | None, table: str) -> None:
    try:
        # An empty password keeps OpenSSL from asking a terminal for that of a protected key.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        remedy = (
            f"Correct {table}.certificate_file and {table}.key_file: a pair in PEM, no password"
        )
        where = f"{certificate} and {key}"
        raise Problem(where, f"cannot be used: {_words(error)}", remedy) from error


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return (error.strerror or str(error)).lower()
