"""Faults of the roads: serial lines, the broker, the link upward."""

from collections.abc import Callable, Mapping
from typing import Final

from ballotbox_simulator.world.box_roads import SerialBoxRoad
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.serial_line import SerialLine
from ballotbox_simulator.world.targets import (
    boxes_on_mqtt,
    boxes_on_serial,
    nth,
    precinct_of,
)
from ballotbox_simulator.world.world import World

_NOISE_MAX: Final = 400
_K = FaultKind
Do = Callable[[World, Strike], None]


def _line_strike(
    do: Callable[[World, Strike, SerialLine], None],
) -> Callable[[World, Strike], None]:
    def done(world: World, strike: Strike) -> None:
        box = nth(boxes_on_serial(world), strike)
        if box is not None and isinstance(box.road, SerialBoxRoad):
            world.auditor.struck(strike.kind, box.name)
            do(world, strike, box.road.line)

    return done


def _pull(world: World, strike: Strike, line: SerialLine) -> None:
    line.unplug()
    world.schedule.after(strike.lasts, line.plug)


def _deafen(world: World, strike: Strike, line: SerialLine) -> None:
    line.deaf = strike.detail % 2
    world.schedule.after(strike.lasts, _hear, line)


def _hear(line: SerialLine) -> None:
    line.deaf = None


def _noise(world: World, strike: Strike, line: SerialLine) -> None:
    noise = world.chance("noise", strike.at).randbytes(1 + strike.detail % _NOISE_MAX)
    line.inject(strike.detail % 2, noise)


def _replay_line(_world: World, strike: Strike, line: SerialLine) -> None:
    if line.heard:
        side, data = line.heard[strike.detail % len(line.heard)]
        line.inject(1 - side, data)


def _swap_cables(world: World, strike: Strike) -> None:
    boxes = boxes_on_serial(world)
    if len(boxes) < 2:
        return
    one = boxes[strike.target % len(boxes)]
    two = boxes[(strike.target + 1) % len(boxes)]
    if isinstance(one.road, SerialBoxRoad) and isinstance(two.road, SerialBoxRoad):
        world.auditor.struck(strike.kind, one.name)
        first, second = one.road.line, two.road.line
        one.road.move(second)
        two.road.move(first)


# The broker


def _cut_box_off(world: World, strike: Strike) -> None:
    found = nth(boxes_on_mqtt(world), strike)
    if found is not None:
        precinct, box = found
        if precinct.broker.cut_off(box.kit.identity.box, strike.lasts):
            world.auditor.struck(strike.kind, box.name)


def _half_open(world: World, strike: Strike) -> None:
    found = nth(boxes_on_mqtt(world), strike)
    if found is not None:
        precinct, box = found
        if precinct.broker.half_open(box.kit.identity.box):
            world.auditor.struck(strike.kind, box.name)


def _cut_gateway_off(world: World, strike: Strike) -> None:
    precinct = precinct_of(world, strike)
    world.auditor.struck(strike.kind, precinct.gateway.name)
    precinct.broker.cut_gateway_off(strike.lasts)


def _restart_broker(world: World, strike: Strike) -> None:
    precinct = precinct_of(world, strike)
    world.auditor.struck(strike.kind, precinct.gateway.name)
    amnesia = strike.kind is FaultKind.BROKER_AMNESIA
    precinct.broker.restart(strike.lasts, amnesia=amnesia)


def _cut_centre_off(world: World, strike: Strike) -> None:
    precinct = precinct_of(world, strike)
    world.auditor.struck(strike.kind, precinct.gateway.name)
    precinct.uplink.cut(strike.lasts)


#: How each kind is done.
ROAD_STRIKES: Final[Mapping[FaultKind, Do]] = {
    _K.CABLE_PULLED: _line_strike(_pull),
    _K.LINE_HALF_OPEN: _line_strike(_deafen),
    _K.LINE_NOISE: _line_strike(_noise),
    _K.LINE_REPLAYED: _line_strike(_replay_line),
    _K.CABLES_SWAPPED: _swap_cables,
    _K.BOX_CUT_OFF: _cut_box_off,
    _K.BOX_HALF_OPEN: _half_open,
    _K.GATEWAY_CUT_OFF: _cut_gateway_off,
    _K.BROKER_RESTART: _restart_broker,
    _K.BROKER_AMNESIA: _restart_broker,
    _K.CENTRE_UNREACHABLE: _cut_centre_off,
}
