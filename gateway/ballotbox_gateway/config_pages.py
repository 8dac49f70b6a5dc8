"""The settings of what people and machines look at: local page, screen in the room, metrics."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ballotbox_gateway.config_fields import FilePath, Port, Table, is_loopback
from ballotbox_gateway.machine_names import Host


class Page(Table):
    """The local page, on which officers of the precinct enter what they counted by hand."""

    host: Host = Field("127.0.0.1", description="Address of this machine alone to listen on")
    port: Port = Field(description="TCP port to listen on, another one than http.port")

    @model_validator(mode="after")
    def _local(self) -> Self:
        if not is_loopback(self.host):
            raise ValueError("host must be of this machine alone: 127.0.0.1, ::1 or localhost")
        return self


class Screen(Table):
    """The screen in the room: shown by the local page, and at a door of its own to other machines.

    Nothing can be changed by that door.
    """

    host: Host | None = Field(
        None,
        description="Address at which phones and other machines may look at the screen, 0.0.0.0 "
        "for all of this machine; without it, `page` alone shows the screen",
    )
    port: Port | None = Field(None, description="TCP port of that address")
    precincts: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (), description="Precincts whose boxes are shown; all of the register when missing"
    )
    token_file: FilePath | None = Field(
        None,
        description="File of the officers' tokens, made by `ballotbox-gateway screen token`; "
        "without it no alarm can be marked as seen",
    )
    stalled_after_min: int = Field(
        10, ge=1, le=1440, description="Minutes that a report may wait to be passed on, then alarm"
    )
    silent_after_min: int = Field(
        0,
        ge=0,
        le=1440,
        description="Minutes that an open box may say nothing, then alarm; 0 for boxes that send "
        "no interim reports",
    )

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, data: object) -> object:
        # TOML writes a list; the model holds what nobody can append to.
        if isinstance(data, dict) and isinstance(data.get("precincts"), list):
            return data | {"precincts": tuple(data["precincts"])}
        return data

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.host is None) != (self.port is None):
            raise ValueError("host and port go together: give both or none")
        return self


class Metrics(Table):
    """Whether all is well, for machines: `/health` and, for Prometheus, `/metrics`."""

    host: Host = Field("127.0.0.1", description="Address to listen on")
    port: Port = Field(description="TCP port to listen on, of its own")
    plain: bool = Field(
        default=False,
        description="Listen beyond this machine, where whoever reaches the port may read",
    )

    @model_validator(mode="after")
    def _local(self) -> Self:
        if not (self.plain or is_loopback(self.host)):
            raise ValueError("host must be of this machine alone, or say plain = true")
        return self
