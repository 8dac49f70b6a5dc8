"""The night while it is held: its election, its people, and what came of it so far."""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from ballotbox_simulator.authority import Authority
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.night.definition import CENTRE
from ballotbox_simulator.night.draw import Night
from ballotbox_simulator.night.office import Means, Office
from ballotbox_simulator.night.parts import AT_TEN, NightPlan
from ballotbox_simulator.night.program import Said
from ballotbox_simulator.publishing import PublishedPage
from ballotbox_simulator.workload import Truth

#: The folder that officers release results into.
PUBLISHED: Final = "published"
#: Pages of two publications are written at one time, each in a process of its own.
_WRITERS: Final = 2


@dataclass(slots=True)
class HeldNight:
    """The night as it was held, with what was published at 22:00 and in the end.

    A publication that was refused is the reason, in words. truths: by box, from the sheets alone.
    means: what officers released to compute with. shown: the pages that were written last. writing:
    by first page, those that are under way. now: Unix seconds at the centre.
    """

    plan: NightPlan
    night: Night
    authority: Authority
    evening: PublishedPage | str = "nothing is published yet"
    final: PublishedPage | str = "nothing is published yet"
    fed: int = 0
    sent: int = 0
    receipted: int = 0
    shown: str = ""
    now: int = AT_TEN
    truths: dict[str, Truth] = field(default_factory=dict)
    late: dict[int, list[bytes]] = field(default_factory=dict)
    office: Office = field(init=False)
    means: Means = field(init=False)
    writers: Executor = field(default_factory=partial(ThreadPoolExecutor, _WRITERS))
    writing: dict[Path, Future[Said]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.office = Office(self.plan.out / "office", self.plan.out / PUBLISHED)

    @property
    def centre(self) -> Path:
        """The directory of the centre's ledger."""
        return self.plan.out / "centre"

    def open_centre(self) -> InnerGateway:
        """Return the centre on the ledger it has."""
        return InnerGateway(self.centre, self.authority, CENTRE, self.now)
