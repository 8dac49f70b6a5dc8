"""What differs between the boxes of the field, as far as the firmware's rules go."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ballotbox_device.core.poll import Action
from ballotbox_device.core.signals import BLOCKING, Part
from ballotbox_protocol.election.identifiers import require, require_count

#: Without these steps a poll leads nowhere.
NEEDED: Final = frozenset({Action.PRINT_ZERO, Action.OPEN, Action.CLOSE, Action.FINISH})


class SecondChance(IntEnum):
    """What happens to a sheet whose voter may think again.

    ASK_VOTER: it is held and the voter asked. RETURN: it goes back, and may be fed again with the
    voter's confirmation. ACCEPT: the box has no such thing and takes it in.
    """

    ASK_VOTER = 1
    RETURN = 2
    ACCEPT = 3


class DropTimeout(IntEnum):
    """What it means that the sensor does not tell whether a released sheet fell.

    ASK: a person looks. EJECT: it did not fall and comes back. ACCEPT: it is taken as fallen.
    """

    ASK = 1
    EJECT = 2
    ACCEPT = 3


@dataclass(frozen=True, slots=True)
class Habits:
    """The rules that a profile chooses.

    actions: the steps of the poll this box knows. capacity, capacity_warning: sheets in the
    container at which it is full and nearly full; None for a container that nobody watches.
    blocking: parts that let no sheet in while they are not in order.
    """

    actions: frozenset[Action] = frozenset(Action)
    second_chance: SecondChance = SecondChance.RETURN
    drop_timeout: DropTimeout = DropTimeout.ASK
    capacity: int | None = None
    capacity_warning: int | None = None
    blocking: frozenset[Part] = field(default=BLOCKING)

    def __post_init__(self) -> None:
        missing = ", ".join(sorted(each.name.lower() for each in NEEDED - self.actions))
        require(not missing, "actions", f"must have {missing}: without them there is no poll")
        for name in ("capacity", "capacity_warning"):
            count = getattr(self, name)
            if count is not None:
                require_count(count, name)
                require(count > 0, name, "must be at least 1 sheet")
        if self.capacity is not None and self.capacity_warning is not None:
            fits = self.capacity_warning <= self.capacity
            require(fits, "capacity_warning", "must be at most the capacity")


#: A box that knows every step and watches no container.
PLAIN: Final = Habits()
