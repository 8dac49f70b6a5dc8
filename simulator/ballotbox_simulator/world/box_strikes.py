"""Faults of boxes and of the people at them: power, memory, mechanics, buttons."""

from collections.abc import Callable, Mapping
from typing import Final

from ballotbox_device.core.events import Requested
from ballotbox_device.core.poll import Action
from ballotbox_simulator.disk import KEPT, LOST, Ailment, Torn
from ballotbox_simulator.world.authority_acts import correct, renew_register, rotate_key
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.targets import (
    all_boxes,
)
from ballotbox_simulator.world.world import World

_K = FaultKind
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


def _lie(_world: World, strike: Strike, box: BoxNode) -> bool:
    """Let the next answer be false; it counts as a strike when it is given."""
    box.false_answers = _LIES.get(strike.detail, frozenset({True, False}))
    return False


def _press_wrong(_world: World, strike: Strike, box: BoxNode) -> bool:
    actions = list(Action)
    box.officers_sign = False
    box.tell(Requested(actions[strike.detail % len(actions)]))
    box.officers_sign = True
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
    _K.CORRECTED: _box_strike(correct),
}
