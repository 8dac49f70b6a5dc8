"""Where the night is held: precincts, the district and region of each, at full or small size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ballotbox_simulator.night.facts import Facts

ABROAD: Final = "Abroad"


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the country is held; votes are those of the whole divided by `divisor`.

    per_gateway: precincts of one gateway, whose log must fit into one request upward.
    """

    precincts: int
    abroad: int
    reported: int
    divisor: int = 1
    per_gateway: int = 96

    @property
    def gateways(self) -> int:
        """How many gateways there are."""
        return -(-self.precincts // self.per_gateway)


#: A fiftieth of the country's precincts, at least one in each district, and of its voters a 200th.
SMALL: Final = Size(precincts=50, abroad=2, reported=45, divisor=200, per_gateway=25)


def whole(facts: Facts) -> Size:
    """Return the size of the whole country."""
    return Size(facts.precincts, facts.abroad, facts.reported)


@dataclass(frozen=True)
class Places:
    """The precincts in order, those abroad last; places are counted from 0."""

    facts: Facts
    size: Size

    @cached_property
    def districts(self) -> tuple[int | None, ...]:
        """Of each precinct the number of its district; None abroad."""
        at_home = self.size.precincts - self.size.abroad
        spread = (1 + place * self.facts.districts // at_home for place in range(at_home))
        return (*spread, *(None,) * self.size.abroad)

    @cached_property
    def regions(self) -> dict[str, tuple[int, ...]]:
        """The places of the precincts of each region, and of those abroad."""
        found: dict[str, list[int]] = {each.name: [] for each in self.facts.regions}
        found[ABROAD] = []
        for place, district in enumerate(self.districts):
            found[self._region_of(district)].append(place)
        return {name: tuple(places) for name, places in found.items()}

    def _region_of(self, district: int | None) -> str:
        if district is None:
            return ABROAD
        return next(each.name for each in self.facts.regions if district <= each.last)

    def of_district(self, district: int) -> Sequence[int]:
        """Return the places of a district's precincts."""
        return [place for place, found in enumerate(self.districts) if found == district]
