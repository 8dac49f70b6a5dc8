"""The night through the real cores: boxes, gateways, centre, exported log, published pages.

Each gateway and its stations run in any of several processes; the centre takes their logs in order,
so the outcome is the same for any number of them. At 22:00 the centre's log is published as it is;
what comes later follows, and is published again. The way of a publication is `publishing`.
"""

from collections.abc import Callable
from typing import Final

from ballotbox_gateway.core.upward import UpwardBatch
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.night.definition import CENTRE
from ballotbox_simulator.night.held import HeldNight
from ballotbox_simulator.night.night_rules import rules_of
from ballotbox_simulator.night.parts import (
    AT_TEN,
    LAST_HEARD,
    NightPlan,
    Part,
    gateway_at,
    prepare,
    run_parts,
)
from ballotbox_simulator.night.publishing import furnish, publish, written
from ballotbox_simulator.results_directory import make_room

#: Told what is being done, and how much of the night is done.
Progress = Callable[[str, float], None]

#: The folders of the two publications.
EVENING: Final = "at-22-00"
FINAL: Final = "final"
#: How much of the time has passed when each of these begins.
_AT_TEN_BEGINS, _LATE_BEGINS, _FINAL_BEGINS = 0.6, 0.78, 0.8


def hold_evening(plan: NightPlan, progress: Progress) -> HeldNight:
    """Hold the night up to the page of 22:00.

    Raises InvalidField, OSError, NotDelivered or OfficeFailed.
    """
    make_room(plan.out)
    held = HeldNight(plan, *prepare(plan))
    furnish(held, rules_of(held.night))
    count = held.night.places.size.gateways
    with held.open_centre() as centre:
        for part in run_parts(plan, held.night):
            _take(held, part, centre)
            progress("Stations", _AT_TEN_BEGINS * (part.number + 1) / count)
    progress("The page of 22:00", _AT_TEN_BEGINS)
    held.evening = publish(held, EVENING)
    return held


def hold_late(held: HeldNight, progress: Progress) -> None:
    """Go on after 22:00: the other boxes report, and the final page is made."""
    progress("Late reports", _LATE_BEGINS)
    held.now = LAST_HEARD
    with held.open_centre() as centre:
        for number, reports in sorted(held.late.items()):
            with gateway_at(held.plan, held.authority, number, LAST_HEARD) as gateway:
                held.receipted += gateway.admit(reports) + gateway.flush()
                _carry_up(gateway, gateway.upward(CENTRE), centre)
    progress("The final page", _FINAL_BEGINS)
    held.final = publish(held, FINAL)
    held.evening, held.final = written(held, held.evening), written(held, held.final)
    progress("Done", 1.0)


def _take(held: HeldNight, part: Part, centre: InnerGateway) -> None:
    held.fed += part.fed
    held.sent += part.sent
    held.receipted += part.receipted
    held.truths |= part.truths
    if part.late:
        held.late[part.number] = part.late
    with gateway_at(held.plan, held.authority, part.number, AT_TEN) as gateway:
        _carry_up(gateway, part.batch, centre)


def _carry_up(gateway: InnerGateway, batch: UpwardBatch | None, centre: InnerGateway) -> None:
    if batch is not None:
        gateway.receipted(batch, centre.take(batch), CENTRE)
