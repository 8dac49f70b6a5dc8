"""The settings of what reports come and go by: serial lines, brokers, the gateways around it."""

from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from ballotbox_gateway.config_fields import FilePath, Origin, Port, Table, is_loopback
from ballotbox_gateway.machine_names import Host, require_host

_NAMELESS: Final = "password_file needs a username beside it"
_LOOKS: Final = "must look like https://centre.example:8443 or mqtts://broker.example:8883"


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ValueError(_LOOKS) from error
    known = parts.scheme in ("http", "https", "mqtt", "mqtts")
    if not known or not parts.hostname or parts.query:
        raise ValueError(_LOOKS)
    if "@" in parts.netloc:
        raise ValueError(
            "must hold no name and no password, which logs and pages would show: give "
            "username and password_file for a broker, else certificate_file and key_file"
        )
    try:
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        port_fits = False
    if not port_fits:
        raise ValueError("has a port that is no number from 1 to 65535")
    require_host(parts.hostname)
    return text.rstrip("/")


def _serial_port(text: str) -> str:
    if "://" not in text:
        return text
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("socket", "rfc2217") or not parts.hostname or not port:
        raise ValueError("must be a device file, socket://host:port or rfc2217://host:port")
    return text


class SerialPort(Table):
    """One box on one serial line; repeat the table for each."""

    port: Annotated[str, AfterValidator(_serial_port)] = Field(
        min_length=1,
        description="Device file, best below /dev/serial/by-id; or socket://host:port, or "
        "rfc2217://host:port",
    )
    baud: int = Field(115_200, ge=300, le=4_000_000, description="Speed in bits per second")


class Tls(Table):
    """Encrypt the way to the broker and check who it is."""

    ca_file: FilePath | None = Field(
        None, description="Certificates to trust instead of the system's"
    )
    certificate_file: FilePath | None = Field(None, description="This gateway's own certificate")
    key_file: FilePath | None = Field(None, description="The private key of that certificate")

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together: give both or none")
        return self


class Mqtt(Table):
    """Boxes behind an MQTT broker."""

    host: Host = Field(description="Name or address of the broker")
    port: Port = Field(1883, description="TCP port of the broker")
    protocol: Literal["5", "3.1.1"] = Field("5", description="Version of MQTT to speak")
    client_id: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        description="Name of the broker session; from `origin` when missing",
    )
    keepalive_s: int = Field(30, ge=5, le=3600, description="Silence after which the line is tried")
    session_expiry_s: int = Field(
        7 * 86_400,
        ge=3600,
        le=365 * 86_400,
        description="How long the broker keeps messages for an absent gateway (MQTT 5)",
    )
    receive_maximum: int = Field(
        256, ge=1, le=4096, description="Messages the broker may send without acknowledgement"
    )
    username: str | None = Field(None, description="Name for the broker's password check")
    password_file: FilePath | None = Field(None, description="File that holds the password")
    tls: Tls | None = Field(None, description="Table of the TLS settings; without it, plain TCP")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.password_file is not None and self.username is None:
            raise ValueError(_NAMELESS)
        return self


class Http(Table):
    """Gateways below this one deliver here."""

    host: Host = Field("127.0.0.1", description="Address to listen on")
    port: Port = Field(description="TCP port to listen on")
    body_max_bytes: int = Field(
        16 * 2**20, ge=2**16, le=2**28, description="Size limit of a request"
    )
    certificate_file: FilePath | None = Field(
        None, description="This gateway's own certificate, with those between it and its authority"
    )
    key_file: FilePath | None = Field(None, description="The private key of that certificate")
    client_ca_file: FilePath | None = Field(
        None, description="Authority of the gateways below: each must show a certificate of it"
    )
    plain: bool = Field(
        default=False,
        description="Listen without TLS beyond this machine, behind a server that speaks it",
    )

    @property
    def mutual(self) -> bool:
        """Whether both ends show certificates."""
        return self.certificate_file is not None

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        files = (self.certificate_file, self.key_file, self.client_ca_file)
        if any(files) and not all(files):
            raise ValueError("certificate_file, key_file and client_ca_file go together")
        if self.mutual and self.plain:
            raise ValueError("plain and certificate_file exclude each other")
        if not (self.mutual or self.plain or is_loopback(self.host)):
            raise ValueError(
                "beyond this machine only TLS: give certificate_file, key_file and client_ca_file,"
                " or say plain = true"
            )
        return self


class Upstream(Table):
    """The gateway above this one."""

    url: Annotated[str, AfterValidator(_url)] = Field(
        description="Where its HTTP intake listens; or a broker, mqtts://host:port"
    )
    origin: Origin = Field(description="Name of its log, as in the register")
    batch_leaves: int = Field(512, ge=1, le=4096, description="Leaves per request, about")
    timeout_s: int = Field(30, ge=1, le=600, description="Patience for an answer")
    ca_file: FilePath | None = Field(
        None, description="Certificates to trust instead of the system's"
    )
    certificate_file: FilePath | None = Field(
        None, description="This gateway's own certificate; it names `origin`"
    )
    key_file: FilePath | None = Field(None, description="The private key of that certificate")
    username: str | None = Field(None, description="Name for the broker's password check")
    password_file: FilePath | None = Field(None, description="File that holds the password")
    plain: bool = Field(
        default=False, description="Deliver without TLS beyond this machine, in a net of its own"
    )

    @property
    def over_tls(self) -> bool:
        """Whether the road is encrypted."""
        return self.url.startswith(("https://", "mqtts://"))

    @property
    def over_mqtt(self) -> bool:
        """Whether a broker stands between."""
        return self.url.startswith(("mqtt://", "mqtts://"))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        parts = urlsplit(self.url)
        own = (self.certificate_file, self.key_file)
        if any(own) and not all(own):
            raise ValueError("certificate_file and key_file go together: give both or none")
        if self.password_file is not None and self.username is None:
            raise ValueError(_NAMELESS)
        if self.username is not None and not self.over_mqtt:
            raise ValueError("username is for a broker: a url of mqtts:// or mqtt://")
        if self.over_tls:
            return self
        if any((*own, self.ca_file)):
            raise ValueError("certificates need a url that begins with https:// or mqtts://")
        if not (self.plain or is_loopback(str(parts.hostname))):
            raise ValueError("beyond this machine only https:// or mqtts://, or say plain = true")
        return self
