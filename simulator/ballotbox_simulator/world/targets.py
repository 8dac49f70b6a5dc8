"""Whom a strike strikes: the things of one sort, taken by the strike's number."""

from typing import TypeVar

from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.box_roads import MqttBoxRoad, SerialBoxRoad
from ballotbox_simulator.world.faults import Strike
from ballotbox_simulator.world.places import PrecinctNodes
from ballotbox_simulator.world.world import World

_T = TypeVar("_T")


def nth(things: list[_T], strike: Strike) -> _T | None:
    """Return the thing that is struck, None when there is none."""
    return things[strike.target % len(things)] if things else None


def all_boxes(world: World) -> list[tuple[PrecinctNodes, BoxNode]]:
    """Return all boxes with their precincts."""
    return [(precinct, box) for precinct in world.precincts for box in precinct.boxes]


def boxes_on_serial(world: World) -> list[BoxNode]:
    """Return the boxes on serial lines."""
    return [box for _, box in all_boxes(world) if isinstance(box.road, SerialBoxRoad)]


def boxes_on_mqtt(world: World) -> list[tuple[PrecinctNodes, BoxNode]]:
    """Return the boxes at a broker, with their precincts."""
    return [pair for pair in all_boxes(world) if isinstance(pair[1].road, MqttBoxRoad)]


def precinct_of(world: World, strike: Strike) -> PrecinctNodes:
    """Return the precinct that is struck."""
    return world.precincts[strike.target % len(world.precincts)]
