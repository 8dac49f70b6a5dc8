"""The gateway's settings: one TOML file, validated whole, each field documented where it stands.

`installation` reads the file. `settings_table` prints what the fields say of themselves;
gateway/OPERATING.md holds its output.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import require_origin
from ballotbox_protocol.wire.trust import parse_root

#: What sun_path of a Unix socket holds, less its final zero (unix(7)).
SOCKET_PATH_MAX: Final = 107


def _from_config_folder(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder", Path())
    return Path(folder) / path.expanduser()


def _root(text: str) -> str:
    try:
        return str(parse_root(text))
    except InvalidField as error:
        raise ValueError(error.problem) from error


def _origin(text: str) -> str:
    try:
        require_origin(text, "origin")
    except InvalidField as error:
        raise ValueError(error.problem) from error
    return text


def _law(text: str, info: ValidationInfo) -> str:
    return str(_from_config_folder(Path(text), info)) if text.endswith(".toml") else text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError("must look like https://centre.example:8443")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


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


FilePath = Annotated[Path, Field(strict=False), AfterValidator(_from_config_folder)]
Port = Annotated[int, Field(ge=1, le=65535)]
Origin = Annotated[str, AfterValidator(_origin)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SerialPort(_Table):
    """One box on one serial line; repeat the table for each."""

    port: Annotated[str, AfterValidator(_serial_port)] = Field(
        min_length=1,
        description="Device file, best below /dev/serial/by-id; or socket://host:port, or "
        "rfc2217://host:port",
    )
    baud: int = Field(115_200, ge=300, le=4_000_000, description="Speed in bits per second")


class Tls(_Table):
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


class Mqtt(_Table):
    """Boxes behind an MQTT broker."""

    host: str = Field(min_length=1, description="Name or address of the broker")
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


class Http(_Table):
    """Gateways below this one deliver here."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on")
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
        if not (self.mutual or self.plain or _is_loopback(self.host)):
            raise ValueError(
                "beyond this machine only TLS: give certificate_file, key_file and client_ca_file,"
                " or say plain = true"
            )
        return self


class Page(_Table):
    """The local page, on which officers of the precinct enter what they counted by hand."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address of this machine alone to listen on"
    )
    port: Port = Field(description="TCP port to listen on, another one than http.port")

    @model_validator(mode="after")
    def _local(self) -> Self:
        if not _is_loopback(self.host):
            raise ValueError("host must be of this machine alone: 127.0.0.1, ::1 or localhost")
        return self


class Upstream(_Table):
    """The gateway above this one."""

    url: Annotated[str, AfterValidator(_url)] = Field(description="Where its HTTP intake listens")
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
    plain: bool = Field(
        default=False, description="Deliver without TLS beyond this machine, in a net of its own"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        parts = urlsplit(self.url)
        own = (self.certificate_file, self.key_file)
        if any(own) and not all(own):
            raise ValueError("certificate_file and key_file go together: give both or none")
        if parts.scheme == "https":
            return self
        if any((*own, self.ca_file)):
            raise ValueError("certificates need a url that begins with https://")
        if not (self.plain or _is_loopback(str(parts.hostname))):
            raise ValueError("beyond this machine only https://, or say plain = true")
        return self


class SecurityModule(_Table):
    """The key of this gateway in a security module, instead of `key_file`."""

    module: FilePath = Field(description="The module's library, such as libsofthsm2.so")
    token: str = Field(min_length=1, max_length=32, description="Label of the token")
    key: str = Field(min_length=1, description="Label of the Ed25519 key in it")
    pin_file: FilePath | None = Field(None, description="File of mode 0600, first line the PIN")
    pin_variable: str | None = Field(
        None, min_length=1, description="Environment variable that holds the PIN"
    )

    @model_validator(mode="after")
    def _one_pin(self) -> Self:
        if (self.pin_file is None) == (self.pin_variable is None):
            raise ValueError("give pin_file or pin_variable, one of the two")
        return self

    def __str__(self) -> str:
        return f"key {self.key} of token {self.token}"


class Limits(_Table):
    """What one sender may take of the disk, and what stays free."""

    box_mib: int = Field(
        32, ge=1, le=2**20, description="MiB of new reports that one box may have stored at once"
    )
    box_mib_per_hour: int = Field(1, ge=1, le=2**20, description="MiB that it gains every hour")
    gateway_mib: int = Field(
        512, ge=1, le=2**20, description="MiB of new leaves from one gateway below at once"
    )
    gateway_mib_per_hour: int = Field(
        64, ge=1, le=2**20, description="MiB that it gains every hour"
    )
    disk_reserve_mib: int = Field(
        64,
        ge=0,
        le=2**20,
        description="MiB of the ledger's disk, at most a twentieth of it, that are left to "
        "delivery and rulings: below it nothing is taken in",
    )


class Config(_Table):
    """All settings of one gateway for one election."""

    name: str | None = Field(
        None,
        pattern="^[a-z0-9][a-z0-9_-]{0,31}$",
        description="Short name of this election for `--election` and the log; needed in each of "
        "several tables `[[election]]`",
    )
    root: Annotated[str, AfterValidator(_root)] = Field(
        description="Root key of the election: `test:`, `rehearsal:` or `official:`, then "
        "`shared:` where several hold it, 64 hex digits"
    )
    election_file: FilePath = Field(description="Election definition signed by the root key")
    register_file: FilePath = Field(description="Register of boxes, gateways and officers")
    origin: Origin = Field(description="Name of this gateway's log, as in the register")
    key_file: FilePath | None = Field(
        None, description="Private key of this gateway; this or the table `pkcs11`"
    )
    passphrase_file: FilePath | None = Field(
        None, description="File whose first line opens `key_file`"
    )
    passphrase_variable: str | None = Field(
        None, min_length=1, description="Environment variable that opens `key_file`"
    )
    pkcs11: SecurityModule | None = Field(None, description="Table: the key in a security module")
    ledger_file: FilePath = Field(description="The ledger; made by `init`, never by `run`")
    second_copy: FilePath | None = Field(
        None, description="Directory on another disk that keeps a copy of the log as static files"
    )
    control_socket: FilePath | None = Field(
        None,
        description="Local socket for status and rulings; beside the ledger when missing, as "
        "`control.socket` or, with a `name`, as `name.socket`",
    )
    laws: tuple[Annotated[str, AfterValidator(_law)], ...] = Field(
        (),
        description="Laws that counts by hand may be counted by: names of installed ones, or "
        "files that end in .toml; all installed ones when missing",
    )
    serial: tuple[SerialPort, ...] = Field((), description="Repeated table: serial lines")
    mqtt: Mqtt | None = Field(None, description="Table: the broker")
    http: Http | None = Field(None, description="Table: intake for gateways below")
    page: Page | None = Field(None, description="Table: the local page for counts by hand")
    upstream: Upstream | None = Field(None, description="Table: the gateway above")
    limits: Limits = Field(
        default_factory=lambda: Limits.model_validate({}),
        description="Table: what one sender may have stored",
    )

    @property
    def control(self) -> Path:
        """The path of the control socket."""
        return self.control_socket or self.ledger_file.parent / f"{self.name or 'control'}.socket"

    @model_validator(mode="before")
    @classmethod
    def _tables(cls, data: object) -> object:
        # TOML writes repeated things as a list; the model holds what nobody can append to.
        if not isinstance(data, dict):
            return data
        repeated = (name for name in ("serial", "laws") if isinstance(data.get(name), list))
        return data | {name: tuple(data[name]) for name in repeated}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not (self.serial or self.mqtt or self.http):
            raise ValueError("nothing can arrive: add [[serial]], [mqtt] or [http]")
        if (self.key_file is None) == (self.pkcs11 is None):
            raise ValueError("name the gateway's key: key_file or [pkcs11], one of the two")
        ports = [line.port for line in self.serial]
        if len(set(ports)) < len(ports):
            raise ValueError("two [[serial]] tables name the same port: remove one")
        if self.passphrase_file and self.passphrase_variable:
            raise ValueError("passphrase_file and passphrase_variable exclude each other")
        if self.page and self.http and self.page.port == self.http.port:
            raise ValueError("page.port is http.port: give the page another one")
        if self.upstream and self.upstream.origin == self.origin:
            raise ValueError("upstream.origin is this gateway's own origin")
        if len(str(self.control)) > SOCKET_PATH_MAX:
            limit = f"longer than {SOCKET_PATH_MAX} bytes"
            raise ValueError(f"control_socket is {limit}: set a shorter path, such as /run/bbx")
        return self


def settings_table() -> str:
    """Return the table of all settings, in Markdown, from what the fields say."""
    lines = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for name, field in _settings(Config, ""):
        lines.append(f"| `{name}` | {_default(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _settings(table: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in table.model_fields.items():
        inner = _inner_table(field)
        if inner is None:
            yield prefix + name, field
        else:
            yield from _settings(inner, f"{prefix}{name}.")


def _inner_table(field: FieldInfo) -> type[BaseModel] | None:
    tables: dict[object, type[BaseModel]] = {
        tuple[SerialPort, ...]: SerialPort,
        Mqtt | None: Mqtt,
        Http | None: Http,
        Page | None: Page,
        Upstream | None: Upstream,
        Tls | None: Tls,
        SecurityModule | None: SecurityModule,
        Limits: Limits,
    }
    return tables.get(field.annotation)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, ()):
        return ""
    # As TOML writes it.
    return f"`{str(field.default).lower() if type(field.default) is bool else field.default}`"
