"""The elections that simulated days hold; keys and documents are made once for each size."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.election.definition import BallotStyle, Contest, ContestKind, Option
from ballotbox_simulator.authority import Authority, Plan, make_authority
from ballotbox_simulator.world.plan import Ballots

CENTRE: Final = "simulation.example/centre"
#: Vote lines of the one contest of the short election: a national list of 33.
VOTE_LINES: Final = 33

_LIST: Final = Contest(
    "National list",
    ContestKind.CHOOSE_ONE,
    1,
    tuple(Option(f"List {number}") for number in range(1, VOTE_LINES + 1)),
)
_LIST_STYLE: Final = BallotStyle("ALL", ((0,),))


@dataclass(frozen=True)
class Held:
    """An election with all its keys, and another one that boxes may be loaded with by mistake."""

    authority: Authority
    rules: ElectionRules
    other: Authority
    other_rules: ElectionRules


def gateway_of(precinct: int) -> str:
    """Return the origin of a precinct's gateway."""
    return f"simulation.example/precinct-{precinct}"


@lru_cache(maxsize=64)
def hold(ballots: Ballots, precincts: int, boxes: int, registered: int) -> Held:
    """Return an election of so many precincts with so many boxes each."""
    origins = (CENTRE, *(gateway_of(number) for number in range(1, precincts + 1)))
    made = [
        make_authority(_plan(ballots, precincts * boxes, boxes, registered, origins, name))
        for name in ("Simulated election", "Another election")
    ]
    authority, other = made
    return Held(
        authority,
        ElectionRules.of(authority.trusted),
        other,
        ElectionRules.of(other.trusted),
    )


def _plan(
    ballots: Ballots,
    boxes: int,
    per_precinct: int,
    registered: int,
    origins: tuple[str, ...],
    name: str,
) -> Plan:
    if ballots is Ballots.FULL:
        return Plan(1, boxes, origins, per_precinct, registered, name=name)
    return Plan(
        1,
        boxes,
        origins,
        per_precinct,
        registered,
        contests=(_LIST,),
        styles=(_LIST_STYLE,),
        name=name,
    )
