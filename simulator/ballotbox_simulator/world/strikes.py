"""The strikes of a day, done to the world at their time.

A strike that finds nothing to strike (a cable where there is none) does nothing and is not counted.
"""

from typing import Final

from ballotbox_simulator.world.attacks import ATTACKS, PREPARED_ATTACKS
from ballotbox_simulator.world.box_strikes import BOX_STRIKES
from ballotbox_simulator.world.crossings import carry_across
from ballotbox_simulator.world.faults import COUNT_KINDS, STICK_KINDS, FaultKind, Strike
from ballotbox_simulator.world.floods import FLOODS
from ballotbox_simulator.world.gateway_strikes import GATEWAY_STRIKES
from ballotbox_simulator.world.lost_machines import lose_machine
from ballotbox_simulator.world.road_strikes import ROAD_STRIKES
from ballotbox_simulator.world.sticks import carry_on_a_stick
from ballotbox_simulator.world.targets import precinct_of
from ballotbox_simulator.world.world import World


def _mislead_tellers(world: World, strike: Strike) -> None:
    """Let people err in the first version that they have yet to write; see `hand_counting`."""
    tellers = precinct_of(world, strike).tellers
    if tellers is not None:
        tellers.err(strike.kind, strike.detail)


_DONE: Final = {
    **ROAD_STRIKES,
    **BOX_STRIKES,
    **GATEWAY_STRIKES,
    **ATTACKS,
    **FLOODS,
    FaultKind.GATEWAY_LOST: lose_machine,
    FaultKind.ELECTION_REPLAYED: carry_across,
    **dict.fromkeys(STICK_KINDS, carry_on_a_stick),
    **dict.fromkeys(COUNT_KINDS, _mislead_tellers),
}
#: The kinds that `strike_now` can do.
IMMEDIATE: Final = frozenset(_DONE)


def schedule_strikes(world: World) -> None:
    """Plan every strike of the day."""
    for strike in world.day.strikes:
        if strike.kind in PREPARED_ATTACKS:
            PREPARED_ATTACKS[strike.kind](world, strike)
        elif strike.kind in _DONE:
            world.schedule.at(strike.at, _DONE[strike.kind], world, strike)


def strike_now(world: World, strike: Strike) -> None:
    """Do a strike at once; only for kinds that need no preparation, raises KeyError for others."""
    _DONE[strike.kind](world, strike)
