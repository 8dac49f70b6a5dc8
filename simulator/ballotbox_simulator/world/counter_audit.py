"""Whether a box stops at the last sheet that a report can tell, not before it, and says so."""

from collections.abc import Iterable
from typing import Final

from ballotbox_protocol.wire.report import IncidentCode, Report
from ballotbox_simulator.world.box_node import BoxNode

#: The greatest count that fits into a report, written down here apart from the product.
LIFETIME_MAX: Final = 2**31 - 1


def room_left(box: BoxNode) -> int:
    """Return how many sheets more a box may take in its life, by what lies in its containers."""
    return LIFETIME_MAX - box.lifetime_before - len(box.container)


def untold(box: BoxNode, reports: Iterable[Report]) -> str:
    """Return what is wrong with what a box said of its counters, or nothing."""
    told = any(
        each.incident is not None and each.incident.code is IncidentCode.COUNTERS_FULL
        for each in reports
    )
    full = room_left(box) <= 0
    if full and not told:
        return "its counters are full, and no report says so"
    return "a report says that its counters are full, and they are not" if told and not full else ""
