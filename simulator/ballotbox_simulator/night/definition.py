"""The election of the night as a definition: contests, ballot styles, precincts, gateways.

Every name says what is synthetic, so that every page made of it says so too.
"""

from collections.abc import Iterator
from typing import Final

from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import PrecinctId
from ballotbox_simulator.authority import Plan
from ballotbox_simulator.night.draw import Night, apportion, candidates_of
from ballotbox_simulator.night.facts import Facts
from ballotbox_simulator.night.night_rules import district_name
from ballotbox_simulator.night.places import Places

CENTRE: Final = "kyrgyzstan-2021.example/centre"
#: The list stands first in the definition, the district n at place n.
LIST: Final = 0


def gateway_of(number: int) -> str:
    """Return the origin of a gateway; they count from 0."""
    return f"kyrgyzstan-2021.example/gateway-{number + 1}"


def plan_of(night: Night) -> Plan:
    """Return the election of a night: one box in each precinct."""
    places = night.places
    facts = places.facts
    origins = (CENTRE, *map(gateway_of, range(places.size.gateways)))
    return Plan(
        night.seed,
        places.size.precincts,
        origins,
        contests=(_list(facts), *_districts(facts)),
        styles=tuple(_styles(facts)),
        name=_name(places),
        precincts=tuple(_precincts(night)),
        day=facts.day,
    )


def _name(places: Places) -> str:
    divisor = places.size.divisor
    part = f", one vote in {divisor}" if divisor > 1 else ""
    return f"{places.facts.name}{part}"


def _list(facts: Facts) -> Contest:
    *lists, against = facts.options
    candidates = apportion(facts.list_candidates, [1.0] * len(lists))
    named = (Option(each.name, n) for each, n in zip(lists, candidates, strict=True))
    options = (*named, Option(against.name))
    return Contest(facts.list_name, ContestKind.PARTY_LIST, 1, options)


def _districts(facts: Facts) -> Iterator[Contest]:
    for number, candidates in enumerate(candidates_of(facts), 1):
        named = (Option(f"Candidate {n} (synthetic)") for n in range(1, candidates + 1))
        options = (*named, Option(facts.against_all))
        yield Contest(district_name(number), ContestKind.CHOOSE_ONE, 1, options)


def _styles(facts: Facts) -> Iterator[BallotStyle]:
    """Yield two sheets for each district, and the list alone for those abroad."""
    for number in range(1, facts.districts + 1):
        yield BallotStyle(f"DISTRICT {number}", ((LIST,), (number,)))
    yield BallotStyle("ABROAD", ((LIST,),))


def style_of(facts: Facts, district: int | None) -> int:
    """Return the index of the style that a district's voters get, or those abroad."""
    return facts.districts if district is None else district - 1


def _precincts(night: Night) -> Iterator[Precinct]:
    places = night.places
    region = {place: name for name, every in places.regions.items() for place in every}
    for place, (district, votes) in enumerate(zip(places.districts, night.precincts, strict=True)):
        name = f"{region[place]}, station {place + 1} (synthetic split)"
        style = style_of(places.facts, district)
        yield Precinct(PrecinctId(place + 1), name, votes.registered, (style,))
