"""Faults of boxes and of the people at them: power, memory, mechanics, buttons."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ballotbox_device.core.events import Consented, ReprintRequested, Requested
from ballotbox_device.core.outputs import ConsentNeeded
from ballotbox_device.core.poll import Action
from ballotbox_device.core.signals import Signal
from ballotbox_simulator.authority import FIRMWARE_SEQUENCE
from ballotbox_simulator.disk import KEPT, LOST, Ailment, MemoryJournal, MemorySlots, Torn
from ballotbox_simulator.world.authority_acts import (
    correct,
    renew_register,
    rotate_key,
    undo_register,
)
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.targets import (
    all_boxes,
)
from ballotbox_simulator.world.world import World

_K = FaultKind
#: How long a full battery lasts.
_BATTERY_MS: Final = 30 * MINUTE
#: In so many parts a small container takes the ballots of a day, a few sheets more in each.
_CONTAINERS: Final = 8
#: With this bit in `detail` power fails while a slot is emptied, which is done on the other medium;
#: and the copy ends within it, if it is not in use.
_WITH_REST: Final = 2
#: What a slot begins with that was reserved.
_REST: Final = b"\x0f" + bytes(64)
Do = Callable[[World, Strike], None]

#: By a strike's detail: only about a sheet that fell, or only about one that did not.
_LIES: Final = {1: frozenset({True}), 2: frozenset({False})}


def _box_strike(do: Callable[[World, Strike, BoxNode], bool]) -> Callable[[World, Strike], None]:
    """Return a strike that counts when `do` returns True."""

    def done(world: World, strike: Strike) -> None:
        _, box = all_boxes(world)[strike.target % world.total_boxes]
        if do(world, strike, box):
            world.auditor.struck(strike.kind, box.name)

    return done


def _cut_power(_world: World, strike: Strike, box: BoxNode) -> bool:
    if strike.detail % 3 == 0:
        box.mouth.cut_in_drop = True
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
    """Flip a bit of one copy, unless the copies differ already: that would be rot of both."""
    files = box.disk.files
    kind = strike.detail % 2
    if files[kind].read() != files[kind + 2].read():
        return False
    return _flip(files[strike.detail % 4], strike.detail)


def _rot_both(_world: World, strike: Strike, box: BoxNode) -> bool:
    """Flip one bit at the same place of both copies."""
    kind = strike.detail % 2
    files = box.disk.files[kind::2]
    if files[0].read() != files[1].read():
        return False
    struck = [_flip(file, strike.detail) for file in files]
    return all(struck)


def _flip(file: MemoryJournal | MemorySlots, detail: int) -> bool:
    size = len(file.read())
    if size:
        file.rot(detail // 32 % size, 1 << detail // 4 % 8)
    return bool(size)


def _cut_slots(_world: World, strike: Strike, box: BoxNode) -> bool:
    """Take power away and with it the end of one copy of the slots."""
    return _cut_off(box, strike, (1, 3)[strike.detail % 2 :][:1])


def _cut_slots_of_both(_world: World, strike: Strike, box: BoxNode) -> bool:
    """Take power away and with it the end of both copies, at one place."""
    return _cut_off(box, replace(strike, detail=strike.detail & ~_WITH_REST), (1, 3))


def _cut_off(box: BoxNode, strike: Strike, copies: tuple[int, ...]) -> bool:
    files, size = box.disk.files, box.kit.rules.slots.size
    if box.stopped or not files[1].read() or files[1].read() != files[3].read():
        return False
    box.cut_power(strike.lasts)
    for copy in copies:
        whole = files[copy].read()
        at = strike.detail // 4 % len(whole)
        slot = at // size * size
        empty = not any(whole[slot : slot + size])
        rest = _REST if strike.detail & _WITH_REST and empty else whole[slot:]
        files[copy].load(whole[:slot] + rest[: at - slot])
    return True


def _go_wrong(signal: Signal, mended: Signal) -> Callable[[World, Strike, BoxNode], bool]:
    def done(_world: World, strike: Strike, box: BoxNode) -> bool:
        return box.go_wrong(signal, mended, strike.lasts)

    return done


def _lose_mains(world: World, strike: Strike, box: BoxNode) -> bool:
    """Run on the battery; when that is empty before the mains are back, power fails."""
    struck = box.go_wrong(Signal.MAINS_LOST, Signal.MAINS_BACK, strike.lasts)
    if struck and strike.lasts > _BATTERY_MS:
        world.schedule.after(_BATTERY_MS, box.cut_power, strike.lasts - _BATTERY_MS)
    return struck


def _shrink_container(world: World, strike: Strike, box: BoxNode) -> bool:
    # Full a few times on any day, be it short or long.
    capacity = world.day.plan.ballots // _CONTAINERS + 8 + strike.detail % 40
    box.habits = replace(box.habits, capacity=capacity, capacity_warning=capacity - 3)
    return True


def _reprint(_world: World, strike: Strike, box: BoxNode) -> bool:
    device = box.device
    return device is not None and bool(
        box.tell(ReprintRequested(strike.detail % device.outgoing.count))
    )


def _break(_world: World, _strike: Strike, box: BoxNode) -> bool:
    box.break_for_good("the box is broken")
    return True


def _put_firmware_back(_world: World, _strike: Strike, box: BoxNode) -> bool:
    """Start a box that has spoken with an older firmware, which is on the list as well."""
    identity = box.kit.identity
    spoken = box.device is not None and box.device.outgoing.count > 0
    if not spoken or identity.firmware.sequence < FIRMWARE_SEQUENCE:
        return False
    older = replace(identity.firmware, sequence=FIRMWARE_SEQUENCE - 1)
    box.kit = replace(box.kit, identity=replace(identity, firmware=older))
    box.cut_power(MINUTE)
    return True


def _lie(_world: World, strike: Strike, box: BoxNode) -> bool:
    """Let the next answer be false; it counts as a strike when it is given."""
    box.mouth.false_answers = _LIES.get(strike.detail, frozenset({True, False}))
    return False


def _press_wrong(world: World, strike: Strike, box: BoxNode) -> bool:
    """Press a button out of turn; where officers must sign, one of them does, and no other."""
    actions = list(Action)
    box.officers_sign = False
    outputs = box.tell(Requested(actions[strike.detail % len(actions)]))
    box.officers_sign = True
    for output in outputs or ():
        if isinstance(output, ConsentNeeded):
            alone = world.authority.consent(output.payload, output.message_type, officers=1)
            box.tell(Consented(alone))
    return True


def _press_twice(world: World, strike: Strike) -> None:
    workers = [each for precinct in world.precincts for each in precinct.workers]
    _, box = all_boxes(world)[strike.target % world.total_boxes]
    workers[strike.target % len(workers)].impatient = True
    world.auditor.struck(strike.kind, box.name)


#: How each kind is done.
BOX_STRIKES: Final[Mapping[FaultKind, Do]] = {
    _K.REGISTER_RENEWED: renew_register,
    _K.KEY_ROTATED: rotate_key,
    _K.REGISTER_UNDONE: undo_register,
    _K.POWER_CUT: _box_strike(_cut_power),
    _K.POWER_CUT_IN_WRITE: _box_strike(_cut_in_write),
    _K.MEMORY_TORN: _box_strike(_tear),
    _K.MEMORY_REORDERED: _box_strike(_reorder),
    _K.MEMORY_ERROR: _box_strike(_fail_memory),
    _K.MEMORY_ERROR_APPLIED: _box_strike(_fail_memory),
    _K.MEMORY_FULL: _box_strike(_fill_memory),
    _K.MEMORY_ROT: _box_strike(_rot),
    _K.MEMORY_ROT_BOTH: _box_strike(_rot_both),
    _K.SLOTS_CUT: _box_strike(_cut_slots),
    _K.SLOTS_CUT_BOTH: _box_strike(_cut_slots_of_both),
    _K.COVER_OPENED: _box_strike(_go_wrong(Signal.COVER_OPENED, Signal.COVER_CLOSED)),
    _K.SEAL_BROKEN: _box_strike(_go_wrong(Signal.SEAL_BROKEN, Signal.SEAL_RENEWED)),
    _K.MAINS_LOST: _box_strike(_lose_mains),
    _K.BATTERY_LOW: _box_strike(_go_wrong(Signal.BATTERY_LOW, Signal.BATTERY_CHARGED)),
    _K.PAPER_OUT: _box_strike(_go_wrong(Signal.PAPER_OUT, Signal.PRINTER_READY)),
    _K.PRINTER_JAMMED: _box_strike(_go_wrong(Signal.PRINTER_JAMMED, Signal.PRINTER_READY)),
    _K.SCANNER_DIRTY: _box_strike(_go_wrong(Signal.SCANNER_DIRTY, Signal.SCANNER_CLEANED)),
    _K.SMALL_CONTAINER: _box_strike(_shrink_container),
    _K.REPRINTED: _box_strike(_reprint),
    _K.BOX_BROKEN: _box_strike(_break),
    _K.FIRMWARE_PUT_BACK: _box_strike(_put_firmware_back),
    _K.WRONG_ANSWER: _box_strike(_lie),
    _K.PRESSED_WRONG: _box_strike(_press_wrong),
    _K.PRESSED_TWICE: _press_twice,
    _K.CORRECTED: _box_strike(correct),
}
