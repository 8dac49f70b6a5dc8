"""What people do who mean harm: replay, forge, steal, clone, and put back old memories."""

from collections.abc import Callable, Mapping
from typing import Final

from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_simulator.crew import SeededEntropy
from ballotbox_simulator.disk import BoxDisk
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.box_roads import MqttBoxRoad
from ballotbox_simulator.world.clocks import NodeClock
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.forgery import (
    forged_checkpoint,
    forged_successor,
    without_the_key,
)
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.targets import (
    all_boxes,
    precinct_of,
)
from ballotbox_simulator.world.world import World

#: A thief with this bit in `detail` looks at the box now and then after the hours, so many times.
_WAITS: Final = 4
_LOOK_MS: Final = 1_000
_LOOKS: Final = 1_200
#: The `detail` of a forged report that follows the last one of its box.
_NEXT: Final = 1
_K = FaultKind
Do = Callable[[World, Strike], None]


def _replay(world: World, strike: Strike) -> None:
    precinct = precinct_of(world, strike)
    heard = world.auditor.heard_reports
    if heard:
        box, report = heard[strike.detail % len(heard)]
        world.auditor.struck(strike.kind, precinct.gateway.name)
        precinct.broker.plant(box, report)
        old = _heard_note(world, precinct.gateway, strike.detail)
        if old is not None:
            precinct.broker.plant(box, Message(MessageKind.HELD, old).to_bytes())


def _heard_note(world: World, gateway: GatewayNode, detail: int) -> bytes | None:
    """Return a checkpoint of this gateway from a receipt that somebody wrote down, or None."""
    heard = world.auditor.heard_receipts
    receipt = Receipt.from_bytes(heard[detail % len(heard)][1:]) if heard else None
    if not isinstance(receipt, Receipt):
        return None
    return receipt.note if receipt.note.startswith(gateway.name.encode() + b"\n") else None


def _forge(world: World, strike: Strike) -> None:
    precinct = precinct_of(world, strike)
    heard = world.auditor.heard_reports
    if heard:
        box, report = heard[strike.detail // 3 % len(heard)]
        world.auditor.struck(strike.kind, precinct.gateway.name)
        forged = without_the_key(report[1:], strike.detail)
        precinct.broker.plant(box, Message(MessageKind.REPORT, forged).to_bytes())
        note = forged_checkpoint(precinct.gateway.name, strike.detail)
        precinct.broker.plant(box, Message(MessageKind.HELD, note).to_bytes())


def _misplace(world: World, strike: Strike) -> None:
    precinct = precinct_of(world, strike)
    heard = world.auditor.heard_reports
    if heard and len(precinct.boxes) > 1:
        box, report = heard[strike.detail % len(heard)]
        others = [b.kit.identity.box for b in precinct.boxes if b.kit.identity.box != box]
        world.auditor.struck(strike.kind, precinct.gateway.name)
        precinct.broker.plant(others[strike.detail % len(others)], report)


def _forge_receipt(world: World, strike: Strike) -> None:
    precinct = precinct_of(world, strike)
    heard = world.auditor.heard_receipts
    if heard:
        receipt = bytearray(heard[strike.detail % len(heard)])
        at = 1 + strike.detail % (len(receipt) - 1)
        receipt[at] ^= 1 << strike.detail % 8
        box = precinct.boxes[strike.target % len(precinct.boxes)]
        world.auditor.struck(strike.kind, box.name)
        precinct.broker.mislead(box.kit.identity.box, bytes(receipt))


def _steal_key(world: World, strike: Strike) -> None:
    """Sign a report with a box's key now; who has it for a while may wait for the close."""
    if strike.lasts and strike.detail & _WAITS:
        closing = max(strike.at, world.day.plan.hours.closing)
        world.schedule.at(closing, _stuff_once_closed, world, strike, _LOOKS)
    else:
        _sign_for_the_box(world, strike, strike.detail)


def _stuff_once_closed(world: World, strike: Strike, looks: int) -> None:
    _, box = all_boxes(world)[strike.target % world.total_boxes]
    if box.device is not None and box.device.state is PollState.CLOSED:
        _sign_for_the_box(world, strike, _NEXT)
    elif looks:
        world.schedule.after(_LOOK_MS, _stuff_once_closed, world, strike, looks - 1)


def _sign_for_the_box(world: World, strike: Strike, detail: int) -> None:
    precinct, box = all_boxes(world)[strike.target % world.total_boxes]
    if box.device is None or box.device.outgoing.count == 0:
        return
    last = box.kept_report(box.device.outgoing.count - 1)
    if last is None:
        return
    forged = forged_successor(last, box.kit.identity.key, detail)
    world.auditor.struck(strike.kind, box.name)
    message = Message(MessageKind.REPORT, forged).to_bytes()
    precinct.broker.plant(box.kit.identity.box, message)


def _clone(world: World, strike: Strike) -> None:
    precinct, box = all_boxes(world)[strike.target % world.total_boxes]
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
    _, box = all_boxes(world)[strike.target % world.total_boxes]
    if box.device is not None:
        said = len(world.auditor.signed_by[box.name])
        disk = box.disk.copy()
        world.schedule.after(strike.lasts, _put_back, world, strike, box, disk, said)


def _put_back(world: World, strike: Strike, box: BoxNode, disk: BoxDisk, said: int) -> None:
    since = world.auditor.signed_by[box.name][said:]
    over = world.schedule.now > world.day.plan.hours.end
    if box.device is not None and since and not over:
        world.auditor.struck(strike.kind, box.name)
        world.auditor.blows.forgotten[box.name].append(since)
        box.restore(disk)


def _restore_gateway(world: World, strike: Strike) -> None:
    world.schedule.at(strike.at, _copy_gateway, world, strike)


def _copy_gateway(world: World, strike: Strike) -> None:
    centre = strike.kind is FaultKind.CENTRE_RESTORED
    gateway = world.centre if centre else precinct_of(world, strike).gateway
    world.schedule.after(
        strike.lasts, _roll_back, world, strike, gateway, gateway.ledger.snapshot()
    )


def _roll_back(world: World, strike: Strike, gateway: GatewayNode, ledger: SimulatedLedger) -> None:
    over = world.schedule.now > world.day.plan.hours.end
    if gateway.gone:
        return
    if ledger.log_head().size < gateway.ledger.log_head().size and not over:
        world.auditor.struck(strike.kind, gateway.name)
        gateway.kill()
        gateway.ledger = ledger


#: How each kind is done.
ATTACKS: Final[Mapping[FaultKind, Do]] = {
    _K.REPLAYED_REPORT: _replay,
    _K.FORGED_SIGNATURE: _forge,
    _K.FOREIGN_TOPIC: _misplace,
    _K.FORGED_RECEIPT: _forge_receipt,
    _K.STOLEN_KEY: _steal_key,
    _K.BOX_CLONED: _clone,
}
#: How kinds are done for which something must be prepared before their time.
PREPARED_ATTACKS: Final[Mapping[FaultKind, Do]] = {
    _K.BOX_RESTORED: _restore_box,
    _K.GATEWAY_RESTORED: _restore_gateway,
    _K.CENTRE_RESTORED: _restore_gateway,
}
