"""Boxes that served elections before this one, and can count few sheets more in their lives."""

from hashlib import sha256
from typing import Final

from ballotbox_device.core import units
from ballotbox_device.core.records import CLEARED, Genesis
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.counter_audit import LIFETIME_MAX
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.plan import Day

_BEFORE: Final = ElectionDigest(sha256(b"an election before this one").digest())
_BOOTS: Final = 3
#: So many sheets more than voters bring to it on a day, at most, a box can still count.
_SPARE: Final = 2


def room_of(day: Day, place: int) -> int | None:
    """Return how many sheets the box at a place among all can count; None for a new box."""
    plan = day.plan
    for strike in day.strikes:
        at_it = strike.target % (plan.boxes * plan.precincts) == place
        if strike.kind is FaultKind.COUNTERS_FULL and at_it:
            return strike.detail % (plan.ballots + plan.portable + _SPARE)
    return None


def let_have_served(box: BoxNode, room: int) -> None:
    """Give a new box the memory of one that was cleared of another election."""
    box.lifetime_before = LIFETIME_MAX - room
    identity, slot_size = box.kit.identity, box.kit.rules.slots.size
    born = Genesis(_BEFORE, identity.box, box.lifetime_before, _BOOTS, slot_size, 0)
    for medium in box.disk.memory.media:
        medium.journal.append(
            b"".join(units.frame(each.to_bytes()) for each in (born.record(), CLEARED))
        )
        medium.journal.sync()
