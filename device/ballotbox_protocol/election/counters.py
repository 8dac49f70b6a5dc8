"""The counters of a box: they count sheets of paper, `ballots` counts first sheets alone."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter

from ballotbox_protocol.election.identifiers import COUNT_MAX, require_count


@dataclass(frozen=True, slots=True)
class Counters:
    """What a box has counted in one election, and over its life.

    presented: sheets that entered the transport and were judged.
    accepted: sheets known to have dropped into the box.
    returned: sheets given back to the voter.
    pending: sheets released whose drop is not yet known, 0 or 1.
    portable: those of `accepted` that came from a portable box.
    box: the box counter, read from the slots that hold the sheets' choices.
    ballots: accepted first sheets.
    lifetime: sheets accepted since the box was made, all elections together.
    """

    presented: int = 0
    accepted: int = 0
    returned: int = 0
    pending: int = 0
    portable: int = 0
    box: int = 0
    ballots: int = 0
    lifetime: int = 0

    def __post_init__(self) -> None:
        for name, value in zip(COUNTER_NAMES, counts_of(self), strict=True):
            if type(value) is not int or not 0 <= value <= COUNT_MAX:
                require_count(value, f"counters.{name}")


#: Wire order of the counters: the map key of a counter is its place here.
COUNTER_NAMES = tuple(field.name for field in fields(Counters))
#: Returns the eight counts in wire order.
counts_of: Callable[[Counters], tuple[int, ...]] = attrgetter(*COUNTER_NAMES)
