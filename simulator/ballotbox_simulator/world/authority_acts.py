"""What the authority and the officers do while boxes vote: newer registers, new keys, corrections.

Everybody gets a newer register at another time, and may be down, cut off or busy just then.
"""

from dataclasses import replace

from ballotbox_device.core.events import CorrectionRequested, RotationRequested
from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.election.identifiers import WIDE_MAX, BoxId, PollState
from ballotbox_protocol.election.register import (
    BoxEntry,
    ClosedAs,
    Closure,
    Officer,
    Register,
    Role,
    key_id,
    origin_id,
)
from ballotbox_protocol.election.register_changes import close_box, enrol_box
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_simulator.authority import seeded_key, with_register
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.world import World

_SPREAD_MS = 20 * MINUTE
_REBOOT_MS = 60_000


def renew_register(world: World, strike: Strike) -> None:
    """Issue a register with one more officer, who signs first wherever it is known."""
    register = world.authority.trusted.register
    key = seeded_key(world.day.seed, "new officer", register.version)
    officer = Officer(key.public, Role.POLL | Role.ELEVATED | Role.RELEASE, None)
    box = list(world.boxes)[strike.target % world.total_boxes]
    world.auditor.struck(FaultKind.REGISTER_RENEWED, box.name)
    _issue(world, strike, replace(register, officers=(*register.officers, officer)))
    world.authority = replace(world.authority, officer_keys=(key, *world.authority.officer_keys))
    _restart_with(world, box, None)


def rotate_key(world: World, strike: Strike) -> None:
    """Issue a register with a box's next key, start the box with it, and have it rotate."""
    box = list(world.boxes)[strike.target % world.total_boxes]
    if box.kit.authority.trusted.digest != world.authority.trusted.digest or box.kit.next_key:
        return
    register = world.authority.trusted.register
    entry = register.entries_of[box.kit.identity.box][-1]
    key = seeded_key(world.day.seed, "next key", entry.box.hex())
    world.auditor.struck(FaultKind.KEY_ROTATED, box.name)
    added = BoxEntry(entry.box, key.public, entry.epoch + 1, entry.precinct, entry.firmware)
    _issue(world, strike, replace(register, boxes=(*register.boxes, added)))
    _restart_with(world, box, key)


def undo_register(world: World, strike: Strike) -> None:
    """End a box that was never used; then officers release a register that knows no such end."""
    box = list(world.boxes)[strike.target % world.total_boxes]
    register = world.authority.trusted.register
    place = register.boxes[strike.target % len(register.boxes)]
    key = seeded_key(world.day.seed, "spare box", register.version)
    spare = BoxId(key_id(key.public) * 2)
    world.auditor.struck(FaultKind.REGISTER_UNDONE, box.name)
    enrolled = enrol_box(register, spare, key.public, place.precinct, place.firmware)
    _issue(world, strike, close_box(enrolled, spare, Closure(ClosedAs.UNUSED, ())))
    world.ended[spare] = world.authority.trusted.register.version
    world.schedule.after(_SPREAD_MS, _undo, world, spare)


def _undo(world: World, spare: BoxId) -> None:
    """Release the newest register without the end, as if nobody knew of it, then with a later."""
    register = world.authority.trusted.register
    later = ((origin_id(register.gateways[0].origin), WIDE_MAX),)
    for closed in (None, Closure(ClosedAs.UNUSED, later)):
        boxes = (replace(e, closed=closed) if e.box == spare else e for e in register.boxes)
        undone = replace(register, version=register.version + 1, boxes=tuple(boxes))
        trusted = with_register(world.authority, undone).trusted
        for gateway in world.gateways:
            gateway.use(trusted)


def _issue(world: World, strike: Strike, register: Register) -> None:
    renewed = replace(register, version=register.version + 1)
    world.authority = with_register(world.authority, renewed)
    trusted = world.authority.trusted
    chance = world.chance("register", strike.at, renewed.version)
    for gateway in world.gateways:
        world.schedule.after(chance.randrange(_SPREAD_MS), gateway.use, trusted)


def _restart_with(world: World, box: BoxNode, key: PrivateKey | None) -> None:
    """Start a box with the newest register, and with a key to rotate to if there is one."""
    if box.kit.rules.trusted.digest != world.authority.trusted.digest:
        return
    rules = ElectionRules.of(world.authority.trusted)
    next_key = key or box.kit.next_key
    box.kit = replace(box.kit, authority=world.authority, rules=rules, next_key=next_key)
    box.cut_power(_REBOOT_MS)
    if key is not None:
        world.schedule.after(2 * _REBOOT_MS, _rotate, world, box, key, 10)


def _rotate(world: World, box: BoxNode, key: PrivateKey, tries: int) -> None:
    """Ask until the box is on to be asked."""
    if box.tell(RotationRequested(key)) is None and tries:
        world.schedule.after(5 * MINUTE, _rotate, world, box, key, tries - 1)


def correct(_world: World, _strike: Strike, box: BoxNode) -> bool:
    """Have two officers confirm the final's own votes: a correction that changes nothing."""
    device = box.device
    if device is None or device.state not in (PollState.FINAL, PollState.SEALED):
        return False
    for sequence in range(device.outgoing.count):
        data = box.kept_report(sequence)
        if data is None:
            return False
        report = decode_report(cose.parse(data).payload)
        if report.kind is ReportKind.FINAL and report.votes is not None:
            return box.tell(CorrectionRequested(report.votes)) is not None
    return False
