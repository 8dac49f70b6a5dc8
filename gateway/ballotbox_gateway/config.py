"""The gateway's settings: one TOML file, validated whole, each field documented where it stands.

`installation` reads the file. `settings_table` prints what the fields say of themselves;
gateway/OPERATING.md holds its output.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo

from ballotbox_gateway.config_fields import FilePath, Origin, from_config_folder
from ballotbox_gateway.config_fields import Table as _Table
from ballotbox_gateway.config_pages import Metrics, Page, Screen
from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.config_roads import Http, Mqtt, SerialPort, Tls, Upstream
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.trust import parse_root

#: What sun_path of a Unix socket holds, less its final zero (unix(7)).
SOCKET_PATH_MAX: Final = 107


def _root(text: str) -> str:
    try:
        return str(parse_root(text))
    except InvalidField as error:
        raise ValueError(error.problem) from error


def _law(text: str, info: ValidationInfo) -> str:
    return str(from_config_folder(Path(text), info)) if text.endswith(".toml") else text


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
    gateway_aside_per_day: int = Field(
        64,
        ge=1,
        le=100_000,
        description="Released results of its own log that one gateway below may bring in a day "
        "although they cannot stand; more wait, and so does what its log holds behind them",
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
    ledger_file: FilePath | None = Field(
        None,
        description="The ledger; made by `init`, never by `run`; this or the table `postgresql`",
    )
    postgresql: Postgresql | None = Field(
        None, description="Table: the ledger in a database that several processes share"
    )
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
    below: Mqtt | None = Field(
        None, description="Table: the broker over which gateways below deliver; as [mqtt], MQTT 5"
    )
    page: Page | None = Field(None, description="Table: the local page for counts by hand")
    screen: Screen | None = Field(None, description="Table: the screen in the room")
    metrics: Metrics | None = Field(None, description="Table: health and metrics")
    upstream: Upstream | None = Field(None, description="Table: the gateway above")
    limits: Limits = Field(
        default_factory=lambda: Limits.model_validate({}),
        description="Table: what one sender may have stored",
    )

    @property
    def control(self) -> Path:
        """The path of the control socket."""
        return self.control_socket or self.file.parent / f"{self.name or 'control'}.socket"

    @property
    def file(self) -> Path:
        """The path of the ledger; only where it is no database."""
        if self.ledger_file is None:
            raise LookupError("the ledger is a database")
        return self.ledger_file

    @property
    def ledger(self) -> str:
        """What a person calls the ledger: its file, or where the database is."""
        return str(self.postgresql or self.ledger_file)

    @property
    def folder(self) -> Path:
        """Where this process keeps what is its own."""
        return (self.ledger_file or self.control).parent

    @model_validator(mode="before")
    @classmethod
    def _tables(cls, data: object) -> object:
        # TOML writes repeated things as a list; the model holds what nobody can append to.
        if not isinstance(data, dict):
            return data
        repeated = (name for name in ("serial", "laws") if isinstance(data.get(name), list))
        return data | {name: tuple(data[name]) for name in repeated}

    @model_validator(mode="after")
    def _fits_a_database(self) -> Self:
        if self.postgresql is None:
            return self
        if self.control_socket is None:
            raise ValueError(
                "control_socket is missing: with [postgresql] each process has its own"
            )
        if self.second_copy is not None:
            raise ValueError("second_copy needs ledger_file: a database has standbys and backups")
        if self.upstream is not None:
            raise ValueError("upstream needs ledger_file: a centre of several processes is the top")
        if self.below is not None:
            raise ValueError("below needs ledger_file: with [postgresql] use [http] for gateways")
        if self.mqtt is not None and self.mqtt.protocol != "5":
            raise ValueError('mqtt.protocol must be "5": several processes share what it brings')
        tls = self.mqtt.tls if self.mqtt is not None else None
        if tls is not None and tls.certificate_file and self.mqtt and not self.mqtt.client_id:
            raise ValueError("mqtt.client_id is missing: the name in this process's certificate")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.key_file is None) == (self.pkcs11 is None):
            raise ValueError("name the gateway's key: key_file or [pkcs11], one of the two")
        if (self.ledger_file is None) == (self.postgresql is None):
            raise ValueError("name the ledger: ledger_file or [postgresql], one of the two")
        if not (self.serial or self.mqtt or self.http or self.below):
            raise ValueError("nothing can arrive: add [[serial]], [mqtt], [http] or [below]")
        if self.below and self.below.protocol != "5":
            raise ValueError('below.protocol must be "5": answers need its correlation data')
        lines = [line.port for line in self.serial]
        if len(set(lines)) < len(lines):
            raise ValueError("two [[serial]] tables name the same port: remove one")
        if self.passphrase_file and self.passphrase_variable:
            raise ValueError("passphrase_file and passphrase_variable exclude each other")
        if self.upstream and self.upstream.origin == self.origin:
            raise ValueError("upstream.origin is this gateway's own origin")
        if len(str(self.control)) > SOCKET_PATH_MAX:
            limit = f"longer than {SOCKET_PATH_MAX} bytes"
            raise ValueError(f"control_socket is {limit}: set a shorter path, such as /run/bbx")
        return self

    @model_validator(mode="after")
    def _doors_apart(self) -> Self:
        taken: dict[int, str] = {}
        for name in ("http", "page", "screen", "metrics"):
            door: Http | Page | Screen | Metrics | None = getattr(self, name)
            if door is None or door.port is None:
                continue
            if door.port in taken:
                there = taken[door.port]
                raise ValueError(f"{name}.port is {there}.port: give the {name} another one")
            taken[door.port] = name
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
            yield prefix + (field.alias or name), field
        else:
            yield from _settings(inner, f"{prefix}{name}.")


def _inner_table(field: FieldInfo) -> type[BaseModel] | None:
    tables: dict[object, type[BaseModel]] = {
        tuple[SerialPort, ...]: SerialPort,
        Mqtt | None: Mqtt,
        Http | None: Http,
        Page | None: Page,
        Screen | None: Screen,
        Metrics | None: Metrics,
        Upstream | None: Upstream,
        Tls | None: Tls,
        SecurityModule | None: SecurityModule,
        Postgresql | None: Postgresql,
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
