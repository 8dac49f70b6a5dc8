"""How each kind of fault is done to the world: one function a kind, in one table.

A strike that finds nothing to strike (a cable where there is none) does nothing and is not counted.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from ballotbox_device.core.events import Requested
from ballotbox_device.core.poll import Action
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_simulator.crew import SeededEntropy
from ballotbox_simulator.disk import KEPT, LOST, Ailment, BoxDisk, Torn
from ballotbox_simulator.world.authority_acts import correct, renew_register, rotate_key
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.box_roads import MqttBoxRoad, SerialBoxRoad
from ballotbox_simulator.world.clocks import NodeClock
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.forgery import forged_successor
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import CommitTrouble, SimulatedLedger
from ballotbox_simulator.world.serial_line import SerialLine
from ballotbox_simulator.world.world import PrecinctNodes, World

_NOISE_MAX: Final = 400
_HOUR_S: Final = 3_600
_PPM_MAX: Final = 4_000
_T = TypeVar("_T")


def schedule_strikes(world: World) -> None:
    """Plan every strike of the day."""
    for strike in world.day.strikes:
        if strike.kind in _PREPARED:
            _PREPARED[strike.kind](world, strike)
        elif strike.kind in _DONE:
            world.schedule.at(strike.at, _DONE[strike.kind], world, strike)


def strike_now(world: World, strike: Strike) -> None:
    """Do a strike at once; only for kinds that need no preparation, raises KeyError for others."""
    _DONE[strike.kind](world, strike)


def _nth(things: list[_T], strike: Strike) -> _T | None:
    return things[strike.target % len(things)] if things else None


def _boxes(world: World) -> list[tuple[PrecinctNodes, BoxNode]]:
    return [(precinct, box) for precinct in world.precincts for box in precinct.boxes]


def _on_serial(world: World) -> list[BoxNode]:
    return [box for _, box in _boxes(world) if isinstance(box.road, SerialBoxRoad)]


def _on_mqtt(world: World) -> list[tuple[PrecinctNodes, BoxNode]]:
    return [pair for pair in _boxes(world) if isinstance(pair[1].road, MqttBoxRoad)]


# Serial lines


def _line_strike(
    do: Callable[[World, Strike, SerialLine], None],
) -> Callable[[World, Strike], None]:
    def done(world: World, strike: Strike) -> None:
        box = _nth(_on_serial(world), strike)
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
    boxes = _on_serial(world)
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
    found = _nth(_on_mqtt(world), strike)
    if found is not None:
        precinct, box = found
        world.auditor.struck(strike.kind, box.name)
        precinct.broker.cut_off(box.kit.identity.box, strike.lasts)


def _half_open(world: World, strike: Strike) -> None:
    found = _nth(_on_mqtt(world), strike)
    if found is not None:
        precinct, box = found
        world.auditor.struck(strike.kind, box.name)
        precinct.broker.half_open(box.kit.identity.box)


def _cut_gateway_off(world: World, strike: Strike) -> None:
    precinct = _precinct(world, strike)
    world.auditor.struck(strike.kind, precinct.gateway.name)
    precinct.broker.cut_gateway_off(strike.lasts)


def _restart_broker(world: World, strike: Strike) -> None:
    precinct = _precinct(world, strike)
    world.auditor.struck(strike.kind, precinct.gateway.name)
    amnesia = strike.kind is FaultKind.BROKER_AMNESIA
    precinct.broker.restart(strike.lasts, amnesia=amnesia)


def _precinct(world: World, strike: Strike) -> PrecinctNodes:
    return world.precincts[strike.target % len(world.precincts)]


def _cut_centre_off(world: World, strike: Strike) -> None:
    precinct = _precinct(world, strike)
    world.auditor.struck(strike.kind, precinct.gateway.name)
    precinct.uplink.cut(strike.lasts)


# Boxes


def _box_strike(do: Callable[[World, Strike, BoxNode], bool]) -> Callable[[World, Strike], None]:
    """Return a strike that counts when `do` returns True."""

    def done(world: World, strike: Strike) -> None:
        _, box = _boxes(world)[strike.target % world.total_boxes]
        if do(world, strike, box):
            world.auditor.struck(strike.kind, box.name)

    return done


def _cut_power(_world: World, strike: Strike, box: BoxNode) -> bool:
    if strike.detail % 3 == 0:
        box.cut_in_drop = True
    else:
        box.cut_power(strike.lasts)
    return True


def _cut_in_write(_world: World, strike: Strike, box: BoxNode) -> bool:
    box.cut_in_write(strike.detail % 12)
    return True


def _tear(_world: World, strike: Strike, box: BoxNode) -> bool:
    box.outcomes = (Torn(0), LOST)
    box.cut_in_write(strike.detail % 12)
    return True


def _reorder(_world: World, strike: Strike, box: BoxNode) -> bool:
    box.outcomes = (LOST, KEPT) if strike.detail % 2 else (KEPT, LOST)
    box.cut_in_write(strike.detail % 12)
    return True


def _fail_memory(_world: World, strike: Strike, box: BoxNode) -> bool:
    applied = strike.kind is FaultKind.MEMORY_ERROR_APPLIED
    box.disk.ail(Ailment.APPLIED if applied else Ailment.NOT_APPLIED)
    return True


def _fill_memory(world: World, strike: Strike, box: BoxNode) -> bool:
    box.disk.ail(Ailment.FULL)
    world.schedule.after(strike.lasts, box.disk.ail, None)
    return True


def _rot(_world: World, strike: Strike, box: BoxNode) -> bool:
    file = box.disk.journal if strike.detail % 2 else box.disk.slots
    size = len(file.read())
    if size:
        file.rot(strike.detail // 16 % size, 1 << strike.detail % 8)
    return bool(size)


def _break(_world: World, _strike: Strike, box: BoxNode) -> bool:
    box.break_for_good("the box is broken")
    return True


def _lie(_world: World, _strike: Strike, box: BoxNode) -> bool:
    """Let the next answer be false; it counts as a strike when it is given."""
    box.false_answer = True
    return False


def _press_wrong(_world: World, strike: Strike, box: BoxNode) -> bool:
    actions = list(Action)
    box.officers_sign = False
    box.tell(Requested(actions[strike.detail % len(actions)]))
    box.officers_sign = True
    return True


def _press_twice(world: World, strike: Strike) -> None:
    workers = [each for precinct in world.precincts for each in precinct.workers]
    _, box = _boxes(world)[strike.target % world.total_boxes]
    workers[strike.target % len(workers)].impatient = True
    world.auditor.struck(strike.kind, box.name)


# Clocks


def _clocks(world: World) -> list[tuple[str, NodeClock]]:
    boxes = [(box.name, box.clock) for _, box in _boxes(world)]
    return boxes + [(gateway.name, gateway.clock) for gateway in world.gateways]


def _clock_strike(do: Callable[[Strike, NodeClock], None]) -> Callable[[World, Strike], None]:
    def done(world: World, strike: Strike) -> None:
        name, clock = _clocks(world)[strike.target % len(_clocks(world))]
        world.auditor.struck(strike.kind, name)
        do(strike, clock)

    return done


def _wrong_zone(strike: Strike, clock: NodeClock) -> None:
    clock.offset_s += (strike.detail % 27 - 12) * _HOUR_S


def _drift(strike: Strike, clock: NodeClock) -> None:
    clock.drift_ppm = strike.detail % (2 * _PPM_MAX) - _PPM_MAX


def _step(strike: Strike, clock: NodeClock) -> None:
    # Up to about ten years to either side.
    clock.offset_s += strike.detail % 640_000_000 - 320_000_000


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
        gateway.answers_left = strike.detail // 2 % 5
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


# Attackers


def _replay(world: World, strike: Strike) -> None:
    precinct = _precinct(world, strike)
    heard = world.auditor.heard_reports
    if heard:
        box, report = heard[strike.detail % len(heard)]
        world.auditor.struck(strike.kind, precinct.gateway.name)
        precinct.broker.plant(box, report)


def _forge(world: World, strike: Strike) -> None:
    precinct = _precinct(world, strike)
    heard = world.auditor.heard_reports
    if heard:
        box, report = heard[strike.detail % len(heard)]
        world.auditor.struck(strike.kind, precinct.gateway.name)
        precinct.broker.plant(box, report[:-1] + bytes((report[-1] ^ 1,)))


def _misplace(world: World, strike: Strike) -> None:
    precinct = _precinct(world, strike)
    heard = world.auditor.heard_reports
    if heard and len(precinct.boxes) > 1:
        box, report = heard[strike.detail % len(heard)]
        others = [b.kit.identity.box for b in precinct.boxes if b.kit.identity.box != box]
        world.auditor.struck(strike.kind, precinct.gateway.name)
        precinct.broker.plant(others[strike.detail % len(others)], report)


def _forge_receipt(world: World, strike: Strike) -> None:
    precinct = _precinct(world, strike)
    heard = world.auditor.heard_receipts
    if heard:
        receipt = bytearray(heard[strike.detail % len(heard)])
        at = 1 + strike.detail % (len(receipt) - 1)
        receipt[at] ^= 1 << strike.detail % 8
        box = precinct.boxes[strike.target % len(precinct.boxes)]
        world.auditor.struck(strike.kind, box.name)
        precinct.broker.mislead(box.kit.identity.box, bytes(receipt))


def _steal_key(world: World, strike: Strike) -> None:
    precinct, box = _boxes(world)[strike.target % world.total_boxes]
    if box.device is None or box.device.outgoing.count == 0:
        return
    last = box.kept_report(box.device.outgoing.count - 1)
    if last is None:
        return
    forged = forged_successor(last, box.kit.identity.key, strike.detail)
    world.auditor.struck(strike.kind, box.name)
    message = Message(MessageKind.REPORT, forged).to_bytes()
    precinct.broker.plant(box.kit.identity.box, message)


def _clone(world: World, strike: Strike) -> None:
    precinct, box = _boxes(world)[strike.target % world.total_boxes]
    if box.device is None or box.device.outgoing.count == 0:
        return
    entropy = SeededEntropy(world.chance("clone", strike.at))
    clock = NodeClock(world.schedule)
    twin = box.clone(entropy, world.chance("clone box", strike.at), clock)
    twin.road = MqttBoxRoad(twin, precinct.broker)
    precinct.clones.append(twin)
    world.auditor.struck(strike.kind, box.name)
    twin.power_on()
    world.schedule.after(strike.lasts, twin.break_for_good, "the clone is gone")


def _restore_box(world: World, strike: Strike) -> None:
    """Copy a box's memory now, and put the copy back when it has said more since."""
    world.schedule.at(strike.at, _copy_box, world, strike)


def _copy_box(world: World, strike: Strike) -> None:
    _, box = _boxes(world)[strike.target % world.total_boxes]
    if box.device is not None:
        said = box.device.outgoing.count
        disk = box.disk.copy()
        world.schedule.after(strike.lasts, _put_back, world, strike, box, disk, said)


def _put_back(world: World, strike: Strike, box: BoxNode, disk: BoxDisk, said: int) -> None:
    device = box.device
    if device is not None and device.outgoing.count > said:
        world.auditor.struck(strike.kind, box.name)
        box.restore(disk)


def _restore_gateway(world: World, strike: Strike) -> None:
    world.schedule.at(strike.at, _copy_gateway, world, strike)


def _copy_gateway(world: World, strike: Strike) -> None:
    gateway = _precinct(world, strike).gateway
    world.schedule.after(
        strike.lasts, _roll_back, world, strike, gateway, gateway.ledger.snapshot()
    )


def _roll_back(world: World, strike: Strike, gateway: GatewayNode, ledger: SimulatedLedger) -> None:
    if ledger.log_head().size < gateway.ledger.log_head().size:
        world.auditor.struck(strike.kind, gateway.name)
        gateway.kill()
        gateway.ledger = ledger


_K = FaultKind
_Do = Callable[[World, Strike], None]

#: Strikes that happen at their time.
_DONE: Final[Mapping[FaultKind, _Do]] = {
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
    _K.POWER_CUT: _box_strike(_cut_power),
    _K.POWER_CUT_IN_WRITE: _box_strike(_cut_in_write),
    _K.MEMORY_TORN: _box_strike(_tear),
    _K.MEMORY_REORDERED: _box_strike(_reorder),
    _K.MEMORY_ERROR: _box_strike(_fail_memory),
    _K.MEMORY_ERROR_APPLIED: _box_strike(_fail_memory),
    _K.MEMORY_FULL: _box_strike(_fill_memory),
    _K.MEMORY_ROT: _box_strike(_rot),
    _K.BOX_BROKEN: _box_strike(_break),
    _K.WRONG_ANSWER: _box_strike(_lie),
    _K.PRESSED_WRONG: _box_strike(_press_wrong),
    _K.PRESSED_TWICE: _press_twice,
    _K.REGISTER_RENEWED: renew_register,
    _K.KEY_ROTATED: rotate_key,
    _K.CORRECTED: _box_strike(correct),
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
    _K.REPLAYED_REPORT: _replay,
    _K.FORGED_SIGNATURE: _forge,
    _K.FOREIGN_TOPIC: _misplace,
    _K.FORGED_RECEIPT: _forge_receipt,
    _K.STOLEN_KEY: _steal_key,
    _K.BOX_CLONED: _clone,
}
#: The kinds that `strike_now` can do.
IMMEDIATE: Final = frozenset(_DONE)
#: Strikes that need something to be done before their time.
_PREPARED: Final[Mapping[FaultKind, _Do]] = {
    _K.BOX_RESTORED: _restore_box,
    _K.GATEWAY_RESTORED: _restore_gateway,
}
