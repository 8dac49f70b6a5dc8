"""Faults of gateways, of their ledgers, and of every clock."""

from collections.abc import Callable, Mapping
from typing import Final

from ballotbox_simulator.world.clocks import NodeClock
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import CommitTrouble
from ballotbox_simulator.world.targets import (
    all_boxes,
)
from ballotbox_simulator.world.world import World

_HOUR_S: Final = 3_600
_PPM_MAX: Final = 4_000
_K = FaultKind
Do = Callable[[World, Strike], None]


def _clocks(world: World) -> list[tuple[str, NodeClock]]:
    boxes = [(box.name, box.clock) for _, box in all_boxes(world)]
    return boxes + [(gateway.name, gateway.clock) for gateway in world.gateways]


def _clock_strike(do: Callable[[Strike, NodeClock], None]) -> Callable[[World, Strike], None]:
    def done(world: World, strike: Strike) -> None:
        name, clock = _clocks(world)[strike.target % len(_clocks(world))]
        world.auditor.struck(strike.kind, name)
        do(strike, clock)

    return done


def _wrong_zone(strike: Strike, clock: NodeClock) -> None:
    clock.step((strike.detail % 27 - 12) * _HOUR_S)


def _drift(strike: Strike, clock: NodeClock) -> None:
    clock.drift(strike.detail % (2 * _PPM_MAX) - _PPM_MAX)


def _step(strike: Strike, clock: NodeClock) -> None:
    # Up to about ten years to either side.
    clock.step(strike.detail % 640_000_000 - 320_000_000)


# Gateways


def _gateway_strike(
    do: Callable[[Strike, GatewayNode], None],
) -> Callable[[World, Strike], None]:
    def done(world: World, strike: Strike) -> None:
        gateways = list(world.gateways)
        centre = strike.kind is FaultKind.CENTRE_KILLED
        gateway = world.centre if centre else gateways[strike.target % len(gateways)]
        world.auditor.struck(strike.kind, gateway.name)
        do(strike, gateway)

    return done


def _kill(strike: Strike, gateway: GatewayNode) -> None:
    if strike.detail % 2:
        gateway.process.answers_left = strike.detail // 2 % 5
    else:
        gateway.kill()


def _trouble(trouble: CommitTrouble) -> Callable[[Strike, GatewayNode], None]:
    def do(_strike: Strike, gateway: GatewayNode) -> None:
        gateway.ledger.trouble = trouble

    return do


def _fill_ledger(world: World, strike: Strike) -> None:
    gateways = list(world.gateways)
    gateway = gateways[strike.target % len(gateways)]
    world.auditor.struck(strike.kind, gateway.name)
    gateway.ledger.full = True
    world.schedule.after(strike.lasts, _make_room, gateway)


def _make_room(gateway: GatewayNode) -> None:
    gateway.ledger.full = False


#: How each kind is done.
GATEWAY_STRIKES: Final[Mapping[FaultKind, Do]] = {
    _K.CLOCK_WRONG: _clock_strike(_wrong_zone),
    _K.CLOCK_DRIFT: _clock_strike(_drift),
    _K.CLOCK_STEP: _clock_strike(_step),
    _K.GATEWAY_KILLED: _gateway_strike(_kill),
    _K.GATEWAY_KILLED_UNCOMMITTED: _gateway_strike(_trouble(CommitTrouble.KILLED_UNCOMMITTED)),
    _K.GATEWAY_KILLED_COMMITTED: _gateway_strike(_trouble(CommitTrouble.KILLED_COMMITTED)),
    _K.CENTRE_KILLED: _gateway_strike(_kill),
    _K.LEDGER_ERROR: _gateway_strike(_trouble(CommitTrouble.ERROR)),
    _K.LEDGER_ERROR_APPLIED: _gateway_strike(_trouble(CommitTrouble.ERROR_APPLIED)),
    _K.LEDGER_FULL: _fill_ledger,
}
