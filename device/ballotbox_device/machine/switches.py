"""What the parts of a box last said: told again at every boot, because the firmware forgets it."""

from ballotbox_device.core.signals import MEANINGS, Part, Signal


class Switches:
    """The parts that are not in order, each with the signal that says so."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: dict[Part, Signal] = {}

    def note(self, signal: Signal) -> None:
        """Remember what a part says of itself."""
        meaning = MEANINGS[signal]
        if meaning.in_order:
            self._said.pop(meaning.part, None)
        else:
            self._said[meaning.part] = signal

    @property
    def out_of_order(self) -> tuple[Signal, ...]:
        """What the parts that are not in order say, in a fixed order."""
        return tuple(self._said[part] for part in sorted(self._said))
