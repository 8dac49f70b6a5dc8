"""The bad events of a plan: each of them has happened to somebody's election night."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import combinations
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from ballotbox_gateway.config_fields import Table
from ballotbox_simulator.rehearse.core.day_clock import DayClock
from ballotbox_simulator.rehearse.plan_fields import Clock, Duration


class EventKind(StrEnum):
    """What may happen; the text of each is what a plan calls it."""

    BROKER_KILLED = "broker-killed"
    BROKER_RESTARTED = "broker-restarted"
    GATEWAY_KILLED = "gateway-killed"
    DATABASE_KILLED = "database-killed"
    DATABASE_RESTARTED = "database-restarted"
    UPSTREAM_OUT = "upstream-out"
    AREA_CUT = "area-cut"
    CERTIFICATE_EXPIRED = "certificate-expired"
    RECONNECT_STORM = "reconnect-storm"
    BOXES_CLONED = "boxes-cloned"
    BOXES_SILENT = "boxes-silent"


#: What each does, in a line for people.
MEANING: Final = {
    EventKind.BROKER_KILLED: "The broker is killed with -9, and started again in the end.",
    EventKind.BROKER_RESTARTED: "The broker is ended in order, and started again in the end.",
    EventKind.GATEWAY_KILLED: "A gateway is killed with -9, and started again in the end.",
    EventKind.DATABASE_KILLED: "The database is killed with -9, and started again in the end.",
    EventKind.DATABASE_RESTARTED: "The database is ended in order, and started again in the end.",
    EventKind.UPSTREAM_OUT: "The centre cannot be reached by the gateway, until the end.",
    EventKind.AREA_CUT: "All boxes of an area lose their network, until the end.",
    EventKind.CERTIFICATE_EXPIRED: "The broker shows an expired certificate, until the end.",
    EventKind.RECONNECT_STORM: "A share of all boxes loses its connection at one moment.",
    EventKind.BOXES_CLONED: "A second client with the card and the id of a box, until the end.",
    EventKind.BOXES_SILENT: "Boxes break for good: what they have not sent is never seen.",
}
#: Those that happen to parts which the rehearsal has started itself.
EMBEDDED_ALONE: Final = frozenset(
    {
        EventKind.BROKER_KILLED,
        EventKind.BROKER_RESTARTED,
        EventKind.GATEWAY_KILLED,
        EventKind.DATABASE_KILLED,
        EventKind.DATABASE_RESTARTED,
        EventKind.UPSTREAM_OUT,
        EventKind.CERTIFICATE_EXPIRED,
    }
)
#: Those that happen to a database.
OF_DATABASE: Final = frozenset({EventKind.DATABASE_KILLED, EventKind.DATABASE_RESTARTED})
#: Those that are over when they have begun.
AT_ONCE: Final = frozenset({EventKind.RECONNECT_STORM, EventKind.BOXES_SILENT})
#: What they happen to; one thing can be broken once at a time.
_PARTS: Final = {
    EventKind.BROKER_KILLED: "the broker",
    EventKind.BROKER_RESTARTED: "the broker",
    EventKind.CERTIFICATE_EXPIRED: "the broker",
    EventKind.GATEWAY_KILLED: "the gateway",
    EventKind.DATABASE_KILLED: "the database",
    EventKind.DATABASE_RESTARTED: "the database",
    EventKind.UPSTREAM_OUT: "the centre",
    EventKind.BOXES_CLONED: "the second clients",
}


def _kind(value: object) -> object:
    try:
        return EventKind(str(value))
    except ValueError:
        raise ValueError(f"must be one of {', '.join(EventKind)}") from None


class Event(Table):
    """One bad event; repeat the table for each."""

    kind: Annotated[EventKind, BeforeValidator(_kind)] = Field(
        description=f"one of {', '.join(EventKind)}"
    )
    at: Clock = Field(description="When it begins; from the closing on, a second is a second")
    lasts: Duration = Field(1, description="Real seconds until it is over")
    area: int | None = Field(None, ge=1, description="Of `area-cut`: which area, from 1")
    share: float = Field(
        1.0, gt=0, le=1, allow_inf_nan=False, description="Of `reconnect-storm`: of all boxes"
    )
    boxes: int = Field(1, ge=1, description="Of `boxes-cloned` and `boxes-silent`: how many")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind is EventKind.AREA_CUT) != (self.area is not None):
            raise ValueError("area goes with kind area-cut, and with no other")
        return self

    @property
    def part(self) -> str:
        """What it happens to, or nothing when others may happen to it meanwhile."""
        return f"area {self.area}" if self.area else _PARTS.get(self.kind, "")

    def ends(self, clock: DayClock) -> float:
        """Return the real seconds from the first box to its end, as planned."""
        return clock.real_s(self.at) + (0 if self.kind in AT_ONCE else self.lasts)


def overlaps(events: Sequence[Event], clock: DayClock) -> Iterator[tuple[int, int]]:
    """Yield the places of events that break one part at the same time, as planned.

    On a day that passes as fast as it can, all hours may be one moment.
    """
    places = sorted(range(len(events)), key=lambda at: events[at].at)
    for first, second in combinations(places, 2):
        part = events[first].part
        same = bool(part) and part == events[second].part
        if same and clock.real_s(events[second].at) < events[first].ends(clock):
            yield first, second
