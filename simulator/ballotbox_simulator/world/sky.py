"""The weather over one thing of the simulated world: which faults fall on it, and when."""

import random
from collections.abc import Callable

from ballotbox_simulator.world.faults import FaultKind, Weather


class Sky:
    """The weather over one thing: draws which faults fall, and tells `struck` of each."""

    __slots__ = ("_chance", "_chances", "_struck")

    def __init__(
        self, weather: Weather, chance: random.Random, struck: Callable[[FaultKind], None]
    ) -> None:
        self._chances = dict(weather.chances)
        self._chance = chance
        self._struck = struck

    def become(self, weather: Weather) -> None:
        """Have this weather from now on."""
        self._chances = dict(weather.chances)

    @property
    def is_clear(self) -> bool:
        """Tell whether nothing can fall."""
        return not self._chances

    def falls(self, kind: FaultKind) -> bool:
        """Draw whether `kind` falls now."""
        chance = self._chances.get(kind)
        if not chance or self._chance.random() >= chance:
            return False
        self._struck(kind)
        return True
