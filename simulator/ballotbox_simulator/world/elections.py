"""The elections that simulated days hold; keys and documents are made once for each size."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Handling,
    MarkPolicy,
    Option,
)
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
#: Voters of the full election are told of these and may insist.
_SECOND_CHANCES: Final = MarkPolicy(Handling.SECOND_CHANCE, Handling.SECOND_CHANCE)
_LIST_STYLE: Final = BallotStyle("ALL", ((0,),))


@dataclass(frozen=True)
class Held:
    """An election with all its keys."""

    authority: Authority
    rules: ElectionRules
    plan: Plan

    @cached_property
    def other(self) -> "Held":
        """Another election of the same boxes, which one may be loaded with by mistake."""
        return _held(replace(self.plan, name="Another election"))


def gateway_of(precinct: int) -> str:
    """Return the origin of a precinct's gateway."""
    return f"simulation.example/precinct-{precinct}"


def successor_of(origin: str) -> str:
    """Return the origin that the register keeps for the log in place of a closed one."""
    return f"{origin}-b"


def region_of(number: int) -> str:
    """Return the origin of a region's gateway in a nation."""
    return f"simulation.example/region-{number}"


def rehearsal_of(origin: str) -> str:
    """Return the origin of a gateway's log of the rehearsal."""
    return f"{origin}/rehearsal"


def rehearsed_gateway_of(precinct: int) -> str:
    """Return the origin of a precinct gateway's log of the rehearsal."""
    return rehearsal_of(gateway_of(precinct))


@lru_cache(maxsize=64)
def hold_rehearsal(ballots: Ballots, precincts: int, boxes: int, registered: int) -> Held:
    """Return a rehearsal of such an election, with which it has no key in common."""
    logs = (CENTRE, *(gateway_of(number) for number in range(1, precincts + 1)))
    origins = tuple(rehearsal_of(log) for log in logs)
    plan = Plan(2, precincts * boxes, origins, boxes, registered, name="Rehearsal")
    return _held(with_ballots(plan, ballots))


@lru_cache(maxsize=64)
def hold(
    ballots: Ballots,
    precincts: int,
    boxes: int,
    registered: int,
    regions: int = 0,
    *,
    successors: bool = False,
) -> Held:
    """Return an election of so many precincts with so many boxes each.

    successors: the register names another log for each precinct, should its own be closed.
    """
    gateways = [gateway_of(number) for number in range(1, precincts + 1)]
    origins = (
        CENTRE,
        *(region_of(number) for number in range(1, regions + 1)),
        *gateways,
        *(successor_of(gateway) for gateway in gateways if successors),
    )
    plan = Plan(1, precincts * boxes, origins, boxes, registered, name="Simulated election")
    return _held(with_ballots(plan, ballots))


def with_ballots(plan: Plan, ballots: Ballots) -> Plan:
    """Return the plan of an election with these ballots."""
    if ballots is Ballots.FULL:
        return replace(plan, policy=_SECOND_CHANCES)
    return replace(plan, contests=(_LIST,), styles=(_LIST_STYLE,))


def _held(plan: Plan) -> Held:
    authority = make_authority(plan)
    return Held(authority, ElectionRules.of(authority.trusted), plan)
