"""What a strike of each kind can reach, and whether it lasts: what a scenario has to know of kinds.

A strike's target is taken modulo how many there are of what its kind reaches, in this order.
"""

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from ballotbox_simulator.world.faults import COUNT_KINDS, STICK_KINDS, WEATHER_KINDS, FaultKind
from ballotbox_simulator.world.plan import DayPlan, RoadChoice


@unique
class Reach(Enum):
    """The sorts of things that strikes reach; each value names them all."""

    BOX = "boxes"
    SERIAL_BOX = "boxes on serial lines"
    BROKER_BOX = "boxes at the broker"
    PRECINCT = "precincts"
    #: The centre last.
    GATEWAY = "gateways"
    #: Those of the boxes first, then those of the gateways.
    CLOCK = "clocks"
    CENTRE = "centres"
    STATION = "stations where people count by hand"
    REHEARSED_PRECINCT = "precincts whose gateways serve a rehearsal as well"
    REHEARSED_BOX = "boxes beside which a rehearsal has one of the same number"


_K = FaultKind
#: What is not reached through a box.
_ELSEWHERE: Final[Mapping[FaultKind, Reach]] = {
    _K.CABLE_PULLED: Reach.SERIAL_BOX,
    _K.LINE_HALF_OPEN: Reach.SERIAL_BOX,
    _K.LINE_NOISE: Reach.SERIAL_BOX,
    _K.LINE_REPLAYED: Reach.SERIAL_BOX,
    _K.CABLES_SWAPPED: Reach.SERIAL_BOX,
    _K.BOX_CUT_OFF: Reach.BROKER_BOX,
    _K.BOX_HALF_OPEN: Reach.BROKER_BOX,
    _K.GATEWAY_CUT_OFF: Reach.PRECINCT,
    _K.BROKER_RESTART: Reach.PRECINCT,
    _K.BROKER_AMNESIA: Reach.PRECINCT,
    _K.CENTRE_UNREACHABLE: Reach.PRECINCT,
    **dict.fromkeys(STICK_KINDS, Reach.PRECINCT),
    _K.CENTRE_KILLED: Reach.CENTRE,
    _K.GATEWAY_KILLED: Reach.GATEWAY,
    _K.GATEWAY_KILLED_UNCOMMITTED: Reach.GATEWAY,
    _K.GATEWAY_KILLED_COMMITTED: Reach.GATEWAY,
    _K.GATEWAY_LOST: Reach.PRECINCT,
    _K.LEDGER_FULL: Reach.GATEWAY,
    _K.LEDGER_ERROR: Reach.GATEWAY,
    _K.LEDGER_ERROR_APPLIED: Reach.GATEWAY,
    _K.CLOCK_WRONG: Reach.CLOCK,
    _K.CLOCK_DRIFT: Reach.CLOCK,
    _K.CLOCK_STEP: Reach.CLOCK,
    _K.REPLAYED_REPORT: Reach.PRECINCT,
    _K.FORGED_SIGNATURE: Reach.PRECINCT,
    _K.FORGED_RECEIPT: Reach.PRECINCT,
    _K.FOREIGN_TOPIC: Reach.PRECINCT,
    _K.FLOODED: Reach.PRECINCT,
    _K.GATEWAY_RESTORED: Reach.PRECINCT,
    _K.CENTRE_RESTORED: Reach.CENTRE,
    **dict.fromkeys(COUNT_KINDS, Reach.STATION),
    _K.ELECTION_REPLAYED: Reach.REHEARSED_PRECINCT,
    _K.ELECTIONS_CONFUSED: Reach.REHEARSED_BOX,
}
#: What each kind that strikes reaches.
REACH: Final[Mapping[FaultKind, Reach]] = MappingProxyType(
    {kind: _ELSEWHERE.get(kind, Reach.BOX) for kind in FaultKind if kind not in WEATHER_KINDS}
)
#: The kinds that last; for the restored ones it is the age of the copy that is put back,
#: for a lost machine the time until another one stands in its place.
LASTING: Final = frozenset(
    {
        _K.CABLE_PULLED,
        _K.LINE_HALF_OPEN,
        _K.BOX_CUT_OFF,
        _K.GATEWAY_CUT_OFF,
        _K.BROKER_RESTART,
        _K.BROKER_AMNESIA,
        _K.CENTRE_UNREACHABLE,
        *STICK_KINDS,
        _K.POWER_CUT,
        _K.MEMORY_FULL,
        _K.SLOTS_CUT,
        _K.SLOTS_CUT_BOTH,
        _K.LEDGER_FULL,
        _K.GATEWAY_LOST,
        _K.BOX_CLONED,
        _K.BOX_RESTORED,
        _K.GATEWAY_RESTORED,
        _K.CENTRE_RESTORED,
    }
)


def within_reach(kind: FaultKind, plan: DayPlan) -> int:
    """Return how many things a strike of this kind can choose from on a day with this plan."""
    boxes = plan.precincts * plan.boxes
    serial = plan.precincts * _serial_boxes(plan)
    counts = {
        Reach.BOX: boxes,
        Reach.SERIAL_BOX: serial,
        Reach.BROKER_BOX: boxes - serial,
        Reach.PRECINCT: plan.precincts,
        Reach.GATEWAY: plan.precincts + 1,
        Reach.CLOCK: boxes + plan.precincts + 1,
        Reach.CENTRE: 1,
        Reach.STATION: plan.precincts if plan.by_hand else 0,
        Reach.REHEARSED_PRECINCT: plan.precincts if plan.rehearsal else 0,
        Reach.REHEARSED_BOX: boxes if plan.rehearsal else 0,
    }
    return counts[REACH[kind]]


def _serial_boxes(plan: DayPlan) -> int:
    """Return how many boxes of a precinct have a serial line; mixed roads take turns."""
    shares = {
        RoadChoice.SERIAL: plan.boxes,
        RoadChoice.MQTT: 0,
        RoadChoice.MIXED: (plan.boxes + 1) // 2,
    }
    return shares[plan.road]
