"""Power: the mains and a battery that takes over until it is empty."""

from collections.abc import Iterator
from typing import Final

from ballotbox_device.core.signals import Signal
from ballotbox_protocol.election.definition import PERCENT
from ballotbox_protocol.election.identifiers import require, require_count

#: At so many percent the battery says that it is low.
LOW: Final = 20


class Supply:
    """`mains`: the plug has power. `battery`: its charge in percent, 0 in a box that has none."""

    __slots__ = ("_has_battery", "battery", "mains")

    def __init__(self, *, has_battery: bool = True) -> None:
        self.mains = True
        self._has_battery = has_battery
        self.battery = PERCENT if has_battery else 0

    @property
    def is_enough(self) -> bool:
        """Tell whether the box can run."""
        return self.mains or self.battery > 0

    def set_mains(self, *, on: bool) -> Signal:
        """Give or take the mains; return what the supply says."""
        self.mains = on
        return Signal.MAINS_BACK if on else Signal.MAINS_LOST

    def set_battery(self, percent: int) -> Iterator[Signal]:
        """Let the battery have this charge; yield what it says. Raises InvalidField."""
        require(self._has_battery, "percent", "this kind of box has no battery: it has mains alone")
        require_count(percent, "percent", PERCENT)
        was_low, self.battery = self.battery <= LOW, percent
        if was_low != (percent <= LOW):
            yield Signal.BATTERY_CHARGED if was_low else Signal.BATTERY_LOW
