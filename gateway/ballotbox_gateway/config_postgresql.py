"""The settings of a ledger in PostgreSQL, which any number of gateway processes may share."""

from typing import Final, Self

from pydantic import Field, model_validator

from ballotbox_gateway.config_fields import FilePath, Port, Table, is_loopback

#: Where Debian's server has its socket.
SOCKET_FOLDER: Final = "/var/run/postgresql"


class Postgresql(Table):
    """The ledger in a database, instead of `ledger_file`."""

    host: str = Field(
        SOCKET_FOLDER,
        min_length=1,
        description="Folder of the server's socket, or its name or address",
    )
    port: Port = Field(5432, description="Port of the server, which also names its socket")
    dbname: str = Field(min_length=1, description="Name of the database")
    user: str | None = Field(
        None, min_length=1, description="Role to log in as; that of the process when missing"
    )
    password_file: FilePath | None = Field(
        None, description="File whose first line is the role's password"
    )
    ca_file: FilePath | None = Field(
        None, description="Certificates to trust; needed beyond this machine"
    )
    schema_name: str = Field(
        "ballotbox",
        alias="schema",
        pattern="^[a-z_][a-z0-9_]{0,30}$",
        description="Schema of this ledger; another one for each election",
    )
    lease_s: int = Field(
        15,
        ge=3,
        le=600,
        description="Seconds after which the boxes of a dead process go to the others",
    )

    @property
    def is_local(self) -> bool:
        """Whether the server is reached without a network."""
        return self.host.startswith("/") or is_loopback(self.host)

    @model_validator(mode="after")
    def _sure_of_the_server(self) -> Self:
        if not (self.is_local or self.ca_file):
            raise ValueError("beyond this machine only TLS: give ca_file")
        return self

    def __str__(self) -> str:
        return f"postgresql {self.host}:{self.port}/{self.dbname}, schema {self.schema_name}"
