"""What a world consists of: its precincts with their nodes, and which part of an election it is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ballotbox_simulator.world import elections
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.broker import Broker
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.hand_counting import Tellers
from ballotbox_simulator.world.plan import DayPlan
from ballotbox_simulator.world.polling_day import PollWorkers
from ballotbox_simulator.world.serial_line import SerialLine
from ballotbox_simulator.world.upward_link import UpwardLink


@dataclass(frozen=True, slots=True)
class ClosedLog:
    """The gateway of a log that another one stands for; its leaves from `kept` on are lost."""

    gateway: GatewayNode
    kept: int


@dataclass(slots=True)
class PrecinctNodes:
    """One polling place: its boxes, its gateway, and what lies between."""

    number: int
    gateway: GatewayNode
    broker: Broker
    uplink: UpwardLink
    boxes: list[BoxNode] = field(default_factory=list)
    lines: list[SerialLine] = field(default_factory=list)
    #: The logs in whose place that of `gateway` stands.
    closed: list[ClosedLog] = field(default_factory=list)
    clones: list[BoxNode] = field(default_factory=list)
    workers: list[PollWorkers] = field(default_factory=list)
    #: Those who count by hand, on days when people do.
    tellers: Tellers | None = None

    @property
    def gateways(self) -> list[GatewayNode]:
        """The gateway, and those whose logs are closed."""
        return [self.gateway, *(each.gateway for each in self.closed)]


@dataclass(frozen=True, slots=True)
class Region:
    """The precincts `first` + 1 and on of an election, and the origin above their gateways.

    origin_of: the origin of each precinct's gateway.
    """

    held: elections.Held
    centre: str
    first: int = 0
    origin_of: Callable[[int], str] = elections.gateway_of


def whole_election(plan: DayPlan, *, successors: bool = False) -> Region:
    """Return the region that is a whole election of the plan's sizes.

    successors: each gateway's log may be closed and have another one in its place.
    """
    registered = (plan.ballots + plan.portable) * plan.boxes + 1
    held = elections.hold(
        plan.election, plan.precincts, plan.boxes, registered, successors=successors
    )
    return Region(held, elections.CENTRE)
