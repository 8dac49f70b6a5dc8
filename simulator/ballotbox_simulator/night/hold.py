"""The night through the real cores: boxes, gateways, centre, exported log, published pages.

Each gateway and its stations run in any of several processes; the centre takes their logs in order,
so the outcome is the same for any number of them. At 22:00 the centre's log is published as it is;
what comes later follows, and is published again.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ballotbox_gateway.core.upward import UpwardBatch
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.night.definition import CENTRE
from ballotbox_simulator.night.draw import Night
from ballotbox_simulator.night.parts import (
    AT_TEN,
    NightPlan,
    Part,
    gateway_at,
    prepare,
    run_parts,
)
from ballotbox_simulator.night.station import HOUR
from ballotbox_simulator.publishing import PublishedPage, tabulate_log
from ballotbox_simulator.results_directory import make_room
from ballotbox_simulator.workload import Truth

#: Told what is being done, and how much of the night is done.
Progress = Callable[[str, float], None]

#: The folders of the two publications.
EVENING: Final = "at-22-00"
FINAL: Final = "final"
_LAST_HEARD: Final = AT_TEN + 6 * HOUR
#: How much of the time has passed when each of these begins.
_AT_TEN_BEGINS, _LATE_BEGINS, _FINAL_BEGINS = 0.6, 0.78, 0.8


@dataclass(slots=True)
class HeldNight:
    """The night as it was held, with what was published at 22:00 and in the end.

    A publication that was refused is the reason, in words. truths: by box, from the sheets alone.
    """

    plan: NightPlan
    night: Night
    authority: Authority
    evening: PublishedPage | str = "nothing is published yet"
    final: PublishedPage | str = "nothing is published yet"
    fed: int = 0
    sent: int = 0
    receipted: int = 0
    truths: dict[str, Truth] = field(default_factory=dict)
    late: dict[int, list[bytes]] = field(default_factory=dict)

    @property
    def centre(self) -> Path:
        """The directory of the centre's ledger."""
        return self.plan.out / "centre"

    def open_centre(self, now: int) -> InnerGateway:
        """Return the centre on the ledger it has."""
        return InnerGateway(self.centre, self.authority, CENTRE, now)


def hold_evening(plan: NightPlan, progress: Progress) -> HeldNight:
    """Hold the night up to the page of 22:00; raises InvalidField, OSError or NotDelivered."""
    make_room(plan.out)
    held = HeldNight(plan, *prepare(plan))
    count = held.night.places.size.gateways
    with held.open_centre(AT_TEN) as centre:
        for part in run_parts(plan, held.night):
            _take(held, part, centre)
            progress("Stations", _AT_TEN_BEGINS * (part.number + 1) / count)
    progress("The page of 22:00", _AT_TEN_BEGINS)
    held.evening = publish(held, EVENING)
    return held


def hold_late(held: HeldNight, progress: Progress) -> None:
    """Go on after 22:00: the other boxes report, and the final page is made."""
    progress("Late reports", _LATE_BEGINS)
    with held.open_centre(_LAST_HEARD) as centre:
        for number, reports in sorted(held.late.items()):
            with gateway_at(held.plan, held.authority, number, _LAST_HEARD) as gateway:
                held.receipted += gateway.admit(reports) + gateway.flush()
                _carry_up(gateway, gateway.upward(CENTRE), centre)
    progress("The final page", _FINAL_BEGINS)
    held.final = publish(held, FINAL)
    progress("Done", 1.0)


def publish(held: HeldNight, name: str) -> PublishedPage | str:
    """Export the centre's log anew and tabulate it into the folder `name`."""
    log = held.plan.out / "logs" / name
    # What was exported before is no witness against what the ledger says now.
    shutil.rmtree(log, ignore_errors=True)
    with held.open_centre(_LAST_HEARD) as centre:
        centre.export(log)
    return tabulate_log(log, held.authority, held.plan.out / name)


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
