"""The table of a plan for a set-up of the rehearsal's own: which parts, over which ledger."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from ballotbox_gateway.config_fields import Table
from ballotbox_simulator.rehearse.plan_events import OF_DATABASE, EventKind
from ballotbox_simulator.rehearse.plan_fields import Duration

#: More of them on one machine show nothing but that they share its cores.
_GATEWAYS_MAX: Final = 8


class EmbeddedTable(Table):
    """A set-up of the rehearsal's own on this machine: mosquitto, gateways, perhaps a centre."""

    ledger: Literal["sqlite", "postgresql"] = Field(
        "sqlite", description="`sqlite`: a file; `postgresql`: a temporary server"
    )
    gateways: int = Field(
        1, ge=1, le=_GATEWAYS_MAX, description="Processes over one ledger in PostgreSQL"
    )
    lease: Duration = Field(
        15, ge=3, le=600, description="Until the boxes of a dead process go to the others"
    )
    centre: bool = Field(default=False, description="A centre above the gateway")
    tls: bool = Field(default=False, description="Boxes speak TLS, all with one certificate")

    @property
    def has_database(self) -> bool:
        """Whether the ledger is in a PostgreSQL of the rehearsal's own."""
        return self.ledger == "postgresql"

    @model_validator(mode="after")
    def _one_writer(self) -> Self:
        if self.gateways > 1 and not self.has_database:
            raise ValueError(
                f"gateways is {self.gateways}, and a ledger in a file has one process: give "
                'ledger = "postgresql" as well, or gateways = 1'
            )
        if self.centre and self.has_database:
            raise ValueError(
                'centre = true needs ledger = "sqlite": gateways over PostgreSQL are a centre'
            )
        if "lease" in self.model_fields_set and not self.has_database:
            raise ValueError('lease needs ledger = "postgresql": give both, or leave lease out')
        return self

    def lacks(self, kind: EventKind) -> str:
        """Return the setting that an event of this kind needs and that is not here, or nothing."""
        needed = {
            EventKind.UPSTREAM_OUT: (self.centre, "centre = true"),
            EventKind.CERTIFICATE_EXPIRED: (self.tls, "tls = true"),
        } | dict.fromkeys(OF_DATABASE, (self.has_database, 'ledger = "postgresql"'))
        is_here, setting = needed.get(kind, (True, ""))
        return "" if is_here else f"embedded.{setting}"


def parts_of(table: EmbeddedTable) -> int:
    """Return how many programs a set-up takes: broker, gateways, centre, database."""
    return 1 + table.gateways + table.centre + table.has_database
