"""A rehearsal that the same gateways serve beside an election, and boxes set up for the other.

It has the same precincts and boxes of the same numbers, with a root and keys of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ballotbox_simulator.world import elections
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.box_parts import Witness
from ballotbox_simulator.world.box_roads import MqttBoxRoad
from ballotbox_simulator.world.faults import MECHANICS, FaultKind, Weather
from ballotbox_simulator.world.places import PrecinctNodes, Region
from ballotbox_simulator.world.plan import Day, DayPlan
from ballotbox_simulator.world.polling_day import HOUR

#: What is drawn for the rehearsal is not what is drawn for the election.
_APART: Final = 1 << 40
_TURNOUT_MS: Final = 4 * HOUR
#: With this bit in `detail` a box of the rehearsal is set up for a third election; without it a box
#: of the election is set up for the rehearsal.
_THIRD: Final = 1


def rehearsal_beside(day: Day) -> Day:
    """Return the rehearsal's day: under the same sky, with sound boxes and nobody who strikes."""
    plan = day.plan
    held = DayPlan(
        precincts=plan.precincts,
        boxes=plan.boxes,
        ballots=plan.rehearsal,
        portable=0,
        road=plan.road,
        election=plan.election,
        hours=replace(plan.hours, turnout=_TURNOUT_MS),
    )
    sky = {kind: each for kind, each in day.weather.chances.items() if kind not in MECHANICS}
    return Day(day.seed + _APART, held, Weather(sky))


def rehearsed_region(plan: DayPlan) -> Region:
    """Return the region that is the rehearsal beside an election of the plan's sizes."""
    # A box of either may come to hold what the other one takes.
    registered = (plan.ballots + plan.portable + plan.rehearsal) * plan.boxes + 1
    held = elections.hold_rehearsal(plan.election, plan.precincts, plan.boxes, registered)
    centre = elections.rehearsal_of(elections.CENTRE)
    return Region(held, centre, origin_of=elections.rehearsed_gateway_of)


def confused(day: Day, *, third: bool) -> set[int]:
    """Return which boxes are set up for a third election, or for the rehearsal."""
    total = day.plan.precincts * day.plan.boxes
    return {
        strike.target % total
        for strike in day.strikes
        if strike.kind is FaultKind.ELECTIONS_CONFUSED and bool(strike.detail & _THIRD) is third
    }


def set_up_for_rehearsal(
    election: Sequence[PrecinctNodes],
    rehearsal: Sequence[PrecinctNodes],
    place: int,
    witness: Witness,
) -> BoxNode:
    """Give a box of the election what the rehearsal's box of its number should have, and return it.

    The rehearsal's box is not switched on: its station has this one, without knowing.
    """
    precinct, at = _where(election, place)
    beside, _ = _where(rehearsal, place)
    box, other = precinct.boxes[at], beside.boxes[at]
    box.set_up_anew(other.kit, witness)
    if isinstance(box.road, MqttBoxRoad):
        # Topics are of the election that a box was set up for.
        box.road = MqttBoxRoad(box, beside.broker)
    other.break_for_good("it is not there")
    beside.boxes[at] = box
    return box


def set_up_for_a_third(
    third: elections.Held, rehearsal: Sequence[PrecinctNodes], place: int
) -> BoxNode:
    """Set a box of the rehearsal up for an election that no gateway serves, and return it."""
    precinct, at = _where(rehearsal, place)
    box = precinct.boxes[at]
    box.kit = replace(box.kit, authority=third.authority, rules=third.rules)
    return box


def _where(precincts: Sequence[PrecinctNodes], place: int) -> tuple[PrecinctNodes, int]:
    number, at = divmod(place, len(precincts[0].boxes))
    return precincts[number], at
