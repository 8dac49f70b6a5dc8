"""The stations of one gateway and what they hand up; parts run in processes of their own."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ballotbox_gateway.core.upward import UpwardBatch
from ballotbox_protocol.election.identifiers import require
from ballotbox_simulator.authority import Authority, make_authority
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.night.definition import (
    CENTRE,
    gateway_of,
    plan_of,
)
from ballotbox_simulator.night.draw import Night, draw_night
from ballotbox_simulator.night.facts import load_facts
from ballotbox_simulator.night.places import SMALL, Places, whole
from ballotbox_simulator.night.station import HOUR, MORNING, Station
from ballotbox_simulator.workload import Truth

#: 22:00, Unix seconds: boxes are connected after the polls, and by then most have reported.
AT_TEN: Final = MORNING + 14 * HOUR
#: When the last reports have come.
LAST_HEARD: Final = AT_TEN + 6 * HOUR


@dataclass(frozen=True, slots=True)
class NightPlan:
    """What is held and where its files go."""

    out: Path
    seed: int = 1
    small: bool = False
    jobs: int = 2

    def __post_init__(self) -> None:
        require(self.jobs >= 1, "--jobs", "must be 1 or more")


@dataclass(slots=True)
class Part:
    """What one gateway's stations came to.

    batch: its log at 22:00. late: the reports that come after that. truths: by box, from the
    sheets alone.
    """

    number: int
    batch: UpwardBatch | None = None
    late: list[bytes] = field(default_factory=list)
    truths: dict[str, Truth] = field(default_factory=dict)
    fed: int = 0
    sent: int = 0
    receipted: int = 0


def prepare(plan: NightPlan) -> tuple[Night, Authority]:
    """Return the night that a plan's seed makes, and its election with all keys."""
    facts = load_facts()
    night = draw_night(Places(facts, SMALL if plan.small else whole(facts)), plan.seed)
    return night, make_authority(plan_of(night))


def run_parts(plan: NightPlan, night: Night) -> Iterator[Part]:
    """Run all parts in the plan's processes and yield them in order."""
    count = night.places.size.gateways
    jobs = min(plan.jobs, count)
    with ProcessPoolExecutor(jobs, initializer=_prepare_worker, initargs=(plan,)) as pool:
        yield from pool.map(_run_part, range(count))


def gateway_at(plan: NightPlan, authority: Authority, number: int, now: int) -> InnerGateway:
    """Return the gateway of a part, on the ledger it had before."""
    directory = plan.out / "gateways" / str(number + 1)
    return InnerGateway(directory, authority, gateway_of(number), now)


_worker: dict[str, Any] = {}


def _prepare_worker(plan: NightPlan) -> None:
    """Give a worker process the night once, not with every part."""
    night, authority = prepare(plan)
    _worker.update(plan=plan, night=night, authority=authority, station=Station(night, authority))


def _run_part(number: int) -> Part:
    plan, night, authority = _worker["plan"], _worker["night"], _worker["authority"]
    part = Part(number)
    size = night.places.size
    first = number * size.per_gateway
    places = range(first, min(first + size.per_gateway, size.precincts))
    with gateway_at(plan, authority, number, AT_TEN) as gateway:
        for place in places:
            day = _worker["station"].day(place)
            part.truths[authority.boxes[place].hex()] = day.truth
            part.fed += day.truth.fed
            part.sent += len(day.reports)
            if night.precincts[place].late:
                part.late += day.reports
            else:
                part.receipted += gateway.admit(day.reports)
        part.receipted += gateway.flush()
        part.batch = gateway.upward(CENTRE)
    return part
